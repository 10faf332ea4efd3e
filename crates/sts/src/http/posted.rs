//! What came in: read strictly, before anything is done about it.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use kleis_types::{Call, Principal, TraceId};

use super::answer;
use crate::error::Refusal;
use crate::form::Form;

/// The longest body, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// A form, the headers that count, and who is on the line.
pub(super) struct Posted {
    pub(super) form: Form,
    pub(super) call: Call,
    /// The values of the header `DPoP`.
    pub(super) proofs: Vec<String>,
}

impl<S: Sync> FromRequest<S> for Posted {
    /// What is told to whoever sent something else.
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let extensions = request.extensions();
        let (principal, trace) = (extensions.get::<Principal>(), extensions.get::<TraceId>());
        let call = Call::new(principal.cloned(), trace.cloned());
        let parsed = Self::parse(request, call.clone()).await;
        parsed.map_err(|refusal| answer::refuse(&refusal.into(), &call))
    }
}

impl Posted {
    async fn parse(request: Request, call: Call) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        // What stands in a URL ends up in logs: nothing is taken from there (RFC 6749 section 2.3.1).
        if parts.uri.query().is_some() || !is_form(&parts.headers) {
            return Err(Refusal::Malformed);
        }
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(Refusal::AuthenticationHeader);
        }
        let proofs = parts.headers.get_all("dpop").iter();
        let proofs = proofs
            .map(|proof| proof.to_str().map(str::to_owned))
            .collect::<Result<_, _>>()
            .map_err(|_| Refusal::ProofInvalid)?;
        let body = to_bytes(body, MAX_BODY)
            .await
            .map_err(|_| Refusal::TooLarge)?;
        Ok(Self {
            form: Form::parse(&body)?,
            call,
            proofs,
        })
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(one), None) = (types.next(), types.next()) else {
        return false;
    };
    one.to_str().is_ok_and(Form::is_media_type)
}
