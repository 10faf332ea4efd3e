//! An authentic source over HTTPS.

use std::{fmt, sync::Arc};

use axum::{
    body::Bytes,
    http::{HeaderValue, Request, StatusCode, header},
};
use kleis_registration::{Asked, Behind, RegistrantSource, SourceError};
use kleis_runtime::{Bounds, Breaker, HttpClient};
use kleis_types::{Clock, Identifier, SecretBytes, TypeTable};

use super::{cache::Cache, wire};
use crate::failure::Failure;

/// Asks a server. The identifier travels in the body: addresses end up in logs.
pub(super) struct HttpSource {
    pub(super) client: Arc<dyn HttpClient>,
    pub(super) address: String,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) bounds: Bounds,
    pub(super) types: TypeTable,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) breaker: Breaker,
    pub(super) cache: Cache,
}

/// The header that shows a bearer token (RFC 6750 section 2.1); it is shown in no log.
pub(super) fn bearer(token: &SecretBytes) -> Result<HeaderValue, Failure> {
    let refused = || {
        let reason = "registrants.source.token_file: it holds no bearer token";
        Failure::Usage(reason.to_owned())
    };
    let text = std::str::from_utf8(token.expose()).map_err(|_| refused())?;
    let text = text.trim();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if text.is_empty() || !text.bytes().all(is_token) {
        return Err(refused());
    }
    let mut value = HeaderValue::try_from(format!("Bearer {text}")).map_err(|_| refused())?;
    value.set_sensitive(true);
    Ok(value)
}

impl HttpSource {
    async fn find(&self, identifier: &Identifier) -> Result<Behind, SourceError> {
        if let Some(answer) = self.cache.fresh(identifier, self.clock.now()) {
            return Ok(answer);
        }
        match self.ask(identifier).await {
            Ok(answer) => {
                let now = self.clock.now();
                self.cache.remember(identifier.clone(), answer.clone(), now);
                Ok(answer)
            }
            Err(error) => {
                let stale = self.cache.stale(identifier, self.clock.now());
                stale.ok_or(error)
            }
        }
    }

    async fn ask(&self, identifier: &Identifier) -> Result<Behind, SourceError> {
        let permit = self.breaker.admit().ok_or(SourceError::Unavailable)?;
        let mut request = Request::post(self.address.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.body(Bytes::from(wire::question(identifier)));
        let request = request.map_err(|_| SourceError::Unavailable)?;
        let response = self.client.send(request, self.bounds).await;
        let response = response.map_err(|error| {
            tracing::warn!(%error, "the source of registrants cannot be asked");
            SourceError::Unavailable
        })?;
        // Not even 404 says that nobody is there: it may be the address that is not.
        if response.status() != StatusCode::OK {
            let status = response.status().as_u16();
            tracing::warn!(status, "the source of registrants does not answer");
            return Err(SourceError::Unavailable);
        }
        let longest = self.bounds.answer;
        let answer = wire::answer(response.body(), longest, identifier, &self.types);
        match answer {
            Ok(answer) => {
                permit.succeeded();
                Ok(answer)
            }
            Err(error) => {
                tracing::warn!(%error, "the source of registrants is not understood");
                Err(error)
            }
        }
    }
}

impl RegistrantSource for HttpSource {
    fn who_is<'a>(&'a self, identifier: &'a Identifier) -> Asked<'a> {
        Box::pin(self.find(identifier))
    }
}

impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSource").finish_non_exhaustive()
    }
}
