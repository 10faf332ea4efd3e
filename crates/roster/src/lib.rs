//! The file of registrants (docs/formats.md section 18.1): CSV, read and written line by line, by
//! operators over the network and by the administrator beside the databases alike.
//!
//! | part | what |
//! |---|---|
//! | [`Reader`] | lines as they come, each good or with what is wrong with it |
//! | [`Uniqueness`] | whether an identifier stands in the file twice |
//! | [`Writer`] | the same file, written |
//!
//! # What it must never do
//!
//! - Hold the file: a million lines take no more memory than one, but for 24 bytes or so for each
//!   identifier of which is remembered that it was there.
//! - Name a person's identifier in an error: those end up in logs. The line's number tells.
//!
//! # How to add the next column
//!
//! At the end of [`HEADING`], with a heading that leaves it out among those that are read: old files
//! stay good. A field of [`Line`] that is `None` where there is no such column.
#![forbid(unsafe_code)]

mod reader;
mod unique;
mod writer;

use kleis_types::{Contact, Identifier};

pub use reader::{LineFault, Reader, RosterError};
pub use unique::Uniqueness;
pub use writer::Writer;

/// The heading that is written.
pub const HEADING: [&str; 5] = ["name", "identifiers", "active", "mail", "webhook"];

/// How many of its columns are enough: the heading of old files.
const OLD: usize = 3;

/// A registrant in a file.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Line {
    /// The name, as it will stand in certificates.
    pub name: String,
    /// The identifiers, at least one; the register knows the registrant by the first.
    pub identifiers: Vec<Identifier>,
    /// Whether anything may be issued to it.
    pub active: bool,
    /// Where it is told what happens to its keys. `None`: the file has no such columns, and what is
    /// known stays.
    pub contact: Option<Contact>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}
