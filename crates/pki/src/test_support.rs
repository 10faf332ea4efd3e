//! An installation for the tests: its CA, an identity, a certificate.

use std::sync::LazyLock;

use kleis_jose::{Jwk, KeyType};
use kleis_types::{DeviceId, Identifier, InstallationId, SeededRandom, Timestamp};

use crate::alt_names::{self, AltName};
use crate::ca::CaCredential;
use crate::oid;
use crate::profile::{
    CLIENT_AUTH, DIGITAL_SIGNATURE, ISSUER_KEY_IDENTIFIER, KEY_IDENTIFIER, NOT_A_CA,
};
use crate::spki::Spki;
use crate::subject::SubjectName;
use crate::tbs::{self, Extension, Template};
use crate::{
    CaMaterial, Certificate, Csr, Identity, IdentityRequest, IssuingCa, SerialNumber, TrustAnchors,
};

/// 2026-03-01T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_772_323_200);
pub(crate) const YEAR: i64 = 365 * 86_400;
pub(crate) const IDENTIFIER: &str = "CBE:0809394427";
pub(crate) const NAME: &str = "Apotheek Étoile";

pub(crate) struct Installation {
    pub(crate) id: InstallationId,
    pub(crate) material: CaMaterial,
    pub(crate) ca: IssuingCa,
    pub(crate) anchors: TrustAnchors,
}

impl Installation {
    pub(crate) fn new(seed: u64) -> Self {
        let random = SeededRandom::new(seed);
        let id = InstallationId::random(&random);
        let material = CaMaterial::generate(&id, NOW, &random).unwrap();
        let intermediate = material.intermediate();
        let ca =
            IssuingCa::new(intermediate.certificate().der(), intermediate.key_pkcs8()).unwrap();
        let root = material.root().certificate().der().to_vec();
        let anchors = TrustAnchors::from_ders(vec![root]).unwrap();
        Self {
            id,
            material,
            ca,
            anchors,
        }
    }

    pub(crate) fn chain(&self, leaf: &Certificate) -> Vec<Vec<u8>> {
        vec![
            leaf.der().to_vec(),
            self.ca.chain_certificate().der().to_vec(),
        ]
    }
}

pub(crate) static INSTALLATION: LazyLock<Installation> = LazyLock::new(|| Installation::new(1));

pub(crate) fn identifier(text: &str) -> Identifier {
    text.parse().unwrap()
}

pub(crate) fn identity(identifiers: &[&str]) -> Identity {
    let identifiers = identifiers.iter().map(|text| identifier(text)).collect();
    Identity::new(identifiers, DeviceId::main(), INSTALLATION.id.clone(), 5).unwrap()
}

pub(crate) fn key(key_type: KeyType) -> Jwk {
    Jwk::generate(key_type, &SeededRandom::new(9)).unwrap()
}

/// A request for a year's certificate of `identity`.
pub(crate) fn request<'a>(csr: &'a Csr, identity: &'a Identity) -> IdentityRequest<'a> {
    IdentityRequest {
        spki_der: csr.spki_der(),
        identity,
        name: NAME,
        not_before: NOW,
        not_after: NOW.plus_seconds(YEAR - 1),
        serial: SerialNumber::random(&SeededRandom::new(4)),
    }
}

/// A certificate of the fixed installation.
pub(crate) fn leaf() -> Certificate {
    let csr = Csr::create(&key(KeyType::P256)).unwrap();
    let identity = identity(&["NIHII:18749704", "SSIN:85073003328"]);
    INSTALLATION
        .ca
        .issue_identity(&request(&csr, &identity))
        .unwrap()
}

/// All that goes into a certificate, to be changed.
pub(crate) struct Draft {
    pub(crate) serial: SerialNumber,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    pub(crate) extensions: Vec<Extension>,
}

impl Draft {
    /// A good identity certificate of the issuing CA.
    pub(crate) fn good() -> Self {
        Self::under(INSTALLATION.ca.chain_certificate())
    }

    /// The same under another CA.
    pub(crate) fn under(ca: &Certificate) -> Self {
        let spki = key(KeyType::P256).to_spki_der().unwrap();
        let issuer = ca.as_issuer();
        let subject = SubjectName::new(&identifier(IDENTIFIER), NAME).unwrap();
        let names: Vec<_> = identity(&[IDENTIFIER])
            .to_uris()
            .into_iter()
            .map(AltName::Uri)
            .collect();
        let mut draft = Self {
            serial: "0123456789abcdef".parse().unwrap(),
            issuer: issuer.subject_der.to_vec(),
            not_before: NOW,
            not_after: NOW.plus_seconds(YEAR),
            subject: subject.to_der(),
            spki: Vec::new(),
            extensions: vec![
                Extension::new(oid::KEY_USAGE, true, DIGITAL_SIGNATURE),
                Extension::new(oid::EXTENDED_KEY_USAGE, false, CLIENT_AUTH),
                Extension::new(oid::BASIC_CONSTRAINTS, true, NOT_A_CA),
                Extension::new(oid::SUBJECT_ALT_NAME, false, alt_names::to_der(&names)),
                Extension::new(
                    oid::AUTHORITY_KEY_IDENTIFIER,
                    false,
                    [ISSUER_KEY_IDENTIFIER, &issuer.key_identifier[..]].concat(),
                ),
            ],
        };
        draft.set_key(spki);
        draft
    }

    pub(crate) fn set_key(&mut self, spki: Vec<u8>) {
        let identifier = Spki::parse(&spki).unwrap().key_identifier();
        self.extensions
            .retain(|it| it.oid != oid::SUBJECT_KEY_IDENTIFIER);
        let value = [KEY_IDENTIFIER, &identifier[..]].concat();
        self.extensions
            .push(Extension::new(oid::SUBJECT_KEY_IDENTIFIER, false, value));
        self.spki = spki;
    }

    pub(crate) fn set(&mut self, changed: Extension) {
        self.extensions.retain(|it| it.oid != changed.oid);
        self.extensions.push(changed);
    }

    pub(crate) fn tbs(&self) -> Vec<u8> {
        tbs::write(&Template {
            serial: &self.serial,
            issuer_der: &self.issuer,
            not_before: self.not_before,
            not_after: self.not_after,
            subject_der: &self.subject,
            spki_der: &self.spki,
            extensions: &self.extensions,
        })
        .unwrap()
    }
}

/// A certificate with these to-be-signed bytes, whatever they are: the CA's key without its gate.
pub(crate) fn signed_by(ca: &CaCredential, tbs: &[u8]) -> Vec<u8> {
    use rcgen::SigningKey as _;
    let pair = rcgen::KeyPair::try_from(ca.key_pkcs8().expose()).unwrap();
    tbs::assemble(tbs, &pair.sign(tbs).unwrap())
}
