//! The verifier of a code on its way to registration.

use kleis_jose::Jwk;
use kleis_types::{Identifier, Random, SecretBytes, base64url};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::CodeId;
use crate::{
    Jti,
    refusal::refusals,
    sealed_claims::{self, Kind, SealingError, from_opening_fault},
    typ,
};

const KIND: Kind = Kind {
    typ: typ::CODE,
    cty: None,
    max: 16_384,
};
const VERIFIER_LEN: usize = 32;

refusals! {
    /// Why the announcement of a code was refused: its maker is at fault.
    pub enum AnnouncementError {
        Malformed = "CODE_MALFORMED", OrderBodyInvalid,
            "the sealed code is not a compact JWE with supported algorithms";
        WrongType = "CODE_TYPE", OrderBodyInvalid,
            "the document is not of type kleis-code+jwe";
        HeaderForbidden = "CODE_HEADER", OrderBodyInvalid,
            "the header of the sealed code has a member that is not allowed";
        Unreadable = "CODE_UNREADABLE", OrderBodyInvalid,
            "the sealed code does not decrypt: seal it to the present key of registration";
        ClaimsMalformed = "CODE_CLAIMS", OrderBodyInvalid,
            "the plaintext of the sealed code is not that of its format";
        OtherOrder = "CODE_OTHER_ORDER", OrderBodyInvalid,
            "the sealed code was made for another order";
        OtherCode = "CODE_OTHER_CODE", OrderBodyInvalid,
            "the sealed code is another one than the order announces";
        OtherIdentity = "CODE_OTHER_IDENTITY", OrderBodyInvalid,
            "the sealed code is for another identity than the order says";
    }
}

from_opening_fault!(AnnouncementError);

/// The order around a sealed verifier: both must say the same.
#[derive(Clone, Copy, Debug)]
pub struct Announcement<'a> {
    /// The order's `jti`.
    pub jti: Jti,
    /// The code announced.
    pub code: CodeId,
    /// Whom the code is for.
    pub identifier: &'a Identifier,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Claims {
    jti: Jti,
    code_id: CodeId,
    identifier: Identifier,
    verifier: Zeroizing<String>,
}

impl Announcement<'_> {
    /// Seals the verifier to registration's encryption key.
    pub fn seal(
        &self,
        to: &Jwk,
        verifier: &SecretBytes,
        random: &dyn Random,
    ) -> Result<String, SealingError> {
        let claims = Claims {
            jti: self.jti,
            code_id: self.code,
            identifier: self.identifier.clone(),
            verifier: Zeroizing::new(base64url::encode(verifier.expose())),
        };
        sealed_claims::seal(to, KIND, &claims, random)
    }

    /// Opens a sealed verifier that belongs to the order around it.
    pub fn open(&self, key: &Jwk, compact: &str) -> Result<SecretBytes, AnnouncementError> {
        let claims: Claims = sealed_claims::open(key, KIND, compact)?;
        if claims.jti != self.jti {
            return Err(AnnouncementError::OtherOrder);
        }
        if claims.code_id != self.code {
            return Err(AnnouncementError::OtherCode);
        }
        if &claims.identifier != self.identifier {
            return Err(AnnouncementError::OtherIdentity);
        }
        match base64url::decode(&claims.verifier).map(SecretBytes::from) {
            Ok(verifier) if verifier.len() == VERIFIER_LEN => Ok(verifier),
            _ => Err(AnnouncementError::ClaimsMalformed),
        }
    }
}
