//! Serial numbers that are reserved, durably, before a certificate is signed.
//!
//! A certificate that was signed and then not stored would otherwise be one that nobody can revoke.
//! So whatever is signed has a number that the database knows already, with an entry of the status
//! list of its own; the act that stores the certificate settles the reservation, and one that is
//! never settled is given up by the sweep, which revokes it.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use kleis_pki::{IssuerId, SerialNumber};
use kleis_store::{
    Actor,
    registry::{RegistryStore, SerialReservation},
};
use kleis_types::{Random, Service, Timestamp};

use crate::{
    RegistrationError,
    acts::{
        Account,
        serials::{ReleaseSerials, ReserveSerials},
    },
};

/// How many are reserved at a time.
const BATCH: usize = 4;
/// After how many seconds a reservation that was given out and not settled is given up: no order
/// is under way for so long.
pub(crate) const PATIENCE: i64 = 600;

/// The reservations of this process.
#[derive(Debug)]
pub(crate) struct Serials {
    issuer: IssuerId,
    random: Arc<dyn Random>,
    stock: Mutex<Stock>,
    /// Who found none and waits.
    waiting: AtomicUsize,
    /// Held while more are reserved, so that many who wait cause one act.
    reserving: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Stock {
    ready: Vec<SerialReservation>,
    /// Those given out not long ago.
    taken: Vec<(String, Timestamp)>,
}

/// One who waits, also if they hang up meanwhile.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(all: &'a AtomicUsize) -> Self {
        all.fetch_add(1, Ordering::SeqCst);
        Self(all)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Serials {
    pub(crate) fn new(issuer: IssuerId, random: Arc<dyn Random>) -> Self {
        Self {
            issuer,
            random,
            stock: Mutex::default(),
            waiting: AtomicUsize::new(0),
            reserving: tokio::sync::Mutex::default(),
        }
    }

    /// Sees to it that there is one for each of those who wait at this moment.
    pub(crate) async fn fill<S: RegistryStore>(
        &self,
        store: &S,
        now: Timestamp,
    ) -> Result<(), RegistrationError> {
        let _waiting = Waiting::among(&self.waiting);
        let _reserving = self.reserving.lock().await;
        let waiting = self.waiting.load(Ordering::SeqCst);
        let missing = waiting.saturating_sub(self.stock().ready.len());
        match missing {
            0 => Ok(()),
            missing => self.reserve(store, missing.max(BATCH), now).await,
        }
    }

    /// Reserves so many.
    pub(crate) async fn reserve<S: RegistryStore>(
        &self,
        store: &S,
        count: usize,
        now: Timestamp,
    ) -> Result<(), RegistrationError> {
        let serials = (0..count).map(|_| SerialNumber::random(&*self.random).to_string());
        let actor = Actor::Service(Service::Registration);
        let act = ReserveSerials {
            serials: serials.collect(),
            issuer: self.issuer.to_string(),
            account: Account::unordered(now, "registration.reserve_serials", actor),
        };
        let reserved = store.run(act).await?;
        self.stock().ready.extend(reserved);
        Ok(())
    }

    /// Gives one out, once.
    ///
    /// # Errors
    /// [`RegistrationError::NoSerial`] if there is none: whoever runs the act fills the stock and
    /// runs it again.
    pub(crate) fn take(&self, now: Timestamp) -> Result<SerialReservation, RegistrationError> {
        let mut stock = self.stock();
        let reservation = stock.ready.pop().ok_or(RegistrationError::NoSerial)?;
        stock.taken.push((reservation.serial.clone(), now));
        Ok(reservation)
    }

    /// Gives back those that were not given out: nothing was signed with them.
    pub(crate) async fn release<S: RegistryStore>(
        &self,
        store: &S,
        now: Timestamp,
    ) -> Result<(), RegistrationError> {
        let unused = std::mem::take(&mut self.stock().ready);
        if unused.is_empty() {
            return Ok(());
        }
        let actor = Actor::Service(Service::Registration);
        let act = ReleaseSerials {
            serials: unused.into_iter().map(|one| one.serial).collect(),
            account: Account::unordered(now, "registration.release_serials", actor),
        };
        store.run(act).await
    }

    /// Those that may still be settled: not given out, or not long ago.
    pub(crate) fn held(&self, now: Timestamp) -> HashSet<String> {
        let mut stock = self.stock();
        stock
            .taken
            .retain(|(_, taken)| now.seconds_since(*taken) < PATIENCE);
        let ready = stock.ready.iter().map(|one| one.serial.clone());
        let taken = stock.taken.iter().map(|(serial, _)| serial.clone());
        ready.chain(taken).collect()
    }

    fn stock(&self) -> std::sync::MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
