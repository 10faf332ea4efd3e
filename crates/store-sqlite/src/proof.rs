//! Checkpoints, segments, and what goes out of the audit.

use kleis_store::{ChainHead, ProofRead, ProofTx, StoreError, StoredCheckpoint, StoredSegment};
use kleis_types::Identifier;

use crate::{
    link::Link,
    row::{Row, integer},
    schema::Schema,
    session::{Session, Tx},
};

struct HeadRow {
    chain: String,
    seq: i64,
    hash: Vec<u8>,
}

impl TryFrom<HeadRow> for ChainHead {
    type Error = StoreError;

    fn try_from(head: HeadRow) -> Result<Self, StoreError> {
        let row = Row::new("audit", &head.chain);
        Ok(Self {
            seq: row.unsigned("seq", head.seq)?,
            hash: row.hash("hash", &head.hash)?,
            chain: head.chain,
        })
    }
}

struct CheckpointRow {
    seq: i64,
    is_full: i64,
    token: String,
}

impl TryFrom<CheckpointRow> for StoredCheckpoint {
    type Error = StoreError;

    fn try_from(checkpoint: CheckpointRow) -> Result<Self, StoreError> {
        let row = Row::new("checkpoints", &checkpoint.seq);
        Ok(Self {
            seq: row.unsigned("seq", checkpoint.seq)?,
            full: checkpoint.is_full == 1,
            token: checkpoint.token,
        })
    }
}

struct SegmentRow {
    chain: String,
    first_seq: i64,
    last_seq: i64,
    last_hash: Vec<u8>,
    token: String,
}

impl TryFrom<SegmentRow> for StoredSegment {
    type Error = StoreError;

    fn try_from(segment: SegmentRow) -> Result<Self, StoreError> {
        let row = Row::new("audit_segments", &segment.chain);
        Ok(Self {
            first: row.unsigned("first_seq", segment.first_seq)?,
            last: row.unsigned("last_seq", segment.last_seq)?,
            head: row.hash("last_hash", &segment.last_hash)?,
            chain: segment.chain,
            token: segment.token,
        })
    }
}

impl<D: Schema, M: Send> ProofRead for Session<D, M> {
    async fn heads_since(&mut self, mark: u64) -> Result<(Vec<ChainHead>, u64), StoreError> {
        let since = integer(mark);
        // One process writes at a time, so rows appear in the order of their ids.
        let newest = sqlx::query_scalar!("SELECT COALESCE(MAX(id), 0) AS \"id!: i64\" FROM audit")
            .fetch_one(self.link.next()?)
            .await;
        let newest = self.link.done(newest)?;
        let newest = Row::new("audit", &newest).unsigned("id", newest)?;
        let heads = if mark == 0 {
            all_heads(&mut self.link).await?
        } else {
            let moved = sqlx::query_as!(
                HeadRow,
                "SELECT audit.chain, audit.seq, audit.hash FROM \
                 (SELECT chain, MAX(seq) AS seq FROM audit WHERE id > ? GROUP BY chain) AS moved \
                 JOIN audit ON audit.chain = moved.chain AND audit.seq = moved.seq \
                 ORDER BY audit.chain",
                since
            )
            .fetch_all(self.link.next()?)
            .await;
            self.link.records(moved)?
        };
        // Archived rows may have been the newest.
        Ok((heads, mark.max(newest)))
    }

    async fn row_hash(&mut self, chain: &str, seq: u64) -> Result<Option<[u8; 32]>, StoreError> {
        let seq = integer(seq);
        let found = sqlx::query_as!(
            HeadRow,
            "SELECT chain, seq, hash FROM audit WHERE chain = ? AND seq = ?",
            chain,
            seq
        )
        .fetch_optional(self.link.next()?)
        .await;
        let found: Option<ChainHead> = self.link.record(found)?;
        Ok(found.map(|head| head.hash))
    }

    async fn chain_length(&mut self, chain: &str) -> Result<u64, StoreError> {
        let last = sqlx::query_scalar!(
            "SELECT MAX( \
             COALESCE((SELECT MAX(seq) FROM audit WHERE chain = ?1), 0), \
             COALESCE((SELECT MAX(last_seq) FROM audit_segments WHERE chain = ?1), 0) \
             ) AS \"last!: i64\"",
            chain
        )
        .fetch_one(self.link.next()?)
        .await;
        let last = self.link.done(last)?;
        Row::new("audit", &chain).unsigned("seq", last)
    }

    async fn checkpoints(
        &mut self,
        after: u64,
        limit: u32,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let after = integer(after);
        let found = sqlx::query_as!(
            CheckpointRow,
            "SELECT seq, is_full, token FROM checkpoints WHERE seq > ? ORDER BY seq LIMIT ?",
            after,
            limit
        )
        .fetch_all(self.link.next()?)
        .await;
        self.link.records(found)
    }

