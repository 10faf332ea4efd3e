//! The acts: one for each change, each in one transaction with its evidence.
//!
//! They are re-runnable: nothing leaves the service inside an act, and no token is signed.

mod inspect;
mod issue;
mod refuse;
mod revoke;
mod rotate;
mod sweep;

pub(crate) use inspect::Inspect;
pub(crate) use issue::Issue;
pub(crate) use refuse::Refuse;
pub(crate) use revoke::Revoke;
pub(crate) use rotate::Rotate;
pub(crate) use sweep::Sweep;

use crate::error::Refusal;

/// How a request ended that may be refused inside the act. Both endings are committed.
pub(crate) type Answer<T> = Result<T, Refusal>;
