//! What a token is bound to: the key of a DPoP proof (RFC 9449), or the client's own certificate
//! (RFC 8705).

use kleis_access::dpop;
use kleis_access::nonce::Nonces;
use kleis_types::{Confirmation, Principal, Timestamp};

use crate::client::Client;
use crate::error::Refusal;
use crate::evidence::Use;
use crate::keys::AFTERMATH;

/// For how long after it was made a proof is remembered, in seconds: longer than any process takes one,
/// whatever its clock.
const PROOF: i64 = dpop::REPLAY_WINDOW + AFTERMATH;

/// A DPoP proof that holds for this request. It is not used up yet.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    jkt: String,
    used: Use,
}

impl Proof {
    /// Verifies the proof in the header `DPoP`, if there is one: for a POST to `url`, with a fresh nonce of
    /// ours.
    pub(crate) fn read(
        headers: &[&str],
        url: &str,
        nonces: &Nonces,
        now: Timestamp,
    ) -> Result<Option<Self>, Refusal> {
        let proof = match headers {
            [] => return Ok(None),
            [proof] => proof,
            // RFC 9449 section 4.3: not more than one.
            _ => return Err(Refusal::ProofInvalid),
        };
        let proof = dpop::verify(proof, "POST", url, None, now).map_err(|error| {
            tracing::debug!(%error, "a DPoP proof was refused");
            Refusal::ProofInvalid
        })?;
        if !proof
            .nonce()
            .is_some_and(|nonce| nonces.is_fresh(nonce, now))
        {
            return Err(Refusal::NonceNeeded);
        }
        let until = proof.issued_at().plus_seconds(PROOF);
        Ok(Some(Self {
            used: Use::proof(proof.jkt(), proof.jti(), until),
            jkt: proof.jkt().to_owned(),
        }))
    }

    /// What the request uses up.
    pub(crate) fn used(&self) -> &Use {
        &self.used
    }
}

/// What the client's token is bound to: the key whose possession it has proved, or else its own certificate
/// on the connection; and nothing else than its assertion names, where it names something.
pub(crate) fn confirmation(
    proof: Option<&Proof>,
    client: &Client,
    caller: Option<&Principal>,
) -> Result<Confirmation, Refusal> {
    let proved = if let Some(proof) = proof {
        Confirmation::Key(proof.jkt.clone())
    } else {
        let shown = client.shown_certificate(caller).ok_or(Refusal::Unbound)?;
        Confirmation::Certificate(shown.to_owned())
    };
    match client.wanted() {
        Some(wanted) if *wanted != proved => Err(Refusal::OtherKey),
        _ => Ok(proved),
    }
}

/// How a token that is so bound is used (RFC 6749 section 7.1).
pub(crate) fn token_type(confirmation: &Confirmation) -> &'static str {
    match confirmation {
        Confirmation::Key(_) => "DPoP",
        Confirmation::Certificate(_) => "Bearer",
    }
}