    async fn newest_checkpoint(
        &mut self,
        full: bool,
    ) -> Result<Option<StoredCheckpoint>, StoreError> {
        let found = if full {
            sqlx::query_as!(
                CheckpointRow,
                "SELECT seq, is_full, token FROM checkpoints WHERE is_full = 1 \
                 ORDER BY seq DESC LIMIT 1"
            )
            .fetch_optional(self.link.next()?)
            .await
        } else {
            sqlx::query_as!(
                CheckpointRow,
                "SELECT seq, is_full, token FROM checkpoints ORDER BY seq DESC LIMIT 1"
            )
            .fetch_optional(self.link.next()?)
            .await
        };
        self.link.record(found)
    }

    async fn segments(
        &mut self,
        chain: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<StoredSegment>, StoreError> {
        let after = integer(after);
        let found = sqlx::query_as!(
            SegmentRow,
            "SELECT chain, first_seq, last_seq, last_hash, token FROM audit_segments \
             WHERE chain = ? AND last_seq > ? ORDER BY first_seq LIMIT ?",
            chain,
            after,
            limit
        )
        .fetch_all(self.link.next()?)
        .await;
        self.link.records(found)
    }
}

/// The heads of all chains: from one chain's name to the next in the index, without reading the
/// rows between.
async fn all_heads(link: &mut Link) -> Result<Vec<ChainHead>, StoreError> {
    let heads = sqlx::query_as!(
        HeadRow,
        "WITH RECURSIVE names (chain) AS ( \
         SELECT MIN(chain) FROM audit UNION ALL \
         SELECT (SELECT MIN(audit.chain) FROM audit WHERE audit.chain > names.chain) \
         FROM names WHERE names.chain IS NOT NULL) \
         SELECT audit.chain AS \"chain!: String\", audit.seq AS \"seq!: i64\", \
         audit.hash AS \"hash!: Vec<u8>\" FROM names CROSS JOIN audit \
         ON audit.chain = names.chain \
         AND audit.seq = (SELECT MAX(seq) FROM audit AS last WHERE last.chain = names.chain) \
         ORDER BY audit.chain"
    )
    .fetch_all(link.next()?)
    .await;
    link.records(heads)
}

impl<D: Schema> ProofTx for Tx<D> {
    async fn append_checkpoint(&mut self, checkpoint: &StoredCheckpoint) -> Result<(), StoreError> {
        let seq = integer(checkpoint.seq);
        let inserted = sqlx::query!(
            "INSERT INTO checkpoints (seq, is_full, token) VALUES (?, ?, ?)",
            seq,
            checkpoint.full,
            checkpoint.token
        )
        .execute(self.link.next()?)
        .await;
        self.link
            .done_unless("a checkpoint of this number", inserted)
            .map(drop)
    }

    async fn record_segment(
        &mut self,
        segment: &StoredSegment,
        kept: &[u64],
    ) -> Result<(), StoreError> {
        let (first, last) = (integer(segment.first), integer(segment.last));
        let head = &segment.head[..];
        let inserted = sqlx::query!(
            "INSERT INTO audit_segments (chain, first_seq, last_seq, last_hash, token) \
             VALUES (?, ?, ?, ?, ?)",
            segment.chain,
            first,
            last,
            head,
            segment.token
        )
        .execute(self.link.next()?)
        .await;
        self.link
            .done_unless("a segment that begins there", inserted)?;
        self.mode.duty.wrote();
        // From one kept row to the next.
        let mut from = segment.first;
        for stays in kept.iter().copied().chain([segment.last + 1]) {
            remove(&mut self.link, &segment.chain, from, stays).await?;
            from = stays + 1;
        }
        Ok(())
    }

    async fn forget_person(&mut self, person: &Identifier) -> Result<Option<String>, StoreError> {
        let person = person.to_string();
        let removed = sqlx::query_scalar!(
            "DELETE FROM pseudonyms WHERE person = ? RETURNING pseudonym",
            person
        )
        .fetch_optional(self.link.next()?)
        .await;
        let removed = self.link.done(removed)?;
        if removed.is_some() {
            self.mode.duty.wrote();
        }
        Ok(removed)
    }
}

/// Removes the rows from `from` to the one before `to`.
async fn remove(link: &mut Link, chain: &str, from: u64, to: u64) -> Result<(), StoreError> {
    let (from, to) = (integer(from), integer(to));
    let removed = sqlx::query!(
        "DELETE FROM audit WHERE chain = ? AND seq >= ? AND seq < ?",
        chain,
        from,
        to
    )
    .execute(link.next()?)
    .await;
    link.done(removed).map(drop)
}
