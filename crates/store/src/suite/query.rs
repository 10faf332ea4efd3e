//! What auditors ask for.

use super::{
    Backend,
    fixture::{DOCTOR, PERSON, PLATFORM_KGSS, at, event, id},
    notary::archive,
    perform::act,
};
use crate::{
    Actor, AuditEvent, AuditFilter, AuditOutcome, AuditSpan, EvidenceRead, EvidenceTx, ProofTx,
    Store, StoreError, registry::RegistryStore,
};

const EVERYTHING: AuditSpan = AuditSpan {
    after: 0,
    to: u64::MAX,
};

async fn append<S: RegistryStore>(store: &S, event: &AuditEvent) -> Result<(), StoreError> {
    act!(store, tx, [event] { tx.append_audit(&event).await })
}

/// Of each row that is found its place and its details.
async fn found<S: RegistryStore>(
    store: &S,
    filter: &AuditFilter,
    span: AuditSpan,
    limit: u32,
) -> Vec<(u64, String)> {
    let mut reader = store.read().await.unwrap();
    let page = reader.audit_page(filter, span, limit).await.unwrap();
    page.into_iter()
        .map(|placed| (placed.place, placed.row.details))
        .collect()
}

async fn names<S: RegistryStore>(store: &S, filter: &AuditFilter) -> Vec<String> {
    let found = found(store, filter, EVERYTHING, 100).await;
    found.into_iter().map(|(_, name)| name).collect()
}

/// Six rows of two processes, by name; `late` was written before `c`, by a clock that was ahead.
async fn history<B: Backend>(backend: &B) -> B::Registry {
    let second = backend.second_registry().await;
    let named = |name: &str, seconds| AuditEvent {
        at: at(seconds),
        details: name.to_owned(),
        ..event()
    };
    let person = Actor::Person(id(PERSON));
    for (is_first, event) in [
        (
            true,
            AuditEvent {
                action: "custody.get_key",
                actor: person,
                ..named("a", 10)
            },
        ),
        (
            false,
            AuditEvent {
                resource: "key:a".to_owned(),
                ..named("b", 20)
            },
        ),
        (
            true,
            AuditEvent {
                outcome: AuditOutcome::Refused,
                ..named("late", 60)
            },
        ),
        (
            true,
            AuditEvent {
                action: "custody.get_keys",
                ..named("c", 30)
            },
        ),
        (
            false,
            AuditEvent {
                actor: Actor::Organisation(id(PLATFORM_KGSS)),
                ..named("d", 40)
            },
        ),
        (
            true,
            AuditEvent {
                resource: "key:a".to_owned(),
                resource_version: 1,
                resource_digest: Some([1; 32]),
                action: "registration.custody",
                ..named("e", 50)
            },
        ),
    ] {
        let store = if is_first {
            backend.registry()
        } else {
            &second
        };
        append(store, &event).await.unwrap();
    }
    second
}

/// A filter from the names of its fields and their values.
fn by(fields: &[(&str, &str)]) -> AuditFilter {
    let mut filter = AuditFilter::default();
    for (name, value) in fields {
        let text = Some((*value).to_owned());
        match *name {
            "chain" => filter.chain = text,
            "action" => filter.action = text,
            "actor" => filter.actor = text,
            "resource" => filter.resource = text,
            "refused" => filter.outcome = Some(AuditOutcome::Refused),
            "alarm" => filter.outcome = Some(AuditOutcome::Alarm),
            "since" => filter.since = Some(at(value.parse().unwrap())),
            "until" => filter.until = Some(at(value.parse().unwrap())),
            other => panic!("{other} is no filter"),
        }
    }
    filter
}

/// The fields of a filter, and the names of the rows that it is for.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

