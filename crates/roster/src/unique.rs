//! An identifier stands in a file once: of two lines, which one is meant?

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
};

use kleis_types::Identifier;

use crate::{Line, LineFault};

/// Remembers which identifiers were there, as 128 bits of a keyed hash: two that are different look
/// the same with a chance that nobody meets.
#[derive(Debug, Default)]
pub struct Uniqueness {
    keys: (RandomState, RandomState),
    seen: HashMap<(u64, u64), u32>,
}

impl Uniqueness {
    /// Remembers the identifiers of a line.
    ///
    /// # Errors
    /// One of them was there before, in this line or in another.
    pub fn check(&mut self, number: u64, line: &Line) -> Result<(), LineFault> {
        for (index, identifier) in (1..).zip(&line.identifiers) {
            let place = self.place(identifier);
            let short = u32::try_from(number).unwrap_or(u32::MAX);
            if let Some(earlier) = self.seen.insert(place, short) {
                return Err(LineFault {
                    line: number,
                    field: "identifiers",
                    reason: "CSV_DUPLICATE",
                    detail: format!("number {index} stands in line {earlier} already"),
                });
            }
        }
        Ok(())
    }

    fn place(&self, identifier: &Identifier) -> (u64, u64) {
        (
            self.keys.0.hash_one(identifier),
            self.keys.1.hash_one(identifier),
        )
    }
}
