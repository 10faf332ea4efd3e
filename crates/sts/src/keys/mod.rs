//! The keys that sign tokens.
//!
//! Each is made as the *next* one, published, becomes the *current* one when all who verify tokens have
//! had time to learn of it, is *retired* when another takes its turn, and *expires*, with its private key
//! destroyed, when its last token has ended. The database decides which is the current one; processes
//! hold the open keys in memory.

mod plan;
mod ring;
mod row;

use kleis_types::LEEWAY;

pub(crate) use plan::{Candidates, Demand, Timing, plan};
pub(crate) use ring::{Keys, Ring};
pub(crate) use row::{Keeper, KeyFault};

/// For how long others may keep the published keys before they ask again, in seconds.
pub(crate) const MAX_AGE: i64 = 300;

/// For how long a key is published before it signs, in seconds: every copy without it has been thrown away,
/// whatever its keeper's clock.
pub(crate) const PUBLISHED_BEFORE: i64 = 2 * MAX_AGE;

/// For how long after its end a token may still be taken somewhere, in seconds: the leeway of the one who
/// takes it, on either side.
pub(crate) const AFTERMATH: i64 = 2 * LEEWAY;
