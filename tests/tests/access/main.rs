//! Who callers are known to be: tokens, proofs, certificates that are forwarded; what is shown wrongly, stolen, swapped
//! or made up is refused under its name, and nothing comes of it.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "tests: a panic is a failed test")]

mod foreign;
mod forwarding;
mod orders;
mod possession;
mod tokens;

use kleis_e2e::{Installation, PlayedIssuer, Refusal, people};
use kleis_jose::{Jwk, KeyType};
use kleis_proto::directory::v1::LookupRequest;
use kleis_types::{Clock as _, OsRandom, SystemClock};
use tonic::{Code, Status};

/// A read about oneself.
const LIST_KEYS: &str = "kleis.registration.v1.RegistrationService/ListKeys";
const LOOKUP: &str = "kleis.directory.v1.DirectoryService/Lookup";

/// An installation that accepts the tokens of an issuer, with an organisation and a patient who can be looked up.
struct Scene {
    issuer: PlayedIssuer,
    installation: Installation,
}

impl Scene {
    async fn new() -> Self {
        let issuer = PlayedIssuer::start().await;
        let installation = Installation::with_issuer(&issuer);
        installation.published("organisation", people::ORGANISATION);
        installation.published("patient", people::PATIENT);
        Self {
            issuer,
            installation,
        }
    }
}

fn wanted(identifier: &str) -> LookupRequest {
    LookupRequest {
        identifier: identifier.to_owned(),
        ..LookupRequest::default()
    }
}

/// Code and reason of a refusal.
fn said(status: Status) -> (Code, String) {
    let refused = Refusal::from(status);
    (refused.code, refused.reason)
}

fn fresh_key() -> Jwk {
    Jwk::generate(KeyType::P256, &OsRandom).unwrap()
}

fn now() -> i64 {
    SystemClock.now().unix()
}
