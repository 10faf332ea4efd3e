//! Counting the costly operations, so that tests can prove that two answers took the same work.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many operations on records and kept orders a [`crate::Keyring`] has done since it was opened.
///
/// Only work on them counts; opening rows of wrapping keys does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Work {
    /// Keys derived from wrapping keys, or from the root KEK for orders.
    pub derivations: u64,
    /// Secrets wrapped.
    pub wraps: u64,
    /// Unwrappings tried, whether or not they succeeded.
    pub unwraps: u64,
    /// MACs computed or verified.
    pub macs: u64,
}

/// The counters behind [`Work`]. Relaxed, because they order nothing.
#[derive(Debug, Default)]
pub(crate) struct WorkCounter {
    derivations: AtomicU64,
    wraps: AtomicU64,
    unwraps: AtomicU64,
    macs: AtomicU64,
}

impl WorkCounter {
    pub(crate) fn derivation(&self) {
        self.derivations.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn wrap(&self) {
        self.wraps.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn unwrap(&self) {
        self.unwraps.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn mac(&self) {
        self.macs.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Work {
        Work {
            derivations: self.derivations.load(Ordering::Relaxed),
            wraps: self.wraps.load(Ordering::Relaxed),
            unwraps: self.unwraps.load(Ordering::Relaxed),
            macs: self.macs.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_counts_its_own_operation() {
        let counter = WorkCounter::default();
        counter.derivation();
        counter.wrap();
        counter.wrap();
        counter.unwrap();
        counter.unwrap();
        counter.unwrap();
        counter.mac();
        let work = counter.snapshot();
        assert_eq!(
            work,
            Work {
                derivations: 1,
                wraps: 2,
                unwraps: 3,
                macs: 1
            }
        );
    }
}
