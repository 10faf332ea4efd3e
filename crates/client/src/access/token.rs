//! Access tokens: where they come from, how long they serve, and the proofs that go with them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use kleis_access::{
    assertion::{self, ASSERTION_TYPE},
    dpop,
};
use kleis_jose::Jwk;
use kleis_types::{Clock, Confirmation, ErrorCode, Identifier, Problem, Random, Timestamp};
use serde::Deserialize;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::ServiceExt as _;
use zeroize::Zeroizing;

/// A request goes out with a token that has at least this long to live, in seconds.
const LEAST: i64 = 10;
/// An order is signed with a token that has at least this long to live: it may have to be sent again.
const LEAST_FOR_ORDERS: i64 = 60;
/// Bytes that the answer of the token service may have.
const MAX_ANSWER: usize = 64 * 1024;
const NONCE: &str = "dpop-nonce";

/// An access token, as the token service gave it.
#[derive(Clone)]
pub struct Token {
    text: Zeroizing<String>,
    kind: String,
    scope: String,
    expires_at: Timestamp,
}

impl Token {
    /// The token itself: whoever has it, and the key that it is bound to, is its holder.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// How it is to be shown: `DPoP` or `Bearer` (RFC 6749 section 7.1).
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// What it is good for, separated by spaces.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// When it ends.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("kind", &self.kind)
            .field("scope", &self.scope)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Who asks for tokens, and shows them: the holder of a certified key.
pub(crate) struct Holder {
    /// The identity that is the client id, where there is one yet.
    pub(crate) identifier: Option<Identifier>,
    /// The certified key: it signs the assertions and the proofs.
    pub(crate) key: Jwk,
    /// The server, `https://HOST:PORT`: also the name of its token service.
    pub(crate) server: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

/// A holder with its present token.
pub(crate) struct Bearer {
    holder: Holder,
    source: Source,
    nonce: Mutex<Option<String>>,
}

enum Source {
    /// The installation's token service, asked over this channel.
    Service {
        channel: Channel,
        present: tokio::sync::Mutex<Option<Token>>,
    },
    /// Somebody who is not asked again.
    Given(Zeroizing<String>),
}

/// RFC 6749 section 5.1.
#[derive(Deserialize)]
struct Issued {
    access_token: String,
    token_type: String,
    expires_in: i64,
    #[serde(default)]
    scope: String,
}

/// RFC 6749 section 5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Bearer {
    /// Gets its tokens from the installation's own token service.
    pub(crate) fn of_service(holder: Holder, channel: Channel) -> Self {
        let present = tokio::sync::Mutex::new(None);
        Self::new(holder, Source::Service { channel, present })
    }

    /// Shows this token, which is bound to the holder's key.
    pub(crate) fn given(holder: Holder, token: String) -> Self {
        Self::new(holder, Source::Given(Zeroizing::new(token)))
    }

    fn new(holder: Holder, source: Source) -> Self {
        Self {
            holder,
            source,
            nonce: Mutex::new(None),
        }
    }

    /// The token for an order that is signed now.
    pub(crate) async fn for_order(&self) -> Result<String, Status> {
        self.present(LEAST_FOR_ORDERS).await
    }

    /// The values of `Authorization` and `DPoP` for a request to this path.
    pub(super) async fn show(&self, method: &str, path: &str) -> Result<(String, String), Status> {
        let token = self.present(LEAST).await?;
        let proof = self.proof(method, path, Some(&token))?;
        Ok((format!("DPoP {token}"), proof))
    }

    /// Remembers the nonce that the server wants to see; says whether it is another one than before.
    pub(super) fn learn_nonce(&self, headers: &HeaderMap) -> bool {
        let Some(nonce) = headers.get(NONCE).and_then(|value| value.to_str().ok()) else {
            return false;
        };
        let mut known = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = known.as_deref() != Some(nonce);
        *known = Some(nonce.to_owned());
        is_new
    }

    fn proof(&self, method: &str, path: &str, token: Option<&str>) -> Result<String, Status> {
        let holder = &self.holder;
        let url = format!("{}{path}", holder.server);
        let nonce = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
        let request = dpop::Request {
            method,
            url: &url,
            access_token: token,
            nonce: nonce.as_deref(),
        };
        dpop::make(&holder.key, &request, holder.clock.now(), &*holder.random)
            .map_err(|error| Status::internal(error.to_string()))
    }

