//! Who reads the audit is in the audit, or there is no answer.

use std::sync::Arc;

use kleis_audit::{AuditSource, Slice, Wanted};
use kleis_proto::audit::v1::audit_service_server::AuditService as _;
use kleis_proto::audit::v1::{GetEventRequest, ListEventsRequest};
use kleis_proto::status::from_status;
use kleis_store::{
    AuditEvent, AuditSpan, EvidenceRead as _, Store as _, StoreError, StoredAuditRow, audit,
};
use kleis_store_sqlite::RegistrySqlite;
use kleis_types::{ErrorCode, Service, Timestamp};

use crate::fixture::{AUDITOR, House, JANE, NOW, append, asked, id, names, query_over, trace};

#[tokio::test]
async fn a_listing_is_remembered_where_it_was_read_without_what_was_asked_by() {
    let house = House::new().await;
    append(&house.registry, "r1").await;
    let request = ListEventsRequest {
        service: "registration".to_owned(),
        actor: JANE.to_owned(),
        resource: "NIHII:18749704".to_owned(),
        since: 5,
        ..Default::default()
    };
    house.list(request).await;
    let row = house.registry_rows().await.pop().unwrap();
    let mut reader = house.registry.read().await.unwrap();
    let pseudonym = reader.pseudonym(&id(AUDITOR)).await.unwrap().unwrap();
    assert_eq!(row.action, "audit.list_events");
    assert_eq!(row.actor, format!("person:{pseudonym}"));
    assert_eq!(row.details, "service, resource, actor, since");
    assert_eq!(
        (row.outcome.as_str(), row.at),
        ("DONE", Timestamp::from_unix(NOW))
    );
    assert_eq!(row.trace_id, trace().to_string());
    assert_eq!((row.resource.as_str(), row.resource_version), ("", 0));
    assert!(row.resource_digest.is_empty() && row.order_digest.is_empty());
    assert_eq!(house.custody_rows().await, [], "custody was not asked");
    assert!(audit::verify(&mut reader).await.unwrap().is_clean());
}

#[tokio::test]
async fn every_page_is_remembered_in_every_audit_that_it_read() {
    let house = House::new().await;
    append(&house.registry, "r1").await;
    append(&house.registry, "r2").await;
    let first = house
        .list(ListEventsRequest {
            page_size: 1,
            ..Default::default()
        })
        .await;
    assert_eq!(
        (
            house.registry_rows().await.len(),
            house.custody_rows().await.len()
        ),
        (3, 0)
    );
    let second = ListEventsRequest {
        page_size: 2,
        page_token: first.next_page_token,
        ..Default::default()
    };
    assert_eq!(names(&house.list(second).await.events), ["r2"]);
    assert_eq!(
        (
            house.registry_rows().await.len(),
            house.custody_rows().await.len()
        ),
        (4, 1)
    );
    // The next listing shows who asked before.
    let told = house.list(ListEventsRequest::default()).await.events;
    let asked = told
        .iter()
        .filter(|event| event.action == "audit.list_events");
    assert_eq!(asked.count(), 3);
}

#[tokio::test]
async fn one_event_is_remembered_and_so_is_one_that_is_not_there() {
    let house = House::new().await;
    append(&house.registry, "r1").await;
    house.get("registration", "r", 1).await.ok().unwrap();
    house.get("registration", JANE, 1).await.err().unwrap();
    let rows = house.registry_rows().await;
    let told: Vec<_> = rows[1..]
        .iter()
        .map(|row| {
            (
                row.action.as_str(),
                row.outcome.as_str(),
                row.details.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("audit.get_event", "DONE", "r 1"),
            ("audit.get_event", "REFUSED", "NOT_FOUND"),
        ]
    );
}

/// A database that can be read and not written to.
struct Full(RegistrySqlite);

#[tonic::async_trait]
impl AuditSource for Full {
    async fn list(
        &self,
        wanted: &Wanted,
        rest: Option<AuditSpan>,
        limit: u32,
    ) -> Result<Slice, StoreError> {
        AuditSource::list(&self.0, wanted, rest, limit).await
    }

    async fn row(&self, chain: &str, seq: u64) -> Result<Option<StoredAuditRow>, StoreError> {
        AuditSource::row(&self.0, chain, seq).await
    }

    async fn record(&self, _event: AuditEvent) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("the disk is full".to_owned()))
    }
}

#[tokio::test]
async fn without_a_row_there_is_no_answer() {
    let house = House::new().await;
    append(&house.registry, "r1").await;
    let full = query_over(vec![
        (Service::Custody, Arc::new(house.custody.clone())),
        (
            Service::Registration,
            Arc::new(Full(house.registry.clone())),
        ),
    ]);
    let list = full.list_events(asked(ListEventsRequest::default())).await;
    let get = GetEventRequest {
        service: "registration".to_owned(),
        chain: "r".to_owned(),
        seq: 1,
    };
    let get = full.get_event(asked(get)).await;
    for refusal in [list.err().unwrap(), get.err().unwrap()] {
        let problem = from_status(&refusal).unwrap();
        assert_eq!(problem.code(), ErrorCode::StoreUnavailable);
        assert!(!problem.detail().contains("disk"));
    }
}
