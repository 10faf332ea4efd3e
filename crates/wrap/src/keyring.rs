//! The open wrapping keys of an installation.

use std::collections::BTreeMap;
use std::fmt;

use kleis_types::{InstallationId, Random};

use crate::derive::{Key, Label};
use crate::work::WorkCounter;
use crate::{Period, RootKek, StoredWrappingKey, Work, WrapError, WrappingKeyId};

/// The wrapping keys of an installation, verified and held open in memory.
///
/// One is opened at start from the rows of the database, and dropped at stop, which zeroes the
/// keys. It changes only by rows that the database has: [`Keyring::create`] returns rows and adds
/// nothing, so a key whose row was not committed can wrap no record. After the commit, give them
/// to [`Keyring::insert`].
///
/// Several processes share a database, and one of them may be behind. So a transaction that
/// stores a record must also see, in the database, that the record's wrapping key is still the
/// current one.
pub struct Keyring {
    root: RootKek,
    installation: InstallationId,
    keys: BTreeMap<WrappingKeyId, OpenKey>,
    decoy: Key,
    work: WorkCounter,
}

struct OpenKey {
    period: Period,
    version: u32,
    current: bool,
    key: Key,
}

impl Keyring {
    /// Opens all wrapping keys of an installation.
    ///
    /// `rows` must be all of them. Every row must verify, and the newest version of each period
    /// must be its current key and the only one: a row edited, downgraded or taken away is
    /// refused, and the service does not start.
    pub fn open(
        root: RootKek,
        installation: InstallationId,
        mut rows: Vec<StoredWrappingKey>,
    ) -> Result<Self, WrapError> {
        let decoy = root.derive(Label::Decoy, &[installation.as_str().as_bytes()]);
        let (keys, work) = (BTreeMap::new(), WorkCounter::default());
        let mut ring = Self {
            root,
            installation,
            keys,
            decoy,
            work,
        };
        // Newest first, so that an older one that claims to be current is found out.
        rows.sort_by_key(|row| std::cmp::Reverse(row.version));
        for row in rows {
            ring.insert(row)?;
        }
        match ring
            .keys
            .values()
            .find(|open| ring.current(open.period).is_none())
        {
            Some(orphan) => Err(WrapError::NoCurrent(orphan.period)),
            None => Ok(ring),
        }
    }

    /// Verifies one row and adds its key, or replaces what was known of it.
    ///
    /// A newer version demotes the older ones of its period; an older version that claims to be
    /// current is refused. When a newer version turns up that is not current itself, this ring
    /// is behind: [`Keyring::current`] then answers `None` until the current row is inserted.
    pub fn insert(&mut self, row: StoredWrappingKey) -> Result<(), WrapError> {
        let key = row.open(&self.root, &self.installation)?;
        let StoredWrappingKey {
            id,
            period,
            version,
            current,
            ..
        } = row;
        if id == WrappingKeyId::none() || version == 0 {
            return Err(WrapError::WrappingKeyTampered(id));
        }
        let mut others = self
            .keys
            .iter()
            .filter(|(other, open)| **other != id && open.period == period);
        if others.clone().any(|(_, open)| open.version == version) {
            return Err(WrapError::DuplicateVersion { period, version });
        }
        if let Some((_, newer)) = others.find(|(_, open)| current && open.version > version) {
            return Err(WrapError::Downgraded {
                period,
                claimed: version,
                newest: newer.version,
            });
        }
        for open in self.keys.values_mut() {
            if open.period == period && open.version < version {
                open.current = false;
            }
        }
        self.keys.insert(
            id,
            OpenKey {
                period,
                version,
                current,
                key,
            },
        );
        Ok(())
    }

