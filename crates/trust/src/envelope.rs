//! What every signed object has in common: a compact JWS of one `typ`, with exactly the header
//! members of its kind, around strict JSON claims.

use kleis_jose::{
    Jwk,
    jws::{self, Compact, Header, JwsError},
};
use kleis_types::strict_json;
use serde::{Serialize, de::DeserializeOwned};

use crate::signer::Signer;

/// Why something of ours could not be signed: the caller is at fault, or the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The body is not written as a JSON object.
    #[error("the body cannot be written as a JSON object")]
    Body,
    /// A claim is out of the range that its format allows.
    #[error("the claims cannot be signed: {0}")]
    Claims(&'static str),
    /// The key is not one that signs, or the provider failed.
    #[error(transparent)]
    Key(#[from] JwsError),
}

/// What can be wrong with any signed object. Each kind has these among its own refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    TooLarge,
    Malformed,
    WrongType,
    HeaderForbidden,
    SignatureInvalid,
    ClaimsMalformed,
}

/// Lets `?` turn a [`Fault`] into the refusal of the same name of each list.
macro_rules! from_fault {
    ($($list:ty),+ $(,)?) => { $(
        impl From<$crate::envelope::Fault> for $list {
            fn from(fault: $crate::envelope::Fault) -> Self {
                use $crate::envelope::Fault;
                match fault {
                    Fault::TooLarge => Self::TooLarge,
                    Fault::Malformed => Self::Malformed,
                    Fault::WrongType => Self::WrongType,
                    Fault::HeaderForbidden => Self::HeaderForbidden,
                    Fault::SignatureInvalid => Self::SignatureInvalid,
                    Fault::ClaimsMalformed => Self::ClaimsMalformed,
                }
            }
        }
    )+ };
}

pub(crate) use from_fault;

/// A signed object that was read, not yet verified.
pub(crate) struct Envelope<'a> {
    jws: Compact<'a>,
    len: usize,
}

impl<'a> Envelope<'a> {
    /// Reads a compact JWS of at most `max` bytes, of this `typ`, whose header has `alg`, `typ` and
    /// `members`, all of them and no other.
    pub(crate) fn parse(
        compact: &'a str,
        max: usize,
        typ: &str,
        members: &[&str],
    ) -> Result<Self, Fault> {
        let jws = Compact::parse(compact, max).map_err(|error| match error {
            JwsError::TooLarge { .. } => Fault::TooLarge,
            _ => Fault::Malformed,
        })?;
        // The spelling counts: another one is another type.
        if jws.header().typ() != Some(typ) {
            return Err(Fault::WrongType);
        }
        let allowed = |name: &str| matches!(name, "alg" | "typ") || members.contains(&name);
        // Names are unique (strict JSON), so the number tells that none is missing.
        if !jws.members().all(allowed) || jws.members().count() != members.len() + 2 {
            return Err(Fault::HeaderForbidden);
        }
        Ok(Self {
            jws,
            len: compact.len(),
        })
    }

    pub(crate) fn header(&self) -> &Header {
        self.jws.header()
    }

    /// Verifies the signature and gives the payload bytes.
    pub(crate) fn payload(&self, key: &Jwk) -> Result<Vec<u8>, Fault> {
        self.jws.verify(key).map_err(|_| Fault::SignatureInvalid)
    }

    /// Verifies the signature and reads the claims.
    pub(crate) fn claims<C: DeserializeOwned>(&self, key: &Jwk) -> Result<C, Fault> {
        self.read(&self.payload(key)?)
    }

    /// Reads the claims before anything is known about them: to find out as of when to verify the
    /// signer, never to act upon.
    pub(crate) fn unverified_claims<C: DeserializeOwned>(&self) -> Result<C, Fault> {
        self.read(self.jws.unverified_payload())
    }

    fn read<C: DeserializeOwned>(&self, payload: &[u8]) -> Result<C, Fault> {
        strict_json::from_slice(payload, self.len).map_err(|_| Fault::ClaimsMalformed)
    }
}

/// Signs claims under a certificate, whose chain the header carries.
pub(crate) fn sign_with_chain<C: Serialize>(
    signer: &Signer,
    typ: &str,
    claims: &C,
) -> Result<String, SigningError> {
    let header = Header::default()
        .with_typ(typ)
        .with_x5c(signer.chain().to_vec());
    sign(signer.key(), &header, claims)
}

/// Signs claims with a header of the caller's.
pub(crate) fn sign<C: Serialize>(
    key: &Jwk,
    header: &Header,
    claims: &C,
) -> Result<String, SigningError> {
    let payload = serde_json::to_vec(claims).map_err(|_| SigningError::Body)?;
    Ok(jws::sign(key, header, &payload)?)
}

/// An installation written as an audience.
pub(crate) mod audience {
    use kleis_types::InstallationId;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(
        installation: &InstallationId,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&installation.audience())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<InstallationId, D::Error> {
        let urn = String::deserialize(deserializer)?;
        InstallationId::from_audience(&urn).map_err(D::Error::custom)
    }
}

/// A `true` that is there or not: `false` is written by leaving it out.
pub(crate) mod only_true {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature that serde calls"
    )]
    pub(crate) fn serialize<S: Serializer>(value: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<bool, D::Error> {
        if bool::deserialize(deserializer)? {
            Ok(true)
        } else {
            Err(D::Error::custom(
                "false is written by leaving the member out",
            ))
        }
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature that serde calls"
    )]
    pub(crate) fn is_false(value: &bool) -> bool {
        !*value
    }
}

/// A member that may be left out, but not be `null`.
pub(crate) mod present {
    use serde::{Deserialize, Deserializer};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        T::deserialize(deserializer).map(Some)
    }
}
