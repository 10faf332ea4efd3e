//! A document of an issuer, over HTTPS: one small GET, rarely.

use std::{fmt, pin::Pin, time::Duration};

use axum::{
    body::Bytes,
    http::{Request, StatusCode, header},
};
use rustls::RootCertStore;

pub(super) use crate::https::FetchError;
use crate::https::{Bounds, HttpClient as _, HttpsClient};

/// What a document may take.
const BOUNDS: Bounds = Bounds {
    patience: Duration::from_secs(5),
    answer: 256 * 1024,
};

/// A document, on its way.
pub type Fetched<'a> = Pin<Box<dyn Future<Output = Result<Bytes, FetchError>> + Send + 'a>>;

/// Something that fetches documents.
pub trait Fetch: Send + Sync + fmt::Debug {
    /// The document at an address. Redirections are not followed.
    fn get<'a>(&'a self, address: &'a str) -> Fetched<'a>;
}

/// Fetches over HTTPS, from servers with a certificate of these roots.
#[derive(Clone, Debug)]
pub struct HttpsFetch(HttpsClient);

impl HttpsFetch {
    /// Trusts these roots and no others.
    ///
    /// # Errors
    /// If the provider has no protocol version: a fault of the program.
    pub fn new(roots: RootCertStore) -> Result<Self, rustls::Error> {
        Ok(Self(HttpsClient::new(roots)?))
    }
}

impl Fetch for HttpsFetch {
    fn get<'a>(&'a self, address: &'a str) -> Fetched<'a> {
        Box::pin(async move {
            let request = Request::get(address)
                .header(header::ACCEPT, "application/json")
                .body(Bytes::new())
                .map_err(|_| FetchError::Address)?;
            let response = self.0.send(request, BOUNDS).await?;
            match response.status() {
                StatusCode::OK => Ok(response.into_body()),
                other => Err(FetchError::Status(other)),
            }
        })
    }
}
