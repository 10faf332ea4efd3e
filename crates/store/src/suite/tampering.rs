//! Somebody goes past the store, and the proof of the audit says where.

use kleis_types::{CertificateState, GrantState};

use super::{
    Backend, Database,
    fixture::{
        DOCTOR, PERSON, PLATFORM, allocate, at, certificate, code, encryption_key, insert_records,
        put_certificate, put_encryption_key, put_enrolment_code, put_registrant, put_role_grant,
        put_wrapping_key, record, registrant, role_grant, update_record, wrapping_key,
    },
};
use crate::{
    Audited, Store,
    audit::{self, AuditReport, Finding},
    custody::Record,
    registry::{Certificate, RoleGrant},
};

/// A registry with 7 audit rows about 6 records, one of which has changed.
async fn registry<B: Backend>() -> B {
    let backend = B::fresh().await;
    let store = backend.registry();
    allocate(store, 2).await;
    put_registrant(store, &registrant(DOCTOR)).await.unwrap();
    put_registrant(store, &registrant(PLATFORM)).await.unwrap();
    put_enrolment_code(store, &code("one")).await.unwrap();
    put_certificate(store, &certificate("01", 0)).await.unwrap();
    put_encryption_key(store, &encryption_key("kid", 1))
        .await
        .unwrap();
    backend
}

async fn revoke<B: Backend>(backend: &B) {
    let revoked = Certificate {
        state: CertificateState::Revoked,
        revoked_at: Some(at(9)),
        version: 2,
        ..certificate("01", 0)
    };
    put_certificate(backend.registry(), &revoked).await.unwrap();
}

async fn verify<S: Store<Reader: crate::ProofRead>>(store: &S) -> AuditReport {
    audit::verify(&mut store.read().await.unwrap())
        .await
        .unwrap()
}

fn chain() -> String {
    "first".to_owned()
}

pub async fn an_honest_database_is_clean<B: Backend>() {
    let backend = registry::<B>().await;
    revoke(&backend).await;
    let second = backend.second_registry().await;
    put_enrolment_code(&second, &code("two")).await.unwrap();
    let report = verify(backend.registry()).await;
    let clean = AuditReport {
        chains: 2,
        rows: 8,
        records: 6,
        ..AuditReport::default()
    };
    assert_eq!(report, clean);
    assert_eq!(verify(backend.custody()).await, AuditReport::default());
}

pub async fn an_edited_row_shows<B: Backend>() {
    let edits = [
        "UPDATE audit SET details = 'nothing' WHERE seq = 3",
        "UPDATE audit SET at = at + 1 WHERE seq = 3",
        "UPDATE audit SET actor = 'unknown' WHERE seq = 3",
        "UPDATE audit SET outcome = 'REFUSED' WHERE seq = 3",
        "UPDATE audit SET trace_id = 'abc' WHERE seq = 3",
        "UPDATE audit SET action = 'suite.other' WHERE seq = 3",
    ];
    for edit in edits {
        let backend = registry::<B>().await;
        backend.tamper(Database::Registry, edit).await;
        let report = verify(backend.registry()).await;
        assert_eq!(
            report.findings,
            [Finding::Edited {
                chain: chain(),
                seq: 3
            }],
            "{edit}"
        );
    }
}

pub async fn a_row_edited_with_its_hash_shows<B: Backend>() {
    let backend = registry::<B>().await;
    // The hash of another row is a good hash as such.
    let edit = "UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 5) WHERE seq = 3";
    backend.tamper(Database::Registry, edit).await;
    let findings = verify(backend.registry()).await.findings;
    let expected = [
        Finding::Edited {
            chain: chain(),
            seq: 3,
        },
        Finding::OutOfOrder {
            chain: chain(),
            seq: 4,
        },
    ];
    assert_eq!(findings, expected);
}

