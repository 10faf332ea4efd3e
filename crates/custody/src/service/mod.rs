//! The entry points: read the order, check it, run the act, seal the answer where it carries a key.

mod answer;
mod keep;
mod run;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use kleis_proto::custody::v1 as wire;
use kleis_proto::method::custody as method;
use kleis_store::custody::{CustodyRead as _, CustodyStore};
use kleis_trust::SignerError;
use kleis_trust::order::OrderError;
use kleis_trust::status::{StatusList, StatusSource};
use kleis_types::{Clock, Random, Timestamp};
use kleis_wrap::{Keyring, Work, WrapError};
use serde::de::DeserializeOwned;

use crate::acts::{ConfirmRead, DescribeKey, GetKey, ShredKey, Sweep};
use crate::admission::{Admitted, admit};
use crate::command::{self, KeyId};
use crate::config::{CustodyConfig, OpenError, Settings};
use crate::keys::{Keys, from_row};
use crate::{Call, CustodyError};

/// The custody service over a database, with a source of status lists. Clones are the same service.
pub struct Custody<S, V>(Arc<Inner<S, V>>);

struct Inner<S, V> {
    store: S,
    status: V,
    settings: Settings,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Records that the sweeper found tampered with, and reported since the start.
    reported: Mutex<BTreeSet<String>>,
}

/// What a sweep has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Keys whose policy had ended: destroyed.
    pub expired: u64,
    /// Keys that were read for the last time: destroyed.
    pub shredded: u64,
    /// Records that do not verify: left as they are, and an alarm raised for each, once.
    pub tampered: u64,
}

