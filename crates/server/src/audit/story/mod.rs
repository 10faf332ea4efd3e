//! The story of an order, or of a record: who asked for what, signed how, and whether the
//! certificate was good *then*.
//!
//! | module | what |
//! |---|---|
//! | `order` | an order that was kept, and whether it holds |
//! | `mask` | what is shown without asking for persons |
//! | `text` | the story for people |

mod mask;
mod order;
mod text;

pub(crate) use mask::Mask;
pub(crate) use order::Judge;

use std::collections::BTreeSet;

use kleis_jose::digest;
use kleis_registration::certificate_history;
use kleis_store::{
    AuditFilter, AuditSpan, EvidenceRead, StoreError, StoredAuditRow, StoredOrder, audit_row_hash,
    registry::RegistryRead,
};
use kleis_types::{Service, Timestamp, base64url};
use serde::Serialize;

use self::order::OrderStory;

/// How many rows are read at a time.
const PAGE: u32 = 500;

/// What the story is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// The order of this `jti`.
    Order(String),
    /// The record, or whatever the audit calls so.
    Resource(String),
}

/// An audit row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RowStory {
    chain: String,
    seq: u64,
    at: Timestamp,
    action: String,
    actor: String,
    resource: String,
    resource_version: u64,
    outcome: String,
    details: String,
    trace_id: String,
    order_digest: String,
    /// Whether its hash is that of what stands in it. Whether rows are missing is for `kleisd audit
    /// verify` to say.
    is_intact: bool,
}

/// What one database tells.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Chapter {
    /// `registry`, `custody` or `sts`.
    pub(crate) database: &'static str,
    rows: Vec<RowStory>,
    orders: Vec<OrderStory>,
    /// Orders whose row cannot be read any more.
    unreadable: u64,
}

/// A story.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Story {
    pub(crate) about: String,
    pub(crate) chapters: Vec<Chapter>,
}

impl Story {
    /// Whether anything is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.chapters.iter().all(Chapter::is_empty)
    }

    /// How many things have been tampered with.
    pub(crate) fn findings(&self) -> u64 {
        self.chapters.iter().map(Chapter::findings).sum()
    }
}

impl Chapter {
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.orders.is_empty() && self.unreadable == 0
    }

    fn findings(&self) -> u64 {
        let edited = self.rows.iter().filter(|row| !row.is_intact).count() as u64;
        let orders: u64 = self.orders.iter().map(OrderStory::findings).sum();
        edited + orders + self.unreadable
    }
}

/// Reads what one database tells. The certificates of those who signed stand in the registry.
pub(crate) async fn read<E: EvidenceRead, R: RegistryRead>(
    (name, service): (&'static str, Service),
    evidence: &mut E,
    registry: &mut R,
    subject: &Subject,
    judge: &Judge<'_>,
) -> Result<Chapter, StoreError> {
    let mut unreadable = 0;
    let (rows, kept) = match subject {
        Subject::Order(jti) => {
            let kept = readable(evidence.order(jti).await, &mut unreadable)?;
            let digests: BTreeSet<_> = kept
                .iter()
                .flat_map(|kept| [kept.digest, digest::sha256(kept.compact.as_bytes())])
                .collect();
            let alarm = format!("order:{jti}");
            let rows = rows(evidence, |row| {
                row.resource == alarm || digests.iter().any(|digest| digest[..] == row.order_digest)
            });
            (rows.await?, kept.into_iter().collect())
        }
        Subject::Resource(resource) => {
            let rows = rows_about(evidence, resource).await?;
            let kept = orders_of(evidence, &rows, &mut unreadable).await?;
            (rows, kept)
        }
    };
    let mut orders = Vec::new();
    for kept in kept {
        let looked = judge.look(&kept);
        let history = match looked.x5t() {
            Some(x5t) => certificate_history(registry, x5t, judge.now).await?,
            None => None,
        };
        orders.push(judge.tell(kept, looked, history.as_ref(), service));
    }
    Ok(Chapter {
        database: name,
        rows: rows.into_iter().map(|row| tell(row, judge.mask)).collect(),
        orders,
        unreadable,
    })
}

/// The orders that rows name, each once, in the order of the rows.
async fn orders_of<E: EvidenceRead>(
    evidence: &mut E,
    rows: &[StoredAuditRow],
    unreadable: &mut u64,
) -> Result<Vec<StoredOrder>, StoreError> {
    let (mut seen, mut orders) = (BTreeSet::new(), Vec::new());
    for row in rows {
        let Ok(digest) = <[u8; 32]>::try_from(&row.order_digest[..]) else {
            continue;
        };
        if seen.insert(digest) {
            orders.extend(readable(
                evidence.order_of_digest(&digest).await,
                unreadable,
            )?);
        }
    }
    Ok(orders)
}

/// Counts what is there and is no row of ours.
fn readable<T>(
    found: Result<Option<T>, StoreError>,
    unreadable: &mut u64,
) -> Result<Option<T>, StoreError> {
    match found {
        Err(StoreError::Inconsistent { .. }) => {
            *unreadable += 1;
            Ok(None)
        }
        found => found,
    }
}

/// The rows about a resource, as they were written.
async fn rows_about<E: EvidenceRead>(
    evidence: &mut E,
    resource: &str,
) -> Result<Vec<StoredAuditRow>, StoreError> {
    let filter = AuditFilter {
        resource: Some(resource.to_owned()),
        ..AuditFilter::default()
    };
    let (mut found, mut span) = (Vec::new(), AuditSpan::ALL);
    loop {
        let page = evidence.audit_page(&filter, span, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(found);
        };
        span.after = last.place;
        found.extend(page.into_iter().map(|placed| placed.row));
    }
}

/// The rows that are wanted, of all chains.
async fn rows<E: EvidenceRead>(
    evidence: &mut E,
    wanted: impl Fn(&StoredAuditRow) -> bool + Send + Sync,
) -> Result<Vec<StoredAuditRow>, StoreError> {
    let mut found = Vec::new();
    for chain in evidence.chains().await? {
        let mut after = 0;
        loop {
            let page = evidence.audit_rows(&chain, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            found.extend(page.into_iter().filter(&wanted));
        }
    }
    Ok(found)
}

fn tell(row: StoredAuditRow, mask: Mask<'_>) -> RowStory {
    RowStory {
        is_intact: audit_row_hash(&row) == row.hash,
        actor: mask.text(&row.actor),
        resource: mask.text(&row.resource),
        details: mask.text(&row.details),
        order_digest: base64url::encode(&row.order_digest),
        chain: row.chain,
        seq: row.seq,
        at: row.at,
        action: row.action,
        resource_version: row.resource_version,
        outcome: row.outcome,
        trace_id: row.trace_id,
    }
}