    async fn present(&self, least: i64) -> Result<String, Status> {
        match &self.source {
            Source::Given(token) => Ok(token.to_string()),
            Source::Service { channel, present } => {
                // Held while asking: one token serves all who wait for it.
                let mut present = present.lock().await;
                let serves = |token: &&Token| {
                    token.expires_at.seconds_since(self.holder.clock.now()) >= least
                };
                if let Some(token) = present.as_ref().filter(serves) {
                    return Ok(token.expose().to_owned());
                }
                let token = self.ask(channel, None).await?;
                let text = token.expose().to_owned();
                *present = Some(token);
                Ok(text)
            }
        }
    }

    /// A fresh token from the token service, with the scopes named (separated by spaces) or all.
    pub(crate) async fn ask(
        &self,
        channel: &Channel,
        scope: Option<&str>,
    ) -> Result<Token, Status> {
        let mut is_last = false;
        loop {
            let answer = self.post(channel, scope).await?;
            let wants_nonce = self.learn_nonce(answer.headers());
            let (status, body) = read(answer).await?;
            if status == StatusCode::OK {
                return self.issued(&body);
            }
            let refusal: Refusal = serde_json::from_slice(&body).map_err(|_| strange(status))?;
            if refusal.error != "use_dpop_nonce" || !wants_nonce || is_last {
                return Err(refused(status, &refusal));
            }
            is_last = true;
        }
    }

    /// RFC 6749 section 4.4.2, RFC 7523 section 2.2, RFC 9449 section 5.
    async fn post(
        &self,
        channel: &Channel,
        scope: Option<&str>,
    ) -> Result<http::Response<Body>, Status> {
        const PATH: &str = "/oauth2/token";
        let holder = &self.holder;
        let client = holder
            .identifier
            .as_ref()
            .ok_or_else(|| Status::unauthenticated("this home has no identity yet"))?
            .to_string();
        let (now, random) = (holder.clock.now(), &*holder.random);
        let bound_to = Confirmation::Key(holder.key.thumbprint().to_string());
        let (key, issuer) = (&holder.key, &holder.server);
        let assertion = assertion::make(key, &client, issuer, Some(&bound_to), now, random)
            .map_err(|error| Status::internal(error.to_string()))?;
        let request = Request::post(PATH)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("dpop", self.proof("POST", PATH, None)?)
            .body(Body::new(Full::new(form(&assertion, scope).into())))
            .map_err(|error| Status::internal(error.to_string()))?;
        let sent = channel.clone().oneshot(request).await;
        sent.map_err(|error| Status::from_error(error.into()))
    }

    fn issued(&self, body: &[u8]) -> Result<Token, Status> {
        let issued: Issued = serde_json::from_slice(body).map_err(|_| strange(StatusCode::OK))?;
        Ok(Token {
            text: Zeroizing::new(issued.access_token),
            kind: issued.token_type,
            scope: issued.scope,
            expires_at: self.holder.clock.now().plus_seconds(issued.expires_in),
        })
    }
}

fn form(assertion: &str, scope: Option<&str>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials")
        .append_pair("client_assertion_type", ASSERTION_TYPE)
        .append_pair("client_assertion", assertion);
    if let Some(scope) = scope {
        form.append_pair("scope", scope);
    }
    form.finish()
}

async fn read(answer: http::Response<Body>) -> Result<(StatusCode, Zeroizing<Vec<u8>>), Status> {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
    let body = body.map_err(Status::from_error)?;
    Ok((status, Zeroizing::new(body.to_bytes().to_vec())))
}

/// What the token service said, in the words of the other services.
fn refused(status: StatusCode, refusal: &Refusal) -> Status {
    let code = match status {
        StatusCode::TOO_MANY_REQUESTS => ErrorCode::RateLimited,
        status if status.is_server_error() => ErrorCode::Overloaded,
        StatusCode::UNAUTHORIZED => ErrorCode::TokenInvalid,
        _ => ErrorCode::PermissionDenied,
    };
    let Refusal {
        error,
        error_description,
    } = refusal;
    let detail = format!("the token service refused ({error}): {error_description}");
    kleis_proto::status::to_status(&Problem::new(code, detail), None)
}

/// An answer that no token service gives.
fn strange(status: StatusCode) -> Status {
    Status::unavailable(format!("the token service cannot be understood ({status})"))
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer").finish_non_exhaustive()
    }
}
