//! Somebody who speaks plain HTTP.

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Method, Request, StatusCode, header, request::Builder};
use serde_json::Value;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tower::ServiceExt as _;

use crate::{Installation, Party, caller::identity};

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// A connection to the public address, with or without a client certificate.
#[derive(Clone, Debug)]
pub struct Web(Channel);

/// What was answered.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Web {
    /// Nobody in particular.
    pub fn anonymous(installation: &Installation) -> Self {
        Self::connect(installation, None)
    }

    /// With the certificate of a party.
    pub fn of(installation: &Installation, party: &Party) -> Self {
        Self::connect(installation, Some(party))
    }

    fn connect(installation: &Installation, party: Option<&Party>) -> Self {
        let facts = installation.facts();
        let root = std::fs::read_to_string(&facts.root).unwrap();
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(root));
        if let Some(party) = party {
            tls = tls.identity(identity(party));
        }
        let endpoint = Endpoint::from_shared(facts.public.clone()).unwrap();
        Self(endpoint.tls_config(tls).unwrap().connect_lazy())
    }

    /// Gets a page.
    pub async fn get(&self, path: &str) -> Page {
        self.send(Request::get(path), "").await
    }

    /// Gets a page, unless it still has this tag.
    pub async fn get_unless(&self, path: &str, etag: &str) -> Page {
        let request = Request::get(path).header(header::IF_NONE_MATCH, etag);
        self.send(request, "").await
    }

    /// Asks with another method, and this origin.
    pub async fn ask(&self, method: Method, path: &str, origin: &str) -> Page {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::ORIGIN, origin);
        let request = request.header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET");
        self.send(request, "").await
    }

    /// Posts a JSON document.
    pub async fn post(&self, path: &str, document: &Value) -> Page {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        self.send(request, &document.to_string()).await
    }

    async fn send(&self, request: Builder, body: &str) -> Page {
        let body = tonic::body::Body::new(Body::from(body.to_owned()));
        let request = request.body(body).unwrap();
        let response = self.0.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Page {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(Body::new(body), MAX_ANSWER)
                .await
                .unwrap()
                .to_vec(),
        }
    }
}

impl Page {
    /// A header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The body, JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The stable reason of a problem (RFC 9457); empty if it is another one.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        problem["code"].as_str().unwrap_or_default().to_owned()
    }
}
