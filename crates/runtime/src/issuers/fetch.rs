//! A document of an issuer, over HTTPS: one small GET, rarely.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode, Uri, header, uri::Scheme},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Bytes that a document may have.
const MAX_DOCUMENT: usize = 256 * 1024;
/// How long the whole of it may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A document, on its way.
pub type Fetched<'a> = Pin<Box<dyn Future<Output = Result<Bytes, FetchError>> + Send + 'a>>;

/// A document cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is not one that is asked: only `https` is.
    #[error("the address is not one of https")]
    Address,
    /// The server cannot be reached, or is not who it should be.
    #[error("the server cannot be reached: {0}")]
    Connection(#[from] std::io::Error),
    /// The server does not speak as it should.
    #[error("the server does not answer: {0}")]
    Protocol(String),
    /// The server has no such document.
    #[error("the server answers {0}")]
    Status(StatusCode),
    /// It took too long.
    #[error("the server takes too long")]
    TimedOut,
}

/// Something that fetches documents.
pub trait Fetch: Send + Sync + fmt::Debug {
    /// The document at an address. Redirections are not followed.
    fn get<'a>(&'a self, address: &'a str) -> Fetched<'a>;
}

/// Fetches over HTTPS, from servers with a certificate of these roots.
#[derive(Clone)]
pub struct HttpsFetch {
    tls: TlsConnector,
}

impl HttpsFetch {
    /// Trusts these roots and no others.
    ///
    /// # Errors
    /// If the provider has no protocol version: a fault of the program.
    pub fn new(roots: RootCertStore) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    async fn fetch(&self, address: &str) -> Result<Bytes, FetchError> {
        let uri: Uri = address.parse().map_err(|_| FetchError::Address)?;
        let host = match (uri.scheme(), uri.host()) {
            (Some(scheme), Some(host)) if *scheme == Scheme::HTTPS => host,
            _ => return Err(FetchError::Address),
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| FetchError::Address)?;
        let tcp = TcpStream::connect((bare, uri.port_u16().unwrap_or(443))).await?;
        let stream = self.tls.connect(name, tcp).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(protocol)?;
        // Ends when the answer is read, or when both ends of it are dropped.
        let driver = tokio::spawn(connection);
        let document = ask(&mut sender, &uri).await;
        driver.abort();
        document
    }
}

async fn ask(sender: &mut http1::SendRequest<Body>, uri: &Uri) -> Result<Bytes, FetchError> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(header::HOST, uri.authority().map_or("", |a| a.as_str()))
        .header(header::ACCEPT, "application/json")
        .header(
            header::USER_AGENT,
            concat!("kleisd/", env!("CARGO_PKG_VERSION")),
        )
        .body(Body::empty())
        .map_err(|_| FetchError::Address)?;
    let response = sender.send_request(request).await.map_err(protocol)?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    axum::body::to_bytes(Body::new(response.into_body()), MAX_DOCUMENT)
        .await
        .map_err(protocol)
}

fn protocol(error: impl fmt::Display) -> FetchError {
    FetchError::Protocol(error.to_string())
}

impl Fetch for HttpsFetch {
    fn get<'a>(&'a self, address: &'a str) -> Fetched<'a> {
        Box::pin(async move {
            let fetched = tokio::time::timeout(PATIENCE, self.fetch(address)).await;
            fetched.unwrap_or(Err(FetchError::TimedOut))
        })
    }
}

impl fmt::Debug for HttpsFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsFetch").finish_non_exhaustive()
    }
}
