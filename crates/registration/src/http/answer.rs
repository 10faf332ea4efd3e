//! What goes out.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use kleis_jose::digest;
use kleis_proto::etag;
use kleis_types::{Problem, base64url};

use crate::RegistrationError;

pub(super) const OCSP_RESPONSE: &str = "application/ocsp-response";
pub(super) const PEM: &str = "application/x-pem-file";

/// A document, and who may keep it for how long.
#[derive(Debug)]
pub(super) struct Kept {
    kind: &'static str,
    body: Vec<u8>,
    cache_control: String,
    tag: Option<HeaderValue>,
}

impl Kept {
    /// One that everybody may keep for so many seconds.
    pub(super) fn public(kind: &'static str, body: Vec<u8>, seconds: u32) -> Self {
        Self {
            kind,
            body,
            cache_control: format!("public, max-age={seconds}"),
            tag: None,
        }
    }

    /// One that nobody may keep.
    pub(super) fn never(kind: &'static str, body: Vec<u8>) -> Self {
        Self {
            kind,
            body,
            cache_control: "no-store".to_owned(),
            tag: None,
        }
    }

    /// The same, as RFC 5019 section 6.2 wants answers of OCSP to be kept.
    pub(super) fn untouched(mut self) -> Self {
        self.cache_control += ", no-transform, must-revalidate";
        self
    }

    /// The same with a strong entity tag, given without its quotes.
    pub(super) fn tagged(mut self, tag: &str) -> Self {
        self.tag = HeaderValue::from_str(&format!("\"{tag}\"")).ok();
        self
    }

    /// The answer to a request with these headers: without the document, if they name its tag.
    pub(super) fn answer(self, headers: &HeaderMap) -> Response {
        let tag = self.tag.as_ref().and_then(|tag| tag.to_str().ok());
        let known = tag.is_some_and(|tag| etag::none_match_fails(headers, tag));
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = Response::new(Body::from(self.body));
            let kind = HeaderValue::from_static(self.kind);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        };
        let out = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(&self.cache_control) {
            out.insert(header::CACHE_CONTROL, value);
        }
        if let Some(tag) = self.tag {
            out.insert(header::ETAG, tag);
        }
        response
    }
}

/// b64u of the SHA-256: the document's entity tag, without its quotes.
pub(super) fn tag(document: &[u8]) -> String {
    base64url::encode(&digest::sha256(document))
}

/// A refusal. The layers around the service put it into the caller's words.
pub(super) fn problem(problem: Problem) -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(problem);
    response
}

/// The same, of an error of the service; what is ours to mend goes into the log.
pub(super) fn refuse(error: &RegistrationError) -> Response {
    if error.is_internal() {
        tracing::error!(%error, "what the CA publishes could not be served");
    }
    problem(Problem::from(error))
}