pub async fn a_removed_row_shows<B: Backend>() {
    let backend = registry::<B>().await;
    backend
        .tamper(
            Database::Registry,
            "DELETE FROM audit WHERE seq IN (1, 3, 4)",
        )
        .await;
    let findings = verify(backend.registry()).await.findings;
    let chain_findings: Vec<_> = findings
        .iter()
        .filter(|finding| !matches!(finding, Finding::Unaudited { .. }))
        .cloned()
        .collect();
    let missing = |from, to| Finding::Missing {
        chain: chain(),
        from,
        to,
    };
    assert_eq!(chain_findings, [missing(1, 1), missing(3, 4)]);
    // The records that the removed rows spoke of stand there without a witness.
    let resources: Vec<_> = findings
        .iter()
        .filter_map(|finding| match finding {
            Finding::Unaudited {
                resource,
                version: 1,
            } => Some(resource.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        resources,
        [code("one").resource(), registrant(PLATFORM).resource()]
    );
}

pub async fn reordered_rows_show<B: Backend>() {
    let backend = registry::<B>().await;
    for step in [
        "UPDATE audit SET seq = 1003 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 1003",
    ] {
        backend.tamper(Database::Registry, step).await;
    }
    let findings = verify(backend.registry()).await.findings;
    for seq in [3, 4] {
        assert!(
            findings.contains(&Finding::Edited {
                chain: chain(),
                seq
            }),
            "{findings:?}"
        );
        assert!(
            findings.contains(&Finding::OutOfOrder {
                chain: chain(),
                seq
            }),
            "{findings:?}"
        );
    }
}

pub async fn a_record_rolled_back_shows<B: Backend>() {
    let backend = registry::<B>().await;
    // A whole row, kept from before the revocation and put back as it was.
    backend
        .tamper(
            Database::Registry,
            "CREATE TABLE kept AS SELECT * FROM certificates",
        )
        .await;
    revoke(&backend).await;
    backend
        .tamper(Database::Registry, "DELETE FROM certificates")
        .await;
    backend
        .tamper(
            Database::Registry,
            "INSERT INTO certificates SELECT * FROM kept",
        )
        .await;
    let findings = verify(backend.registry()).await.findings;
    let resource = certificate("01", 0).resource();
    assert_eq!(
        findings,
        [Finding::RolledBack {
            resource,
            version: 1,
            audited: 2
        }]
    );
}

pub async fn a_role_put_back_shows<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let granted = role_grant(PERSON);
    put_role_grant(store, &granted).await.unwrap();
    backend
        .tamper(
            Database::Registry,
            "CREATE TABLE kept AS SELECT * FROM role_grants",
        )
        .await;
    let withdrawn = RoleGrant {
        state: GrantState::Withdrawn,
        version: 2,
        ..granted.clone()
    };
    put_role_grant(store, &withdrawn).await.unwrap();
    for statement in [
        "DELETE FROM role_grants",
        "INSERT INTO role_grants SELECT * FROM kept",
    ] {
        backend.tamper(Database::Registry, statement).await;
    }
    let rolled_back = Finding::RolledBack {
        resource: granted.resource(),
        version: 1,
        audited: 2,
    };
    assert_eq!(verify(store).await.findings, [rolled_back]);
}

pub async fn a_key_in_custody_rolled_back_shows<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.custody();
    put_wrapping_key(store, &wrapping_key("wk", 1))
        .await
        .unwrap();
    insert_records(store, &[record("a"), record("b")])
        .await
        .unwrap();
    backend
        .tamper(
            Database::Custody,
            "CREATE TABLE kept AS SELECT * FROM records",
        )
        .await;
    let read = Record {
        reads: 1,
        version: 2,
        mac: [9; 32],
        ..record("a")
    };
    update_record(store, &read).await.unwrap();
    assert!(verify(store).await.is_clean());
    backend
        .tamper(Database::Custody, "DELETE FROM records")
        .await;
    backend
        .tamper(Database::Custody, "INSERT INTO records SELECT * FROM kept")
        .await;
    let findings = verify(store).await.findings;
    let resource = record("a").resource();
    assert_eq!(
        findings,
        [Finding::RolledBack {
            resource,
            version: 1,
            audited: 2
        }]
    );
}

