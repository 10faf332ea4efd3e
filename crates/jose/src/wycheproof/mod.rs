//! Project Wycheproof's vectors against every primitive as it is used here: keys go in as JWK or
//! PKIX, so that a vector may also fail at the key.

mod agreement;
mod content;
mod derivation;
mod key_encryption;
mod signature;

use ::wycheproof::TestResult;

/// Counts what the vectors expected and what came out, and fails on a difference.
#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
}

impl Tally {
    /// `accepted` tells whether the operation succeeded with the right result.
    fn check(&mut self, id: usize, expected: TestResult, accepted: bool) {
        match expected {
            TestResult::Valid => assert!(accepted, "test {id} is valid and was refused"),
            TestResult::Invalid => assert!(!accepted, "test {id} is invalid and was accepted"),
            TestResult::Acceptable => {}
        }
        if accepted {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
    }

    /// The vectors must have had both kinds, or nothing was tested.
    fn finish(self) {
        assert!(self.accepted > 0, "nothing was accepted");
        assert!(self.refused > 0, "nothing was refused");
    }
}
