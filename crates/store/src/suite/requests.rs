//! Requests for certificates that wait for approval, and approvals.

use kleis_types::RequestState;

use super::{
    Backend,
    fixture::{
        DOCTOR, PERSON, PLATFORM, at, certificate_request, code, event, id,
        put_certificate_request, put_enrolment_code,
    },
    perform::act,
};
use crate::{
    EvidenceTx, Store, StoreError,
    registry::{
        Approval, CertificateRequest, PlacedRequest, RegistryRead, RegistryStore, RegistryTx,
        RequestFilter,
    },
};

fn decided(request: &CertificateRequest, state: RequestState) -> CertificateRequest {
    CertificateRequest {
        state,
        decided_at: Some(at(60)),
        version: request.version + 1,
        ..request.clone()
    }
}

pub async fn requests_come_back_as_stored<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let waiting = certificate_request("one");
    put_certificate_request(store, &waiting).await.unwrap();
    let rejected = CertificateRequest {
        reason: "Ask again with « your » number.".to_owned(),
        ..decided(&waiting, RequestState::Rejected)
    };
    put_certificate_request(store, &rejected).await.unwrap();
    let again = certificate_request("two");
    put_certificate_request(store, &again).await.unwrap();
    let issued = CertificateRequest {
        serial: "0a".to_owned(),
        ..decided(&again, RequestState::Issued)
    };
    put_certificate_request(store, &issued).await.unwrap();
    let mut reader = store.read().await.unwrap();
    for one in [rejected, issued] {
        let found = reader.certificate_request(&one.id).await;
        assert_eq!(found, Ok(Some(one)));
    }
    assert_eq!(reader.certificate_request("three").await, Ok(None));
}

pub async fn requests_change_by_version<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let waiting = certificate_request("one");
    put_certificate_request(store, &waiting).await.unwrap();
    let twice = put_certificate_request(store, &waiting).await;
    assert!(matches!(twice, Err(StoreError::AlreadyExists(_))));
    let withdrawn = decided(&waiting, RequestState::Withdrawn);
    put_certificate_request(store, &withdrawn).await.unwrap();
    for version in [2, 4] {
        let old = CertificateRequest {
            version,
            ..withdrawn.clone()
        };
        let refused = put_certificate_request(store, &old).await;
        assert_eq!(refused, Err(StoreError::VersionConflict), "{version}");
    }
}

pub async fn a_key_asks_for_one_thing_at_a_time<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let first = certificate_request("one");
    put_certificate_request(store, &first).await.unwrap();
    let second = CertificateRequest {
        identifier: id(PERSON),
        jkt: first.jkt.clone(),
        ..certificate_request("two")
    };
    let refused = put_certificate_request(store, &second).await;
    assert!(matches!(refused, Err(StoreError::AlreadyExists(_))));
    let expired = decided(&first, RequestState::Expired);
    put_certificate_request(store, &expired).await.unwrap();
    put_certificate_request(store, &second).await.unwrap();
}

pub async fn requests_are_listed_newest_first<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let asked = [
        ("a", DOCTOR),
        ("b", PERSON),
        ("c", DOCTOR),
        ("d", PLATFORM),
        ("e", DOCTOR),
    ];
    for (name, identifier) in asked {
        let one = CertificateRequest {
            identifier: id(identifier),
            ..certificate_request(name)
        };
        put_certificate_request(store, &one).await.unwrap();
        if ["b", "c"].contains(&name) {
            let rejected = decided(&one, RequestState::Rejected);
            put_certificate_request(store, &rejected).await.unwrap();
        }
    }
    let mut reader = store.read().await.unwrap();
    let rejected = Some(RequestState::Rejected);
    let waiting = Some(RequestState::PendingApproval);
    let cases = [
        (None, None, "edcba"),
        (waiting, None, "eda"),
        (rejected, None, "cb"),
        (None, Some(DOCTOR), "eca"),
        (waiting, Some(DOCTOR), "ea"),
        (rejected, Some(PLATFORM), ""),
    ];
    for (state, identifier, names) in cases {
        let filter = RequestFilter {
            state,
            identifier: identifier.map(id),
        };
        let names: Vec<String> = names.chars().map(String::from).collect();
        let whole = reader.certificate_requests(&filter, 0, 9).await.unwrap();
        assert_eq!(ids(&whole), names, "{filter:?}");
        // One by one, each page begins where the one before has ended.
        let (mut paged, mut before) = (Vec::new(), 0);
        loop {
            let page = reader.certificate_requests(&filter, before, 1).await;
            let Some((place, request)) = page.unwrap().pop() else {
                break;
            };
            before = place;
            paged.push(request.id);
        }
        assert_eq!(paged, names, "{filter:?}");
    }
}

