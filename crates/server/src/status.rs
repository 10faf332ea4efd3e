//! The status list for the services of this process: asked of registration as any client would, and
//! kept for a second.

use std::{fmt, sync::Arc, time::Duration};

use kleis_proto::registration::v1::{
    GetStatusListRequest, registration_service_client::RegistrationServiceClient,
};
use kleis_trust::{
    Anchors,
    status::{MAX_PACKED, StatusList, StatusSource, StatusUnavailable, StatusView as _},
};
use kleis_types::Clock;
use tokio::{sync::Mutex, time::Instant};
use tonic::transport::Channel;

/// How long a list is used before the next one is asked for: a revocation is heeded within that
/// time.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long registration may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest list there can be, in base64url twice, and what stands around it.
const MAX_MESSAGE: usize = 2 * MAX_PACKED + (1 << 20);

/// A [`StatusSource`] over the registration service.
pub(crate) struct RemoteStatus {
    client: RegistrationServiceClient<Channel>,
    anchors: Anchors,
    clock: Arc<dyn Clock>,
    known: Mutex<Option<Known>>,
}

/// A verified list and the text that it was.
struct Known {
    token: String,
    list: Arc<StatusList>,
    asked: Instant,
}

impl RemoteStatus {
    pub(crate) fn new(registration: Channel, anchors: Anchors, clock: Arc<dyn Clock>) -> Self {
        let client = RegistrationServiceClient::new(registration);
        let client = client.max_decoding_message_size(MAX_MESSAGE);
        Self {
            client,
            anchors,
            clock,
            known: Mutex::new(None),
        }
    }

    /// The list at hand if it will do, or else the one that registration has now. While one asks,
    /// the others wait for the answer, and it may do for them as well.
    async fn list(
        &self,
        will_do: impl Fn(&Known) -> bool,
    ) -> Result<Arc<StatusList>, StatusUnavailable> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| will_do(known)) {
            return Ok(Arc::clone(&known.list));
        }
        let asked = self.ask(known.as_ref()).await?;
        let list = Arc::clone(&asked.list);
        *known = Some(asked);
        Ok(list)
    }

    /// Asks for the list, and verifies it where it is another one than before.
    async fn ask(&self, known: Option<&Known>) -> Result<Known, StatusUnavailable> {
        let asked = Instant::now();
        let mut request = tonic::Request::new(GetStatusListRequest {});
        request.set_timeout(TIMEOUT);
        let answer = self.client.clone().get_status_list(request).await;
        let token = answer
            .map_err(|status| unavailable(&status.code()))?
            .into_inner()
            .token;
        let list = match known {
            Some(known) if known.token == token => Arc::clone(&known.list),
            _ => {
                let now = self.clock.now();
                let list = StatusList::verify(&token, &self.anchors, now)
                    .map_err(|error| unavailable(&error))?;
                if let Some(known) = known {
                    list.not_older_than(&known.list.memory())
                        .map_err(|error| unavailable(&error))?;
                }
                Arc::new(list)
            }
        };
        Ok(Known { token, list, asked })
    }
}

fn unavailable(error: &dyn fmt::Display) -> StatusUnavailable {
    tracing::warn!(%error, "there is no status list to be had");
    StatusUnavailable
}

impl StatusSource for RemoteStatus {
    async fn current(&self) -> Result<Arc<StatusList>, StatusUnavailable> {
        let is_fresh = |known: &Known| known.list.is_fresh(self.clock.now());
        self.list(|known| known.asked.elapsed() < PATIENCE && is_fresh(known))
            .await
    }

    /// The certificate in question was there before this call, so a list asked for from now on
    /// knows it, whoever asks.
    async fn newer_than(&self, _: &StatusList) -> Result<Arc<StatusList>, StatusUnavailable> {
        let now = Instant::now();
        self.list(|known| known.asked > now).await
    }
}

impl fmt::Debug for RemoteStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteStatus").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
