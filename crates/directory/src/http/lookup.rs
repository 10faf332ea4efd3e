//! `POST /v1/recipients:lookup`: `LookupRequest` and its answer in JSON. What is asked stands in the body, which nobody
//! logs.

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use kleis_proto::directory::v1::LookupRequest;
use kleis_proto::lookup::Lookup;
use kleis_store::registry::RegistryStore;
use kleis_types::{ErrorCode, Principal, Problem, strict_json};
use serde::Deserialize;

use super::Service;
use super::answer;
use super::caller::Caller;
use crate::{DirectoryError, Found};

/// The longest body, in bytes.
const MAX_BODY: usize = 4 * 1024;

/// The members of `LookupRequest`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Asked {
    identifier: String,
    any_application: bool,
    r#use: String,
    if_etag: String,
    as_of: i64,
}

impl From<&Asked> for LookupRequest {
    fn from(asked: &Asked) -> Self {
        Self {
            identifier: asked.identifier.clone(),
            any_application: asked.any_application,
            r#use: asked.r#use.clone(),
            if_etag: asked.if_etag.clone(),
            as_of: asked.as_of,
        }
    }
}

pub(super) async fn run<S: RegistryStore>(
    State(service): State<Service<S>>,
    Caller(call): Caller,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if !is_json(&headers) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    match find(&service, body, call.principal()).await {
        Ok(found) => answer::once(found),
        Err(error) => answer::refuse(&call, &error),
    }
}

async fn find<S: RegistryStore>(
    service: &Service<S>,
    body: Body,
    caller: Option<&Principal>,
) -> Result<Vec<u8>, DirectoryError> {
    let body = to_bytes(body, MAX_BODY).await;
    let body = body.map_err(|_| Problem::from(ErrorCode::RequestTooLarge))?;
    let asked = parse(&body).ok_or_else(|| {
        let detail = "send a JSON object with `identifier` and, where needed, `anyApplication`, `use`, `ifEtag`, `asOf`";
        Problem::new(ErrorCode::RequestMalformed, detail)
    })?;
    let lookup = Lookup::parse(&LookupRequest::from(&asked), service.directory.types())?;
    Ok(match service.directory.lookup(&lookup, caller).await? {
        Found::Recipient(found) if found.etag == asked.if_etag => {
            answer::object(&[("etag", &found.etag)], Some(("notModified", b"true")))
        }
        Found::Recipient(found) => {
            let identifier = found.identifier.to_string();
            let texts = [("identifier", &*identifier), ("etag", &*found.etag)];
            answer::object(&texts, Some(("jwks", &found.jwks)))
        }
        Found::Candidates(names) => {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            let names = serde_json::to_vec(&names)?;
            answer::object(&[], Some(("candidates", &names)))
        }
    })
}

fn parse(body: &[u8]) -> Option<Asked> {
    let document = strict_json::value(body, MAX_BODY).ok()?;
    // A list of values would be read by their places.
    let document = document.is_object().then_some(document)?;
    serde_json::from_value(document).ok()
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(one), None) = (types.next(), types.next()) else {
        return false;
    };
    one.to_str().is_ok_and(|text| {
        let media_type = text.split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case("application/json")
    })
}
