//! Encryption keys: begin, complete, activate, revoke.

use kleis_jose::{Jwk, Thumbprint};
use kleis_pki::KeyPolicy;
use kleis_proto::registration::v1::{
    ActivateKeyOrder, BeginKeyOrder, CompleteKeyOrder, RevokeKeyOrder,
};
use kleis_trust::{VerifiedSigner, challenge::Nonce};
use kleis_types::{ErrorCode, Problem, RevocationReason, TypeTable};

use super::fields;
use crate::RegistrationError;

/// Asks for a challenge to this public key, which is without any member but those of the key
/// itself.
#[derive(Debug)]
pub(crate) struct BeginKey {
    pub(crate) key: Jwk,
}

impl BeginKey {
    pub(crate) fn parse(
        body: &BeginKeyOrder,
        signer: &VerifiedSigner,
        types: &TypeTable,
    ) -> Result<Self, RegistrationError> {
        let owner = match body.identifier.parse() {
            // The canonical form needs no table; it may even be that of one of Kleis' own services.
            Ok(identifier) if &identifier == signer.identity().primary() => identifier,
            _ => fields::identifier(&body.identifier, types)
                .map_err(|problem| problem.at("identifier"))?,
        };
        if &owner != signer.identity().primary() {
            return Err(RegistrationError::SignerMismatch {
                field: "identifier",
            });
        }
        Ok(Self {
            key: encryption_key(&body.jwk)?,
        })
    }
}

fn encryption_key(json: &str) -> Result<Jwk, Problem> {
    let refused = |detail: String| Problem::new(ErrorCode::JwkInvalid, detail).at("jwk");
    let key = Jwk::from_slice(json.as_bytes()).map_err(|error| refused(error.to_string()))?;
    if key.is_private() {
        return Err(refused(
            "send the public key alone: the private one never travels".into(),
        ));
    }
    if key.key_use().is_some_and(|key_use| key_use != "enc") {
        return Err(refused("the key says that it is not for encryption".into()));
    }
    KeyPolicy::encryption()
        .check(&key)
        .map_err(|error| Problem::new(error.code(), error.to_string()).at("jwk"))?;
    // Whatever else the owner wrote into the JWK is not bound, so it is not published.
    let bare = key.to_spki_der().and_then(|spki| Jwk::from_spki_der(&spki));
    bare.map_err(|error| refused(error.to_string()))
}

/// Answers a challenge, with the binding as it is, to be verified under the signer's certificate.
#[derive(Debug)]
pub(crate) struct CompleteKey {
    pub(crate) session: String,
    pub(crate) nonce: Nonce,
    pub(crate) binding: String,
    pub(crate) hold: bool,
}

impl CompleteKey {
    pub(crate) fn parse(body: &CompleteKeyOrder) -> Result<Self, Problem> {
        let nonce = Nonce::from_text(&body.nonce)
            .ok_or_else(|| fields::invalid("nonce", "must be base64url of 32 bytes"))?;
        Ok(Self {
            session: fields::session(&body.session)?,
            nonce,
            binding: body.binding.clone(),
            hold: body.hold,
        })
    }
}

/// Publishes a pending key.
#[derive(Debug)]
pub(crate) struct ActivateKey {
    pub(crate) kid: Thumbprint,
}

impl ActivateKey {
    pub(crate) fn parse(body: &ActivateKeyOrder) -> Result<Self, Problem> {
        Ok(Self {
            kid: fields::kid(&body.kid)?,
        })
    }
}

/// Withdraws a key.
#[derive(Debug)]
pub(crate) struct RevokeKey {
    pub(crate) kid: Thumbprint,
    pub(crate) reason: RevocationReason,
}

impl RevokeKey {
    pub(crate) fn parse(body: &RevokeKeyOrder) -> Result<Self, Problem> {
        Ok(Self {
            kid: fields::kid(&body.kid)?,
            reason: fields::reason(&body.reason)?,
        })
    }
}
