//! Somebody rewrites the whole database, and the checkpoints say so.

use super::{
    Backend, Database,
    fixture::{at, code, put_enrolment_code},
    notary::{append, archive, checkpoint_now, findings, prove, row},
};
use crate::{
    ProofRead, Store,
    audit::{self, AuditReport, Checkpoint, Finding},
    evidence::sha256,
    registry::EnrolmentCode,
};

/// A registry with three rows about two records, two checkpoints, and both in the sink.
async fn registry<B: Backend>() -> (B, Vec<String>) {
    let backend = B::fresh().await;
    let store = backend.registry();
    put_enrolment_code(store, &code("one")).await.unwrap();
    put_enrolment_code(store, &code("two")).await.unwrap();
    let first = checkpoint_now(store).await;
    row(store, 5).await;
    let second = checkpoint_now(store).await;
    (backend, vec![first, second])
}

fn chain() -> String {
    "first".to_owned()
}

pub async fn an_honest_database_with_its_sink_is_clean<B: Backend>() {
    let (backend, sink) = registry::<B>().await;
    let clean = AuditReport {
        chains: 1,
        rows: 3,
        records: 2,
        checkpoints: 2,
        ..AuditReport::default()
    };
    assert_eq!(prove(backend.registry(), &sink).await, clean);
    // A server that runs has written the newest one into its database alone.
    assert_eq!(prove(backend.registry(), &sink[..1]).await, clean);
    let torn = [&sink[0], &sink[1][..20], &sink[1]].map(ToOwned::to_owned);
    assert_eq!(prove(backend.registry(), &torn).await, clean);
    assert_eq!(prove(backend.registry(), &torn[..2]).await, clean);
    let twice = [&sink[0], &sink[0], &sink[1], &sink[1]].map(ToOwned::to_owned);
    assert_eq!(prove(backend.registry(), &twice).await, clean);
}

pub async fn a_chain_written_anew_shows<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    // Two histories of one chain, each with hashes that are good.
    let second = backend.second_registry().await;
    row(&second, 1).await;
    row(&second, 2).await;
    for step in [
        "CREATE TABLE kept AS SELECT * FROM audit",
        "DELETE FROM audit",
    ] {
        backend.tamper(Database::Registry, step).await;
    }
    let second = backend.second_registry().await;
    row(&second, 1).await;
    row(&second, 3).await;
    checkpoint_now(store).await;
    assert_eq!(findings(store).await, []);
    for step in ["DELETE FROM audit", "INSERT INTO audit SELECT * FROM kept"] {
        backend.tamper(Database::Registry, step).await;
    }
    let mut reader = store.read().await.unwrap();
    assert!(audit::verify(&mut reader).await.unwrap().is_clean());
    let (_, report) = audit::verify_newest(&mut reader, &mut super::notary::Notary)
        .await
        .unwrap();
    drop(reader);
    let expected = [Finding::Rewritten {
        chain: "second".to_owned(),
        seq: 2,
        checkpoint: 1,
    }];
    assert_eq!(findings(store).await, expected);
    assert_eq!(report.findings, expected, "a start tells it too");
}

pub async fn a_chain_cut_off_with_its_records_shows<B: Backend>() {
    let (backend, _) = registry::<B>().await;
    let store = backend.registry();
    for step in [
        "DELETE FROM audit WHERE seq > 1",
        "DELETE FROM enrolment_codes WHERE id = 'two'",
    ] {
        backend.tamper(Database::Registry, step).await;
    }
    let mut reader = store.read().await.unwrap();
    assert!(audit::verify(&mut reader).await.unwrap().is_clean());
    drop(reader);
    let cut = |from, to, checkpoint| Finding::CutOff {
        chain: chain(),
        from,
        to,
        checkpoint,
    };
    assert_eq!(findings(store).await, [cut(2, 3, 2)]);
    for step in ["DELETE FROM audit", "DELETE FROM enrolment_codes"] {
        backend.tamper(Database::Registry, step).await;
    }
    assert_eq!(findings(store).await, [cut(1, 3, 2)]);
}

