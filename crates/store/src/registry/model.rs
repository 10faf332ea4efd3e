//! The records.

use kleis_types::{
    CertificateState, Contact, DeviceId, Identifier, KeyState, RevocationReason, Timestamp, lp,
};

use crate::{Audited, shown::shows, state_digest};

/// A person or organisation behind identifiers, from the authentic source.
#[derive(Clone, PartialEq, Eq)]
pub struct Registrant {
    /// The identifier it is known by: the first of `identifiers`.
    pub id: Identifier,
    /// The name as it stands in certificates.
    pub name: String,
    /// All identifiers, without application, `id` first. An identifier belongs to one registrant.
    pub identifiers: Vec<Identifier>,
    /// False: nothing is issued.
    pub active: bool,
    /// Where it is told what happens to its certificates and keys.
    pub contact: Contact,
    /// The version, from 1.
    pub version: u64,
}

impl Audited for Registrant {
    fn resource(&self) -> String {
        // Not the identifier itself: resources stand in the audit for ever.
        let digest = state_digest(&[b"registrant", self.id.to_string().as_bytes()]);
        format!(
            "registrant:{}",
            kleis_types::base64url::encode(&digest[..16])
        )
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn digest(&self) -> [u8; 32] {
        let identifiers: Vec<String> = self.identifiers.iter().map(ToString::to_string).collect();
        let (id, identifiers) = (self.id.to_string(), identifiers.join(","));
        let (active, version) = (integer(self.active), integer(self.version));
        let mut fields: Vec<&[u8]> = vec![
            id.as_bytes(),
            self.name.as_bytes(),
            identifiers.as_bytes(),
            &active,
            &version,
        ];
        // Only where there is one: a record without keeps the digest that it had before there were
        // contacts.
        if !self.contact.is_empty() {
            fields.push(self.contact.mail_text().as_bytes());
            fields.push(self.contact.webhook_text().as_bytes());
        }
        state_digest(&fields)
    }
}

/// An enrolment code, of which only a verifier is known, wrapped under a key outside the database.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentCode {
    /// The id, b64u of 8 bytes.
    pub id: String,
    /// The identity it is for; `None` for the bootstrap of the first operator.
    pub identifier: Option<Identifier>,
    /// The wrapped verifier; empty once the code is spent.
    pub verifier: Vec<u8>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Wrong proofs that are still allowed.
    pub attempts_left: u32,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// The version, from 1.
    pub version: u64,
}

impl EnrolmentCode {
    /// The name in the audit of the code with this id.
    pub fn resource_of(id: &str) -> String {
        format!("code:{id}")
    }
}

impl Audited for EnrolmentCode {
    fn resource(&self) -> String {
        Self::resource_of(&self.id)
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn digest(&self) -> [u8; 32] {
        let identifier = self
            .identifier
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let (expires_at, used_at) = (time(Some(self.expires_at)), time(self.used_at));
        let (attempts_left, version) = (integer(self.attempts_left), integer(self.version));
        let revoked_at = self.revoked_at.map(|at| time(Some(at)));
        let mut fields: Vec<&[u8]> = vec![
            self.id.as_bytes(),
            identifier.as_bytes(),
            &self.verifier,
            &expires_at,
            &attempts_left,
            &used_at,
            &version,
        ];
        // Codes could not always be taken back: the digests of those that were not stay as they were.
        fields.extend(revoked_at.as_ref().map(|at| &at[..]));
        state_digest(&fields)
    }
}

/// A certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The serial number, lower-case hexadecimal, the primary key.
    pub serial: String,
    /// The primary identity.
    pub owner: Identifier,
    /// The registrant it was issued to.
    pub registrant: Identifier,
    /// The device.
    pub device: DeviceId,
    /// The thumbprint of its public key.
    pub jkt: String,
    /// SHA-256 of the DER, b64u.
    pub x5t: String,
    /// The chain, DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// When it begins.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
    /// Its entry in the status list.
    pub status_index: u32,
    /// The endorsement of its device by a sibling, a compact JWS; empty if there is none.
    pub endorsement: String,
    /// Whether operators approved this device in place of an endorsement, the owner having had
    /// others before.
    pub recovered: bool,
    /// Where it is in its life.
    pub state: CertificateState,
    /// Why it was revoked.
    pub reason: Option<RevocationReason>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Its place at its device: 0, or 1 if it came to stand beside the one that it replaces.
    pub place: u8,
    /// The version, from 1.
    pub version: u64,
}

