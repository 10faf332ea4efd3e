//! What came in: read strictly, before anything is done about it.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use kleis_types::{Call, Principal, TraceId};

use crate::error::Refusal;
use crate::form::Form;

/// The longest body, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// A form, and the headers that count.
pub(super) struct Posted {
    pub(super) form: Form,
    proofs: Vec<String>,
}

impl Posted {
    /// Reads a request, and who is on the line.
    pub(super) async fn read(request: Request) -> (Result<Self, Refusal>, Call) {
        let extensions = request.extensions();
        let (principal, trace) = (extensions.get::<Principal>(), extensions.get::<TraceId>());
        let call = Call::new(principal.cloned(), trace.cloned());
        (Self::parse(request).await, call)
    }

    async fn parse(request: Request) -> Result<Self, Refusal> {
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
            proofs,
        })
    }

    /// The values of the header `DPoP`.
    pub(super) fn proofs(&self) -> Vec<&str> {
        self.proofs.iter().map(String::as_str).collect()
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(one), None) = (types.next(), types.next()) else {
        return false;
    };
    one.to_str().is_ok_and(Form::is_media_type)
}
