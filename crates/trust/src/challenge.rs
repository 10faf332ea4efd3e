//! The challenge: proof of possession of a key that cannot sign (`docs/formats.md` section 6).
//!
//! Registration encrypts a nonce to the key that is to be registered; whoever holds the private key
//! reads it and sends it back. The plaintext names owner, session and installation, and
//! [`open`] gives the nonce only to a device that is registering just that: nobody can be made to
//! answer a challenge in another's name. Lifetime, single use and attempts are for registration to
//! count.

use std::fmt;

use kleis_jose::{Jwk, Thumbprint};
use kleis_types::{DeviceId, Identifier, InstallationId, Random, SecretBytes, base64url};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    envelope,
    refusal::refusals,
    sealed_claims::{self, Kind, SealingError, from_opening_fault},
    typ,
};

/// The `typ` of a challenge. General-purpose decryption commands refuse it.
pub const TYP: &str = typ::CHALLENGE;

/// How long a challenge lives, in seconds.
pub const LIFETIME: i64 = 300;

/// How many wrong answers end a challenge.
pub const MAX_ATTEMPTS: u32 = 5;

const KIND: Kind = Kind {
    typ: TYP,
    cty: None,
    max: 16_384,
};
const NONCE_LEN: usize = 32;

refusals! {
    /// Why a challenge was not answered: its sender is at fault, or it is somebody else's.
    pub enum ChallengeError {
        Malformed = "CHALLENGE_MALFORMED", ChallengeFailed,
            "the challenge is not a compact JWE with supported algorithms";
        WrongType = "CHALLENGE_TYPE", ChallengeFailed,
            "the document is not of type kleis-challenge+jwe";
        HeaderForbidden = "CHALLENGE_HEADER", ChallengeFailed,
            "the header of the challenge has a member that is not allowed";
        Unreadable = "CHALLENGE_UNREADABLE", ChallengeFailed,
            "the challenge does not decrypt under this key";
        ClaimsMalformed = "CHALLENGE_CLAIMS", ChallengeFailed,
            "the plaintext of the challenge is not that of its format";
        OtherInstallation = "CHALLENGE_OTHER_INSTALLATION", ChallengeFailed,
            "the challenge is of another installation";
        OtherSession = "CHALLENGE_OTHER_SESSION", ChallengeFailed,
            "the challenge is of another registration";
        OtherOwner = "CHALLENGE_OTHER_OWNER", ChallengeFailed,
            "the challenge would register the key for another owner or device";
        OtherKey = "CHALLENGE_OTHER_KEY", ChallengeFailed,
            "the challenge is for another key";
    }
}

from_opening_fault!(ChallengeError);

/// The 32 random bytes of a challenge. A secret: never shown, compared in constant time.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(SecretBytes);

impl Nonce {
    /// A fresh one.
    pub fn random(random: &dyn Random) -> Self {
        let mut bytes = vec![0; NONCE_LEN];
        random.fill(&mut bytes);
        Self(bytes.into())
    }

    /// Reads the text form; `None` if it is not that of 32 bytes.
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = SecretBytes::from(base64url::decode(text).ok()?);
        (bytes.len() == NONCE_LEN).then_some(Self(bytes))
    }

    /// The text form, b64u: the answer to the challenge.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(base64url::encode(self.0.expose()))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &SecretBytes {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}

/// What a challenge is about: both sides must mean the same.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The installation at which the key is being registered.
    pub installation: &'a InstallationId,
    /// The registration session.
    pub session: &'a str,
    /// The owner that the key is being registered for.
    pub owner: &'a Identifier,
    /// The owner's device that holds the key.
    pub device: &'a DeviceId,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    #[serde(with = "envelope::audience")]
    aud: InstallationId,
    session: String,
    owner: Identifier,
    device: DeviceId,
    jkt: Thumbprint,
    nonce: Zeroizing<String>,
}

/// Seals `nonce` to the key that is being registered.
pub fn seal(
    to: &Jwk,
    subject: &Subject<'_>,
    nonce: &Nonce,
    random: &dyn Random,
) -> Result<String, SealingError> {
    let claims = Claims {
        aud: subject.installation.clone(),
        session: subject.session.to_owned(),
        owner: subject.owner.clone(),
        device: subject.device.clone(),
        jkt: to.thumbprint(),
        nonce: nonce.to_text(),
    };
    sealed_claims::seal(to, KIND, &claims, random)
}

/// Opens a challenge with the private key that is being registered, if it is about `expected`.
pub fn open(key: &Jwk, compact: &str, expected: &Subject<'_>) -> Result<Nonce, ChallengeError> {
    let claims: Claims = sealed_claims::open(key, KIND, compact)?;
    if &claims.aud != expected.installation {
        return Err(ChallengeError::OtherInstallation);
    }
    if claims.session != expected.session {
        return Err(ChallengeError::OtherSession);
    }
    if &claims.owner != expected.owner || &claims.device != expected.device {
        return Err(ChallengeError::OtherOwner);
    }
    if claims.jkt != key.thumbprint() {
        return Err(ChallengeError::OtherKey);
    }
    Nonce::from_text(&claims.nonce).ok_or(ChallengeError::ClaimsMalformed)
}

#[cfg(test)]
mod tests;
