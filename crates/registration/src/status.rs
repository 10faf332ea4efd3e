//! What holds now: the statuses of all certificates and bindings, and the signed list that says so.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use kleis_pki::publication::shard_of;
use kleis_trust::status::{Status, StatusEntries, StatusList, StatusView};
use kleis_types::Timestamp;

use crate::RegistrationError;

/// After how many seconds an unchanged list is signed anew: well within its life of 900.
const RENEWAL: i64 = 300;

/// The status of every certificate and binding as of the newest committed act.
///
/// Acts commit in one order and tell of it in any: each takes a stamp as the last thing in its
/// transaction, and an entry keeps the value of the largest stamp. Two acts that change one entry
/// change one record, so the later one has read what the earlier one wrote, and has the larger
/// stamp.
#[derive(Debug, Default)]
pub struct StatusBoard {
    stamps: AtomicU64,
    state: RwLock<State>,
    /// Held while a list is made, so that many who ask at once cause one signature.
    making: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    entries: StatusEntries,
    /// The stamp of the newest change of an entry since the start.
    newest: HashMap<u32, u64>,
    /// How often entries changed since the start.
    generation: u64,
    /// The same, of the entries of each shard that has changed.
    shards: HashMap<u32, u64>,
    published: Option<Published>,
}

/// A signed list.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) token: Arc<str>,
    pub(crate) list: Arc<StatusList>,
    generation: u64,
}

/// What an act did to statuses.
#[derive(Debug)]
#[must_use = "a change that is not posted is not seen"]
pub(crate) struct StatusChanges {
    stamp: u64,
    changes: Vec<(u32, Status)>,
}

impl StatusBoard {
    /// A board of these entries, by index.
    pub(crate) fn new(entries: StatusEntries) -> Self {
        Self {
            state: RwLock::new(State {
                entries,
                ..State::default()
            }),
            ..Self::default()
        }
    }

    /// Stamps what an act did. To be called last within its transaction.
    pub(crate) fn stamp(&self, changes: Vec<(u32, Status)>) -> StatusChanges {
        StatusChanges {
            stamp: self.stamps.fetch_add(1, Ordering::SeqCst) + 1,
            changes,
        }
    }

    /// Shows what a committed act did.
    pub(crate) fn post(&self, changes: StatusChanges) {
        if changes.changes.is_empty() {
            return;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.generation += 1;
        for (index, status) in changes.changes {
            *state.shards.entry(shard_of(index)).or_default() += 1;
            let newest = state.newest.entry(index).or_default();
            if *newest <= changes.stamp {
                *newest = changes.stamp;
                if state.entries.set(index, status).is_err() {
                    // No certificate has such an index, and beyond the end nothing is valid.
                    tracing::error!(index, "a status list entry beyond the end of the list");
                }
            }
        }
    }

    /// The signed list of the newest committed entries: the one at hand, or one made by `make`.
    pub(crate) async fn published<F>(
        &self,
        now: Timestamp,
        make: impl FnOnce() -> F,
    ) -> Result<Published, RegistrationError>
    where
        F: Future<Output = Result<(String, StatusList), RegistrationError>>,
    {
        if let Some(published) = self.at_hand(now) {
            return Ok(published);
        }
        let _making = self.making.lock().await;
        if let Some(published) = self.at_hand(now) {
            return Ok(published);
        }
        // Read first: a change that comes while the list is made calls for the next one.
        let generation = self.read().generation;
        let (token, list) = make().await?;
        let published = Published {
            token: token.into(),
            list: Arc::new(list),
            generation,
        };
        self.state
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .published = Some(published.clone());
        Ok(published)
    }

    /// How often entries of a shard changed since the start.
    pub(crate) fn shard_generation(&self, shard: u32) -> u64 {
        self.read().shards.get(&shard).copied().unwrap_or_default()
    }

    /// How many shards have entries; one at least.
    pub(crate) fn shards(&self) -> u32 {
        let last = self.read().entries.len().saturating_sub(1);
        u32::try_from(last).map_or(u32::MAX, |last| shard_of(last).saturating_add(1))
    }

    fn at_hand(&self, now: Timestamp) -> Option<Published> {
        let state = self.read();
        let published = state.published.as_ref()?;
        let age = now.seconds_since(published.list.issued_at());
        let current = published.generation == state.generation && (0..RENEWAL).contains(&age);
        current.then(|| published.clone())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StatusView for StatusBoard {
    fn status(&self, index: u32) -> Status {
        self.read().entries.get(index)
    }

    /// The board follows every commit of this process: it is never stale.
    fn is_fresh(&self, _now: Timestamp) -> bool {
        true
    }
}

/// The entries of the store, one byte each.
pub(crate) fn entries(bytes: &[u8]) -> StatusEntries {
    bytes.iter().map(|byte| Status::from_bits(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_stamp_wins_whatever_the_order_of_telling() {
        let board = StatusBoard::default();
        let first = board.stamp(vec![(5, Status::Valid), (6, Status::Valid)]);
        let second = board.stamp(vec![(5, Status::Invalid)]);
        board.post(second);
        board.post(first);
        assert_eq!(board.status(5), Status::Invalid);
        assert_eq!(board.status(6), Status::Valid);
        assert_eq!(board.status(7), Status::Other);
    }

    #[test]
    fn the_last_change_of_one_act_wins() {
        let board = StatusBoard::default();
        board.post(board.stamp(vec![(0, Status::Valid), (0, Status::Other)]));
        assert_eq!(board.status(0), Status::Other);
    }

    #[test]
    fn a_shard_changes_when_one_of_its_entries_does() {
        let board = StatusBoard::new(entries(&[0; 4097]));
        assert_eq!((StatusBoard::default().shards(), board.shards()), (1, 2));
        board.post(board.stamp(vec![(4095, Status::Invalid)]));
        assert_eq!(
            (board.shard_generation(0), board.shard_generation(1)),
            (1, 0)
        );
        board.post(board.stamp(vec![(8192, Status::Valid)]));
        assert_eq!(
            (board.shard_generation(0), board.shard_generation(2)),
            (1, 1)
        );
        assert_eq!(board.shards(), 3);
    }

    #[test]
    fn entries_of_the_store_are_read_by_index() {
        use Status::{Invalid, Other, Suspended, Valid};
        let board = StatusBoard::new(entries(&[0, 1, 2, 3]));
        let found: Vec<_> = (0..5).map(|index| board.status(index)).collect();
        assert_eq!(found, [Valid, Invalid, Suspended, Other, Other]);
        assert!(board.is_fresh(Timestamp::from_unix(0)));
    }
}
