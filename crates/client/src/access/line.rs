//! A channel that shows an access token, and the proof that it is ours, with every request.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use tonic::body::Body;
use tonic::transport::Channel;
use tower::{Service, ServiceExt as _};

use super::Bearer;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A channel to the server, and what is shown on it.
#[derive(Clone)]
pub(crate) struct Line {
    channel: Channel,
    bearer: Option<Arc<Bearer>>,
}

impl Line {
    /// A channel on which nothing is shown but what TLS shows.
    pub(crate) fn bare(channel: Channel) -> Self {
        Self {
            channel,
            bearer: None,
        }
    }

    /// The same channel with a token on every request.
    pub(crate) fn with(self, bearer: &Arc<Bearer>) -> Self {
        Self {
            bearer: Some(Arc::clone(bearer)),
            ..self
        }
    }
}

impl Service<Request<Body>> for Line {
    type Response = Response<Body>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.channel.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match &self.bearer {
            None => {
                let answer = self.channel.call(request);
                Box::pin(async move { Ok(answer.await?) })
            }
            Some(bearer) => Box::pin(shown(Arc::clone(bearer), self.channel.clone(), request)),
        }
    }
}

/// Sends a request with a token and a proof, and once more if the server wants its own nonce in the
/// proof. What is sent are single messages, so they can be kept for that.
async fn shown(
    bearer: Arc<Bearer>,
    mut channel: Channel,
    request: Request<Body>,
) -> Result<Response<Body>, Failure> {
    let (mut parts, body) = request.into_parts();
    let message = body.collect().await?.to_bytes();
    let path = parts.uri.path().to_owned();
    let mut is_last = false;
    loop {
        let (token, proof) = bearer.show(parts.method.as_str(), &path).await?;
        parts.headers.insert(header::AUTHORIZATION, secret(&token)?);
        parts.headers.insert("dpop", secret(&proof)?);
        let body = Body::new(Full::new(message.clone()));
        let attempt = Request::from_parts(parts.clone(), body);
        let response = channel.ready().await?.call(attempt).await?;
        let wants_nonce = bearer.learn_nonce(response.headers());
        if is_last || !(wants_nonce && is_refused(response.headers())) {
            return Ok(response);
        }
        is_last = true;
    }
}

/// A header that no debug output shows.
fn secret(value: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(value)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether the caller was not recognised, in gRPC or in HTTP.
fn is_refused(headers: &HeaderMap) -> bool {
    headers.contains_key(header::WWW_AUTHENTICATE)
}
