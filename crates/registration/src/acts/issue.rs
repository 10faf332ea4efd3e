//! Issuing a certificate within an act.

use std::sync::Arc;

use kleis_jose::Jwk;
use kleis_pki::{
    Certificate as X509, CertificateError, Identity, IdentityRequest, IssuingCa, SerialNumber,
    identity::MAX_IDENTIFIERS,
};
use kleis_store::{
    StoreError,
    registry::{Certificate, KeyUse, PublicKeyClaim, Registrant, RegistryTx},
};
use kleis_trust::status::Status;
use kleis_types::{CertificateState, DeviceId, Identifier, InstallationId, Timestamp, TypeTable};

use super::Ledger;
use crate::{RegistrationError, profiles::Profiles, serials::Serials};

/// The CA and what it needs to say.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    pub(crate) ca: Arc<IssuingCa>,
    pub(crate) installation: InstallationId,
    /// How long certificates live.
    pub(crate) profiles: Profiles,
    /// The serial numbers that may be signed.
    pub(crate) serials: Arc<Serials>,
}

/// What a certificate is to say.
#[derive(Debug)]
pub(super) struct Issuance<'a> {
    /// The identity asked for, then its certified aliases.
    pub(super) identifiers: Vec<Identifier>,
    pub(super) device: &'a DeviceId,
    pub(super) registrant: &'a Identifier,
    /// The registrant's name.
    pub(super) name: &'a str,
    pub(super) key: &'a Jwk,
    pub(super) spki_der: &'a [u8],
    pub(super) endorsement: &'a str,
    pub(super) recovered: bool,
    /// Its place at its device.
    pub(super) place: u8,
}

impl Issuer {
    /// Issues, stores and lists a certificate. The set is for the caller to publish.
    ///
    /// The signature is made within the act, with a serial number that the database knows already.
    /// If the act is run again, another one is used; one that was signed and not stored is given up
    /// later, which revokes it.
    pub(super) async fn issue<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        order: Issuance<'_>,
    ) -> Result<(Certificate, X509), RegistrationError> {
        let now = ledger.at();
        let reserved = self.serials.take(now)?;
        // Before the signature: one that was given up is not signed any more.
        ledger.tx.settle_serial(&reserved.serial).await?;
        let status_index = reserved.status_index;
        let identity = Identity::new(
            order.identifiers,
            order.device.clone(),
            self.installation.clone(),
            status_index,
        )?;
        let issued = self.ca.issue_identity(&IdentityRequest {
            spki_der: order.spki_der,
            identity: &identity,
            name: order.name,
            not_before: now,
            not_after: self.end(identity.primary(), now),
            serial: reserved
                .serial
                .parse::<SerialNumber>()
                .map_err(CertificateError::from)?,
        })?;
        let record = Certificate {
            serial: issued.serial().to_string(),
            owner: identity.primary().clone(),
            registrant: order.registrant.clone(),
            device: order.device.clone(),
            jkt: order.key.thumbprint().to_string(),
            x5t: issued.x5t_s256().to_owned(),
            chain: vec![
                issued.der().to_vec(),
                self.ca.chain_certificate().der().to_vec(),
            ],
            not_before: issued.not_before(),
            not_after: issued.not_after(),
            status_index,
            endorsement: order.endorsement.to_owned(),
            recovered: order.recovered,
            state: CertificateState::Active,
            reason: None,
            revoked_at: None,
            place: order.place,
            version: 1,
        };
        ledger
            .put_certificate(&record)
            .await
            .map_err(|error| match error {
                StoreError::AlreadyExists(_) => RegistrationError::CertificateExists,
                other => other.into(),
            })?;
        ledger.put_status(status_index, Status::Valid).await?;
        put_aliases(ledger, &identity).await?;
        Ok((record, issued))
    }

    /// The last second of a certificate that begins now.
    fn end(&self, primary: &Identifier, now: Timestamp) -> Timestamp {
        now.plus_seconds(self.profiles.of(primary).certificate)
            .min(self.ca.chain_certificate().not_after())
    }
}

/// Claims a key to be certified, which nobody may have used for anything: not even the same owner,
/// who may have had to revoke it.
pub(super) async fn claim_signature_key<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    key: &Jwk,
    owner: &Identifier,
) -> Result<(), RegistrationError> {
    claim(ledger, key, owner, KeyUse::Sig, "csr").await
}

