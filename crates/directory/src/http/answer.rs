//! What goes out.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kleis_proto::etag;
use kleis_types::{Call, Problem};

use crate::{DirectoryError, grpc};

pub(super) const JWK_SET: HeaderValue = HeaderValue::from_static("application/jwk-set+json");
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A document that may be kept for a while.
pub(super) struct Document {
    pub(super) media_type: HeaderValue,
    pub(super) body: Vec<u8>,
    /// The strong tag of the body, with its quotes.
    pub(super) etag: String,
    /// Whether everybody would get it.
    pub(super) public: bool,
    /// Seconds for which it may be kept without asking again.
    pub(super) max_age: u32,
}

impl Document {
    /// The whole, or that the caller has it already.
    pub(super) fn respond(self, asked: &HeaderMap) -> Response {
        let has_it = etag::none_match_fails(asked, &self.etag);
        let mut response = if has_it {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut whole = Response::new(Body::from(self.body));
            whole
                .headers_mut()
                .insert(header::CONTENT_TYPE, self.media_type);
            whole
        };
        let headers = response.headers_mut();
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            headers.insert(header::ETAG, etag);
        }
        headers.insert(
            header::CACHE_CONTROL,
            cache_control(self.public, self.max_age),
        );
        if !self.public {
            // Another caller may be refused what this one gets.
            let vary = HeaderValue::from_name(header::AUTHORIZATION);
            headers.append(header::VARY, vary);
        }
        response
    }
}

fn cache_control(public: bool, max_age: u32) -> HeaderValue {
    let who = if public { "public" } else { "private" };
    let text = match max_age {
        0 => format!("{who}, no-cache"),
        seconds => format!("{who}, max-age={seconds}"),
    };
    // ASCII without control characters; what nobody may keep is always right.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("no-store"))
}

/// A document for this caller and this time alone.
pub(super) fn once(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Tells the caller, by way of the layers in front; what is ours to mend goes into the log.
pub(super) fn refuse(call: &Call, error: &DirectoryError) -> Response {
    grpc::log(call, error);
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    if let Some(seconds) = error.retry_after() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response.extensions_mut().insert(Problem::from(error));
    response
}

/// A JSON object of members that are texts, and of one that is JSON already.
pub(super) fn object(texts: &[(&str, &str)], document: Option<(&str, &[u8])>) -> Vec<u8> {
    let mut out = vec![b'{'];
    let mut member = |name: &str, value: &[u8]| {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend(serde_json::Value::from(name).to_string().bytes());
        out.push(b':');
        out.extend(value);
    };
    for (name, text) in texts {
        member(name, serde_json::Value::from(*text).to_string().as_bytes());
    }
    if let Some((name, json)) = document {
        member(name, json);
    }
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_json_with_their_document_to_the_byte() {
        let document = br#"{"b":1, "a":"\u00e9"}"#;
        let made = object(
            &[("x", "say \"hi\"\n"), ("y", "")],
            Some(("jwks", document)),
        );
        let read: serde_json::Value = serde_json::from_slice(&made).unwrap();
        assert_eq!(read["x"], "say \"hi\"\n");
        assert_eq!(read["jwks"]["a"], "é");
        assert!(made.windows(document.len()).any(|part| part == document));
        assert_eq!(object(&[], None), b"{}");
        assert_eq!(object(&[], Some(("a", b"1"))), b"{\"a\":1}");
    }

    #[test]
    fn how_long_it_may_be_kept() {
        for (public, max_age, expected) in [
            (true, 60, "public, max-age=60"),
            (false, 5, "private, max-age=5"),
            (false, 0, "private, no-cache"),
        ] {
            assert_eq!(cache_control(public, max_age), expected);
        }
    }
}
