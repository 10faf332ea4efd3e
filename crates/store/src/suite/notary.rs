//! Tokens for the cases: a text with `signed` in front in the place of a signature.

use std::{collections::VecDeque, fmt::Write as _, io};

use kleis_types::base64url;

use super::{
    fixture::{at, event},
    perform::act,
};
use crate::{
    AuditEvent, ChainHead, EvidenceRead, EvidenceTx, ProofRead, ProofTx, Store, StoreError,
    StoredCheckpoint, StoredSegment,
    audit::{self, AuditReport, Checkpoint, Finding, ReadProofs, Segment, SinkLines},
    evidence::sha256,
    registry::RegistryStore,
};

/// Verifies the tokens of the cases.
pub(super) struct Notary;

/// Lines of a sink.
pub(super) struct Lines(VecDeque<String>);

impl SinkLines for Lines {
    fn next_line(&mut self) -> io::Result<Option<String>> {
        Ok(self.0.pop_front())
    }
}

/// The token of a checkpoint.
pub(super) fn sign(checkpoint: &Checkpoint) -> String {
    let Checkpoint {
        seq,
        previous,
        full,
        gap,
        heads,
    } = checkpoint;
    let previous = previous.map_or(String::new(), |hash| base64url::encode(&hash));
    let gap = gap.map_or(String::new(), |gap| gap.to_string());
    let mut token = format!("signed {seq},{previous},{full},{gap}");
    for ChainHead { chain, seq, hash } in heads {
        write!(token, " {chain},{seq},{}", base64url::encode(hash)).unwrap();
    }
    token
}

/// The token of a segment.
pub(super) fn sign_segment(segment: &Segment) -> String {
    let text = base64url::encode;
    let Segment {
        chain,
        first,
        last,
        before,
        head,
        kept,
    } = segment;
    let mut token = format!(
        "signed {chain},{first},{last},{},{}",
        text(before),
        text(head)
    );
    for (seq, hash) in kept {
        write!(token, " {seq},{}", text(hash)).unwrap();
    }
    token
}

fn hash(text: &str) -> Option<[u8; 32]> {
    base64url::decode_array(text).ok()
}

fn checkpoint(token: &str) -> Option<Checkpoint> {
    let mut parts = token.strip_prefix("signed ")?.split(' ');
    let fields: Vec<&str> = parts.next()?.split(',').collect();
    let [seq, previous, full, gap] = fields[..] else {
        return None;
    };
    let head = |part: &str| {
        let fields: Vec<&str> = part.split(',').collect();
        let [chain, seq, of] = fields[..] else {
            return None;
        };
        Some(ChainHead {
            chain: chain.to_owned(),
            seq: seq.parse().ok()?,
            hash: hash(of)?,
        })
    };
    Some(Checkpoint {
        seq: seq.parse().ok()?,
        previous: hash(previous),
        full: full == "true",
        gap: gap.parse().ok(),
        heads: parts.map(head).collect::<Option<_>>()?,
    })
}

fn segment(token: &str) -> Option<Segment> {
    let mut parts = token.strip_prefix("signed ")?.split(' ');
    let fields: Vec<&str> = parts.next()?.split(',').collect();
    let [chain, first, last, before, head] = fields[..] else {
        return None;
    };
    let kept = |part: &str| {
        let (seq, of) = part.split_once(',')?;
        Some((seq.parse().ok()?, hash(of)?))
    };
    Some(Segment {
        chain: chain.to_owned(),
        first: first.parse().ok()?,
        last: last.parse().ok()?,
        before: hash(before)?,
        head: hash(head)?,
        kept: parts.map(kept).collect::<Option<_>>()?,
    })
}

impl ReadProofs for Notary {
    fn checkpoint(&mut self, token: &str) -> Result<Checkpoint, String> {
        checkpoint(token).ok_or_else(|| "not signed".to_owned())
    }
    fn segment(&mut self, token: &str) -> Result<Segment, String> {
        segment(token).ok_or_else(|| "not signed".to_owned())
    }
}

/// Appends the next checkpoint, of everything, and gives its token.
pub(super) async fn checkpoint_now<S: RegistryStore>(store: &S) -> String {
    let mut reader = store.read().await.unwrap();
    let newest = reader.newest_checkpoint(false).await.unwrap();
    let (heads, _) = reader.heads_since(0).await.unwrap();
    drop(reader);
    let checkpoint = Checkpoint {
        seq: newest.as_ref().map_or(1, |newest| newest.seq + 1),
        previous: newest.map(|newest| sha256(newest.token.as_bytes())),
        full: true,
        gap: None,
        heads,
    };
    append(store, &checkpoint).await.unwrap()
}

/// Appends a checkpoint, and gives its token.
pub(super) async fn append<S: RegistryStore>(
    store: &S,
    checkpoint: &Checkpoint,
) -> Result<String, StoreError> {
    let token = sign(checkpoint);
    let stored = StoredCheckpoint {
        seq: checkpoint.seq,
        full: checkpoint.full,
        token: token.clone(),
    };
    act!(store, tx, [stored] { tx.append_checkpoint(&stored).await })?;
    Ok(token)
}

/// Archives the rows `first` to `last` of the chain `first`, but for those `kept`.
pub(super) async fn archive<S: RegistryStore>(
    store: &S,
    (first, last): (u64, u64),
    kept: &[u64],
) -> Result<(), StoreError> {
    let mut reader = store.read().await.unwrap();
    let rows = reader.audit_rows("first", 0, 1000).await.unwrap();
    drop(reader);
    let row = |seq| rows.iter().find(|row| row.seq == seq).unwrap();
    let segment = Segment {
        chain: "first".to_owned(),
        first,
        last,
        before: row(first).previous,
        head: row(last).hash,
        kept: kept.iter().map(|seq| (*seq, row(*seq).hash)).collect(),
    };
    let stored = StoredSegment {
        chain: "first".to_owned(),
        first,
        last,
        head: segment.head,
        token: sign_segment(&segment),
    };
    let kept = kept.to_vec();
    act!(store, tx, [stored, kept] {
        tx.record_segment(&stored, &kept).await?;
        tx.append_audit(&event()).await
    })
}

/// Appends a row about nothing.
pub(super) async fn row<S: RegistryStore>(store: &S, seconds: i64) {
    let event = AuditEvent {
        at: at(seconds),
        ..event()
    };
    act!(store, tx, [event] { tx.append_audit(&event).await }).unwrap();
}

/// What the whole proof shows, with these lines in the sink.
pub(super) async fn prove<S>(store: &S, sink: &[String]) -> AuditReport
where
    S: Store<Reader: ProofRead>,
{
    let mut lines = Lines(sink.iter().cloned().collect());
    let mut reader = store.read().await.unwrap();
    audit::prove(&mut reader, &mut Notary, Some(&mut lines))
        .await
        .unwrap()
}

/// What the whole proof finds without a sink.
pub(super) async fn findings<S>(store: &S) -> Vec<Finding>
where
    S: Store<Reader: ProofRead>,
{
    let mut reader = store.read().await.unwrap();
    let report = audit::prove(&mut reader, &mut Notary, None).await;
    report.unwrap().findings
}