pub async fn an_edited_checkpoint_shows<B: Backend>() {
    for (edit, reason) in [
        ("UPDATE checkpoints SET token = 'x' WHERE seq = 1", "signed"),
        (
            "UPDATE checkpoints SET is_full = 0 WHERE seq = 1",
            "the row says something else",
        ),
        (
            "UPDATE checkpoints SET token = (SELECT token FROM checkpoints WHERE seq = 2) \
             WHERE seq = 1",
            "the row says something else",
        ),
    ] {
        let (backend, sink) = registry::<B>().await;
        backend.tamper(Database::Registry, edit).await;
        let found = prove(backend.registry(), &sink).await.findings;
        let forged = found.iter().any(|finding| {
            matches!(finding, Finding::CheckpointForged { seq: 1, reason: said } if said.contains(reason))
        });
        assert!(forged, "{edit}: {found:?}");
        let differs = found.contains(&Finding::SinkDiffers { seq: 1 });
        assert_eq!(differs, edit.contains("token"), "{edit}: {found:?}");
    }
}

pub async fn a_removed_checkpoint_shows<B: Backend>() {
    for (seq, edit) in [
        (1, "DELETE FROM checkpoints WHERE seq = 1"),
        (2, "DELETE FROM checkpoints WHERE seq = 2"),
    ] {
        let (backend, mut sink) = registry::<B>().await;
        row(backend.registry(), 8).await;
        sink.push(checkpoint_now(backend.registry()).await);
        backend.tamper(Database::Registry, edit).await;
        let found = prove(backend.registry(), &sink).await.findings;
        let expected = [
            Finding::CheckpointsMissing { from: seq, to: seq },
            Finding::DatabaseLacks { from: seq, to: seq },
        ];
        assert_eq!(found, expected, "{edit}");
    }
}

pub async fn swapped_checkpoints_show<B: Backend>() {
    let (backend, sink) = registry::<B>().await;
    for step in [
        "UPDATE checkpoints SET seq = 1001 WHERE seq = 1",
        "UPDATE checkpoints SET seq = 1 WHERE seq = 2",
        "UPDATE checkpoints SET seq = 2 WHERE seq = 1001",
    ] {
        backend.tamper(Database::Registry, step).await;
    }
    let found = prove(backend.registry(), &sink).await.findings;
    for seq in [1, 2] {
        let forged = |finding: &Finding| matches!(finding, Finding::CheckpointForged { seq: at, .. } if *at == seq);
        assert!(found.iter().any(forged), "{found:?}");
    }
}

pub async fn a_checkpoint_that_follows_another_one_shows<B: Backend>() {
    let (backend, _) = registry::<B>().await;
    let store = backend.registry();
    let (heads, _) = store.read().await.unwrap().heads_since(0).await.unwrap();
    let stray = Checkpoint {
        seq: 3,
        previous: Some([1; 32]),
        full: true,
        gap: None,
        heads,
    };
    append(store, &stray).await.unwrap();
    assert_eq!(
        findings(store).await,
        [Finding::CheckpointOutOfOrder { seq: 3 }]
    );
}

pub async fn a_sink_rolled_back_shows<B: Backend>() {
    let (backend, mut sink) = registry::<B>().await;
    let store = backend.registry();
    row(store, 8).await;
    sink.push(checkpoint_now(store).await);
    let lacks = |from, to| Finding::SinkLacks { from, to };
    assert_eq!(prove(store, &sink[..1]).await.findings, [lacks(2, 3)]);
    assert_eq!(prove(store, &sink[1..]).await.findings, [lacks(1, 1)]);
    let holed = [sink[0].clone(), sink[2].clone()];
    assert_eq!(prove(store, &holed).await.findings, [lacks(2, 2)]);
    let swapped = [sink[1].clone(), sink[0].clone(), sink[2].clone()];
    assert_eq!(
        prove(store, &swapped).await.findings,
        [Finding::SinkOutOfOrder { seq: 1 }, lacks(1, 1)]
    );
    let forged = [sink[0].clone(), "forged".to_owned(), sink[1].clone()];
    let found = prove(store, &forged).await.findings;
    assert!(
        matches!(&found[..], [Finding::SinkForged { place, .. }] if place == "line 2"),
        "{found:?}"
    );
}

/// A database that was put back from before its second checkpoint.
async fn rolled_back<B: Backend>() -> (B, Vec<String>) {
    let (backend, sink) = registry::<B>().await;
    for step in [
        "DELETE FROM checkpoints WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 3",
    ] {
        backend.tamper(Database::Registry, step).await;
    }
    (backend, sink)
}

