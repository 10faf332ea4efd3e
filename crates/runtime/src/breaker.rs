//! A circuit breaker: somebody who has failed several times in a row is left alone for a while, and
//! then asked once before all others ask again.

use std::sync::{Arc, Mutex, PoisonError};

use kleis_types::{Clock, Timestamp};

/// How much is borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// After so many failures in a row the breaker opens.
    pub failures: u32,
    /// For so many seconds it stays open.
    pub pause: i64,
}

/// Decides whether somebody is asked.
#[derive(Debug)]
pub struct Breaker {
    tolerance: Tolerance,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Asked; so many have failed in a row.
    Closed(u32),
    /// Left alone since then.
    Open(Timestamp),
    /// One asks.
    HalfOpen,
}

/// Leave to ask. Dropped without [`Permit::succeeded`] it counts as a failure, so that one who gave
/// up waiting counts too.
#[derive(Debug)]
pub struct Permit<'a> {
    breaker: &'a Breaker,
    has_succeeded: bool,
}

impl Breaker {
    /// A breaker that is closed.
    pub fn new(tolerance: Tolerance, clock: Arc<dyn Clock>) -> Self {
        Self {
            tolerance,
            clock,
            state: Mutex::new(State::Closed(0)),
        }
    }

    /// Leave to ask; `None` while the other is left alone.
    pub fn admit(&self) -> Option<Permit<'_>> {
        let mut state = self.state();
        match *state {
            State::Closed(_) => {}
            State::Open(since) => {
                let passed = self.clock.now().seconds_since(since);
                // A clock that was set back does not leave it open for ever.
                if (0..self.tolerance.pause).contains(&passed) {
                    return None;
                }
                *state = State::HalfOpen;
            }
            State::HalfOpen => return None,
        }
        drop(state);
        Some(Permit {
            breaker: self,
            has_succeeded: false,
        })
    }

    fn settle(&self, has_succeeded: bool) {
        let now = self.clock.now();
        let mut state = self.state();
        *state = match (*state, has_succeeded) {
            (_, true) => State::Closed(0),
            (State::Closed(failures), false) if failures + 1 < self.tolerance.failures => {
                State::Closed(failures + 1)
            }
            // One who began before it opened does not prolong the pause.
            (State::Open(since), false) => State::Open(since),
            (State::Closed(_) | State::HalfOpen, false) => State::Open(now),
        };
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// There was an answer that is one.
    pub fn succeeded(mut self) {
        self.has_succeeded = true;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.breaker.settle(self.has_succeeded);
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::ManualClock;

    use super::*;

    fn breaker() -> (Arc<ManualClock>, Breaker) {
        let clock = Arc::new(ManualClock::new(1_000));
        let tolerance = Tolerance {
            failures: 3,
            pause: 30,
        };
        let breaker = Breaker::new(tolerance, Arc::clone(&clock) as _);
        (clock, breaker)
    }

    fn fail(breaker: &Breaker) {
        drop(breaker.admit().unwrap());
    }

    #[test]
    fn it_opens_after_failures_in_a_row() {
        let (_, breaker) = breaker();
        fail(&breaker);
        fail(&breaker);
        breaker.admit().unwrap().succeeded();
        fail(&breaker);
        fail(&breaker);
        assert!(breaker.admit().is_some_and(|permit| {
            permit.succeeded();
            true
        }));
        for _ in 0..3 {
            fail(&breaker);
        }
        assert!(breaker.admit().is_none());
    }

    #[test]
    fn after_the_pause_one_asks_and_decides_for_all() {
        let (clock, breaker) = breaker();
        for _ in 0..3 {
            fail(&breaker);
        }
        clock.advance(29);
        assert!(breaker.admit().is_none());
        clock.advance(1);
        let one = breaker.admit().unwrap();
        assert!(breaker.admit().is_none(), "a second one asks");
        drop(one);
        clock.advance(29);
        assert!(breaker.admit().is_none(), "the pause begins anew");
        clock.advance(1);
        breaker.admit().unwrap().succeeded();
        assert!(breaker.admit().is_some());
    }

    #[test]
    fn who_began_before_neither_prolongs_the_pause_nor_is_lost() {
        let (clock, breaker) = breaker();
        let (slow, good) = (breaker.admit().unwrap(), breaker.admit().unwrap());
        for _ in 0..3 {
            fail(&breaker);
        }
        clock.advance(20);
        drop(slow);
        clock.advance(10);
        drop(breaker.admit().unwrap());
        assert!(breaker.admit().is_none());
        good.succeeded();
        assert!(breaker.admit().is_some());
    }
}