pub async fn an_altered_record_shows<B: Backend>() {
    let alterations = [
        (
            "UPDATE certificates SET owner = 'SSIN:85073003328'",
            certificate("01", 0).resource(),
        ),
        (
            "UPDATE certificates SET not_after = not_after + 1",
            certificate("01", 0).resource(),
        ),
        (
            "UPDATE certificates SET jkt = 'mine'",
            certificate("01", 0).resource(),
        ),
        (
            "UPDATE encryption_keys SET jwk = '{}'",
            encryption_key("kid", 1).resource(),
        ),
        (
            "UPDATE encryption_keys SET state = 'ACTIVE'",
            encryption_key("kid", 1).resource(),
        ),
        (
            "UPDATE enrolment_codes SET attempts_left = 99",
            code("one").resource(),
        ),
    ];
    for (alteration, resource) in alterations {
        let backend = registry::<B>().await;
        backend.tamper(Database::Registry, alteration).await;
        let findings = verify(backend.registry()).await.findings;
        assert_eq!(
            findings,
            [Finding::Altered {
                resource,
                version: 1
            }],
            "{alteration}"
        );
    }
}

pub async fn a_record_added_past_the_store_shows<B: Backend>() {
    let backend = registry::<B>().await;
    let add = "INSERT INTO enrolment_codes (id, identifier, verifier, expires_at, attempts_left, \
               used_at, version) SELECT 'mine', identifier, verifier, expires_at, attempts_left, \
               used_at, version FROM enrolment_codes";
    backend.tamper(Database::Registry, add).await;
    let findings = verify(backend.registry()).await.findings;
    assert_eq!(
        findings,
        [Finding::Unaudited {
            resource: code("mine").resource(),
            version: 1
        }]
    );
    let newer = "UPDATE enrolment_codes SET version = 2 WHERE id = 'one'";
    backend.tamper(Database::Registry, newer).await;
    let findings = verify(backend.registry()).await.findings;
    let resource = code("one").resource();
    assert!(
        findings.contains(&Finding::Unaudited {
            resource,
            version: 2
        }),
        "{findings:?}"
    );
}

pub async fn a_removed_record_shows<B: Backend>() {
    let backend = registry::<B>().await;
    backend
        .tamper(Database::Registry, "DELETE FROM encryption_keys")
        .await;
    let findings = verify(backend.registry()).await.findings;
    let resource = encryption_key("kid", 1).resource();
    assert_eq!(findings, [Finding::Vanished { resource }]);
}

pub async fn nothing_hides_between_pages<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.custody();
    put_wrapping_key(store, &wrapping_key("wk", 1))
        .await
        .unwrap();
    // More than two pages of rows and of records.
    for hundred in 0..11 {
        let name = |number| record(&format!("{hundred:02}-{number:02}"));
        insert_records(store, &(0..100).map(name).collect::<Vec<_>>())
            .await
            .unwrap();
    }
    let clean = AuditReport {
        chains: 1,
        rows: 1101,
        records: 1101,
        ..AuditReport::default()
    };
    assert_eq!(verify(store).await, clean);

    // The names are in base64url; their order is not that of the numbers.
    for step in [
        "UPDATE audit SET details = 'x' WHERE seq IN (500, 501, 1101)",
        "DELETE FROM records WHERE key_id IN ((SELECT min(key_id) FROM records), \
         (SELECT max(key_id) FROM records))",
        "DELETE FROM records WHERE key_id IN \
         (SELECT key_id FROM records ORDER BY key_id LIMIT 3 OFFSET 498)",
    ] {
        backend.tamper(Database::Custody, step).await;
    }
    let report = verify(store).await;
    let edited = |finding: &&Finding| matches!(finding, Finding::Edited { .. });
    let vanished = |finding: &&Finding| matches!(finding, Finding::Vanished { .. });
    assert_eq!(
        report.findings.iter().filter(edited).count(),
        3,
        "{:?}",
        report.findings
    );
    assert_eq!(
        report.findings.iter().filter(vanished).count(),
        5,
        "{:?}",
        report.findings
    );
    assert_eq!((report.findings.len(), report.records), (8, 1096));

    // What is not listed is counted.
    backend
        .tamper(Database::Custody, "UPDATE audit SET details = 'y'")
        .await;
    let report = verify(store).await;
    assert_eq!((report.findings.len(), report.unlisted), (1000, 106));
}
