//! What a source has answered, for a while.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use kleis_registration::Behind;
use kleis_types::{Identifier, Timestamp};

/// For how many seconds, and how many answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    /// An answer that names somebody.
    pub(super) known: i64,
    /// An answer that names nobody.
    pub(super) nobody: i64,
    /// An answer that names somebody, while the source fails.
    pub(super) stale: i64,
    /// How many are remembered; the oldest go.
    pub(super) entries: usize,
}

#[derive(Debug)]
pub(super) struct Cache {
    memory: Memory,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    answers: HashMap<Identifier, (Behind, Timestamp, u64)>,
    /// In the order in which they came. What was answered anew stands here twice; the number tells.
    order: VecDeque<(Identifier, u64)>,
    next: u64,
}

impl Cache {
    pub(super) fn new(memory: Memory) -> Self {
        Self {
            memory,
            inner: Mutex::default(),
        }
    }

    /// An answer that needs not be asked for.
    pub(super) fn fresh(&self, identifier: &Identifier, now: Timestamp) -> Option<Behind> {
        self.within(identifier, now, |answer| match answer {
            Behind::Nobody => self.memory.nobody,
            Behind::Registrant(_) | Behind::Register => self.memory.known,
        })
    }

    /// An answer that serves for want of another. That nobody is there is not said on old news.
    pub(super) fn stale(&self, identifier: &Identifier, now: Timestamp) -> Option<Behind> {
        self.within(identifier, now, |answer| match answer {
            Behind::Nobody => 0,
            Behind::Registrant(_) | Behind::Register => self.memory.stale,
        })
    }

    fn within(
        &self,
        identifier: &Identifier,
        now: Timestamp,
        age: impl Fn(&Behind) -> i64,
    ) -> Option<Behind> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, at, _) = inner.answers.get(identifier)?;
        // A clock that was set back makes nothing fresher than it is.
        (0..age(answer))
            .contains(&now.seconds_since(*at))
            .then(|| answer.clone())
    }

    pub(super) fn remember(&self, identifier: Identifier, answer: Behind, now: Timestamp) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let number = inner.next;
        inner.next += 1;
        inner.order.push_back((identifier.clone(), number));
        inner.answers.insert(identifier, (answer, now, number));
        // The queue has at most twice as many: what is asked for anew often pushes others out.
        while inner.answers.len() > self.memory.entries
            || inner.order.len() > self.memory.entries.saturating_mul(2)
        {
            let Some((oldest, number)) = inner.order.pop_front() else {
                break;
            };
            if inner
                .answers
                .get(&oldest)
                .is_some_and(|one| one.2 == number)
            {
                inner.answers.remove(&oldest);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.inner.lock().unwrap().answers.len()
    }
}
