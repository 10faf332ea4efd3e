//! Whether a certificate of this installation is in use.

use std::{future::Future, sync::Arc};

use kleis_trust::{
    SignerError, VerifiedSigner,
    status::{StatusList, StatusSource, StatusView},
};
use kleis_types::{Problem, Timestamp};

/// Something that knows which certificates are in use: a source of status lists, or the registry of
/// this process.
pub trait Standing: Send + Sync {
    /// Refuses a certificate that is not in use at `now`, or whose status cannot be told.
    fn check<'a>(
        &'a self,
        signer: &'a VerifiedSigner,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), Problem>> + Send + 'a;
}

impl<S: StatusSource> Standing for S {
    /// A certificate may be younger than the list at hand: whoever has just enrolled is not turned
    /// away for that.
    async fn check<'a>(
        &'a self,
        signer: &'a VerifiedSigner,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let check = |list: &StatusList| signer.check_status(list, now);
        let may_be_new = |error: &SignerError| *error == SignerError::NotInUse;
        Ok(self.decide(check, may_be_new).await??)
    }
}

/// The statuses of this process' own registry, as of its newest commit: a revocation is heeded at
/// once.
#[derive(Debug)]
pub struct AtOnce<V>(pub Arc<V>);

impl<V: StatusView> Standing for AtOnce<V> {
    async fn check<'a>(
        &'a self,
        signer: &'a VerifiedSigner,
        now: Timestamp,
    ) -> Result<(), Problem> {
        Ok(signer.check_status(&*self.0, now)?)
    }
}
