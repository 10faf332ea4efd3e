//! Whose turn it is to sign: pure, so that every process comes to the same plan.

use kleis_store::sts::SigningKey;
use kleis_types::{InvalidTransition, SigningKeyState, Timestamp};

use super::{AFTERMATH, PUBLISHED_BEFORE};
use crate::config::Lifetimes;

/// When turns change, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// For how long a key signs.
    period: i64,
    /// For how long a retired key is published.
    retirement: i64,
}

impl Timing {
    pub(crate) fn new(lifetimes: &Lifetimes) -> Self {
        Self {
            period: lifetimes.signing_key,
            retirement: lifetimes.token + AFTERMATH,
        }
    }
}

/// Why turns are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Time has passed.
    WhenDue,
    /// The operator wants the next key to sign as soon as it may.
    Now,
}

/// Keys that were made in case the plan needs them, in the state `NEXT`.
#[derive(Clone, Debug)]
pub(crate) struct Candidates {
    pub(crate) next: SigningKey,
    /// The key that signs at once, in a database that has none.
    pub(crate) first: SigningKey,
}

/// The new states of keys, to be stored in this order; none where everything is as it should be.
///
/// # Errors
/// If a key is to take a way that its life does not have: the plan is at fault.
pub(crate) fn plan(
    keys: &[SigningKey],
    candidates: &Candidates,
    timing: Timing,
    demand: Demand,
    now: Timestamp,
) -> Result<Vec<SigningKey>, InvalidTransition> {
    let in_state = |state| keys.iter().find(move |key| key.state == state);
    let current = in_state(SigningKeyState::Current);
    let next = in_state(SigningKeyState::Next);
    let mut changes = Vec::new();
    for key in keys.iter().filter(|key| has_ended(key, timing, now)) {
        changes.push(expired(key)?);
    }
    match (current, next) {
        // Nobody has keys of ours yet who could lack this one.
        (None, None) => {
            changes.push(SigningKey {
                version: 1,
                ..promoted(&candidates.first, now)?
            });
            changes.push(candidates.next.clone());
        }
        (None, Some(next)) => {
            changes.push(promoted(next, now)?);
            changes.push(candidates.next.clone());
        }
        (Some(_), None) => changes.push(candidates.next.clone()),
        (Some(current), Some(next)) => {
            if is_over(current, timing, demand, now) && may_sign(next, now) {
                changes.push(retired(current, now)?);
                changes.push(promoted(next, now)?);
                changes.push(candidates.next.clone());
            }
        }
    }
    Ok(changes)
}

/// Whether the last token of a retired key has ended.
fn has_ended(key: &SigningKey, timing: Timing, now: Timestamp) -> bool {
    let retired_at = key.retired_at.unwrap_or(now);
    key.state == SigningKeyState::Retired && now.seconds_since(retired_at) >= timing.retirement
}

/// Whether the turn of the current key is over.
fn is_over(key: &SigningKey, timing: Timing, demand: Demand, now: Timestamp) -> bool {
    let since = key.activated_at.unwrap_or(key.created_at);
    demand == Demand::Now || now.seconds_since(since) >= timing.period
}

/// Whether the next key has been published for long enough.
fn may_sign(key: &SigningKey, now: Timestamp) -> bool {
    now.seconds_since(key.created_at) >= PUBLISHED_BEFORE
}

fn promoted(key: &SigningKey, now: Timestamp) -> Result<SigningKey, InvalidTransition> {
    Ok(SigningKey {
        state: key.state.promote()?,
        activated_at: Some(now),
        version: key.version + 1,
        ..key.clone()
    })
}

fn retired(key: &SigningKey, now: Timestamp) -> Result<SigningKey, InvalidTransition> {
    Ok(SigningKey {
        state: key.state.retire()?,
        retired_at: Some(now),
        version: key.version + 1,
        ..key.clone()
    })
}

fn expired(key: &SigningKey) -> Result<SigningKey, InvalidTransition> {
    Ok(SigningKey {
        state: key.state.expire()?,
        wrapped: Vec::new(),
        version: key.version + 1,
        ..key.clone()
    })
}

#[cfg(test)]
mod tests;
