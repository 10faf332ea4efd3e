//! The status list: fetched, verified, never older than one seen before.

use std::sync::{Arc, PoisonError};

use kleis_proto::registration::v1::GetStatusListRequest;
use kleis_trust::status::StatusList;

use crate::{ClientError, Kleis};

/// How long a fetched list serves before the next one is asked for, in seconds: its `ttl`.
const TTL: i64 = 60;

impl Kleis {
    /// The status list to decide by.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`]; [`ClientError::NotVerified`] when the list is not signed by this installation, is stale, or
    /// is older than one that was seen before.
    pub async fn status_list(&self) -> Result<Arc<StatusList>, ClientError> {
        let fresh_since = self.now().plus_seconds(-TTL);
        let cached = self
            .status
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(list) = cached.filter(|list| list.issued_at() > fresh_since) {
            return Ok(list);
        }
        self.renew_status_list().await
    }

    /// The newest status list, whatever is kept.
    pub(crate) async fn renew_status_list(&self) -> Result<Arc<StatusList>, ClientError> {
        let list = Arc::new(self.fetch_status_list().await?);
        let mut cache = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        *cache = Some(Arc::clone(&list));
        Ok(list)
    }

    async fn fetch_status_list(&self) -> Result<StatusList, ClientError> {
        let refuse = |error: kleis_trust::status::StatusError| {
            ClientError::not_verified("the status list", error.reason(), error)
        };
        let answer = self
            .registration()
            .get_status_list(GetStatusListRequest {})
            .await?;
        let list = StatusList::verify(&answer.into_inner().token, &self.anchors, self.now())
            .map_err(refuse)?;
        if let Some(seen) = self.home.memory()?.status {
            list.not_older_than(&seen).map_err(refuse)?;
        }
        self.home.remember_status(&list)?;
        Ok(list)
    }
}
