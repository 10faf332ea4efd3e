//! Somebody in between: ends TLS as the edge does, sees every message, and may put others in their place.

use std::{
    fs,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
};
use http::{HeaderMap, HeaderValue, Request, Response, header::CONTENT_TYPE};
use http_body::{Body as _, Frame};
use kleis_types::base64url;
use kleis_wrap::kek_file;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{
    service::Routes,
    transport::{
        Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig,
        server::TcpIncoming,
    },
};
use tower::ServiceExt as _;

use crate::{Installation, Party, caller};

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const STATUS: &str = "grpc-status";
const MAX_MESSAGE: usize = 32 << 20;

/// What came back: a message, or the headers that tell of a refusal.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A message, encoded.
    Message(Vec<u8>),
    /// A refusal.
    Refused(HeaderMap),
}

/// What is done to the messages. The default is nothing.
pub trait Mischief: Send + Sync {
    /// A request on its way to the server.
    fn request(&self, _method: &str, message: Vec<u8>) -> Vec<u8> {
        message
    }

    /// A reply on its way back.
    fn reply(&self, _method: &str, reply: Reply) -> Reply {
        reply
    }
}

/// Passes everything on.
#[derive(Clone, Copy, Debug)]
struct Honest;

impl Mischief for Honest {}

/// What passed in one call, as it came from either side.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// `PACKAGE.SERVICE/RPC`.
    pub method: String,
    /// The caller's message.
    pub request: Vec<u8>,
    /// The server's answer.
    pub reply: Reply,
}

/// A proxy with the server's own certificate. Towards the server it is let in as the party for whom it stands, as an edge
/// will be; it does not have the party's key to sign with.
pub struct Proxy {
    address: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    upstream: Channel,
    mischief: Mutex<Arc<dyn Mischief>>,
    seen: Mutex<Vec<Exchange>>,
}

impl Proxy {
    /// Starts one for a party.
    pub async fn start(installation: &Installation, party: &Party) -> Self {
        let facts = installation.facts();
        let root = fs::read_to_string(&facts.root).unwrap();
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(root))
            .identity(caller::identity(party));
        let upstream = Endpoint::from_shared(facts.public.clone()).unwrap();
        let upstream = upstream.tls_config(tls).unwrap().connect_lazy();
        let shared = Arc::new(Shared {
            upstream,
            mischief: Mutex::new(Arc::new(Honest)),
            seen: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}", listener.local_addr().unwrap());
        let routes = Router::new()
            .fallback(relay)
            .with_state(Arc::clone(&shared));
        let tls = ServerTlsConfig::new().identity(stolen_identity(installation));
        let server = Server::builder()
            .tls_config(tls)
            .unwrap()
            .add_routes(Routes::from(routes))
            .serve_with_incoming(TcpIncoming::from(listener));
        let task = tokio::spawn(async { server.await.unwrap() });
        Self {
            address,
            shared,
            task,
        }
    }

    /// Its address, `https://HOST:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Does this to all messages from now on.
    pub fn set(&self, mischief: impl Mischief + 'static) {
        *self.shared.mischief.lock().unwrap() = Arc::new(mischief);
    }

    /// Passes everything on from now on.
    pub fn be_honest(&self) {
        self.set(Honest);
    }