/// Claims an encryption key, under the same rule.
pub(super) async fn claim_encryption_key<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    key: &Jwk,
    owner: &Identifier,
) -> Result<(), RegistrationError> {
    claim(ledger, key, owner, KeyUse::Enc, "jwk").await
}

async fn claim<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    key: &Jwk,
    owner: &Identifier,
    key_use: KeyUse,
    field: &'static str,
) -> Result<(), RegistrationError> {
    let jkt = key.thumbprint().to_string();
    if ledger.tx.public_key(&jkt).await?.is_some() {
        return Err(RegistrationError::KeyInUse { field });
    }
    let claim = PublicKeyClaim {
        jkt,
        owner: owner.clone(),
        key_use,
    };
    ledger
        .tx
        .claim_public_key(&claim)
        .await
        .map_err(|error| match error {
            StoreError::AlreadyExists(_) => RegistrationError::KeyInUse { field },
            other => other.into(),
        })
}

/// The identity asked for, and the registrant's other identifiers that a certificate of it
/// certifies as well: they carry the same application, so those of types without applications stay
/// out of a certificate that has one.
pub(super) fn certified_identifiers(
    registrant: &Registrant,
    primary: &Identifier,
    types: &TypeTable,
) -> Vec<Identifier> {
    let application = primary.application();
    let allowed = |identifier: &Identifier| {
        application.is_none()
            || types
                .get(identifier.type_name())
                .is_some_and(kleis_types::IdentifierType::application_allowed)
    };
    let aliases = registrant
        .identifiers
        .iter()
        .filter(|identifier| allowed(identifier))
        .map(|identifier| identifier.with_application(application.cloned()))
        .filter(|identifier| identifier != primary);
    std::iter::once(primary.clone())
        .chain(aliases)
        .take(MAX_IDENTIFIERS)
        .collect()
}

/// All that a certificate certifies its holder to be.
pub(super) fn certified_by(
    certificate: &Certificate,
) -> Result<Vec<Identifier>, RegistrationError> {
    let leaf = certificate.chain.first().map_or(&[][..], Vec::as_slice);
    let identity = X509::from_der(leaf)?.identity()?;
    Ok(identity.identifiers().to_vec())
}

/// Lets the certified aliases lead to the primary identity, unless they lead somewhere already or
/// are recipients of their own.
async fn put_aliases<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    identity: &Identity,
) -> Result<(), RegistrationError> {
    for alias in identity.identifiers().iter().skip(1) {
        let taken = ledger.tx.alias(alias).await?.is_some();
        if !taken && ledger.tx.jwk_set(alias).await?.is_none() {
            ledger.tx.put_alias(alias, identity.primary()).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifiers(texts: &[&str]) -> Vec<Identifier> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn certified(identifiers_of_registrant: &[&str], primary: &str) -> Vec<String> {
        let identifiers = identifiers(identifiers_of_registrant);
        let registrant = Registrant {
            id: identifiers[0].clone(),
            name: "name".into(),
            identifiers,
            active: true,
            contact: kleis_types::Contact::default(),
            version: 1,
        };
        certified_identifiers(&registrant, &primary.parse().unwrap(), TypeTable::belgian())
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_identity_asked_for_comes_first() {
        let found = certified(&["SSIN:85073003328", "NIHII:18749704"], "NIHII:18749704");
        assert_eq!(found, ["NIHII:18749704", "SSIN:85073003328"]);
    }

    #[test]
    fn aliases_carry_the_same_application() {
        let found = certified(
            &["CBE:0809394427", "NIHII-HOSPITAL:71000436"],
            "CBE:0809394427/KGSS",
        );
        assert_eq!(
            found,
            ["CBE:0809394427/KGSS", "NIHII-HOSPITAL:71000436/KGSS"]
        );
    }

    #[test]
    fn a_certificate_with_an_application_leaves_out_types_without() {
        let found = certified(
            &["CBE:0809394427", "SSIN:85073003328"],
            "CBE:0809394427/KGSS",
        );
        assert_eq!(found, ["CBE:0809394427/KGSS"]);
    }
}
