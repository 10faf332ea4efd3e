//! What the process does by itself.

use std::sync::Arc;

use kleis_store::{
    Actor,
    registry::{RegistryRead as _, RegistryStore, SerialReservation},
};
use kleis_trust::enrolment_code::EnrolmentCode;
use kleis_types::{Service, Timestamp};
use tracing::Instrument as _;

use super::{Parts, Registration};
use crate::{
    RegistrationError,
    acts::{
        Account,
        bootstrap::CreateBootstrapCode,
        expire::{Ended, Expire},
        serials::AbandonSerials,
    },
    serials,
};

/// How many certificates, keys and requests end in one act: what waits for the writer meanwhile waits
/// shortly.
const ROUND: u32 = 100;

/// What a sweep has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Certificates.
    pub certificates: u64,
    /// Encryption keys.
    pub keys: u64,
    /// Certificate requests that nobody decided about.
    pub requests: u64,
    /// Serial numbers that were reserved and never heard of again.
    pub serials: u64,
}

impl<S: RegistryStore> Registration<S> {
    /// Moves every certificate, key and request whose end has come at `now` to its last state, with its sets
    /// and statuses. To be called from time to time; until then, those who verify look at the
    /// times.
    ///
    /// Serial numbers that were reserved long ago and led to no certificate are given up: they may
    /// have been signed, so they are revoked.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, RegistrationError> {
        let mut swept = Swept {
            serials: self.abandon_serials(now).await?,
            ..Swept::default()
        };
        loop {
            let (store, board) = (self.store.clone(), Arc::clone(&self.parts.board));
            let actor = Actor::Service(Service::Registration);
            let act = Expire {
                account: Account::unordered(now, "registration.expire", actor),
                limit: ROUND,
                board: Arc::clone(&board),
            };
            // In a task of its own, for the same reason as an order.
            let work = async move {
                let (ended, changes) = store.run(act).await?;
                board.post(changes);
                Ok::<_, RegistrationError>(ended)
            };
            let ended = tokio::spawn(work.in_current_span())
                .await
                .map_err(|error| RegistrationError::Interrupted(error.to_string()))??;
            if ended == Ended::default() {
                return Ok(swept);
            }
            swept.certificates += ended.certificates;
            swept.keys += ended.keys;
            swept.requests += ended.requests;
        }
    }

    /// Gives back the serial numbers that were reserved and not used. To be called before the
    /// process ends, when no order is under way any more; without it they are revoked later.
    pub async fn release_serials(&self) -> Result<(), RegistrationError> {
        let serials = &self.parts.issuer.serials;
        serials.release(&self.store, self.now()).await
    }

    async fn abandon_serials(&self, now: Timestamp) -> Result<u64, RegistrationError> {
        let before = now.plus_seconds(-serials::PATIENCE);
        let (mut abandoned, mut after) = (0, String::new());
        loop {
            let mut reader = self.store.read().await?;
            let mut found = reader.open_serials(before, &after, ROUND).await?;
            drop(reader);
            let Some(last) = found.last() else {
                return Ok(abandoned);
            };
            after.clone_from(&last.serial);
            let held = self.parts.issuer.serials.held(now);
            found.retain(|one| !held.contains(&one.serial));
            if !found.is_empty() {
                abandoned += u64::try_from(found.len()).unwrap_or(u64::MAX);
                self.abandon(found, now).await?;
            }
        }
    }

    async fn abandon(
        &self,
        serials: Vec<SerialReservation>,
        now: Timestamp,
    ) -> Result<(), RegistrationError> {
        let count = serials.len();
        tracing::warn!(
            count,
            "serial numbers that were reserved and never used are revoked"
        );
        let (store, board) = (self.store.clone(), Arc::clone(&self.parts.board));
        let actor = Actor::Service(Service::Registration);
        let act = AbandonSerials {
            serials,
            account: Account::unordered(now, "registration.abandon_serials", actor),
            board: Arc::clone(&board),
        };
        // In a task of its own, for the same reason as an order.
        let work = async move {
            board.post(store.run(act).await?);
            Ok::<_, RegistrationError>(())
        };
        tokio::spawn(work.in_current_span())
            .await
            .map_err(|error| RegistrationError::Interrupted(error.to_string()))?
    }

    /// A code for the first operator, to be shown to whoever runs the process; none if there is an
    /// operator already. Every call makes another one, which is good for a day.
    pub async fn bootstrap_code(&self) -> Result<Option<EnrolmentCode>, RegistrationError> {
        let Parts {
            issuer,
            kek,
            random,
            bootstrap_lifetime,
            ..
        } = &*self.parts;
        let now = self.now();
        let code = EnrolmentCode::generate(&**random);
        let act = CreateBootstrapCode {
            code: code.clone(),
            issuer: issuer.clone(),
            kek: Arc::clone(kek),
            account: Account::unordered(now, "registration.create_bootstrap_code", Actor::Local),
            expires_at: now.plus_seconds(*bootstrap_lifetime),
            roles: self.parts.role_seal(),
        };
        let is_stored = self.store.run(act).await?;
        Ok(is_stored.then_some(code))
    }
}
