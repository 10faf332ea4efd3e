//! The keyring in memory, and its rows in the database.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kleis_store::custody::WrappingKey;
use kleis_types::Timestamp;
use kleis_wrap::{Keyring, Period, StoredWrappingKey, WrapError, WrappingKeyId};

use crate::CustodyError;

/// How many names of wrapping keys that do not exist are remembered.
const MAX_MISSED: usize = 10_000;

/// The open wrapping keys, shared by all calls. A guard never lives across an await.
#[derive(Debug)]
pub(crate) struct Keys {
    ring: RwLock<Keyring>,
    /// Names that records bear and no wrapping key has: those records were tampered with.
    missed: Mutex<BTreeSet<WrappingKeyId>>,
}

impl Keys {
    pub(crate) fn new(keyring: Keyring) -> Self {
        Self {
            ring: RwLock::new(keyring),
            missed: Mutex::default(),
        }
    }

    /// The keyring, to look at and to work with.
    pub(crate) fn ring(&self) -> RwLockReadGuard<'_, Keyring> {
        // Every change of the ring is whole or not made, so a panic elsewhere spoils nothing.
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring_mut(&self) -> RwLockWriteGuard<'_, Keyring> {
        self.ring.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn missed(&self) -> MutexGuard<'_, BTreeSet<WrappingKeyId>> {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Interrupts an act that has met a wrapping key of which nothing is known: another process may
    /// have made it. A name that was looked for before, or is none, interrupts nothing.
    pub(crate) fn expect(&self, name: &str) -> Result<(), CustodyError> {
        let Ok(id) = name.parse::<WrappingKeyId>() else {
            return Ok(());
        };
        if self.ring().contains(&id) || self.missed().contains(&id) {
            return Ok(());
        }
        Err(CustodyError::Behind(id))
    }

    /// Remembers that no wrapping key has this name.
    pub(crate) fn miss(&self, id: WrappingKeyId) {
        let mut missed = self.missed();
        if missed.len() >= MAX_MISSED {
            missed.clear();
        }
        missed.insert(id);
    }

    /// The key that new records of a period go under, if one is known.
    pub(crate) fn current(&self, period: Period) -> Option<WrappingKeyId> {
        self.ring().current(period).cloned()
    }

    /// Takes in rows that the database holds, newest first, so that an old one that claims to be
    /// current is found out.
    pub(crate) fn learn(&self, mut rows: Vec<StoredWrappingKey>) -> Result<(), WrapError> {
        rows.sort_by_key(|row| std::cmp::Reverse(row.version));
        let mut ring = self.ring_mut();
        rows.into_iter().try_for_each(|row| ring.insert(row))
    }
}

/// A row as the keyring reads it. A name or a period that is none was never written by us.
pub(crate) fn from_row(row: &WrappingKey) -> Result<StoredWrappingKey, WrapError> {
    let id: Result<WrappingKeyId, _> = row.id.parse();
    let tampered =
        || WrapError::WrappingKeyTampered(id.clone().unwrap_or_else(|_| WrappingKeyId::none()));
    Ok(StoredWrappingKey {
        id: id.clone().map_err(|_| tampered())?,
        period: row.period.parse().map_err(|_| tampered())?,
        version: row.version,
        current: row.current,
        kek: row.kek.parse().map_err(|_| tampered())?,
        wrapped: row.wrapped.clone(),
        mac: row.mac,
    })
}

/// A row as the database keeps it.
pub(crate) fn to_row(key: &StoredWrappingKey, created_at: Timestamp) -> WrappingKey {
    WrappingKey {
        id: key.id.to_string(),
        period: key.period.to_string(),
        version: key.version,
        current: key.current,
        kek: key.kek.to_string(),
        wrapped: key.wrapped.clone(),
        mac: key.mac,
        created_at,
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::{InstallationId, SeededRandom};
    use kleis_wrap::RootKek;

    use super::*;

    fn row() -> WrappingKey {
        let random = SeededRandom::new(1);
        let kek = RootKek::generate(&random);
        let ring = Keyring::open(kek, InstallationId::random(&random), Vec::new()).unwrap();
        let rows = ring.create("2026-11".parse().unwrap(), &random).unwrap();
        to_row(&rows[0], Timestamp::from_unix(5))
    }

    #[test]
    fn rows_both_ways() {
        let row = row();
        let read = from_row(&row).unwrap();
        assert_eq!(to_row(&read, Timestamp::from_unix(5)), row);
    }

    #[test]
    fn rows_that_name_nothing_were_tampered_with() {
        let edits: [fn(&mut WrappingKey); 3] = [
            |row| row.id.push('A'),
            |row| row.period = "2026-13".to_owned(),
            |row| row.kek.clear(),
        ];
        for edit in edits {
            let mut row = row();
            edit(&mut row);
            let refused = from_row(&row).unwrap_err();
            assert!(matches!(refused, WrapError::WrappingKeyTampered(_)));
        }
    }
}