pub async fn a_database_older_than_its_sink_shows<B: Backend>() {
    let (backend, sink) = rolled_back::<B>().await;
    let store = backend.registry();
    assert_eq!(findings(store).await, [], "by itself it is honest");
    let lacks = Finding::DatabaseLacks { from: 2, to: 2 };
    assert_eq!(prove(store, &sink).await.findings, [lacks]);
    // It went on without looking at the sink.
    let second = backend.second_registry().await;
    row(&second, 9).await;
    checkpoint_now(&second).await;
    assert_eq!(
        prove(store, &sink).await.findings,
        [Finding::SinkDiffers { seq: 2 }]
    );
}

pub async fn a_loss_that_was_accepted_does_not_show_again<B: Backend>() {
    let (backend, mut sink) = rolled_back::<B>().await;
    let store = backend.registry();
    let second = backend.second_registry().await;
    put_enrolment_code(
        &second,
        &EnrolmentCode {
            expires_at: at(1),
            ..code("three")
        },
    )
    .await
    .unwrap();
    let (heads, _) = store.read().await.unwrap().heads_since(0).await.unwrap();
    let accepting = Checkpoint {
        seq: 3,
        previous: Some(sha256(sink[1].as_bytes())),
        full: true,
        gap: Some(1),
        heads: heads.clone(),
    };
    sink.push(append(store, &accepting).await.unwrap());
    assert_eq!(prove(store, &sink).await.findings, []);
    let next = Checkpoint {
        seq: 4,
        previous: Some(sha256(sink[2].as_bytes())),
        gap: None,
        ..accepting
    };
    sink.push(append(store, &next).await.unwrap());
    assert_eq!(prove(store, &sink).await.findings, []);
    // What was lost before the gap was not accepted with it.
    backend
        .tamper(Database::Registry, "DELETE FROM checkpoints WHERE seq = 1")
        .await;
    assert_eq!(
        prove(store, &sink).await.findings,
        [
            Finding::CheckpointsMissing { from: 1, to: 1 },
            Finding::DatabaseLacks { from: 1, to: 2 },
        ]
    );
}

/// A registry whose first three rows are archived; the row of the record `one` has stayed.
async fn archived<B: Backend>() -> B {
    let backend = B::fresh().await;
    let store = backend.registry();
    put_enrolment_code(store, &code("one")).await.unwrap();
    row(store, 1).await;
    row(store, 2).await;
    checkpoint_now(store).await;
    row(store, 3).await;
    archive(store, (1, 3), &[1]).await.unwrap();
    checkpoint_now(store).await;
    backend
}

pub async fn an_archived_audit_is_proven_from_its_segment_on<B: Backend>() {
    let backend = archived::<B>().await;
    let store = backend.registry();
    let report = prove(store, &[]).await;
    assert_eq!((report.rows, report.records), (3, 1));
    let lacks = Finding::SinkLacks { from: 1, to: 2 };
    assert_eq!(report.findings, [lacks], "nothing but the empty sink");
    let mut reader = store.read().await.unwrap();
    let blind = audit::verify(&mut reader).await.unwrap().findings;
    assert_eq!(
        blind,
        [Finding::Missing {
            chain: chain(),
            from: 2,
            to: 3
        }]
    );
}

pub async fn a_segment_that_is_tampered_with_shows<B: Backend>() {
    let missing = |from, to| Finding::Missing {
        chain: chain(),
        from,
        to,
    };
    for (tamper, expected) in [
        ("DELETE FROM audit_segments", missing(2, 3)),
        ("UPDATE audit_segments SET token = 'x'", missing(2, 3)),
        ("UPDATE audit_segments SET last_seq = 4", missing(2, 3)),
        ("DELETE FROM audit WHERE seq = 1", missing(1, 1)),
        (
            "INSERT INTO audit SELECT id + 100, chain, 2, at, previous, action, actor, resource, \
             resource_version, resource_digest, outcome, order_digest, trace_id, details, hash \
             FROM audit WHERE seq = 4",
            Finding::NotKept {
                chain: chain(),
                seq: 2,
            },
        ),
        (
            "UPDATE audit SET hash = previous WHERE seq = 1",
            Finding::NotKept {
                chain: chain(),
                seq: 1,
            },
        ),
    ] {
        let backend = archived::<B>().await;
        assert_eq!(findings(backend.registry()).await, []);
        backend.tamper(Database::Registry, tamper).await;
        let found = findings(backend.registry()).await;
        assert!(found.contains(&expected), "{tamper}: {found:?}");
    }
}
