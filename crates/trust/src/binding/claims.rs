//! What a binding says.

use kleis_jose::{Jwk, KeyAlgorithm, KeyType, Thumbprint};
use kleis_types::{DeviceId, Identifier, InstallationId, Timestamp};
use serde::{Deserialize, Serialize};

use super::BindingError;
use crate::{Signer, SigningError, envelope};

pub(super) const USE: &str = "enc";

/// What the owner chooses to say in a binding; the rest follows from the owner's certificate.
#[derive(Clone, Debug)]
pub struct BindingClaims {
    jkt: Thumbprint,
    algorithms: Vec<KeyAlgorithm>,
    sequence: u64,
    iat: Timestamp,
    exp: Timestamp,
    status_index: u32,
    endorsement: Option<String>,
    recovered: bool,
}

impl BindingClaims {
    /// A binding of `key`, good from `iat` to `exp` (at most the certificate's end).
    ///
    /// `algorithms` are the ones the owner accepts, most wanted first; `sequence` is larger than in
    /// every earlier binding of the owner; `status_index` was given out with the challenge.
    pub fn new(
        key: &Jwk,
        algorithms: Vec<KeyAlgorithm>,
        sequence: u64,
        status_index: u32,
        iat: Timestamp,
        exp: Timestamp,
    ) -> Self {
        Self {
            jkt: key.thumbprint(),
            algorithms,
            sequence,
            iat,
            exp,
            status_index,
            endorsement: None,
            recovered: false,
        }
    }

    /// With the endorsement of the device: for every device but the owner's first.
    #[must_use]
    pub fn with_endorsement(mut self, endorsement: impl Into<String>) -> Self {
        self.endorsement = Some(endorsement.into());
        self
    }

    /// Marked as of a device that operators approved in place of an endorsement.
    #[must_use]
    pub fn recovered(mut self) -> Self {
        self.recovered = true;
        self
    }

    pub(super) fn for_signer(&self, signer: &Signer) -> Result<Claims, SigningError> {
        if self.exp > signer.certificate().not_after() {
            return Err(SigningError::Claims(
                "a binding ends with the certificate at the latest",
            ));
        }
        if self.exp <= self.iat {
            return Err(SigningError::Claims("a binding ends after it begins"));
        }
        if self.algorithms.is_empty() {
            return Err(SigningError::Claims("a binding names an algorithm"));
        }
        if self.endorsement.is_some() && self.recovered {
            return Err(SigningError::Claims(
                "a device is endorsed or recovered, not both",
            ));
        }
        let identity = signer.identity();
        Ok(Claims {
            aud: identity.installation().clone(),
            sub: identity.primary().clone(),
            device: identity.device().clone(),
            jkt: self.jkt.clone(),
            key_use: USE.to_owned(),
            algs: self
                .algorithms
                .iter()
                .map(KeyAlgorithm::to_string)
                .collect(),
            seq: self.sequence,
            iat: self.iat,
            exp: self.exp,
            idx: self.status_index,
            endorsement: self.endorsement.clone(),
            recovered: self.recovered,
        })
    }
}

/// The claims as they are signed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    #[serde(with = "envelope::audience")]
    pub(super) aud: InstallationId,
    pub(super) sub: Identifier,
    pub(super) device: DeviceId,
    pub(super) jkt: Thumbprint,
    #[serde(rename = "use")]
    pub(super) key_use: String,
    pub(super) algs: Vec<String>,
    pub(super) seq: u64,
    pub(super) iat: Timestamp,
    pub(super) exp: Timestamp,
    pub(super) idx: u32,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "envelope::present::deserialize"
    )]
    pub(super) endorsement: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "envelope::only_true::is_false",
        with = "envelope::only_true"
    )]
    pub(super) recovered: bool,
}

/// The algorithms that a binding names: known, different, and at least one.
pub(super) fn algorithms(names: &[String]) -> Result<Vec<KeyAlgorithm>, BindingError> {
    let mut algorithms = Vec::new();
    for name in names {
        let algorithm = name.parse().map_err(|_| BindingError::AlgorithmUnsuited)?;
        if algorithms.contains(&algorithm) {
            return Err(BindingError::AlgorithmUnsuited);
        }
        algorithms.push(algorithm);
    }
    if algorithms.is_empty() {
        return Err(BindingError::AlgorithmUnsuited);
    }
    Ok(algorithms)
}

/// Whether an algorithm encrypts to the public part of such a key.
pub(super) fn suits(algorithm: KeyAlgorithm, key: KeyType) -> bool {
    match algorithm {
        KeyAlgorithm::EcdhEs | KeyAlgorithm::EcdhEsA128Kw | KeyAlgorithm::EcdhEsA256Kw => {
            matches!(
                key,
                KeyType::P256 | KeyType::P384 | KeyType::P521 | KeyType::X25519
            )
        }
        KeyAlgorithm::RsaOaep256 => matches!(key, KeyType::Rsa { .. }),
        KeyAlgorithm::A128Kw
        | KeyAlgorithm::A256Kw
        | KeyAlgorithm::Dir
        | KeyAlgorithm::Pbes2Hs512A256Kw => false,
    }
}
