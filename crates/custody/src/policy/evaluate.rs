//! Deciding: the rules of release, in their order.

use std::fmt;

use kleis_types::{Identifier, Principal, Timestamp};

use super::Policy;

/// What a policy says to a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// The policy lets this principal read. Limits on the number of reads come after it.
    Allowed,
    /// It does not.
    Refused(Refusal),
}

/// Why a policy refuses: for the audit, never for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The policy has expired.
    Expired,
    /// The policy is not in force yet.
    NotYetValid,
    /// The principal matches an exclusion.
    Excluded,
    /// Nobody can say whether the principal matches an exclusion: the issuer of its credentials
    /// cannot certify the attribute at all.
    ExclusionUndecidable,
    /// The principal is in no group, and is not an owner who may read.
    NoReader,
}

impl Refusal {
    /// A stable name, for the audit and for metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "EXPIRED",
            Self::NotYetValid => "NOT_YET_VALID",
            Self::Excluded => "EXCLUDED",
            Self::ExclusionUndecidable => "EXCLUSION_UNDECIDABLE",
            Self::NoReader => "NO_READER",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Decision {
    /// Whether the principal may read.
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }
}

impl Policy {
    /// Decides whether `principal` may read a key of `owner` at `now`.
    ///
    /// The clock is the custodian's own, so there is no leeway. Exclusions bind the owner too.
    pub fn evaluate(&self, principal: &Principal, owner: &Identifier, now: Timestamp) -> Decision {
        match self.refusal(principal, owner, now) {
            Some(refusal) => Decision::Refused(refusal),
            None => Decision::Allowed,
        }
    }

    fn refusal(
        &self,
        principal: &Principal,
        owner: &Identifier,
        now: Timestamp,
    ) -> Option<Refusal> {
        if now >= self.expires_at {
            return Some(Refusal::Expired);
        }
        if self.not_before.is_some_and(|begin| now < begin) {
            return Some(Refusal::NotYetValid);
        }
        if self
            .excluded
            .iter()
            .any(|credential| principal.holds(credential))
        {
            return Some(Refusal::Excluded);
        }
        let shown = |namespace, name| principal.issuer_shows(namespace, name);
        if !self
            .excluded
            .iter()
            .all(|excluded| shown(&excluded.namespace, &excluded.name))
        {
            return Some(Refusal::ExclusionUndecidable);
        }
        if self.owner_may_read && principal.is(owner) {
            return None;
        }
        let in_group = self
            .readers
            .iter()
            .any(|all_of| all_of.iter().all(|credential| principal.holds(credential)));
        if in_group {
            None
        } else {
            Some(Refusal::NoReader)
        }
    }
}
