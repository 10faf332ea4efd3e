//! Deposits: symmetric keys on their way into custody (`docs/formats.md` section 10).
//!
//! A deposit is sealed to custody's encryption key and names its depositor, the policy and the
//! order it is part of, so that nobody can put somebody else's sealed keys into an order of their
//! own.

use kleis_jose::Jwk;
use kleis_types::{Identifier, Random, SecretBytes, base64url};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    Jti,
    refusal::refusals,
    sealed_claims::{self, Kind, SealingError, from_opening_fault},
    typ,
};

const KIND: Kind = Kind {
    typ: typ::DEPOSIT,
    cty: None,
    max: crate::order::MAX_DEPOSIT_SIZE,
};

refusals! {
    /// Why a deposit was refused: the depositor is at fault.
    pub enum DepositError {
        Malformed = "DEPOSIT_MALFORMED", DepositInvalid,
            "the deposit is not a compact JWE with supported algorithms";
        WrongType = "DEPOSIT_TYPE", DepositInvalid,
            "the document is not of type kleis-deposit+jwe";
        HeaderForbidden = "DEPOSIT_HEADER", DepositInvalid,
            "the header of the deposit has a member that is not allowed";
        Unreadable = "DEPOSIT_UNREADABLE", DepositInvalid,
            "the deposit does not decrypt: seal it to the present key of custody";
        ClaimsMalformed = "DEPOSIT_CLAIMS", DepositInvalid,
            "the plaintext of the deposit is not that of its format";
        OtherOrder = "DEPOSIT_OTHER_ORDER", DepositInvalid,
            "the deposit was sealed for another order";
        OtherDepositor = "DEPOSIT_OTHER_DEPOSITOR", DepositInvalid,
            "the deposit was sealed by another depositor";
        OtherPolicy = "DEPOSIT_OTHER_POLICY", DepositInvalid,
            "the deposit was sealed for another policy";
    }
}

from_opening_fault!(DepositError);

/// The order around a deposit: both must say the same.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The order's `jti`.
    pub jti: Jti,
    /// Who deposits: the primary identity of the order's signer.
    pub depositor: &'a Identifier,
    /// SHA-256 of the policy's bytes.
    pub policy_hash: &'a [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Claims {
    jti: Jti,
    depositor: Identifier,
    policy_hash: String,
    keys: Vec<Zeroizing<String>>,
}

/// Seals symmetric keys to custody's encryption key.
pub fn seal(
    to: &Jwk,
    context: &Context<'_>,
    keys: &[SecretBytes],
    random: &dyn Random,
) -> Result<String, SealingError> {
    let claims = Claims {
        jti: context.jti,
        depositor: context.depositor.clone(),
        policy_hash: base64url::encode(context.policy_hash),
        keys: keys
            .iter()
            .map(|key| Zeroizing::new(base64url::encode(key.expose())))
            .collect(),
    };
    sealed_claims::seal(to, KIND, &claims, random)
}

/// Opens a deposit that belongs to the order around it. Lengths and patterns of the keys are for
/// custody to judge.
pub fn open(
    key: &Jwk,
    compact: &str,
    context: &Context<'_>,
) -> Result<Vec<SecretBytes>, DepositError> {
    let claims: Claims = sealed_claims::open(key, KIND, compact)?;
    if claims.jti != context.jti {
        return Err(DepositError::OtherOrder);
    }
    if &claims.depositor != context.depositor {
        return Err(DepositError::OtherDepositor);
    }
    if claims.policy_hash != base64url::encode(context.policy_hash) {
        return Err(DepositError::OtherPolicy);
    }
    let decode = |text: &Zeroizing<String>| base64url::decode(text).map(SecretBytes::from);
    let keys: Result<Vec<_>, _> = claims.keys.iter().map(decode).collect();
    keys.map_err(|_| DepositError::ClaimsMalformed)
}

#[cfg(test)]
mod tests;
