//! Chains that were verified before, so that whoever calls again costs no more signatures.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustls::pki_types::CertificateDer;

/// Chains that one generation holds.
const GENERATION: usize = 4096;

type Chains<T> = HashMap<Vec<CertificateDer<'static>>, Arc<T>>;

/// What verifying a chain gave. Bounded by two generations: when the younger is full, the older
/// goes.
#[derive(Debug)]
pub(super) struct Known<T>(Mutex<Generations<T>>);

#[derive(Debug)]
struct Generations<T> {
    younger: Chains<T>,
    older: Chains<T>,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Mutex::new(Generations {
            younger: HashMap::new(),
            older: HashMap::new(),
        }))
    }
}

impl<T> Known<T> {
    /// What verifying this chain gave before.
    pub(super) fn get(&self, chain: &[CertificateDer<'static>]) -> Option<Arc<T>> {
        let mut known = self.lock();
        if let Some(found) = known.younger.get(chain) {
            return Some(Arc::clone(found));
        }
        let (chain, found) = known.older.remove_entry(chain)?;
        known.insert(chain, Arc::clone(&found));
        Some(found)
    }

    /// Remembers what verifying this chain gave.
    pub(super) fn put(&self, chain: Vec<CertificateDer<'static>>, verified: Arc<T>) {
        self.lock().insert(chain, verified);
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        let mut known = self.lock();
        known.younger.clear();
        known.older.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Generations<T>> {
        // A panic while it was held cannot have left anything half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Generations<T> {
    fn insert(&mut self, chain: Vec<CertificateDer<'static>>, verified: Arc<T>) {
        if self.younger.len() >= GENERATION {
            self.older = mem::take(&mut self.younger);
        }
        self.younger.insert(chain, verified);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(number: usize) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from(number.to_be_bytes().to_vec())]
    }

    #[test]
    fn what_is_asked_for_again_stays_and_memory_is_bounded() {
        let known = Known::default();
        for number in 0..3 * GENERATION {
            known.put(chain(number), Arc::new(number));
            assert_eq!(
                known.get(&chain(0)).as_deref(),
                Some(&0),
                "asked for all the time"
            );
        }
        let held = (0..3 * GENERATION).filter(|number| known.get(&chain(*number)).is_some());
        assert!(held.count() <= 2 * GENERATION + 1);
        assert!(known.get(&chain(1)).is_none());
        known.clear();
        assert!(known.get(&chain(0)).is_none());
    }
}
