//! What is asked by, and what is found.

use kleis_audit::AuditSource as _;
use kleis_proto::audit::v1::ListEventsRequest;
use kleis_store::{Actor, AuditEvent, AuditOutcome, EvidenceRead as _, Store as _};
use kleis_types::{ErrorCode, Timestamp};

use crate::fixture::{House, JANE, JOHN, KGSS, NOW, append, event, id, names};

/// One filter of a request set.
type Change = fn(&mut ListEventsRequest);

async fn house() -> House {
    let house = House::new().await;
    let jane = || Actor::Person(id(JANE));
    let rows = [
        AuditEvent {
            actor: jane(),
            action: "registration.enrol",
            ..event("r-jane")
        },
        AuditEvent {
            actor: Actor::Organisation(id(KGSS)),
            ..event("r-kgss")
        },
        AuditEvent {
            at: Timestamp::from_unix(NOW - 10),
            ..event("r-late")
        },
        AuditEvent {
            resource: "key:KID".to_owned(),
            outcome: AuditOutcome::Alarm,
            ..event("r-key")
        },
    ];
    for row in rows {
        house.registry.record(row).await.unwrap();
    }
    let rows = [
        AuditEvent {
            actor: Actor::Person(id(JOHN)),
            ..event("c-john")
        },
        AuditEvent {
            actor: jane(),
            outcome: AuditOutcome::Refused,
            ..event("c-jane")
        },
    ];
    for row in rows {
        house.custody.record(row).await.unwrap();
    }
    house
}

async fn found(house: &House, change: Change) -> Vec<String> {
    let mut request = ListEventsRequest::default();
    change(&mut request);
    let page = house.list(request).await;
    assert_eq!(page.next_page_token, "");
    let own = |name: &&str| name.contains('-');
    let names = names(&page.events);
    names.into_iter().filter(own).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_filter_holds() {
    let house = house().await;
    let cases: [(Change, &[&str]); 12] = [
        (
            |_| (),
            &["r-jane", "r-kgss", "r-late", "r-key", "c-john", "c-jane"],
        ),
        (|r| r.service = "custody".to_owned(), &["c-john", "c-jane"]),
        (
            |r| r.chain = "r".to_owned(),
            &["r-jane", "r-kgss", "r-late", "r-key"],
        ),
        (
            |r| r.action_prefix = "registration.".to_owned(),
            &["r-jane"],
        ),
        (|r| r.resource = "key:KID".to_owned(), &["r-key"]),
        (|r| r.actor = JANE.to_owned(), &["r-jane", "c-jane"]),
        (|r| r.actor = JOHN.to_owned(), &["c-john"]),
        (|r| r.actor = KGSS.to_owned(), &["r-kgss"]),
        (|r| r.outcome = "REFUSED".to_owned(), &["c-jane"]),
        (|r| (r.since, r.until) = (NOW - 10, NOW), &["r-late"]),
        (|r| (r.since, r.until) = (NOW - 20, NOW - 10), &[]),
        (
            |r| (r.actor, r.outcome) = (JANE.to_owned(), "DONE".to_owned()),
            &["r-jane"],
        ),
    ];
    for (number, (change, expected)) in cases.into_iter().enumerate() {
        assert_eq!(found(&house, change).await, expected, "case {number}");
    }
}

#[tokio::test]
async fn a_person_is_found_and_never_named() {
    let house = house().await;
    let request = ListEventsRequest {
        actor: JANE.to_owned(),
        ..Default::default()
    };
    let page = house.list(request).await;
    assert_eq!(page.events.len(), 2);
    for event in &page.events {
        assert!(event.actor.starts_with("person:"), "{}", event.actor);
    }
    // Who was found can be followed by the pseudonym.
    let request = ListEventsRequest {
        actor: page.events[0].actor.clone(),
        ..Default::default()
    };
    assert_eq!(names(&house.list(request).await.events), ["r-jane"]);
}

#[tokio::test]
async fn who_never_acted_is_nobody_and_stays_so() {
    let house = House::new().await;
    append(&house.registry, "r-local").await;
    assert!(
        found(&house, |r| r.actor = JOHN.to_owned())
            .await
            .is_empty()
    );
    let mut reader = house.registry.read().await.unwrap();
    assert_eq!(reader.pseudonym(&id(JOHN)).await, Ok(None));
}

#[tokio::test]
async fn an_event_carries_all_of_its_row() {
    let house = House::new().await;
    let full = AuditEvent {
        resource: "record:KEYID".to_owned(),
        resource_version: 7,
        resource_digest: Some([1; 32]),
        order_digest: Some([2; 32]),
        trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
        ..event("KEY_IN_USE")
    };
    append(&house.custody, "before").await;
    house.custody.record(full).await.unwrap();
    let row = house.custody_rows().await.remove(1);
    let request = ListEventsRequest {
        resource: row.resource.clone(),
        ..Default::default()
    };
    let told = house.list(request).await.events.remove(0);
    assert_eq!(
        (told.service.as_str(), told.chain, told.seq),
        ("custody", row.chain, 2)
    );
    assert_eq!(
        (told.time, told.action, told.actor),
        (row.at.unix(), row.action, row.actor)
    );
    assert_eq!((told.resource, told.resource_version), (row.resource, 7));
    assert_eq!(
        (told.resource_digest, told.order_digest),
        (vec![1; 32], vec![2; 32])
    );
    assert_eq!(
        (told.outcome.as_str(), told.details.as_str()),
        ("DONE", "KEY_IN_USE")
    );
    assert_eq!(told.trace_id, row.trace_id);
    assert_eq!(
        (told.hash, told.previous),
        (row.hash.to_vec(), row.previous.to_vec())
    );
}

#[tokio::test]
async fn a_service_without_an_audit_here_is_named_as_the_fault() {
    let house = House::new().await;
    for service in ["sts", "directory"] {
        let request = ListEventsRequest {
            service: service.to_owned(),
            ..Default::default()
        };
        let refused = house.list_refused(request).await;
        assert_eq!(
            (refused.code(), refused.field()),
            (ErrorCode::RequestMalformed, Some("service"))
        );
    }
}
