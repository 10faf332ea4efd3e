//! Whether a look-up, and a revocation, cost the same among a million recipients as among a thousand.

use std::{env, path::Path, sync::Arc};

use kleis_directory::{Directory, Settings};
use kleis_proto::lookup::Lookup;
use kleis_store::{
    Act, Actor, AuditEvent, AuditOutcome, Audited as _, EvidenceTx as _, Store as _, StoreError,
    registry::{RegistryRead as _, RegistryTx as _, StatusEntry, StoredJwkSet},
};
use kleis_store_sqlite::{Registry, RegistrySqlite, Tx, bulk};
use kleis_types::{
    Clock as _, KeyState, OsRandom, RevocationReason, SystemClock, Timestamp, TypeTable,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::contest::{Contest, Contestant};

const FEW: u32 = 1_000;

/// A registry of some size, with what it is used from.
struct Place {
    runtime: Runtime,
    store: RegistrySqlite,
    size: u32,
    // Last: the store is closed before its files go.
    _dir: TempDir,
}

/// How many recipients the large one has.
fn many() -> u32 {
    let default = if env::var_os("QUICK").is_some() {
        20_000
    } else {
        1_000_000
    };
    let asked = env::var("RECIPIENTS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Look-ups of one recipient at random, and revocations.
pub(crate) fn contests() -> Vec<Contest> {
    let (few, many) = (Arc::new(Place::new(FEW)), Arc::new(Place::new(many())));
    let lookups = vec![
        Contestant {
            name: "from the database, among a thousand",
            call: lookup(&few, 0),
        },
        Contestant {
            name: "from the database, among the many",
            call: lookup(&many, 0),
        },
        Contestant {
            name: "from memory, among the many",
            call: lookup_one(&many),
        },
    ];
    let revocations = vec![
        Contestant {
            name: "among a thousand",
            call: revoke(&few),
        },
        Contestant {
            name: "among the many",
            call: revoke(&many),
        },
    ];
    vec![
        Contest {
            name: "a look-up",
            fewer: 10,
            contestants: lookups,
        },
        Contest {
            name: "a revocation: key, status, set, change and audit, on the disk",
            fewer: 100,
            contestants: revocations,
        },
    ]
}

impl Place {
    // Unwrap safety: here and below, a benchmark that cannot do what it measures must not go on.
    fn new(size: u32) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("registry.db");
        let store = runtime.block_on(Self::open(&path, size));
        Self {
            runtime,
            store,
            size,
            _dir: dir,
        }
    }

    async fn open(path: &Path, size: u32) -> RegistrySqlite {
        RegistrySqlite::migrate(path).await.expect("a database");
        bulk::load(path, size).await;
        let opened = RegistrySqlite::open(path, "bench", Arc::new(OsRandom)).await;
        opened.expect("a store")
    }

    fn directory(&self, cache_bytes: u64) -> Directory<RegistrySqlite> {
        let settings = Settings {
            cache_bytes,
            // Nobody follows the changes here.
            silence: std::time::Duration::from_hours(1),
            ..Settings::default()
        };
        let types = TypeTable::belgian().clone();
        let directory = Directory::new(self.store.clone(), types, settings, Arc::new(SystemClock));
        self.runtime
            .block_on(directory.catch_up())
            .expect("it hears of changes");
        directory
    }
}

/// A recipient at random, as a sequence that visits all.
struct Visit {
    size: u32,
    at: u32,
}

impl Visit {
    fn next(&mut self) -> u32 {
        // A step without a common divisor with the sizes, which are products of twos and fives.
        self.at = (self.at + 618_033) % self.size;
        self.at + 1
    }
}

fn lookup(place: &Arc<Place>, cache_bytes: u64) -> Box<dyn FnMut()> {
    let (place, directory) = (Arc::clone(place), place.directory(cache_bytes));
    let mut visit = Visit {
        size: place.size,
        at: 0,
    };
    Box::new(move || {
        let wanted = Lookup::new(bulk::recipient(visit.next()));
        let found = place.runtime.block_on(directory.lookup(&wanted, None));
        found.expect("a recipient");
    })
}

fn lookup_one(place: &Arc<Place>) -> Box<dyn FnMut()> {
    let (place, directory) = (Arc::clone(place), place.directory(1 << 20));
    let wanted = Lookup::new(bulk::recipient(7));
    Box::new(move || {
        let found = place.runtime.block_on(directory.lookup(&wanted, None));
        found.expect("a recipient");
    })
}

fn revoke(place: &Arc<Place>) -> Box<dyn FnMut()> {
    let place = Arc::clone(place);
    let mut visit = Visit {
        size: place.size,
        at: 0,
    };
    Box::new(move || {
        let act = Revoke {
            number: visit.next(),
            now: SystemClock.now(),
        };
        place
            .runtime
            .block_on(place.store.run(act))
            .expect("a revocation");
    })
}

/// What registration writes for a revocation, without its order.
struct Revoke {
    number: u32,
    now: Timestamp,
}

impl Act<Tx<Registry>> for Revoke {
    const NAME: &'static str = "bench.revoke";
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<Registry>) -> Result<(), StoreError> {
        let kid = bulk::kid(self.number, 0);
        let mut key = tx.encryption_key(&kid).await?.expect("a key");
        key.state = KeyState::Revoked;
        key.reason = Some(RevocationReason::KeyCompromise);
        key.revoked_at = Some(self.now);
        key.version += 1;
        tx.put_encryption_key(&key).await?;
        tx.put_status(StatusEntry {
            index: key.status_index,
            status: 1,
        })
        .await?;
        tx.encryption_keys_of(&key.owner).await?;
        let set = tx.jwk_set(&key.owner).await?.expect("a set");
        let etag = format!("\"{}-{}\"", self.number, key.version);
        tx.put_jwk_set(&StoredJwkSet { etag, ..set }, self.now)
            .await?;
        tx.append_audit(&AuditEvent {
            at: self.now,
            action: "bench.revoke",
            actor: Actor::Local,
            resource: key.resource(),
            resource_version: key.version,
            resource_digest: Some(key.digest()),
            outcome: AuditOutcome::Done,
            order_digest: None,
            trace_id: String::new(),
            details: String::new(),
        })
        .await
    }
}
