//! Enrolment codes: the proof of identity for a first certificate (`docs/formats.md` section 5).
//!
//! An operator makes a code and hands it to the person it is for. The code itself never travels
//! over Kleis' own lines: registration gets its *verifier*, sealed, and the enrolment carries a
//! *proof* made with that verifier over the request. A verifier is bound to one identity and one
//! installation.

mod announcement;
mod base32;

pub use announcement::{Announcement, AnnouncementError};

use std::{fmt, str::FromStr};

use kleis_jose::digest;
use kleis_types::{DeviceId, Identifier, InstallationId, Random, SecretBytes, base64url, lp};
use zeroize::Zeroizing;

/// In place of an identity: the code is for the first operator, whoever that is.
pub const BOOTSTRAP: &str = "*";

const LEN: usize = 28;
const ID_LEN: usize = 8;
const GROUP: usize = 5;
const VERIFIER_LABEL: &[u8] = b"kleis-enrolment-v1";
const PROOF_LABEL: &[u8] = b"kleis-enrolment-proof-v1";

/// A code: 8 bytes of id and 20 of secret. Never shown but by [`to_text`](Self::to_text).
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentCode {
    id: CodeId,
    secret: SecretBytes,
}

/// The text is not an enrolment code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an enrolment code is 45 letters and digits in groups of five; look for a typing error")]
pub struct EnrolmentCodeError;

impl EnrolmentCode {
    /// A new code.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new(vec![0; LEN]);
        random.fill(&mut bytes);
        Self::from_bytes(&bytes)
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let (id, secret) = bytes.split_at(ID_LEN);
        let mut fixed = [0; ID_LEN];
        fixed.copy_from_slice(id);
        Self {
            id: CodeId(fixed),
            secret: secret.into(),
        }
    }

    /// The code as it is printed: Crockford's base32 in groups of five.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LEN));
        bytes.extend_from_slice(&self.id.0);
        bytes.extend_from_slice(self.secret.expose());
        let symbols = base32::encode(&bytes);
        let mut text = Zeroizing::new(String::with_capacity(symbols.len() * 2));
        for (index, symbol) in symbols.chars().enumerate() {
            if index > 0 && index % GROUP == 0 {
                text.push('-');
            }
            text.push(symbol);
        }
        text
    }

    /// The code's id, which may be shown.
    pub fn id(&self) -> CodeId {
        self.id
    }

    /// What registration keeps in place of the code: 32 bytes for one installation and one
    /// identity, in text form, or [`BOOTSTRAP`].
    pub fn verifier(&self, installation: &InstallationId, identity: &str) -> SecretBytes {
        let salt = digest::sha256(installation.as_str().as_bytes());
        let info = lp::encode(&[VERIFIER_LABEL, identity.as_bytes()]);
        digest::hkdf_sha256(self.secret.expose(), &salt, &info)
    }
}

impl FromStr for EnrolmentCode {
    type Err = EnrolmentCodeError;

    /// Reads what a person typed: any case, with or without hyphens and spaces, `O` for 0, `I` and
    /// `L` for 1.
    fn from_str(text: &str) -> Result<Self, EnrolmentCodeError> {
        let bytes = base32::decode(text, LEN).ok_or(EnrolmentCodeError)?;
        Ok(Self::from_bytes(&bytes))
    }
}

impl fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnrolmentCode({}, ..)", self.id)
    }
}

/// The public name of a code: base64url of its first 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeId([u8; ID_LEN]);

impl FromStr for CodeId {
    type Err = EnrolmentCodeError;

    fn from_str(text: &str) -> Result<Self, EnrolmentCodeError> {
        base64url::decode_array(text)
            .map(Self)
            .map_err(|_| EnrolmentCodeError)
    }
}

impl fmt::Display for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

impl serde::Serialize for CodeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for CodeId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The proof of knowing a code, over the request it is for.
///
/// `identity` is the identifier asked for, also when the code is the bootstrap's.
pub fn proof(
    verifier: &SecretBytes,
    csr_der: &[u8],
    identity: &Identifier,
    device: &DeviceId,
    installation: &InstallationId,
) -> [u8; digest::LEN] {
    let message = proof_message(csr_der, identity, device, installation);
    digest::hmac_sha256(verifier.expose(), &message)
}

/// Whether `proof` was made with this verifier over this request; in constant time.
#[must_use]
pub fn verify_proof(
    verifier: &SecretBytes,
    csr_der: &[u8],
    identity: &Identifier,
    device: &DeviceId,
    installation: &InstallationId,
    proof: &[u8],
) -> bool {
    let message = proof_message(csr_der, identity, device, installation);
    digest::hmac_verify(verifier.expose(), &message, proof)
}

fn proof_message(
    csr_der: &[u8],
    identity: &Identifier,
    device: &DeviceId,
    installation: &InstallationId,
) -> Vec<u8> {
    lp::encode(&[
        PROOF_LABEL,
        csr_der,
        identity.to_string().as_bytes(),
        device.as_str().as_bytes(),
        installation.as_str().as_bytes(),
    ])
}

#[cfg(test)]
mod tests;
