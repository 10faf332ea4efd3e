//! From what a caller shows to a [`Principal`].
//!
//! A caller shows a certificate on the connection, an access token in `Authorization`, or both; the
//! edge shows its own certificate and forwards its caller's. [`CallerAuthenticator`] verifies all
//! of it. Whatever is shown must be good, whether it is needed or not.
//!
//! - A certificate of ours: chain, profile, time, status ([`certificate`]).

//! - A certificate of a foreign CA that is configured ([`foreign`]).
//! - A certificate that the edge forwards, and nobody else may ([`forwarded`]).
//! - An access token of a known issuer, and the proof of possession of what it is bound to
//!   ([`token`]).

mod caller;
mod certificate;
mod foreign;

mod forwarded;
mod known;
mod standing;
#[cfg(test)]
mod tests;
mod token;

use std::{fmt, pin::Pin};

use axum::http::{HeaderMap, Method, Uri, header};
use kleis_types::{ErrorCode, Principal, Problem};

use crate::Peer;

pub use caller::CallerAuthenticator;
pub(crate) use certificate::VerifiedPeer;
pub use foreign::ForeignCa;
pub use standing::{AtOnce, Standing};

/// The answer to "who is this?", on its way: nobody in particular, a principal, or a refusal.
pub type Authentication<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Principal>, Refused>> + Send + 'a>>;

/// What a caller shows of itself with one request.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The other end of the connection.
    pub peer: &'a Peer,
    /// The HTTP method.
    pub method: &'a Method,
    /// The address asked for.
    pub uri: &'a Uri,
    /// The headers.
    pub headers: &'a HeaderMap,
}

impl Presented<'_> {
    /// The absolute address of the request, as a DPoP proof names it (RFC 9449 section 4.3). None
    /// if the caller does not say to which server it speaks.
    fn url(&self) -> Option<String> {
        let authority = match self.uri.authority() {
            Some(authority) => authority.as_str(),
            None => self.headers.get(header::HOST)?.to_str().ok()?,
        };
        Some(format!("https://{authority}{}", self.uri.path()))
    }

    /// The one value of a header.
    ///
    /// # Errors
    /// [`ErrorCode::RequestMalformed`] if there are several, or one that is no text.
    fn single(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        let mut values = self.headers.get_all(name).iter();
        let (first, second) = (values.next(), values.next());
        let malformed = || Problem::new(ErrorCode::RequestMalformed, format!("send {name} once"));
        match (first.map(|value| value.to_str()), second) {
            (None, _) => Ok(None),
            (Some(Ok(value)), None) => Ok(Some(value)),
            _ => Err(malformed()),
        }
    }
}

/// A caller is not who it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub problem: Problem,
    /// The nonce for the next DPoP proof (RFC 9449 section 9), where one was shown without.
    pub nonce: Option<String>,
}

impl<P: Into<Problem>> From<P> for Refused {
    fn from(problem: P) -> Self {
        Self {
            problem: problem.into(),
            nonce: None,
        }
    }
}

/// Says who a caller is.
pub trait Authenticate: Send + Sync + fmt::Debug {
    /// The principal of a caller; `None` if it shows nothing.
    ///
    /// # Errors
    /// The refusal, if it shows something that is not good, or whose status cannot be told.
    fn authenticate<'a>(&'a self, presented: Presented<'a>) -> Authentication<'a>;
}

/// Takes everybody as nobody in particular: for servers whose peers are services of the same
/// process. Whoever shows anything is refused, because nobody looked at it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Authenticate for Anonymous {
    fn authenticate<'a>(&'a self, presented: Presented<'a>) -> Authentication<'a> {
        Box::pin(std::future::ready(
            in_process_only(&presented).map(|()| None),
        ))
    }
}

/// Takes everybody as this principal: for servers whose only peer is one service of the same
/// process.
#[derive(Clone, Debug)]
pub struct Always(pub Principal);

impl Authenticate for Always {
    fn authenticate<'a>(&'a self, presented: Presented<'a>) -> Authentication<'a> {
        let answer = in_process_only(&presented).map(|()| Some(self.0.clone()));
        Box::pin(std::future::ready(answer))
    }
}

/// Refuses whoever shows a certificate or a token where nobody verifies them.
fn in_process_only(presented: &Presented<'_>) -> Result<(), Refused> {
    if presented.peer.chain().is_empty() && !presented.headers.contains_key(header::AUTHORIZATION) {
        Ok(())
    } else {
        Err(ErrorCode::CertificateInvalid.into())
    }
}
