//! The tokens that were revoked, in memory: every resource server of the process asks at every call.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

use kleis_store::sts::RevokedToken;
use kleis_types::Timestamp;

/// The `jti`s of revoked tokens, each with the time when nobody would take it any more.
#[derive(Debug, Default)]
pub(crate) struct Revoked(RwLock<HashMap<String, Timestamp>>);

impl Revoked {
    /// Takes in what the database says. What is known already stays: a revocation that this process has
    /// made may be younger than what was read.
    pub(crate) fn learn(&self, tokens: Vec<RevokedToken>) {
        let mut known = self.write();
        known.extend(tokens.into_iter().map(|token| (token.jti, token.until)));
    }

    /// Whether the token of this `jti` is revoked.
    pub(crate) fn contains(&self, jti: &str) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.contains_key(jti)
    }

    /// Forgets those that nobody would take any more at `now`.
    pub(crate) fn forget(&self, now: Timestamp) {
        self.write().retain(|_, until| *until > now);
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<String, Timestamp>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(jti: &str, until: i64) -> RevokedToken {
        RevokedToken {
            jti: jti.to_owned(),
            revoked_at: Timestamp::from_unix(0),
            until: Timestamp::from_unix(until),
        }
    }

    #[test]
    fn tokens_stay_revoked_until_their_end() {
        let revoked = Revoked::default();
        revoked.learn(vec![token("a", 10), token("b", 20)]);
        // What was read before a revocation takes nothing back.
        revoked.learn(Vec::new());
        revoked.forget(Timestamp::from_unix(9));
        assert!(revoked.contains("a") && revoked.contains("b") && !revoked.contains("c"));
        revoked.forget(Timestamp::from_unix(10));
        assert!(!revoked.contains("a") && revoked.contains("b"));
    }
}