    /// What has passed so far.
    pub fn seen(&self) -> Vec<Exchange> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Whether a secret has passed, as it is or in one of the encodings that are in use.
    pub fn has_seen(&self, secret: &[u8]) -> bool {
        let forms = [secret.to_vec(), base64url::encode(secret).into_bytes()];
        self.seen().iter().any(|exchange| {
            let reply = match &exchange.reply {
                Reply::Message(message) => message.clone(),
                Reply::Refused(headers) => format!("{headers:?}").into_bytes(),
            };
            [&exchange.request, &reply].into_iter().any(|message| {
                let decoded = decoded_parts(message);
                forms
                    .iter()
                    .any(|form| contains(message, form) || contains(&decoded, form))
            })
        })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Everything in a message that is base64url, decoded: the parts of JWS and JWE.
fn decoded_parts(message: &[u8]) -> Vec<u8> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let parts = message.split(|byte| !is_part(*byte));
    let texts = parts.filter_map(|part| str::from_utf8(part).ok());
    texts
        .filter_map(|text| base64url::decode(text).ok())
        .flatten()
        .collect()
}

fn contains(message: &[u8], part: &[u8]) -> bool {
    message.windows(part.len()).any(|window| window == part)
}

/// The server's certificate and key, unwrapped with the installation's root KEK.
fn stolen_identity(installation: &Installation) -> Identity {
    let data = installation.data_dir();
    let file = fs::read(data.join("tls/server.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    let bytes = |value: &Value| base64url::decode(value.as_str().unwrap()).unwrap();
    let kek = kek_file::load(&data.join("kek/root.kek")).unwrap();
    let id = installation.facts().installation.parse().unwrap();
    let wrapped = bytes(&file["key"]["wrapped"]);
    let key = kek
        .unwrap_secret(&id, "kleisd-tls", "server", &wrapped)
        .unwrap();
    let chain = file["chain"].as_array().unwrap().iter();
    let chain: Vec<_> = chain
        .map(|der| pem::Pem::new("CERTIFICATE", bytes(der)))
        .collect();
    let key = pem::encode(&pem::Pem::new("PRIVATE KEY", key.expose()));
    Identity::from_pem(pem::encode_many(&chain), key)
}

async fn relay(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let method = request.uri().path().trim_start_matches('/').to_owned();
    let body = axum::body::to_bytes(request.into_body(), MAX_MESSAGE)
        .await
        .unwrap();
    let message = unframe(&body);
    let mischief = Arc::clone(&shared.mischief.lock().unwrap());
    let sent = mischief.request(&method, message.clone());
    let reply = forward(shared.upstream.clone(), &method, &sent).await;
    let exchange = Exchange {
        method: method.clone(),
        request: message,
        reply: reply.clone(),
    };
    shared.seen.lock().unwrap().push(exchange);
    match mischief.reply(&method, reply) {
        Reply::Message(message) => {
            let trailers = HeaderMap::from_iter([(STATUS.parse().unwrap(), "0".parse().unwrap())]);
            let body = Framed {
                data: Some(frame(&message)),
                trailers: Some(trailers),
            };
            Response::builder()
                .header(CONTENT_TYPE, GRPC)
                .body(Body::new(body))
                .unwrap()
        }
        Reply::Refused(headers) => {
            let mut response = Response::new(Body::empty());
            *response.headers_mut() = headers;
            response.headers_mut().insert(CONTENT_TYPE, GRPC);
            response
        }
    }
}

async fn forward(upstream: Channel, method: &str, message: &[u8]) -> Reply {
    let request = Request::post(format!("/{method}"))
        .header(CONTENT_TYPE, GRPC)
        .header("te", "trailers")
        .body(tonic::body::Body::new(Body::from(frame(message))))
        .unwrap();
    let response = upstream.oneshot(request).await.unwrap();
    let (parts, mut body) = response.into_parts();
    if parts.headers.contains_key(STATUS) {
        return Reply::Refused(parts.headers);
    }
    let (mut data, mut trailers) = (Vec::new(), HeaderMap::new());
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        match frame.unwrap().into_data() {
            Ok(part) => data.extend(part),
            Err(frame) => trailers = frame.into_trailers().unwrap(),
        }
    }
    match trailers.get(STATUS).map(HeaderValue::as_bytes) {
        Some(b"0") => Reply::Message(unframe(&data)),
        _ => Reply::Refused(trailers),
    }
}

/// One message as gRPC frames it: not compressed, its length, itself.
fn frame(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap();
    [&[0], &length.to_be_bytes()[..], message].concat().into()
}

fn unframe(body: &[u8]) -> Vec<u8> {
    let (head, message) = body.split_at_checked(5).unwrap_or_default();
    assert!(
        head.first().is_none_or(|compressed| *compressed == 0),
        "nothing is compressed"
    );
    message.to_vec()
}

/// A body of one piece, with trailers.
struct Framed {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl http_body::Body for Framed {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let data = self.data.take().map(Frame::data);
        let frame = data.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }
}
