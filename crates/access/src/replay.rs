//! A memory of what was used once, bounded in time and in size.

use std::{
    collections::HashSet,
    fmt, mem,
    sync::{Mutex, PoisonError},
};

use kleis_jose::digest;
use kleis_types::Timestamp;

/// Why a use was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UseError {
    /// It was used before.
    #[error("it was used before: make a fresh one")]
    Replayed,
    /// There is no room to remember another use, so none can be allowed.
    #[error("too much was used in too short a time: try again later")]
    Full,
}

/// Remembers what was used, for at least `window` seconds and at most twice as long.
///
/// Two generations by time: when the younger is a window old, it becomes the older, and what was
/// older is forgotten. Nothing is forgotten within its window for want of room: a memory that is
/// full refuses. So let only that in which is good in every other way, and whose maker is known.
///
/// The memory is that of one process. What must be single-use across processes and restarts is for
/// a database to say.
pub struct UsedOnce {
    capacity: usize,
    window: i64,
    used: Mutex<Generations>,
}

/// The hash of a key: all keys are of one size, whoever chose them.
type Entry = [u8; digest::LEN];

struct Generations {
    younger: HashSet<Entry>,
    older: HashSet<Entry>,
    /// When the younger one began.
    since: Timestamp,
}

impl UsedOnce {
    /// Room for `capacity` uses, each remembered for at least `window_seconds` (one, if fewer are
    /// asked for). A use takes about a hundred bytes; room is not taken in advance.
    pub fn new(capacity: usize, window_seconds: i64) -> Self {
        Self {
            capacity,
            window: window_seconds.max(1),
            used: Mutex::new(Generations {
                younger: HashSet::new(),
                older: HashSet::new(),
                since: Timestamp::from_unix(i64::MIN),
            }),
        }
    }

    /// Remembers that `key` is used now, unless it was used before.
    ///
    /// A key of several parts must be unambiguous ([`kleis_types::lp`]).
    pub fn first_use(&self, key: &[u8], now: Timestamp) -> Result<(), UseError> {
        let entry = digest::sha256(key);
        // A panic while it was held cannot have left half an entry behind.
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.age(self.window, now);
        if used.younger.contains(&entry) || used.older.contains(&entry) {
            return Err(UseError::Replayed);
        }
        if used.younger.len() + used.older.len() >= self.capacity {
            return Err(UseError::Full);
        }
        used.younger.insert(entry);
        Ok(())
    }
}

impl Generations {
    /// Whatever is in the younger generation was used less than a window after `since`. A clock that
    /// is put back makes nothing forgotten.
    fn age(&mut self, window: i64, now: Timestamp) {
        let age = now.seconds_since(self.since);
        if age < window {
            return;
        }
        self.older = mem::take(&mut self.younger);
        self.since = self.since.plus_seconds(window);
        if age >= window.saturating_mul(2) {
            self.older = HashSet::new();
            self.since = now;
        }
    }
}

impl fmt::Debug for UsedOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsedOnce")
            .field("capacity", &self.capacity)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: i64 = 1_795_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(START + seconds)
    }

    #[test]
    fn a_second_use_is_refused_for_the_whole_window() {
        let used = UsedOnce::new(10, 120);
        assert_eq!(used.first_use(b"a", at(0)), Ok(()));
        for seconds in [0, 1, 60, 119, 120] {
            assert_eq!(
                used.first_use(b"a", at(seconds)),
                Err(UseError::Replayed),
                "{seconds}"
            );
        }
        assert_eq!(used.first_use(b"b", at(120)), Ok(()));
        assert_eq!(
            used.first_use(b"a", at(240)),
            Ok(()),
            "forgotten in the end"
        );
    }

    #[test]
    fn a_full_memory_refuses_and_forgets_nothing() {
        let used = UsedOnce::new(3, 120);
        for key in [b"a", b"b", b"c"] {
            assert_eq!(used.first_use(key, at(0)), Ok(()));
        }
        assert_eq!(used.first_use(b"d", at(119)), Err(UseError::Full));
        assert_eq!(used.first_use(b"a", at(119)), Err(UseError::Replayed));
        assert_eq!(
            used.first_use(b"d", at(120)),
            Err(UseError::Full),
            "both count"
        );
        assert_eq!(used.first_use(b"d", at(240)), Ok(()));
        assert_eq!(
            UsedOnce::new(0, 1).first_use(b"a", at(0)),
            Err(UseError::Full)
        );
    }

    #[test]
    fn a_long_silence_empties_it() {
        let used = UsedOnce::new(1, 120);
        assert_eq!(used.first_use(b"a", at(0)), Ok(()));
        assert_eq!(used.first_use(b"b", at(1_000_000)), Ok(()));
    }

    #[test]
    fn a_clock_that_is_put_back_makes_nothing_forgotten() {
        let used = UsedOnce::new(10, 120);
        assert_eq!(used.first_use(b"a", at(0)), Ok(()));
        for unix in [START - 1, 0, i64::MIN, START + 119] {
            let now = Timestamp::from_unix(unix);
            assert_eq!(used.first_use(b"a", now), Err(UseError::Replayed), "{unix}");
        }
    }

    #[test]
    fn of_many_threads_one_is_first() {
        let used = UsedOnce::new(10, 120);
        let firsts = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| used.first_use(b"a", at(0)).is_ok()))
                .collect();
            threads
                .into_iter()
                .filter_map(|one| one.join().ok())
                .filter(|first| *first)
                .count()
        });
        assert_eq!(firsts, 1);
    }

    proptest! {
        /// Against a model that remembers everything: nothing is allowed twice within the window.
        #[test]
        fn never_twice_within_the_window(
            uses in prop::collection::vec((0_u8..8, 0_i64..90), 1..80),
            window in 1_i64..130,
            capacity in 0_usize..10,
        ) {
            let used = UsedOnce::new(capacity, window);
            let mut allowed: Vec<(u8, i64)> = Vec::new();
            let mut now = 0;
            for (key, step) in uses {
                now += step;
                let again = allowed.iter().any(|(old, when)| *old == key && now - when <= window);
                match used.first_use(&[key], at(now)) {
                    Ok(()) => {
                        prop_assert!(!again);
                        allowed.push((key, now));
                    }
                    Err(UseError::Replayed) => {
                        prop_assert!(allowed.iter().any(|(old, when)| *old == key && now - when < 2 * window));
                    }
                    Err(UseError::Full) => {
                        let recent = allowed.iter().filter(|(_, when)| now - when < 2 * window).count();
                        prop_assert!(recent >= capacity);
                    }
                }
            }
        }
    }
}
