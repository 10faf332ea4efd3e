//! The SDK against an installation in a box: what it accepts, what it refuses, and what it sends again.

mod audit;
mod custody;
mod documents;
mod enrolment;
mod history;
mod line;
mod lookup;
mod scene;
mod signers;
mod spawn;
mod status;

use crate::ClientError;

/// The name of the check that failed.
#[track_caller]
fn reason_of<T>(outcome: Result<T, ClientError>) -> &'static str {
    match outcome {
        Ok(_) => panic!("accepted"),
        Err(error) => error.reason(),
    }
}

/// That something was refused because it does not stand up to verification, with this reason.
#[track_caller]
fn assert_not_verified<T>(outcome: Result<T, ClientError>, expected: &str) {
    match outcome {
        Err(ClientError::NotVerified { reason, .. }) => assert_eq!(reason, expected),
        Err(other) => panic!("{expected} expected: {other}"),
        Ok(_) => panic!("{expected} expected, but accepted"),
    }
}
