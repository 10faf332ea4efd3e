//! Where clients' keys come from: the directory, asked as any client of Kleis asks it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kleis_jose::JwkSet;
use kleis_proto::directory::v1::{
    LookupRequest, directory_service_client::DirectoryServiceClient, lookup_response,
};
use kleis_proto::lookup::{KeyUse, Lookup};
use kleis_proto::status::from_status;
use kleis_types::{Category, Identifier};
use tonic::transport::Channel;

/// The longest JWK Set that is read, in bytes.
const MAX_SET: usize = 1 << 20;
/// How long the directory may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The directory did not say whose keys these are, for the reason that the implementation logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the directory of keys cannot be asked at the moment: try again later")]
pub struct ClientsUnavailable;

/// The published keys of clients. What is answered is not verified: that is done by whoever asks.
pub trait Clients: Send + Sync + 'static {
    /// The JWK Set of exactly this identifier, application included; `None` where there is none.
    fn keys(
        &self,
        client: &Identifier,
    ) -> impl Future<Output = Result<Option<JwkSet>, ClientsUnavailable>> + Send;
}

impl<C: Clients> Clients for Arc<C> {
    fn keys(
        &self,
        client: &Identifier,
    ) -> impl Future<Output = Result<Option<JwkSet>, ClientsUnavailable>> + Send {
        self.as_ref().keys(client)
    }
}

/// [`Clients`] over the directory service. The channel must be one on which the directory knows who calls: it
/// tells nobody else of persons.
#[derive(Clone, Debug)]
pub struct DirectoryClients(DirectoryServiceClient<Channel>);

impl DirectoryClients {
    /// The clients that the directory at the end of `channel` knows.
    pub fn new(channel: Channel) -> Self {
        let client = DirectoryServiceClient::new(channel);
        Self(client.max_decoding_message_size(MAX_SET + 1024))
    }
}

impl Clients for DirectoryClients {
    async fn keys(&self, client: &Identifier) -> Result<Option<JwkSet>, ClientsUnavailable> {
        let lookup = Lookup::new(client.clone()).for_use(KeyUse::Signature);
        let mut request = tonic::Request::new(LookupRequest::from(&lookup));
        request.set_timeout(TIMEOUT);
        let answer = match self.0.clone().lookup(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) if is_unknown(&status) => return Ok(None),
            Err(status) => return Err(unavailable(&status.code())),
        };
        match answer.result {
            Some(lookup_response::Result::Recipient(found)) => {
                let set = JwkSet::from_slice(&found.jwks, MAX_SET);
                set.map(Some).map_err(|error| unavailable(&error))
            }
            Some(
                lookup_response::Result::Candidates(_) | lookup_response::Result::NotModified(_),
            )
            | None => Err(unavailable(&"not the answer to the question")),
        }
    }
}

/// Whether the directory says that there is no such recipient, or can be none.
fn is_unknown(status: &tonic::Status) -> bool {
    from_status(status).is_ok_and(|problem| {
        matches!(
            problem.code().category(),
            Category::NotFound | Category::InvalidArgument
        )
    })
}

fn unavailable(error: &dyn std::fmt::Display) -> ClientsUnavailable {
    tracing::warn!(%error, "the directory did not answer for a client");
    ClientsUnavailable
}