    /// Makes the next wrapping key of a period, and returns the rows to store in one transaction,
    /// in this order: the former current key, no longer current, if there is one; the new one.
    ///
    /// The database must hold (period, version) unique: of two processes that do this at the same
    /// time, one must fail, and load the other's row.
    pub fn create(
        &self,
        period: Period,
        random: &dyn Random,
    ) -> Result<Vec<StoredWrappingKey>, WrapError> {
        let versions = self.keys.values().filter(|open| open.period == period);
        let newest = versions.map(|open| open.version).max().unwrap_or(0);
        let version = newest
            .checked_add(1)
            .ok_or(WrapError::VersionsExhausted(period))?;
        let mut rows: Vec<_> = self
            .keys
            .iter()
            .filter(|(_, open)| open.period == period && open.current)
            .map(|(id, former)| former.seal(&self.root, &self.installation, id, false))
            .collect();
        let key = Key::filled_by(|key| random.fill(key));
        let made = OpenKey {
            period,
            version,
            current: true,
            key,
        };
        let id = WrappingKeyId::random(random);
        rows.push(made.seal(&self.root, &self.installation, &id, true));
        Ok(rows)
    }

    /// The key that new records of a period go under.
    pub fn current(&self, period: Period) -> Option<&WrappingKeyId> {
        let mut keys = self.keys.iter();
        keys.find(|(_, open)| open.period == period && open.current)
            .map(|(id, _)| id)
    }

    /// Whether a wrapping key is open.
    pub fn contains(&self, id: &WrappingKeyId) -> bool {
        self.keys.contains_key(id)
    }

    /// The open wrapping keys: name, period and version, in no particular order.
    pub fn keys(&self) -> impl Iterator<Item = (&WrappingKeyId, Period, u32)> {
        self.keys
            .iter()
            .map(|(id, open)| (id, open.period, open.version))
    }

    /// Forgets a wrapping key and zeroes it; `false` if it was not open.
    ///
    /// With its row deleted as well, every record under it is gone, in every backup.
    pub fn remove(&mut self, id: &WrappingKeyId) -> bool {
        self.keys.remove(id).is_some()
    }

    /// All rows, wrapped under another root KEK: to be stored in one transaction when the
    /// operator rotates it. Records are not touched; the ring is opened anew afterwards.
    pub fn rewrapped(&self, to: &RootKek) -> Vec<StoredWrappingKey> {
        let keys = self.keys.iter();
        keys.map(|(id, open)| open.seal(to, &self.installation, id, open.current))
            .collect()
    }

    /// The root KEK, to wrap other secrets of the service under.
    pub fn root(&self) -> &RootKek {
        &self.root
    }

    /// The installation whose keys these are.
    pub fn installation(&self) -> &InstallationId {
        &self.installation
    }

    /// How many operations on records and kept orders were done so far.
    pub fn work(&self) -> Work {
        self.work.snapshot()
    }

    pub(crate) fn counter(&self) -> &WorkCounter {
        &self.work
    }

    /// The key of this name, if it is open.
    pub(crate) fn key(&self, id: &WrappingKeyId) -> Option<&Key> {
        self.keys.get(id).map(|open| &open.key)
    }

    /// The key of this name if it is the current one of its period.
    pub(crate) fn current_key(&self, id: &WrappingKeyId) -> Result<&Key, WrapError> {
        match self.keys.get(id) {
            None => Err(WrapError::UnknownWrappingKey(id.clone())),
            Some(open) if !open.current => Err(WrapError::NotCurrent(id.clone())),
            Some(open) => Ok(&open.key),
        }
    }

    /// A key to do the same work with where there is none to do it with.
    pub(crate) fn decoy(&self) -> &Key {
        &self.decoy
    }
}

impl OpenKey {
    fn seal(
        &self,
        root: &RootKek,
        installation: &InstallationId,
        id: &WrappingKeyId,
        current: bool,
    ) -> StoredWrappingKey {
        let name = (id.clone(), self.period, self.version);
        StoredWrappingKey::seal(root, installation, name, current, &self.key)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("root", &self.root)
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
