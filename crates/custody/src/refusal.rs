//! Why a key is not for somebody: for the audit, never for the caller.

use kleis_store::AuditOutcome;

use crate::policy;

/// Why a key is not for this caller. All of them are one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such key.
    Unknown,
    /// The row does not verify: somebody has edited the database.
    Tampered,
    /// The row of a kept order does not verify: likewise.
    OrderTampered,
    /// The bytes are destroyed.
    Shredded,
    /// The policy has ended, and the sweeper has been there.
    Expired,
    /// It was read as often as its policy allows.
    Exhausted,
    /// The policy says no.
    Policy(policy::Refusal),
    /// The same order again, but so late that it is no repetition of a lost reply.
    Late,
    /// Only the owner may ask this.
    NotOwner,
    /// The key was not released to this caller, or not to the order it names.
    NotReader,
}

impl Refusal {
    /// The stable name, for the details of the audit.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Tampered => "TAMPERED",
            Self::OrderTampered => "ORDER_TAMPERED",
            Self::Shredded => "SHREDDED",
            Self::Expired => "EXPIRED",
            Self::Exhausted => "EXHAUSTED",
            Self::Policy(refusal) => refusal.as_str(),
            Self::Late => "LATE",
            Self::NotOwner => "NOT_OWNER",
            Self::NotReader => "NOT_READER",
        }
    }

    /// How the audit marks it.
    pub(crate) const fn outcome(self) -> AuditOutcome {
        match self {
            Self::Tampered | Self::OrderTampered => AuditOutcome::Alarm,
            _ => AuditOutcome::Refused,
        }
    }
}
