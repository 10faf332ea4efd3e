//! A TCP port that gives out connections after their TLS handshake, or without any.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;

use crate::{Connection, Count, Counters, Limits};

/// Handshaken connections that may wait for the server to take them.
const QUEUE: usize = 64;
/// A pause after an error of `accept`: the process is out of files, or the network is in trouble.
const PAUSE: Duration = Duration::from_millis(100);

/// A bound port.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    door: Door,
}

/// What each new connection passes.
#[derive(Clone, Debug)]
struct Door {
    /// Without it, connections are taken as they come.
    tls: Option<watch::Receiver<Arc<ServerConfig>>>,
    places: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    patience: Duration,
    counters: Arc<Counters>,
}

impl Listener {
    /// Binds `address`. Each handshake uses the configuration that `tls` holds at that time, so
    /// that a renewed certificate needs no restart.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub async fn bind(
        address: SocketAddr,
        tls: watch::Receiver<Arc<ServerConfig>>,
        limits: &Limits,
        counters: Arc<Counters>,
    ) -> io::Result<Self> {
        Self::bind_to(address, Some(tls), limits, counters).await
    }

    /// Binds `address` for connections without TLS: for what is signed, secret to nobody, and asked
    /// for by those who cannot use TLS yet.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub async fn bind_plain(
        address: SocketAddr,
        limits: &Limits,
        counters: Arc<Counters>,
    ) -> io::Result<Self> {
        Self::bind_to(address, None, limits, counters).await
    }

    async fn bind_to(
        address: SocketAddr,
        tls: Option<watch::Receiver<Arc<ServerConfig>>>,
        limits: &Limits,
        counters: Arc<Counters>,
    ) -> io::Result<Self> {
        let semaphore = |number: std::num::NonZeroU32| {
            let number = usize::try_from(number.get()).unwrap_or(usize::MAX);
            Arc::new(Semaphore::new(number.min(Semaphore::MAX_PERMITS)))
        };
        let door = Door {
            tls,
            places: semaphore(limits.max_connections),
            handshakes: semaphore(limits.max_handshakes),
            patience: Duration::from_secs(limits.handshake_seconds.get().into()),
            counters,
        };
        Ok(Self {
            tcp: TcpListener::bind(address).await?,
            door,
        })
    }

    /// The address, with the port that the system chose.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// The connections. The port is closed when the stream is dropped.
    pub fn connections(self) -> ReceiverStream<Connection> {
        let (ready, connections) = mpsc::channel(QUEUE);
        tokio::spawn(accept(self.tcp, self.door, ready));
        ReceiverStream::new(connections)
    }
}

async fn accept(tcp: TcpListener, door: Door, ready: mpsc::Sender<Connection>) {
    loop {
        let accepted = tokio::select! {
            accepted = tcp.accept() => accepted,
            () = ready.closed() => return,
        };
        match accepted {
            Ok((stream, address)) => {
                // Closed at once where there is no room: the caller may try elsewhere, and does not
                // hang.
                let Ok(place) = Arc::clone(&door.places).try_acquire_owned() else {
                    door.counters.add(Count::ConnectionsRefused);
                    continue;
                };
                door.counters.add(Count::ConnectionsAccepted);
                tokio::spawn(hand_over(
                    stream,
                    address,
                    place,
                    door.clone(),
                    ready.clone(),
                ));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn hand_over(
    stream: TcpStream,
    address: SocketAddr,
    place: OwnedSemaphorePermit,
    door: Door,
    ready: mpsc::Sender<Connection>,
) {
    let Some(tls) = &door.tls else {
        if stream.set_nodelay(true).is_ok() {
            drop(ready.send(Connection::plain(stream, address, place)).await);
        }
        return;
    };
    // The wait for a turn counts: a flood of slow ones makes the others fail rather than pile up.
    let shaken = tokio::time::timeout(door.patience, async {
        let _turn = door.handshakes.acquire().await.map_err(io::Error::other)?;
        stream.set_nodelay(true)?;
        let acceptor = TlsAcceptor::from(Arc::clone(&tls.borrow()));
        acceptor.accept(stream).await
    })
    .await;
    match shaken {
        // A closed channel means that the server is stopping.
        Ok(Ok(stream)) => drop(ready.send(Connection::tls(stream, address, place)).await),
        Ok(Err(error)) => {
            door.counters.add(Count::HandshakesFailed);
            tracing::debug!(%error, "a TLS handshake failed");
        }
        Err(_) => {
            door.counters.add(Count::HandshakesTimedOut);
            tracing::debug!("a TLS handshake took too long");
        }
    }
}
