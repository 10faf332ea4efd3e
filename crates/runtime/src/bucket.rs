//! How often one caller may ask: a token bucket for each, in bounded memory.

use std::{
    collections::HashMap,
    mem,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::Limits;

/// Token buckets by caller.
///
/// A bucket is one number: the time at which it will be full again (the generic cell rate
/// algorithm, ITU-T I.371, which admits exactly what a token bucket of the same rate and burst
/// admits). One that is full is as good as none, so forgetting those of callers that rest loses
/// nothing. The rest of the memory's bound is kept by two generations: when the younger has half of
/// the allowed number, it becomes the older, and what was older is forgotten. A caller can thereby
/// win at most a new burst for each `tracked / 2` other callers.
#[derive(Debug)]
pub struct RateLimiter {
    start: Instant,
    /// Nanoseconds for one request.
    interval: u64,
    /// Nanoseconds that a bucket may be behind and still admit.
    tolerance: u64,
    generation: usize,
    full_at: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    younger: HashMap<u64, u64>,
    older: HashMap<u64, u64>,
}

impl RateLimiter {
    /// The rate, burst and number of callers of `limits`.
    pub fn new(limits: &Limits) -> Self {
        let interval =
            nanoseconds(Duration::from_secs(1)) / u64::from(limits.requests_per_second.get());
        let half = |number: NonZeroU32| usize::try_from(number.get() / 2).unwrap_or(usize::MAX);
        Self {
            start: Instant::now(),
            interval,
            tolerance: interval.saturating_mul(u64::from(limits.burst.get() - 1)),
            generation: half(limits.tracked_callers).max(1),
            full_at: Mutex::default(),
        }
    }

    /// Takes a token of this caller.
    ///
    /// # Errors
    /// How long to wait for the next one, if there is none.
    pub fn admit(&self, caller: u64, now: Instant) -> Result<(), Duration> {
        let now = nanoseconds(now.saturating_duration_since(self.start));
        // A panic while it was held cannot have left more than a stale number behind.
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full = full_at.of(caller).max(now);
        let behind = full - now;
        if behind > self.tolerance {
            // Written again, so that asking on does not lead to being forgotten.
            full_at.set(caller, full, self.generation);
            return Err(Duration::from_nanos(behind - self.tolerance));
        }
        full_at.set(caller, full.saturating_add(self.interval), self.generation);
        Ok(())
    }

    #[cfg(test)]
    fn tracked(&self) -> usize {
        let full_at = self.full_at.lock().unwrap();
        full_at.younger.len() + full_at.older.len()
    }
}

impl Generations {
    fn of(&self, caller: u64) -> u64 {
        let found = self
            .younger
            .get(&caller)
            .or_else(|| self.older.get(&caller));
        found.copied().unwrap_or_default()
    }

    fn set(&mut self, caller: u64, full_at: u64, most: usize) {
        self.older.remove(&caller);
        if self.younger.len() >= most && !self.younger.contains_key(&caller) {
            self.older = mem::take(&mut self.younger);
        }
        self.younger.insert(caller, full_at);
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(per_second: u32, burst: u32, tracked: u32) -> RateLimiter {
        let some = |number| NonZeroU32::new(number).unwrap();
        RateLimiter::new(&Limits {
            requests_per_second: some(per_second),
            burst: some(burst),
            tracked_callers: some(tracked),
            ..Limits::default()
        })
    }

    #[test]
    fn a_burst_and_then_the_rate() {
        let limiter = limiter(10, 3, 8);
        let start = limiter.start;
        for _ in 0..3 {
            assert_eq!(limiter.admit(1, start), Ok(()));
        }
        let wait = Duration::from_millis(100);
        assert_eq!(limiter.admit(1, start), Err(wait));
        assert_eq!(
            limiter.admit(2, start),
            Ok(()),
            "another caller has its own"
        );
        assert_eq!(limiter.admit(1, start + wait), Ok(()));
        assert_eq!(limiter.admit(1, start + wait), Err(wait));
    }

    #[test]
    fn a_rest_fills_the_bucket_and_no_more() {
        let limiter = limiter(10, 3, 8);
        let later = limiter.start + Duration::from_hours(1);
        let admitted = (0..10).filter(|_| limiter.admit(1, later).is_ok()).count();
        assert_eq!(admitted, 3);
    }

    #[test]
    fn refusals_cost_nothing() {
        let limiter = limiter(1, 1, 8);
        let start = limiter.start;
        assert!(limiter.admit(1, start).is_ok());
        for _ in 0..100 {
            assert!(limiter.admit(1, start).is_err());
        }
        assert!(limiter.admit(1, start + Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = limiter(1, 1, 100);
        for caller in 0..10_000 {
            assert!(limiter.admit(caller, limiter.start).is_ok());
            assert!(limiter.tracked() <= 100);
        }
    }

    #[test]
    fn who_keeps_asking_is_not_forgotten() {
        let limiter = limiter(1000, 10, 100);
        let mut admitted = 0;
        for other in 1..10_000 {
            admitted += u32::from(limiter.admit(0, limiter.start).is_ok());
            assert!(limiter.admit(other, limiter.start).is_ok());
        }
        assert_eq!(admitted, 10);
    }
}
