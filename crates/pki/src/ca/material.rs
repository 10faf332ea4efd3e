//! Root and issuing CA, made at an installation's first start.

use kleis_jose::{Jwk, KeyType};
use kleis_types::{InstallationId, Random, SecretBytes, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyUsagePurpose, PublicKeyData,
};

use super::CaError;
use super::key::{CaKey, CaSigner, LintingKey, PublicPoint};
use crate::certificate::Certificate;
use crate::profile::{self, Authority, IssuerFacts};
use crate::serial::SerialNumber;
use crate::spki::Spki;
use crate::tbs;

const DAY: i64 = 86_400;
/// Twenty years.
const ROOT_LIFE: i64 = 7305 * DAY;
/// Ten years.
const ISSUING_LIFE: i64 = 3652 * DAY;
/// CAs begin an hour early, so that what they issue at once may begin a little early too.
const BACKDATING: i64 = 3600;

/// A CA's certificate and its private key in PKCS#8.
#[derive(Debug, Clone)]
pub struct CaCredential {
    certificate: Certificate,
    key: SecretBytes,
}

impl CaCredential {
    /// A CA that was made before.
    ///
    /// # Errors
    /// [`CaError::KeyMismatch`] if the one does not belong to the other.
    pub fn new(certificate_der: &[u8], key: SecretBytes) -> Result<Self, CaError> {
        let certificate = Certificate::from_der(certificate_der)?;
        let spki = Spki::parse(certificate.spki_der()).map_err(|_| CaError::KeyMismatch)?;
        if CaKey::from_pkcs8(&key)?.public_point() != spki.key {
            return Err(CaError::KeyMismatch);
        }
        Ok(Self { certificate, key })
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The private key in PKCS#8. It is wrapped before it is stored.
    pub fn key_pkcs8(&self) -> &SecretBytes {
        &self.key
    }
}

/// The two CAs of an installation. The root signs the issuing CA and is then put away.
#[derive(Debug, Clone)]
pub struct CaMaterial {
    root: CaCredential,
    intermediate: CaCredential,
}

impl CaMaterial {
    /// Makes both, with P-384 keys; the root lives for 20 years, the issuing CA for 10.
    pub fn generate(
        installation: &InstallationId,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Self, CaError> {
        let (root, root_certificate) = Self::root_alone(installation, now, random)?;
        let issuing = NewCa::generate(ISSUING, installation, ISSUING_LIFE, now, random)?;
        let facts = root_certificate.as_issuer();
        let point = PublicPoint(issuing.key.public_point());
        let certificate = signed_by(&root, &facts, &issuing.params, &point)?;
        Ok(Self {
            intermediate: CaCredential {
                certificate,
                key: issuing.pkcs8,
            },
            root: CaCredential {
                key: root.pkcs8,
                certificate: root_certificate,
            },
        })
    }

    /// Makes the root alone, and certifies the issuing CA whose key is elsewhere.
    pub fn generate_above(
        installation: &InstallationId,
        now: Timestamp,
        random: &dyn Random,
        issuing: &dyn CaSigner,
    ) -> Result<(CaCredential, Certificate), CaError> {
        let (root, root_certificate) = Self::root_alone(installation, now, random)?;
        let point = PublicPoint(issuing.public_point());
        let params = params_of(ISSUING, installation, ISSUING_LIFE, now, random, &point)?;
        let certificate = signed_by(&root, &root_certificate.as_issuer(), &params, &point)?;
        let root = CaCredential {
            key: root.pkcs8,
            certificate: root_certificate,
        };
        Ok((root, certificate))
    }

    /// Makes the issuing CA that follows others under the root of an installation: the `number`th.
    /// It lives for 10 years, or as long as the root.
    ///
    /// # Errors
    /// [`CaError::RootEnds`] if the root does not live for another day.
    pub fn generate_next(
        root: &CaCredential,
        installation: &InstallationId,
        number: usize,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<CaCredential, CaError> {
        let key = Jwk::generate(KeyType::P384, random)?.to_pkcs8_der()?;
        let signer = CaKey::from_pkcs8(&key)?;
        let certificate = Self::certify_next(root, installation, number, now, random, &signer)?;
        Ok(CaCredential { certificate, key })
    }

    /// The same for a key that is elsewhere.
    ///
    /// # Errors
    /// As [`Self::generate_next`].
    pub fn certify_next(
        root: &CaCredential,
        installation: &InstallationId,
        number: usize,
        now: Timestamp,
        random: &dyn Random,
        issuing: &dyn CaSigner,
    ) -> Result<Certificate, CaError> {
        let begin = now.plus_seconds(-BACKDATING);
        let left = root.certificate.not_after().seconds_since(begin);
        if left < DAY {
            return Err(CaError::RootEnds);
        }
        let (facts, point) = (
            root.certificate.as_issuer(),
            PublicPoint(issuing.public_point()),
        );
        // Another name than the ones before, for those who look for an issuer by its name alone.
        let name = format!("{ISSUING} {number}");
        let life = ISSUING_LIFE.min(left);
        let params = params_of(&name, installation, life, now, random, &point)?;
        let key = CaKey::from_pkcs8(&root.key)?;
        let above = {
            // What is signed has to name the root as the root's own certificate does: the gate sees
            // to it.
            let point = PublicPoint(key.public_point());
            params_of(ROOT, installation, ROOT_LIFE, now, random, &point)?
        };
        let root = NewCa {
            params: above,
            key,
            pkcs8: root.key.clone(),
        };
        signed_by(&root, &facts, &params, &point)
    }

    fn root_alone(
        installation: &InstallationId,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(NewCa, Certificate), CaError> {
        let root = NewCa::generate(ROOT, installation, ROOT_LIFE, now, random)?;
        let mut params = root.params.clone();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        let gate = LintingKey::new(&root.key, |tbs| profile::authority(tbs, Authority::Root));
        let root_certificate = Certificate::from_der(params.self_signed(&gate)?.der())?;

        Ok((root, root_certificate))
    }

    /// The root: its certificate is the installation's trust anchor.
    pub fn root(&self) -> &CaCredential {
        &self.root
    }

    /// The issuing CA, for [`super::IssuingCa::new`].
    pub fn intermediate(&self) -> &CaCredential {
        &self.intermediate
    }
}

const ROOT: &str = "Kleis Root CA";
const ISSUING: &str = "Kleis Issuing CA";

/// A CA whose certificate is still to be written.
struct NewCa {
    params: CertificateParams,
    key: CaKey,
    pkcs8: SecretBytes,
}

impl NewCa {
    fn generate(
        common_name: &str,
        installation: &InstallationId,
        life: i64,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Self, CaError> {
        let pkcs8 = Jwk::generate(KeyType::P384, random)?.to_pkcs8_der()?;
        let key = CaKey::from_pkcs8(&pkcs8)?;
        let point = PublicPoint(key.public_point());
        let params = params_of(common_name, installation, life, now, random, &point)?;
        Ok(Self { params, key, pkcs8 })
    }
}

/// What the certificate of a CA is to say, but for what tells root and issuing CA apart.
fn params_of(
    common_name: &str,
    installation: &InstallationId,
    life: i64,
    now: Timestamp,
    random: &dyn Random,
    key: &PublicPoint<'_>,
) -> Result<CertificateParams, CaError> {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, "Kleis");
    subject.push(DnType::OrganizationalUnitName, installation.to_string());
    subject.push(DnType::CommonName, common_name);
    let spki = key.subject_public_key_info();
    let identifier = Spki::parse(&spki)
        .map_err(|_| CaError::Key)?
        .key_identifier();
    let not_before = now.plus_seconds(-BACKDATING);
    let mut params = CertificateParams::default();
    params.not_before = tbs::datetime(not_before)?;
    params.not_after = tbs::datetime(not_before.plus_seconds(life - 1))?;
    params.serial_number = Some(SerialNumber::random(random).as_bytes().to_vec().into());
    params.distinguished_name = subject;
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params.key_identifier_method = KeyIdMethod::PreSpecified(identifier.to_vec());
    Ok(params)
}

/// The certificate of an issuing CA under this root.
fn signed_by(
    root: &NewCa,
    facts: &IssuerFacts<'_>,
    params: &CertificateParams,
    key: &PublicPoint<'_>,
) -> Result<Certificate, CaError> {
    let mut params = params.clone();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    ];
    let gate = LintingKey::new(&root.key, |tbs| {
        profile::authority(tbs, Authority::Issuing(facts))
    });
    let issuer = Issuer::from_params(&root.params, gate);
    Ok(Certificate::from_der(
        params.signed_by(key, &issuer)?.der(),
    )?)
}
