//! The token service's endpoints, asked in plain HTTP.

use std::fs;

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use kleis_access::{assertion, dpop};
use kleis_e2e::{Installation, Party};
use kleis_types::{Clock as _, OsRandom, SystemClock};
use serde_json::Value;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tower::ServiceExt as _;

/// What was answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    /// The error code of OAuth; empty if there is none.
    pub(super) fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }

    pub(super) fn nonce(&self) -> Option<String> {
        let nonce = self.headers.get("dpop-nonce")?;
        Some(nonce.to_str().unwrap().to_owned())
    }
}

/// A connection of nobody in particular.
pub(super) fn channel(installation: &Installation) -> Channel {
    let root = fs::read_to_string(&installation.facts().root).unwrap();
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(root));
    let endpoint = Endpoint::from_shared(installation.facts().public.clone()).unwrap();
    endpoint.tls_config(tls).unwrap().connect_lazy()
}

/// Sends a form, with a DPoP proof if there is one.
pub(super) async fn post(
    channel: &Channel,
    path: &str,
    form: &[(&str, &str)],
    proof: Option<&str>,
) -> Answer {
    let mut request =
        Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    // Nothing in these tests needs more than the colon and the slash to be escaped.
    let pairs = form.iter().map(|(name, value)| {
        format!(
            "{name}={}",
            value
                .replace(':', "%3A")
                .replace('/', "%2F")
                .replace(' ', "+")
        )
    });
    let body = pairs.collect::<Vec<_>>().join("&");
    send(channel, request.body(body).unwrap()).await
}

/// Gets a document.
pub(super) async fn get(channel: &Channel, path: &str) -> Answer {
    send(channel, Request::get(path).body(String::new()).unwrap()).await
}

async fn send(channel: &Channel, request: Request<String>) -> Answer {
    let request = request.map(|body| tonic::body::Body::new(Body::from(body)));
    let response = channel.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(Body::new(body), 1 << 20)
        .await
        .unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    }
}

/// A client that asks for tokens by hand.
pub(super) struct Client<'a> {
    pub(super) installation: &'a Installation,
    pub(super) party: &'a Party,
}

impl Client<'_> {
    /// A fresh assertion.
    pub(super) fn assertion(&self) -> String {
        let issuer = &self.installation.facts().public;
        let key = self.party.auth_key();
        let id = self.party.identifier();
        assertion::make(&key, id, issuer, None, SystemClock.now(), &OsRandom).unwrap()
    }

    /// A fresh proof for the token endpoint.
    pub(super) fn proof(&self, nonce: Option<&str>) -> String {
        let url = format!("{}/oauth2/token", self.installation.facts().public);
        let request = dpop::Request {
            method: "POST",
            url: &url,
            access_token: None,
            nonce,
        };
        dpop::make(
            &self.party.auth_key(),
            &request,
            SystemClock.now(),
            &OsRandom,
        )
        .unwrap()
    }

    /// Asks with this assertion and this proof.
    pub(super) async fn ask(&self, channel: &Channel, assertion: &str, proof: &str) -> Answer {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        post(channel, "/oauth2/token", &form, Some(proof)).await
    }

    /// A nonce for proofs, as the server gives it.
    pub(super) async fn nonce(&self, channel: &Channel) -> String {
        let answer = self
            .ask(channel, &self.assertion(), &self.proof(None))
            .await;
        assert_eq!(answer.error(), "use_dpop_nonce");
        answer.nonce().unwrap()
    }
}

pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
