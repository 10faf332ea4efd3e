//! `GET /v1/keys/{kid}`.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use kleis_jose::{Thumbprint, digest};
use kleis_proto::lookup;
use kleis_store::registry::RegistryStore;
use kleis_types::{ErrorCode, Principal, Problem, Timestamp, base64url};
use serde_json::json;

use super::Service;
use super::answer::{self, Document, JSON};
use super::caller::Caller;
use super::query::Query;
use crate::{DirectoryError, PublishedKey};

pub(super) async fn run<S: RegistryStore>(
    State(service): State<Service<S>>,
    Path(kid): Path<String>,
    RawQuery(query): RawQuery,
    Caller(call): Caller,
    headers: HeaderMap,
) -> Response {
    match find(&service, &kid, query.as_deref(), call.principal()).await {
        Ok(found) => found.respond(&headers),
        Err(error) => answer::refuse(&call, &error),
    }
}

async fn find<S: RegistryStore>(
    service: &Service<S>,
    kid: &str,
    query: Option<&str>,
    caller: Option<&Principal>,
) -> Result<Document, DirectoryError> {
    let query = Query::parse(query, ["asOf"])?;
    let as_of = match query.get("asOf") {
        Some(text) => lookup::time(seconds(text)?)?,
        None => None,
    };
    let kid: Thumbprint = kid.parse().map_err(|_| {
        let detail = "a kid is an RFC 7638 SHA-256 thumbprint: 43 characters of base64url";
        Problem::new(ErrorCode::RequestMalformed, detail).at("kid")
    })?;
    let found = service.directory.key(&kid, as_of, caller).await?;
    let public = service.directory.admit(&found.0.owner, None).is_ok();
    let body = document(&found)?;
    Ok(Document {
        media_type: JSON,
        etag: format!("\"{}\"", base64url::encode(&digest::sha256(&body))),
        body,
        public,
        max_age: service.settings.max_age,
    })
}

fn seconds(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| {
        let detail = "a time is in seconds since 1970";
        Problem::new(ErrorCode::RequestMalformed, detail).at("asOf")
    })
}

/// The members of `GetKeyResponse`; times that there are not are absent.
fn document(PublishedKey(key): &PublishedKey) -> Result<Vec<u8>, DirectoryError> {
    let mut document = json!({
        "identifier": key.owner.to_string(),
        "device": key.device.as_str(),
        "jwk": serde_json::from_str::<serde_json::Value>(&key.jwk)?,
        "state": key.state.as_str(),
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
    });
    let times: [(&str, Option<Timestamp>); 3] = [
        ("activatedAt", key.activated_at),
        ("supersededAt", key.superseded_at),
        ("revokedAt", key.revoked_at),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            document[name] = time.unix().into();
        }
    }
    Ok(serde_json::to_vec(&document)?)
}
