//! Archives: files with the rows that have left a database, and with the signed segments that stand
//! there in their place.
//!
//! ```text
//! {"header":{...}}        one for each database
//! {"row":{...}}           the rows of a segment
//! {"segment":"..."}       the segment, which names the hash of the lines of its rows
//! ```

mod prove;
mod reader;
mod record;
mod write;

pub(crate) use prove::{Proven, prove};
pub(crate) use record::record;
pub(crate) use write::{Scope, Writer};
