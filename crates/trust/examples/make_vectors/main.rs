//! Writes the test vectors of `docs/formats.md` sections 4 to 9 and 11 into `tests/vectors/trust`, or into
//! the directory named on the command line.
//!
//! ```sh
//! cargo run -p kleis-trust --features test-util --example make_vectors
//! ```
//!
//! Signatures and encryption are random, so every run gives other bytes that mean the same. The
//! files in the repository are fixed: write them anew only when a format changes. The refusals are
//! written down here by hand, not taken from what the implementation answers.
#![expect(clippy::unwrap_used, reason = "a tool: whatever goes wrong ends it")]

mod audits;
mod cases;
mod codes;
mod documents;
mod endorsements;
mod orders;
mod recipients;
mod replies;
mod sealed;
mod status_lists;

use std::{fs, path::PathBuf};

use kleis_trust::test_util::World;
use serde_json::{Value, json};

use cases::base64;

fn main() {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/trust");
    let directory = PathBuf::from(
        std::env::args()
            .nth(1)
            .unwrap_or_else(|| default.to_owned()),
    );
    fs::create_dir_all(&directory).unwrap();
    let mut world = World::new(2026);
    let mut files = vec![
        ("orders", orders::cases(&mut world)),
        ("replies", replies::cases(&mut world)),
        ("endorsements", endorsements::cases(&mut world)),
        ("recipients", recipients::cases(&mut world)),
        ("documents", documents::cases(&mut world)),
        ("challenges", sealed::challenges(&world)),
        ("deposits", sealed::deposits(&world)),
        ("releases", sealed::releases(&world)),
        ("codes", codes::codes(&world)),
        ("announcements", codes::announcements(&world)),
    ];
    // Last, for the list speaks of every certificate and binding above.
    files.push(("status_lists", status_lists::cases(&mut world)));
    // Nobody asks for the status of those who sign these.
    files.push(("checkpoints", audits::checkpoints(&mut world)));
    files.push(("segments", audits::segments(&mut world)));
    for (name, cases) in files {
        write(&directory, name, &json!({ "cases": cases }));
    }
    write(&directory, "context", &context(&world));
}

/// What every case is verified against.
fn context(world: &World) -> Value {
    json!({
        "installation": world.installation(),
        "root": base64(world.material().root().certificate().der()),
        "now": world.now(),
        "statusList": world.signed_status_list(),
    })
}

fn write(directory: &std::path::Path, name: &str, value: &Value) {
    let mut text = serde_json::to_string_pretty(value).unwrap();
    text.push('\n');
    fs::write(directory.join(name).with_extension("json"), text).unwrap();
}