fn ids(requests: &[PlacedRequest]) -> Vec<String> {
    requests.iter().map(|(_, one)| one.id.clone()).collect()
}

pub async fn waiting_requests_are_counted_and_found_when_overdue<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    for (name, identifier, end) in [("a", DOCTOR, 300), ("b", PERSON, 100), ("c", DOCTOR, 200)] {
        let one = CertificateRequest {
            identifier: id(identifier),
            expires_at: at(end),
            ..certificate_request(name)
        };
        put_certificate_request(store, &one).await.unwrap();
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.pending_requests(&id(DOCTOR)).await, Ok((3, 2)));
    assert_eq!(reader.pending_requests(&id(PLATFORM)).await, Ok((3, 0)));
    for (now, limit, overdue) in [(99, 9, ""), (100, 9, "b"), (300, 9, "bca"), (300, 2, "bc")] {
        let found = reader.overdue_requests(at(now), limit).await.unwrap();
        let names: String = found.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(names, overdue, "{now}");
    }
    drop(reader);
    let expired = CertificateRequest {
        identifier: id(PERSON),
        expires_at: at(100),
        ..certificate_request("b")
    };
    let expired = decided(&expired, RequestState::Expired);
    put_certificate_request(store, &expired).await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.pending_requests(&id(PERSON)).await, Ok((2, 0)));
    let overdue = reader.overdue_requests(at(100), 9).await.unwrap();
    assert!(overdue.is_empty());
}

async fn approve<S: RegistryStore>(store: &S, approval: &Approval) {
    act!(store, tx, [approval] {
        tx.put_approval(&approval).await?;
        tx.append_audit(&event()).await
    })
    .unwrap();
}

pub async fn a_person_approves_a_thing_once<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let approval = |resource: &str, person, jti: &str| Approval {
        resource: resource.to_owned(),
        person: id(person),
        jti: jti.to_owned(),
        at: at(5),
    };
    let kept = [
        approval("request:a", DOCTOR, "j1"),
        approval("request:a", PERSON, "j4"),
    ];
    let other = approval("request:b", PERSON, "j3");
    for one in [
        &kept[0],
        &approval("request:a", PERSON, "j2"),
        &other,
        &kept[1],
    ] {
        approve(store, one).await;
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.approvals("request:a").await.unwrap(), kept);
    drop(reader);
    act!(store, tx, [] {
        tx.remove_approvals("request:a").await?;
        tx.append_audit(&event()).await
    })
    .unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.approvals("request:a").await.unwrap(), []);
    assert_eq!(reader.approvals("request:b").await.unwrap(), [other]);
}

pub async fn codes_are_paged<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    for name in ["b", "c", "a"] {
        put_enrolment_code(store, &code(name)).await.unwrap();
    }
    let mut reader = store.read().await.unwrap();
    for (after, limit, names) in [("", 9, "abc"), ("", 2, "ab"), ("b", 2, "c"), ("c", 2, "")] {
        let page = reader.enrolment_codes(after, limit).await.unwrap();
        let found: String = page.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(found, names, "{after}");
    }
}
