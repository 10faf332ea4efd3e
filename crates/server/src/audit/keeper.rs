//! Signs a checkpoint whenever a chain has grown, and takes it out of the database's reach.

use std::{collections::BTreeMap, sync::Arc};

use kleis_store::{ChainHead, ProofRead as _, StoreError, StoredCheckpoint, audit::Place};
use kleis_store_sqlite::{CustodySqlite, RegistrySqlite, StsSqlite};
use kleis_trust::{
    Signer,
    checkpoint::{self, Draft, Head},
};
use kleis_types::{Clock, base64url};
use tokio::task::spawn_blocking;

use super::{AuditStore, Ledger, acts::AppendCheckpoint, start::Compared};
use crate::failure::Failure;

/// Every so many checkpoints one lists all heads.
const FULL_EVERY: u64 = 1000;
/// How many checkpoints are brought to the sink at a time.
const PAGE: u32 = 16;

/// Keeps the checkpoints of one database.
pub(crate) struct Keeper<S> {
    ledger: Ledger<S>,
    signer: Signer,
    clock: Arc<dyn Clock>,
    /// The checkpoint that the next one follows; none if it has to be looked up.
    place: Option<Place>,
    /// The last full one of this process; none before the first.
    full: Option<u64>,
    /// What of the audit has been looked at.
    mark: u64,
    /// What the checkpoints before this process say.
    known: BTreeMap<String, (u64, [u8; 32])>,
    /// What the next checkpoint has to say about lost ones.
    gap: Option<u64>,
    /// The last checkpoint in the sink.
    sunk: u64,
}

/// The keepers of all databases.
pub(crate) struct Keepers {
    pub(super) registry: Keeper<RegistrySqlite>,
    pub(super) custody: Keeper<CustodySqlite>,
    pub(super) sts: Keeper<StsSqlite>,
}

impl Keepers {
    /// Makes the checkpoints that are due. What fails is tried again the next time.
    pub(crate) async fn keep(&mut self) {
        let Self {
            registry,
            custody,
            sts,
        } = self;
        for (name, kept) in [
            ("registry", registry.keep().await),
            ("custody", custody.keep().await),
            ("sts", sts.keep().await),
        ] {
            if let Err(error) = kept {
                tracing::error!(
                    target: "kleis::audit",
                    database = name,
                    %error,
                    "the audit's checkpoint cannot be kept"
                );
            }
        }
    }
}

impl Keepers {
    /// Makes the checkpoints that are due, now or not at all.
    pub(crate) async fn keep_now(&mut self) -> Result<(), Failure> {
        self.registry.keep().await?;
        self.custody.keep().await?;
        self.sts.keep().await
    }
}

impl<S: AuditStore> Keeper<S> {
    pub(super) fn new(
        ledger: Ledger<S>,
        compared: Compared,
        signer: Signer,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        Self {
            place: Some(compared.place()),
            gap: compared.gap(),
            sunk: compared.sink.seq,
            known: compared.newest.heads,
            ledger,
            signer,
            clock: Arc::clone(clock),
            full: None,
            mark: 0,
        }
    }

    /// Makes a checkpoint if a head has moved, and brings to the sink what is not there yet.
    pub(crate) async fn keep(&mut self) -> Result<(), Failure> {
        self.checkpoint().await?;
        self.sink().await
    }

    async fn checkpoint(&mut self) -> Result<(), Failure> {
        let ledger = &self.ledger;
        // A reader sees what is durable, and nothing else: no crash takes back a head that stands in
        // a checkpoint.
        let mut reader = ledger.store.read().await.map_err(ledger.failed())?;
        let moved = reader.heads_since(self.mark).await;
        let (mut heads, mark) = moved.map_err(ledger.failed())?;
        let is_known = self.full.is_none() && self.gap.is_none() && are(&heads, &self.known);
        if heads.is_empty() || is_known {
            self.mark = mark;
            return Ok(());
        }
        let place = if let Some(place) = self.place {
            place
        } else {
            let newest = reader.newest_checkpoint(false).await;
            let newest = newest.map_err(ledger.failed())?;
            newest.map_or(Place::default(), |last| Place::of(last.seq, &last.token))
        };
        let seq = place.seq + 1;
        let full = self.full.is_none_or(|last| seq >= last + FULL_EVERY);
        if full && self.mark != 0 {
            heads = reader.heads_since(0).await.map_err(ledger.failed())?.0;
        }
        drop(reader);
        let draft = Draft {
            seq,
            previous: (place.seq > 0).then_some(place.digest),
            full,
            gap: self.gap,
            heads: heads.into_iter().map(head).collect(),
        };
        let token = checkpoint::sign(&self.signer, &draft, self.clock.now());
        let token = token.map_err(Failure::crypto)?;
        // Looked up again if it is not known what has become of it.
        self.place = None;
        let stored = StoredCheckpoint { seq, full, token };
        let following = Place::of(seq, &stored.token);
        let appended = self.ledger.store.run(AppendCheckpoint(stored));
        if let Err(error) = appended.await {
            if matches!(error, StoreError::AlreadyExists(_)) {
                // An attempt that seemed to fail had been kept.
                self.gap = None;
            }
            // The one after a gap follows what the database does not have.
            self.place = self.gap.map(|_| place);
            return Err(self.ledger.failed()(error));
        }
        self.place = Some(following);
        (self.gap, self.mark) = (None, mark);
        if full {
            self.full = Some(seq);
        }
        self.tell(following, full);
        Ok(())
    }

    /// The line in the log: a further place outside the database.
    fn tell(&self, place: Place, full: bool) {
        tracing::info!(
            target: "kleis::audit",
            database = self.ledger.name,
            seq = place.seq,
            full,
            digest = base64url::encode(&place.digest),
            "checkpoint"
        );
    }

    /// Brings the sink up to date: after a crash, or after it could not be written, more than one is
    /// missing there.
    async fn sink(&mut self) -> Result<(), Failure> {
        let ledger = &self.ledger;
        while self.place.is_none_or(|place| place.seq != self.sunk) {
            let mut reader = ledger.store.read().await.map_err(ledger.failed())?;
            let page = reader.checkpoints(self.sunk, PAGE).await;
            let page = page.map_err(ledger.failed())?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            let seq = last.seq;
            drop(reader);
            let sink = ledger.sink.clone();
            // Waits for the disk, which calls under way need not do.
            let written = spawn_blocking(move || {
                sink.append(page.iter().map(|stored| stored.token.as_str()))
            });
            written
                .await
                .map_err(|error| Failure::System(error.into()))??;
            self.sunk = seq;
        }
        Ok(())
    }
}

/// Whether these heads are all known.
fn are(heads: &[ChainHead], known: &BTreeMap<String, (u64, [u8; 32])>) -> bool {
    heads
        .iter()
        .all(|head| known.get(&head.chain) == Some(&(head.seq, head.hash)))
}

fn head(head: ChainHead) -> Head {
    Head {
        chain: head.chain,
        seq: head.seq,
        hash: head.hash,
    }
}
