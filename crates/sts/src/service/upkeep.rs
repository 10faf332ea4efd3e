//! What time does to keys, uses and revocations.

use kleis_store::sts::{Forgotten, SigningKey, StsRead as _, StsStore};
use kleis_trust::status::StatusSource;
use kleis_types::Timestamp;

use super::{Inner, Sts};
use crate::acts::{Rotate, Sweep};
use crate::keys::{Demand, KeyFault, Ring, Timing};
use crate::{Clients, StsError};

impl<S: StsStore, D: Clients, V: StatusSource + 'static> Sts<S, D, V> {
    /// Gives the turn to sign to the next key where it is due, and destroys the private keys of those whose
    /// last token has ended. To be called every minute or so, by every process. Tells whether anything changed.
    ///
    /// # Errors
    /// [`StsError`]; then nothing has changed.
    pub async fn rotate(&self, now: Timestamp) -> Result<bool, StsError> {
        self.0.turn(Demand::WhenDue, now).await
    }

    /// Gives the turn to sign to the next key at once, say because somebody may know the current one. Tells
    /// whether it did: a key that was published less than ten minutes ago does not sign yet. The
    /// former key is published until its last token has ended.
    ///
    /// # Errors
    /// [`StsError`]; then nothing has changed.
    pub async fn rotate_now(&self, now: Timestamp) -> Result<bool, StsError> {
        self.0.turn(Demand::Now, now).await
    }

    /// Learns what other processes have changed: keys and revocations. To be called every few seconds.
    ///
    /// # Errors
    /// [`StsError`]; what was known stays known.
    pub async fn refresh(&self, now: Timestamp) -> Result<(), StsError> {
        let inner = &self.0;
        let mut reader = inner.store.read().await?;
        let revoked = reader.revoked_tokens(now).await?;
        inner.revoked.learn(revoked);
        inner.revoked.forget(now);
        inner.take_in(&reader.signing_keys().await?)
    }

    /// Forgets used assertions and proofs, and revoked tokens, that nobody would take any more. To be called
    /// every minute or so.
    ///
    /// # Errors
    /// [`StsError::Store`].
    pub async fn sweep(&self, now: Timestamp) -> Result<Forgotten, StsError> {
        self.0.store.run(Sweep { now }).await
    }
}

impl<S: StsStore, D: Clients, V: StatusSource> Inner<S, D, V> {
    async fn turn(&self, demand: Demand, now: Timestamp) -> Result<bool, StsError> {
        let random = &*self.random;
        let candidates = self.keeper.candidates(now, random).map_err(keys_error)?;
        let timing = Timing::new(&self.settings.lifetimes);
        let rotate = Rotate {
            candidates,
            timing,
            demand,
            now,
        };
        // Most of the time there is nothing to do, and nobody need wait for the writer.
        let keys = self.store.read().await?.signing_keys().await?;
        let is_due = !rotate.plan(&keys)?.is_empty();
        let changed = is_due && self.store.run(rotate).await?;
        self.reload().await?;
        Ok(changed)
    }

    /// Opens the keys as the database has them now.
    pub(super) async fn reload(&self) -> Result<(), StsError> {
        let rows = self.store.read().await?.signing_keys().await?;
        self.take_in(&rows)
    }

    fn take_in(&self, rows: &[SigningKey]) -> Result<(), StsError> {
        let ring = Ring::open(&self.keeper, rows).map_err(keys_error)?;
        self.keys.replace(ring);
        Ok(())
    }
}

fn keys_error(fault: KeyFault) -> StsError {
    match fault {
        KeyFault::Tampered(kid) => StsError::Keys(kid),
        other => StsError::Keys(other.to_string()),
    }
}