impl Audited for Certificate {
    fn resource(&self) -> String {
        format!("certificate:{}", self.serial)
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn digest(&self) -> [u8; 32] {
        let chain: Vec<&[u8]> = self.chain.iter().map(Vec::as_slice).collect();
        let chain = lp::encode(&chain);
        let (owner, registrant) = (self.owner.to_string(), self.registrant.to_string());
        let (not_before, not_after) = (time(Some(self.not_before)), time(Some(self.not_after)));
        let (status_index, recovered) = (integer(self.status_index), integer(self.recovered));
        let (revoked_at, version) = (time(self.revoked_at), integer(self.version));
        let mut fields: Vec<&[u8]> = vec![
            self.serial.as_bytes(),
            owner.as_bytes(),
            registrant.as_bytes(),
            self.device.as_str().as_bytes(),
            self.jkt.as_bytes(),
            self.x5t.as_bytes(),
            &chain,
            &not_before,
            &not_after,
            &status_index,
            self.endorsement.as_bytes(),
            &recovered,
            self.state.as_str().as_bytes(),
            reason(self.reason),
            &revoked_at,
            &version,
        ];
        // There was but one place once: the digests of those that have it stay as they were.
        let place = integer(self.place);
        fields.extend((self.place > 0).then_some(&place[..]));
        state_digest(&fields)
    }
}

/// An encryption key.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionKey {
    /// The thumbprint, the primary key.
    pub kid: String,
    /// The owner.
    pub owner: Identifier,
    /// The device.
    pub device: DeviceId,
    /// The public JWK as it is published, with its binding: JSON.
    pub jwk: String,
    /// The owner's sequence in the binding.
    pub sequence: u32,
    /// The binding's entry in the status list.
    pub status_index: u32,
    /// The certificate that the binding was made with.
    pub certificate: String,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was published.
    pub activated_at: Option<Timestamp>,
    /// When it was superseded; also `None` if that was before such times were kept.
    pub superseded_at: Option<Timestamp>,
    /// When it was revoked; also `None` if that was before such times were kept.
    pub revoked_at: Option<Timestamp>,
    /// When the binding ends.
    pub expires_at: Timestamp,
    /// Where it is in its life.
    pub state: KeyState,
    /// Why it was revoked.
    pub reason: Option<RevocationReason>,
    /// The version, from 1.
    pub version: u64,
}

impl Audited for EncryptionKey {
    fn resource(&self) -> String {
        format!("key:{}", self.kid)
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn digest(&self) -> [u8; 32] {
        let (owner, sequence) = (self.owner.to_string(), integer(self.sequence));
        let (index, version) = (integer(self.status_index), integer(self.version));
        let (created_at, activated_at) = (time(Some(self.created_at)), time(self.activated_at));
        let (expires_at, superseded_at) = (time(Some(self.expires_at)), time(self.superseded_at));
        let revoked_at = time(self.revoked_at);
        let mut fields: Vec<&[u8]> = vec![
            self.kid.as_bytes(),
            owner.as_bytes(),
            self.device.as_str().as_bytes(),
            self.jwk.as_bytes(),
            &sequence,
            &index,
            self.certificate.as_bytes(),
            &created_at,
            &activated_at,
            &expires_at,
            self.state.as_str().as_bytes(),
            reason(self.reason),
            &version,
        ];
        // Rows of the audit that are older than these times know nothing of them.
        if self.superseded_at.is_some() {
            fields.extend([&b"superseded"[..], &superseded_at]);
        }
        if self.revoked_at.is_some() {
            fields.extend([&b"revoked"[..], &revoked_at]);
        }
        state_digest(&fields)
    }
}

/// A registration under way: the challenge has been given out.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySession {
    /// The session id, b64u of 16 bytes, the primary key.
    pub id: String,
    /// The owner.
    pub owner: Identifier,
    /// The device.
    pub device: DeviceId,
    /// The certificate that began it.
    pub certificate: String,
    /// The thumbprint of the key.
    pub kid: String,
    /// The public JWK, JSON.
    pub jwk: String,
    /// SHA-256 of the nonce.
    pub nonce_hash: [u8; 32],
    /// The reserved entry in the status list.
    pub status_index: u32,
    /// Wrong answers that are still allowed.
    pub attempts_left: u32,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it has led to a key.
    pub used: bool,
}

/// What a public key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// Signatures: a certificate's key.
    Sig,
    /// Encryption.
    Enc,
}

impl KeyUse {
    /// The stored name, as in RFC 7517 section 4.2.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sig => "sig",
            Self::Enc => "enc",
        }
    }

    /// The use of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "sig" => Some(Self::Sig),
            "enc" => Some(Self::Enc),
            _ => None,
        }
    }
}

