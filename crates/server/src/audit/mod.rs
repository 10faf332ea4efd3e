//! The proof of the audit, as far as it takes keys and files: checkpoints are signed here, kept
//! outside the databases too, and compared when a process starts.
//!
//! | module | what |
//! |---|---|
//! | `proofs` | verifies checkpoints and segments for `kleis_store::audit` |
//! | `sink` | the file outside a database |
//! | `start` | what a start compares, and what it refuses |
//! | `keeper` | signs a checkpoint whenever a chain has grown |
//! | `acts` | what is written |
//! | `lines` | rows, checkpoints and segments as lines of JSON, for exports and archives |
//! | `story` | an order or a record, and whether it was good then |
//! | `archive` | rows that leave a database, and the proof that they are those |

mod acts;
pub(crate) mod archive;
mod keeper;
pub(crate) mod lines;
mod proofs;
pub(crate) mod sink;
mod start;
pub(crate) mod story;

pub(crate) use acts::{Forget, RecordSegment};
pub(crate) use keeper::Keepers;
pub(crate) use proofs::Proofs;
pub(crate) use start::Started;

use std::path::PathBuf;

use kleis_store::{ProofRead, ProofTx, Store, StoreError, audit::VerifyError};
use kleis_store_sqlite::{CustodySqlite, RegistrySqlite, StsSqlite};
use kleis_trust::Anchors;
use kleis_types::Service;

use self::sink::Sink;
use crate::{data_dir::DataDir, databases::Databases, failure::Failure};

/// A database with an audit.
pub(crate) trait AuditStore: Store<Tx: ProofTx, Reader: ProofRead> {}
impl<S: Store<Tx: ProofTx, Reader: ProofRead>> AuditStore for S {}

/// One database, as whoever proves its audit sees it.
#[derive(Clone)]
pub(crate) struct Ledger<S> {
    /// `registry`, `custody` or `sts`.
    pub(crate) name: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) store: S,
    /// The service that signs its checkpoints.
    pub(crate) service: Service,
    pub(crate) sink: Sink,
}

/// All of them.
#[derive(Clone)]
pub(crate) struct Ledgers {
    pub(crate) registry: Ledger<RegistrySqlite>,
    pub(crate) custody: Ledger<CustodySqlite>,
    pub(crate) sts: Ledger<StsSqlite>,
}

impl Ledgers {
    pub(crate) fn new(data_dir: &DataDir, databases: &Databases, sink: &std::path::Path) -> Self {
        Self {
            registry: Ledger {
                name: "registry",
                path: data_dir.registry(),
                store: databases.registry.clone(),
                service: Service::Registration,
                sink: Sink::new(sink, "registry"),
            },
            custody: Ledger {
                name: "custody",
                path: data_dir.custody(),
                store: databases.custody.clone(),
                service: Service::Custody,
                sink: Sink::new(sink, "custody"),
            },
            sts: Ledger {
                name: "sts",
                path: data_dir.sts(),
                store: databases.sts.clone(),
                service: Service::Sts,
                sink: Sink::new(sink, "sts"),
            },
        }
    }

    /// Who verifies what has been signed about them.
    pub(crate) fn proofs(&self, anchors: &Anchors) -> AllProofs {
        AllProofs {
            registry: self.registry.proofs(anchors),
            custody: self.custody.proofs(anchors),
            sts: self.sts.proofs(anchors),
        }
    }
}

/// Who verifies what the service of each database has signed.
pub(crate) struct AllProofs {
    pub(crate) registry: Proofs,
    pub(crate) custody: Proofs,
    pub(crate) sts: Proofs,
}

impl<S> Ledger<S> {
    /// Who verifies what this database's service has signed.
    pub(crate) fn proofs(&self, anchors: &Anchors) -> Proofs {
        Proofs::new(anchors, self.service)
    }

    pub(crate) fn failed(&self) -> impl FnOnce(StoreError) -> Failure {
        Failure::store(&self.path)
    }

    pub(crate) fn unproven(&self) -> impl FnOnce(VerifyError) -> Failure {
        |error| match error {
            VerifyError::Store(error) => Failure::store(&self.path)(error),
            VerifyError::Sink(error) => Failure::io(self.sink.path())(error),
        }
    }
}
