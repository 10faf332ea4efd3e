//! Calls from one service to another in the same process, over gRPC without a network.

use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

use crate::Connection;

/// The connections of [`InProcess`] channels, for [`crate::Server::serve`].
pub type InProcessConnections = ReceiverStream<Connection>;

/// Bytes under way in each direction of a connection.
const PIPE: usize = 64 * 1024;
/// Connections that may wait for the server to take them.
const QUEUE: usize = 16;

/// The way into a server of this process. Servers see [`crate::Origin::InProcess`].
#[derive(Clone, Debug)]
pub struct InProcess {
    server: mpsc::Sender<Connection>,
}

impl InProcess {
    /// The way, and its end.
    pub fn new() -> (Self, InProcessConnections) {
        let (server, connections) = mpsc::channel(QUEUE);
        (Self { server }, ReceiverStream::new(connections))
    }

    /// A channel that connects when it is first used, and again if the connection breaks.
    pub fn channel(&self) -> Channel {
        let server = self.server.clone();
        Endpoint::from_static("http://in-process").connect_with_connector_lazy(service_fn(
            move |_: Uri| {
                let server = server.clone();
                async move {
                    let (client, other_end) = tokio::io::duplex(PIPE);
                    server
                        .send(Connection::in_process(other_end))
                        .await
                        .map_err(|_| std::io::Error::from(std::io::ErrorKind::ConnectionRefused))?;
                    Ok::<_, std::io::Error>(TokioIo::new(client))
                }
            },
        ))
    }
}