/// A public key belongs to one owner and one use, for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeyClaim {
    /// The thumbprint.
    pub jkt: String,
    /// The owner.
    pub owner: Identifier,
    /// The use.
    pub key_use: KeyUse,
}

/// A recipient's JWK Set, ready to be served.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredJwkSet {
    /// The recipient, the primary key.
    pub recipient: Identifier,
    /// The bytes, JSON.
    pub body: Vec<u8>,
    /// The strong entity tag, with its quotes.
    pub etag: String,
    /// Whether it holds an encryption key.
    pub has_keys: bool,
}

/// A change that the directory and watchers must hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeEvent {
    /// The position in commit order, from 1; given by the store.
    pub seq: u64,
    /// Whose keys changed.
    pub recipient: Identifier,
    /// When.
    pub at: Timestamp,
}

/// An entry of the status list: 0 VALID, 1 INVALID, 2 SUSPENDED, 3 OTHER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusEntry {
    /// The index, from 0 without gaps.
    pub index: u32,
    /// The value.
    pub status: u8,
}

/// An integer in a digest: 8 bytes (docs/formats.md section 1).
pub(super) fn integer(number: impl Into<u64>) -> [u8; 8] {
    number.into().to_be_bytes()
}

/// A time in a digest; an absent one is 0.
pub(super) fn time(time: Option<Timestamp>) -> [u8; 8] {
    time.map_or(0, Timestamp::unix).to_be_bytes()
}

/// A reason in a digest; an absent one is empty.
fn reason(reason: Option<RevocationReason>) -> &'static [u8] {
    reason.map_or(b"", |reason| reason.as_str().as_bytes())
}

shows!(Registrant {
    id,
    active,
    version
});
shows!(EnrolmentCode {
    id,
    identifier,
    expires_at,
    attempts_left,
    used_at,
    revoked_at,
    version
});
shows!(Certificate {
    serial,
    owner,
    device,
    state,
    reason,
    version
});
shows!(EncryptionKey {
    kid,
    owner,
    device,
    sequence,
    state,
    reason,
    version
});
shows!(KeySession {
    id,
    owner,
    device,
    kid,
    attempts_left,
    used
});
shows!(StoredJwkSet {
    recipient,
    etag,
    has_keys
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_not_set_leaves_the_digest_of_a_key_as_it_was() {
        let key = EncryptionKey {
            kid: "kid".to_owned(),
            owner: "CBE:0809394427".parse().unwrap(),
            device: "main".parse().unwrap(),
            jwk: "{}".to_owned(),
            sequence: 1,
            status_index: 2,
            certificate: "01".to_owned(),
            created_at: Timestamp::from_unix(3),
            activated_at: None,
            superseded_at: None,
            revoked_at: None,
            expires_at: Timestamp::from_unix(4),
            state: KeyState::Active,
            reason: None,
            version: 5,
        };
        let number = |number: u64| number.to_be_bytes();
        let before = state_digest(&[
            b"kid",
            b"CBE:0809394427",
            b"main",
            b"{}",
            &number(1),
            &number(2),
            b"01",
            &number(3),
            &number(0),
            &number(4),
            b"ACTIVE",
            b"",
            &number(5),
        ]);
        assert_eq!(key.digest(), before);
        // The same time as another one's, and the digest is another one, too.
        let superseded = EncryptionKey {
            superseded_at: Some(Timestamp::from_unix(6)),
            ..key.clone()
        };
        let revoked = EncryptionKey {
            revoked_at: Some(Timestamp::from_unix(6)),
            ..key.clone()
        };
        assert_ne!(superseded.digest(), before);
        assert_ne!(revoked.digest(), before);
        assert_ne!(revoked.digest(), superseded.digest());
    }

    /// The audit rows of records that were written before there were contacts still hold.
    #[test]
    fn a_registrant_without_contact_has_its_old_digest() {
        let id: Identifier = "CBE:0123456749".parse().unwrap();
        let plain = Registrant {
            id: id.clone(),
            name: "North Clinic".to_owned(),
            identifiers: vec![id],
            active: true,
            contact: Contact::default(),
            version: 1,
        };
        let one = 1_u64.to_be_bytes();
        let id = b"CBE:0123456749";
        let old = state_digest(&[id, b"North Clinic", id, &one, &one]);
        assert_eq!(plain.digest(), old);
        let with = |mail, webhook| Registrant {
            contact: Contact::parse(mail, webhook).unwrap(),
            ..plain.clone()
        };
        let mailed = with("it@clinic.example", "").digest();
        assert_ne!(mailed, old);
        assert_ne!(mailed, with("", "https://clinic.example").digest());
    }
}
