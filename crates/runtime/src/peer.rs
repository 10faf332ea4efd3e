//! Who is at the other end of a connection, as the connection itself shows it.

use std::{
    fmt,
    hash::BuildHasher as _,
    io::IoSlice,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, LazyLock, OnceLock},
    task::{Context, Poll},
};

use rustls::pki_types::CertificateDer;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use crate::authn::VerifiedPeer;

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Over the network, from this address.
    Network(SocketAddr),
    /// From another service in this process.
    InProcess,
}

/// The other end of a connection. It stands in the extensions of every request.
#[derive(Clone)]
pub struct Peer(Arc<Inner>);

struct Inner {
    origin: Origin,
    chain: Vec<CertificateDer<'static>>,
    caller: u64,
    verified: OnceLock<VerifiedPeer>,
}

impl Peer {
    /// A peer of the network, with the certificates that it showed and whose key it proved to hold:
    /// none, or leaf first.
    pub fn network(address: SocketAddr, chain: Vec<CertificateDer<'static>>) -> Self {
        let caller = match chain.first() {
            Some(leaf) => HASHER.hash_one(leaf.as_ref()),
            None => HASHER.hash_one(network_of(address.ip())),
        };
        Self(Arc::new(Inner {
            origin: Origin::Network(address),
            chain,
            caller,
            verified: OnceLock::new(),
        }))
    }

    /// A service in this process.
    pub fn in_process() -> Self {
        Self(Arc::new(Inner {
            origin: Origin::InProcess,
            chain: Vec::new(),
            caller: 0,
            verified: OnceLock::new(),
        }))
    }

    /// Where it is.
    pub fn origin(&self) -> Origin {
        self.0.origin
    }

    /// The certificates it showed, leaf first; none if it is anonymous.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.0.chain
    }

    /// Under which name its rate is counted: its certificate, or else the network it comes from.
    pub(crate) fn caller(&self) -> u64 {
        self.0.caller
    }

    pub(crate) fn verified(&self) -> &OnceLock<VerifiedPeer> {
        &self.0.verified
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("origin", &self.0.origin)
            .field("certificates", &self.0.chain.len())
            .finish_non_exhaustive()
    }
}

/// Keyed anew in each process, so that nobody can choose a certificate or an address that shares
/// another's count.
static HASHER: LazyLock<std::hash::RandomState> = LazyLock::new(std::hash::RandomState::new);

/// An IPv4 address is a caller; of IPv6, where one host has a whole /64, the network is.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A connection that is ready for HTTP. Its place among the connections of its listener is free
/// when it is dropped.
pub struct Connection {
    stream: Stream,
    peer: Peer,
    closed: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    _place: Option<OwnedSemaphorePermit>,
}

enum Stream {
    Tls(Box<TlsStream<TcpStream>>),
    Plain(TcpStream),
    InProcess(DuplexStream),
}

impl Connection {
    pub(crate) fn tls(
        stream: TlsStream<TcpStream>,
        address: SocketAddr,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let peer = Peer::network(address, chain.to_vec());
        Self {
            stream: Stream::Tls(Box::new(stream)),
            peer,
            closed: None,
            _place: Some(place),
        }
    }

    pub(crate) fn plain(
        stream: TcpStream,
        address: SocketAddr,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            stream: Stream::Plain(stream),
            peer: Peer::network(address, Vec::new()),
            closed: None,
            _place: Some(place),
        }
    }

    pub(crate) fn in_process(stream: DuplexStream) -> Self {
        Self {
            stream: Stream::InProcess(stream),
            peer: Peer::in_process(),
            closed: None,
            _place: None,
        }
    }

    /// The same connection, which reads as ended once `token` is cancelled.
    pub(crate) fn closed_by(mut self, token: &CancellationToken) -> Self {
        self.closed = Some(Box::pin(token.clone().cancelled_owned()));
        self
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        if let Some(closed) = &mut this.closed
            && closed.as_mut().poll(context).is_ready()
        {
            // Nothing read: the end, as if the other side had hung up.
            return Poll::Ready(Ok(()));
        }
        match &mut this.stream {
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::InProcess(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::InProcess(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::InProcess(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::InProcess(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Stream::InProcess(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Tls(stream) => stream.is_write_vectored(),
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::InProcess(stream) => stream.is_write_vectored(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Peer {
        Peer::network(address.parse().unwrap(), Vec::new())
    }

    #[test]
    fn a_caller_without_certificate_is_its_network() {
        assert_eq!(at("192.0.2.1:5").caller(), at("192.0.2.1:6").caller());
        assert_ne!(at("192.0.2.1:5").caller(), at("192.0.2.2:5").caller());
        assert_eq!(
            at("[2001:db8::1]:5").caller(),
            at("[2001:db8::ffff]:5").caller()
        );
        assert_ne!(
            at("[2001:db8::1]:5").caller(),
            at("[2001:db8:0:1::1]:5").caller()
        );
        assert_eq!(
            at("[::ffff:192.0.2.1]:5").caller(),
            at("192.0.2.1:5").caller()
        );
    }

    #[test]
    fn a_caller_with_certificate_is_that_wherever_it_is() {
        let with = |address: &str, leaf: &[u8]| {
            let chain = vec![CertificateDer::from(leaf.to_vec())];
            Peer::network(address.parse().unwrap(), chain).caller()
        };
        assert_eq!(with("192.0.2.1:5", b"one"), with("192.0.2.2:5", b"one"));
        assert_ne!(with("192.0.2.1:5", b"one"), with("192.0.2.1:5", b"two"));
    }

    #[test]
    fn debug_shows_no_certificate() {
        let chain = vec![CertificateDer::from(b"secret identity".to_vec())];
        let peer = Peer::network("192.0.2.1:5".parse().unwrap(), chain);
        let expected = "Peer { origin: Network(192.0.2.1:5), certificates: 1, .. }";
        assert_eq!(format!("{peer:?}"), expected);
    }
}
