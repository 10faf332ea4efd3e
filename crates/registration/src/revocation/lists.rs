//! The revocation lists that are at hand.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use kleis_pki::{Crl, IssuerId};
use kleis_types::Timestamp;

/// How long a list lives, in seconds.
pub(super) const LIFE: i64 = 3600;
/// After how many seconds an unchanged list is made anew: halfway, so that whoever has just fetched
/// one can use it for a while.
const RENEWAL: i64 = LIFE / 2;
/// How many lists are kept in memory. The largest possible has 160 KiB.
const KEPT: usize = 1024;

/// The lists of all CAs and shards, each until something in its shard changes.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    kept: Mutex<HashMap<Place, Shelved>>,
    /// The numbers that this process may still give out. Held while a list is made, so that many
    /// who ask at once cause one signature.
    pub(super) numbers: tokio::sync::Mutex<Range<u64>>,
}

/// Which list: that of a CA for a shard.
pub(super) type Place = (IssuerId, u32);

#[derive(Clone, Debug)]
struct Shelved {
    crl: Arc<Crl>,
    generation: u64,
}

impl Lists {
    /// A list, if nothing has changed since, and it is not halfway to its end.
    pub(super) fn at_hand(
        &self,
        place: Place,
        generation: u64,
        now: Timestamp,
    ) -> Option<Arc<Crl>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(&place)?;
        let current = found.generation == generation && found.is_young(now);
        current.then(|| Arc::clone(&found.crl))
    }

    /// Keeps a list that was made of what stood at this generation.
    pub(super) fn keep(&self, place: Place, generation: u64, crl: &Arc<Crl>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT && !kept.contains_key(&place) {
            let now = crl.this_update();
            kept.retain(|_, one| one.is_young(now));
            if kept.len() >= KEPT {
                kept.clear();
            }
        }
        let crl = Arc::clone(crl);
        kept.insert(place, Shelved { crl, generation });
    }
}

impl Shelved {
    fn is_young(&self, now: Timestamp) -> bool {
        (0..RENEWAL).contains(&now.seconds_since(self.crl.this_update()))
    }
}
