//! Access tokens in `Authorization` (RFC 6750, RFC 9449 section 7), and the proof that whoever shows
//! one holds the key or certificate that it is bound to.

use std::sync::Arc;

use kleis_access::{
    dpop,
    nonce::Nonces,
    replay::{UseError, UsedOnce},
    token::AccessToken,
};
use kleis_types::{
    CertificateProof, Clock, Confirmation, ErrorCode, Problem, Random, Timestamp, TokenProof,
};

use super::{Presented, Refused};

/// Proofs that are remembered at a time. More than this within the life of a nonce are refused.
const PROOFS: usize = 1 << 17;
/// For how long a proof could be shown again, in seconds: the lives of two nonces, and the leeway.
const MEMORY: i64 = 2 * kleis_access::nonce::WINDOW + kleis_types::LEEWAY;

/// How the token is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Dpop,
}

/// The token in `Authorization`, if there is one.
pub(super) fn of<'a>(presented: &'a Presented<'_>) -> Result<Option<(Scheme, &'a str)>, Problem> {
    let Some(value) = presented.single("authorization")? else {
        return Ok(None);
    };
    let malformed = || {
        let advice = "send `Authorization: Bearer TOKEN` or `Authorization: DPoP TOKEN`";
        Problem::new(ErrorCode::TokenInvalid, advice)
    };
    let (scheme, token) = value.split_once(' ').ok_or_else(malformed)?;
    let scheme = match scheme {
        s if s.eq_ignore_ascii_case("bearer") => Scheme::Bearer,
        s if s.eq_ignore_ascii_case("dpop") => Scheme::Dpop,
        _ => return Err(malformed()),
    };
    Ok(Some((scheme, token.trim_start_matches(' '))))
}

/// Looks at the proofs of possession of this process.
///
/// A proof needs a nonce that this process gave out (RFC 9449 section 8), so none from before its
/// start, or made for another server, is good; and each is good once.
#[derive(Debug)]
pub(super) struct Possession {
    nonces: Nonces,
    used: UsedOnce,
    clock: Arc<dyn Clock>,
}

impl Possession {
    pub(super) fn new(random: &dyn Random, clock: Arc<dyn Clock>) -> Self {
        Self {
            nonces: Nonces::new(random),
            used: UsedOnce::new(PROOFS, MEMORY),
            clock,
        }
    }

    /// What the layers behind need to know of a verified token, and whether this request proves
    /// possession of what it is bound to. A proof that is shown must be good.
    pub(super) fn prove(
        &self,
        presented: &Presented<'_>,
        (scheme, text): (Scheme, &str),
        token: &AccessToken,
        certificate: Option<&CertificateProof>,
    ) -> Result<TokenProof, Refused> {
        let confirmation = token.confirmation().cloned();
        let proven = match (&confirmation, presented.single("dpop")?) {
            (Some(Confirmation::Key(jkt)), Some(proof)) => {
                self.check(presented, proof, text, jkt, self.clock.now())?;
                true
            }
            (Some(Confirmation::Certificate(bound)), None) => {
                certificate.is_some_and(|shown| shown.thumbprint == *bound)
            }
            // A proof for a token that is not bound to a key: somebody mixed things up.
            (_, Some(_)) => return Err(ErrorCode::DpopInvalid.into()),
            (Some(Confirmation::Key(_)) | None, None) => false,
        };
        if scheme == Scheme::Dpop && !matches!(confirmation, Some(Confirmation::Key(_))) {
            return Err(Problem::from(ErrorCode::TokenNotBound).into());
        }
        Ok(TokenProof {
            issuer: token.issuer().to_owned(),
            client_id: token.client_id().to_owned(),
            scopes: token.known_scopes(),
            hash: token.hash().to_owned(),
            confirmation,
            proven,
        })
    }

    fn check(
        &self,
        presented: &Presented<'_>,
        proof: &str,
        token: &str,
        jkt: &str,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let no_host = || Problem::new(ErrorCode::RequestMalformed, "name the host that is asked");
        let url = presented.url().ok_or_else(no_host)?;
        let method = presented.method.as_str();
        let proof = dpop::verify(proof, method, &url, Some(token), now)?;
        if proof.jkt() != jkt {
            return Err(ErrorCode::DpopInvalid.into());
        }
        if !proof
            .nonce()
            .is_some_and(|nonce| self.nonces.is_fresh(nonce, now))
        {
            return Err(Refused {
                problem: ErrorCode::DpopNonceRequired.into(),
                nonce: Some(self.nonces.current(now)),
            });
        }
        let name = kleis_types::lp::encode(&[jkt.as_bytes(), proof.jti().as_bytes()]);
        self.used.first_use(&name, now).map_err(|error| {
            let code = match error {
                UseError::Replayed => ErrorCode::DpopReplayed,
                UseError::Full => ErrorCode::Overloaded,
            };
            code.into()
        })
    }
}
