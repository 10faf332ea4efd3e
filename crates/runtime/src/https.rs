//! Requests to others over HTTPS: one at a time, small, bounded in time and size. Redirections are
//! not followed, and no proxy is asked.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, Request, Response, StatusCode, header, uri::Scheme},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const USER_AGENT: &str = concat!("kleisd/", env!("CARGO_PKG_VERSION"));

/// How much of others' time and bytes a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How long the whole of it may take.
    pub patience: Duration,
    /// Bytes that the body of the answer may have.
    pub answer: usize,
}

/// There is no answer.
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
    /// The answer is longer than allowed.
    #[error("the answer is too long")]
    TooLong,
}

/// An answer, on its way.
pub type Answered<'a> =
    Pin<Box<dyn Future<Output = Result<Response<Bytes>, FetchError>> + Send + 'a>>;

/// Something that asks servers.
pub trait HttpClient: Send + Sync + fmt::Debug {
    /// The answer to a request, whose address is a whole one; whatever its status is.
    fn send(&self, request: Request<Bytes>, bounds: Bounds) -> Answered<'_>;
}

/// Asks over HTTPS, servers with a certificate of these roots.
#[derive(Clone)]
pub struct HttpsClient {
    tls: TlsConnector,
}

impl HttpsClient {
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

    async fn ask(
        &self,
        request: Request<Bytes>,
        longest: usize,
    ) -> Result<Response<Bytes>, FetchError> {
        let (mut head, body) = request.into_parts();
        let uri = head.uri.clone();
        let host = match (uri.scheme(), uri.host()) {
            (Some(scheme), Some(host)) if *scheme == Scheme::HTTPS => host,
            _ => return Err(FetchError::Address),
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| FetchError::Address)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = path.parse().map_err(|_| FetchError::Address)?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let authority = HeaderValue::from_str(authority).map_err(|_| FetchError::Address)?;
        head.headers.insert(header::HOST, authority);
        let agent = HeaderValue::from_static(USER_AGENT);
        head.headers.insert(header::USER_AGENT, agent);

        let tcp = TcpStream::connect((bare, uri.port_u16().unwrap_or(443))).await?;
        let stream = self.tls.connect(name, tcp).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(protocol)?;
        // Ends when the answer is read, or when this future is dropped.
        let driver = Driver(tokio::spawn(connection));
        let sent = sender.send_request(Request::from_parts(head, Body::from(body)));
        let answer = read(sent.await.map_err(protocol)?, longest).await;
        drop(driver);
        answer
    }
}

async fn read(
    response: Response<hyper::body::Incoming>,
    longest: usize,
) -> Result<Response<Bytes>, FetchError> {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, longest).collect().await;
    let body = body.map_err(|error| {
        if error.is::<LengthLimitError>() {
            FetchError::TooLong
        } else {
            protocol(error)
        }
    })?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

fn protocol(error: impl fmt::Display) -> FetchError {
    FetchError::Protocol(error.to_string())
}

/// A task that ends with its owner.
struct Driver<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for Driver<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl HttpClient for HttpsClient {
    fn send(&self, request: Request<Bytes>, bounds: Bounds) -> Answered<'_> {
        Box::pin(async move {
            let asked = tokio::time::timeout(bounds.patience, self.ask(request, bounds.answer));
            asked.await.unwrap_or(Err(FetchError::TimedOut))
        })
    }
}

impl fmt::Debug for HttpsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsClient").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