pub async fn rows_are_found_by_every_filter<B: Backend>() {
    let backend = B::fresh().await;
    history(&backend).await;
    let store = backend.registry();
    let pseudonym = store.read().await.unwrap().pseudonym(&id(PERSON)).await;
    let person = format!("person:{}", pseudonym.unwrap().unwrap());
    let cases: [Case<'_>; 20] = [
        (&[], &["a", "b", "late", "c", "d", "e"]),
        (&[("chain", "second")], &["b", "d"]),
        (&[("chain", "third")], &[]),
        (&[("action", "custody.")], &["a", "c"]),
        (&[("action", "custody.get_keys")], &["c"]),
        // The beginning as it is: no pattern, and no other case.
        (&[("action", "CUSTODY.")], &[]),
        (&[("action", "custody_get")], &[]),
        (&[("action", "%")], &[]),
        (&[("actor", &person)], &["a"]),
        (&[("actor", PLATFORM_KGSS)], &["d"]),
        (&[("actor", PERSON)], &[]),
        (&[("resource", "key:a")], &["b", "e"]),
        (&[("resource", "")], &[]),
        (&[("refused", "")], &["late"]),
        (&[("alarm", "")], &[]),
        (&[("since", "40")], &["late", "d", "e"]),
        (&[("until", "30")], &["a", "b"]),
        (&[("since", "20"), ("until", "50")], &["b", "c", "d"]),
        (&[("resource", "key:a"), ("chain", "first")], &["e"]),
        (
            &[("actor", "local"), ("since", "30"), ("action", "suite")],
            &["late"],
        ),
    ];
    for (fields, expected) in cases {
        assert_eq!(names(store, &by(fields)).await, expected, "{fields:?}");
    }
}

pub async fn pages_of_a_query_lose_and_repeat_nothing<B: Backend>() {
    let backend = B::fresh().await;
    history(&backend).await;
    let store = backend.registry();
    let none = AuditFilter::default();
    let mut span = store
        .read()
        .await
        .unwrap()
        .audit_span(None, None)
        .await
        .unwrap();
    let mut all = Vec::new();
    loop {
        let page = found(store, &none, span, 2).await;
        // What is written meanwhile lies behind the end of the stretch.
        append(store, &event()).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        span.after = *last;
        all.extend(page.into_iter().map(|(_, name)| name));
    }
    assert_eq!(all, ["a", "b", "late", "c", "d", "e"]);
    assert_eq!(names(store, &none).await.len(), 6 + 4);
}

pub async fn a_stretch_has_all_rows_of_its_time<B: Backend>() {
    let backend = B::fresh().await;
    let empty = AuditSpan { after: 0, to: 0 };
    let mut reader = backend.registry().read().await.unwrap();
    assert_eq!(reader.audit_span(None, None).await, Ok(empty));
    drop(reader);
    history(&backend).await;
    let store = backend.registry();
    let none = AuditFilter::default();
    let cases: [(Option<i64>, Option<i64>, &[&str]); 6] = [
        (None, None, &["a", "b", "late", "c", "d", "e"]),
        (Some(20), None, &["b", "late", "c", "d", "e"]),
        // Some lie between that are of another time.
        (Some(30), None, &["late", "c", "d", "e"]),
        (None, Some(30), &["a", "b"]),
        (Some(30), Some(50), &["c", "d"]),
        (Some(61), None, &[]),
    ];
    for (since, until, expected) in cases {
        let mut reader = store.read().await.unwrap();
        let span = reader
            .audit_span(since.map(at), until.map(at))
            .await
            .unwrap();
        let rows = found(store, &none, span, 100).await;
        let names: Vec<_> = rows.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, expected, "{since:?} {until:?}");
        if expected.is_empty() {
            assert_eq!(span, empty);
        }
    }
}

pub async fn archived_rows_are_not_found<B: Backend>() {
    let backend = B::fresh().await;
    history(&backend).await;
    let store = backend.registry();
    // `a` and `late` go; `c` carries no state, and is kept because it is told to be.
    archive(store, (1, 3), &[3]).await.unwrap();
    assert_eq!(
        names(store, &AuditFilter::default()).await,
        ["b", "c", "d", "e", ""]
    );
}

pub async fn a_person_is_found_by_a_pseudonym_that_exists<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let actor = Actor::Person(id(PERSON));
    append(store, &AuditEvent { actor, ..event() })
        .await
        .unwrap();
    let mut reader = store.read().await.unwrap();
    let row = reader.audit_rows("first", 0, 1).await.unwrap().remove(0);
    let pseudonym = reader.pseudonym(&id(PERSON)).await.unwrap().unwrap();
    assert_eq!(row.actor, format!("person:{pseudonym}"));
    assert_eq!(reader.pseudonym(&id(DOCTOR)).await, Ok(None));
    // To ask makes none.
    assert_eq!(reader.pseudonym(&id(DOCTOR)).await, Ok(None));
    drop(reader);
    let person = id(PERSON);
    act!(store, tx, [person] {
        tx.forget_person(&person).await?;
        tx.append_audit(&event()).await
    })
    .unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.pseudonym(&id(PERSON)).await, Ok(None));
}
