//! Somebody in between: ends TLS as the edge does, sees every message, and may put others in their place.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use axum::Router;
use http::HeaderMap;
use kleis_types::base64url;
use kleis_wrap::kek_file;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{
    service::Routes,
    transport::{
        Certificate, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig,
        server::TcpIncoming,
    },
};

use crate::{
    Installation, Party, caller,
    relay::{Shared, forward, relay},
};

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
    /// What goes with a request: the certificate that the edge forwards, a token, its proof.
    fn headers(&self, _method: &str, _headers: &mut HeaderMap) {}

    /// An answer in the place of the server's, which then never hears of the request.
    fn instead(&self, _method: &str, _message: &[u8]) -> Option<Reply> {
        None
    }

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
    /// What the caller showed, as headers; nothing where only one party's certificate is used.
    pub shown: HeaderMap,
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

/// How it comes to the server.
pub(crate) struct Upstream {
    pub(crate) identity: Identity,
    pub(crate) is_edge: bool,
}

impl Proxy {
    /// Starts one for a party.
    pub async fn start(installation: &Installation, party: &Party) -> Self {
        let upstream = Upstream {
            identity: caller::identity(party),
            is_edge: false,
        };
        let tls = ServerTlsConfig::new().identity(stolen_identity(installation));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve(installation, listener, tls, upstream)
    }

    pub(crate) fn serve(
        installation: &Installation,
        listener: TcpListener,
        tls: ServerTlsConfig,
        upstream: Upstream,
    ) -> Self {
        let facts = installation.facts();
        let address = format!("https://{}", listener.local_addr().unwrap());
        let root = fs::read_to_string(&facts.root).unwrap();
        let shown = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(root))
            .identity(upstream.identity);
        // The server hears the address that the caller called: proofs of possession name it.
        let channel = Endpoint::from_shared(facts.public.clone())
            .unwrap()
            .origin(address.parse().unwrap())
            .tls_config(shown)
            .unwrap()
            .connect_lazy();
        let shared = Arc::new(Shared {
            upstream: channel,
            is_edge: upstream.is_edge,
            mischief: Mutex::new(Arc::new(Honest)),
            seen: Mutex::default(),
        });
        let routes = Router::new()
            .fallback(relay)
            .with_state(Arc::clone(&shared));
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

    /// The last exchange of a method.
    pub fn last(&self, method: &str) -> Exchange {
        let seen = self.shared.seen.lock().unwrap();
        let last = seen.iter().rev().find(|seen| seen.method == method);
        last.unwrap_or_else(|| panic!("{method} has not passed"))
            .clone()
    }

    /// Forgets what has passed so far.
    pub fn forget(&self) {
        self.shared.seen.lock().unwrap().clear();
    }

    /// Sends a message to the server as the edge's own; gives what it says.
    pub async fn send(&self, method: &str, headers: HeaderMap, message: &[u8]) -> Reply {
        forward(self.shared.upstream.clone(), method, headers, message).await
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
pub(crate) fn stolen_identity(installation: &Installation) -> Identity {
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
