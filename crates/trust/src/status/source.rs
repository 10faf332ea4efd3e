//! Where a service gets the list from.

use std::{future::Future, sync::Arc};

use super::StatusList;

/// There is no status list to decide by, for the reason that the implementation logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no status list can be had at the moment: try again later")]
pub struct StatusUnavailable;

impl From<StatusUnavailable> for kleis_types::Problem {
    fn from(error: StatusUnavailable) -> Self {
        Self::new(kleis_types::ErrorCode::StatusUnavailable, error.to_string())
    }
}

/// A source of verified status lists, each at least as new as the one before.
pub trait StatusSource: Send + Sync {
    /// The list to decide by now.
    fn current(&self) -> impl Future<Output = Result<Arc<StatusList>, StatusUnavailable>> + Send;

    /// The newest list there is: for a certificate that may be younger than `list`, which did not know
    /// it. A source that keeps lists asks anew; one that does not has nothing to add.
    fn newer_than(
        &self,
        list: &StatusList,
    ) -> impl Future<Output = Result<Arc<StatusList>, StatusUnavailable>> + Send {
        let _ = list;
        self.current()
    }

    /// What `judge` says by the list of now; or by a newer one, where it refuses for a reason that may be
    /// that the certificate is younger than the list at hand.
    fn decide<T: Send, E: Send>(
        &self,
        judge: impl Fn(&StatusList) -> Result<T, E> + Send,
        may_be_new: impl Fn(&E) -> bool + Send,
    ) -> impl Future<Output = Result<Result<T, E>, StatusUnavailable>> + Send {
        async move {
            let list = self.current().await?;
            let judged = judge(&list);
            if !judged.as_ref().is_err_and(&may_be_new) {
                return Ok(judged);
            }
            let newer = self.newer_than(&list).await?;
            Ok(judge(&newer))
        }
    }
}

impl<S: StatusSource> StatusSource for Arc<S> {
    fn current(&self) -> impl Future<Output = Result<Arc<StatusList>, StatusUnavailable>> + Send {
        self.as_ref().current()
    }

    fn newer_than(
        &self,
        list: &StatusList,
    ) -> impl Future<Output = Result<Arc<StatusList>, StatusUnavailable>> + Send {
        self.as_ref().newer_than(list)
    }
}