impl<S: CustodyStore, V: StatusSource + 'static> Custody<S, V> {
    /// Opens the wrapping keys in `store`, and with them the service.
    ///
    /// # Errors
    /// If the wrapping keys do not verify under the root KEK, or a part of the configuration does not
    /// fit: then nothing is served.
    pub async fn open(
        store: S,
        config: CustodyConfig,
        status: V,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, OpenError> {
        let (settings, kek) = config.into_parts(clock.now())?;
        let loaded = kek.id().to_string();
        let refused = |fault| OpenError::of(fault, &loaded);
        let rows = store.read().await?.wrapping_keys().await?;
        let rows: Result<Vec<_>, WrapError> = rows.iter().map(from_row).collect();
        let installation = settings.anchors.installation().clone();
        let ring = Keyring::open(kek, installation, rows.map_err(refused)?).map_err(refused)?;
        Ok(Self(Arc::new(Inner {
            store,
            status,
            settings,
            keys: Arc::new(Keys::new(ring)),
            clock,
            random,
            reported: Mutex::default(),
        })))
    }

    /// Makes fresh keys under a policy, and releases them to their owner.
    ///
    /// Answers a release, a JWE around a reply with a `CreateKeysResult`.
    pub async fn create_keys(&self, order: &str, call: &Call) -> Result<String, CustodyError> {
        let inner = &self.0;
        let admitted: Admitted<wire::CreateKeysOrder> =
            inner.admit(order, method::CREATE_KEYS, call).await?;
        let at = admitted.evidence.at();
        let body = admitted.order.body();
        let command = command::CreateKeys::parse(body, at, inner.random.as_ref())?;
        let keys = inner.create(&admitted, &command).await?;
        let mut result = wire::CreateKeysResult { keys };
        inner.release(&admitted, &command.reply_to, &mut result)
    }

    /// Takes the caller's own keys into custody under a policy.
    ///
    /// Answers a reply, a JWS with a `DepositKeysResult`.
    pub async fn deposit_keys(&self, order: &str, call: &Call) -> Result<String, CustodyError> {
        let inner = &self.0;
        let admitted: Admitted<wire::DepositKeysOrder> =
            inner.admit(order, method::DEPOSIT_KEYS, call).await?;
        let command = command::DepositKeys::parse(admitted.order.body(), admitted.evidence.at())?;
        inner.deposit(&admitted, &command).await
    }

    /// Releases a key to whom its policy lets, and counts it.
    ///
    /// Answers a release, a JWE around a reply with a `GetKeyResult`.
    pub async fn get_key(&self, order: &str, call: &Call) -> Result<String, CustodyError> {
        let inner = &self.0;
        let admitted: Admitted<wire::GetKeyOrder> =
            inner.admit(order, method::GET_KEY, call).await?;
        let command = command::GetKey::parse(admitted.order.body(), inner.random.as_ref())?;
        let act = GetKey {
            keys: Arc::clone(&inner.keys),
            evidence: admitted.evidence.clone(),
            principal: admitted.principal.clone(),
            key_id: command.key_id.clone(),
        };
        let released = inner.run(act).await?.into_result()?;
        let mut result = answer::with_key(released.result, &command.key_id, released.secret)?;
        inner.release(&admitted, &command.reply_to, &mut result)
    }

    /// Hears from a reader that a key has arrived; after the last read it is destroyed at once.
    ///
    /// Answers a reply, a JWS with a `ConfirmReadResult`.
    pub async fn confirm_read(&self, order: &str, call: &Call) -> Result<String, CustodyError> {
        let inner = &self.0;
        let admitted: Admitted<wire::ConfirmReadOrder> =
            inner.admit(order, method::CONFIRM_READ, call).await?;
        let act = ConfirmRead {
            keys: Arc::clone(&inner.keys),
            evidence: admitted.evidence.clone(),
            principal: admitted.principal.clone(),
            command: command::ConfirmRead::parse(admitted.order.body())?,
        };
        inner.run(act).await?.into_result()
    }

    /// Shows a key's policy and state to its owner.
    ///
    /// Answers a reply, a JWS with a `DescribeKeyResult`.
    pub async fn describe_key(&self, order: &str, call: &Call) -> Result<String, CustodyError> {
        let inner = &self.0;
        let admitted: Admitted<wire::DescribeKeyOrder> =
            inner.admit(order, method::DESCRIBE_KEY, call).await?;
        let act = DescribeKey {
            keys: Arc::clone(&inner.keys),
            evidence: admitted.evidence.clone(),
            principal: admitted.principal.clone(),
            key_id: KeyId::parse(&admitted.order.body().key_id)?,
        };
        inner.run(act).await?.into_result()
    }

    /// Destroys a key, by its owner.
    ///
    /// Answers a reply, a JWS with a `ShredKeyResult`.
    pub async fn shred_key(&self, order: &str, call: &Call) -> Result<String, CustodyError> {
        let inner = &self.0;
        let admitted: Admitted<wire::ShredKeyOrder> =
            inner.admit(order, method::SHRED_KEY, call).await?;
        let act = ShredKey {
            keys: Arc::clone(&inner.keys),
            evidence: admitted.evidence.clone(),
            principal: admitted.principal.clone(),
            key_id: KeyId::parse(&admitted.order.body().key_id)?,
        };
        inner.run(act).await?.into_result()
    }

    /// Destroys the bytes of all keys whose policy has ended at `now`, or that were read for the last
    /// time long enough ago. To be called every few seconds or minutes.
    ///
    /// # Errors
    /// [`CustodyError::Store`]; what was swept before stays swept.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, CustodyError> {
        let inner = &self.0;
        let mut total = Swept::default();
        loop {
            let act = Sweep {
                keys: Arc::clone(&inner.keys),
                now,
                reported: inner.reported().clone(),
            };
            let batch = match inner.run(act).await {
                Err(CustodyError::Store(fault)) => return Err(inner.report(fault, now).await),
                batch => batch?,
            };
            total.expired += batch.expired;
            total.shredded += batch.shredded;
            for key_id in batch.tampered {
                tracing::error!(
                    key_id,
                    "a row that is due to be destroyed was tampered with"
                );
                total.tampered += u64::from(inner.reported().insert(key_id));
            }
            if !batch.more {
                return Ok(total);
            }
        }
    }

    /// How many operations on records and kept orders were done since the service was opened: what tests of equal
    /// work count.
    pub fn work(&self) -> Work {
        self.0.keys.ring().work()
    }

    /// How many replies were signed since the service was opened, for the same tests.
    pub fn signatures(&self) -> u64 {
        self.0.settings.replies.signed()
    }
}

impl<S: CustodyStore, V: StatusSource> Inner<S, V> {
    async fn admit<B: DeserializeOwned + Send>(
        &self,
        order: &str,
        method: &'static str,
        call: &Call,
    ) -> Result<Admitted<B>, CustodyError> {
        let admitted = |status: &StatusList| {
            let now = self.clock.now();
            admit(order, method, &self.settings, &self.keys, status, call, now)
        };
        // Who comes with a certificate was looked up by the layers in front; who comes with a token was not.
        let may_be_new = |error: &CustodyError| {
            matches!(
                error,
                CustodyError::Order(OrderError::Signer(SignerError::NotInUse))
            )
        };
        self.status.decide(admitted, may_be_new).await?
    }

    fn reported(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S, V> Clone for Custody<S, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S, V> fmt::Debug for Custody<S, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custody")
            .field("keys", &self.0.keys)
            .finish_non_exhaustive()
    }
}
