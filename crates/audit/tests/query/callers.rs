//! Who is answered: nobody without a certificate of their own, whatever the layer in front let through.

use std::{collections::BTreeSet, sync::Arc};

use kleis_proto::audit::v1::audit_service_server::AuditService as _;
use kleis_proto::audit::v1::{GetEventRequest, ListEventsRequest};
use kleis_proto::status::from_status;
use kleis_types::{CertificateProof, CredentialMap, ErrorCode, Principal, TokenProof};
use tonic::Request;

use crate::fixture::{AUDITOR, House, append, auditor, id};

/// An auditor who has shown no certificate.
fn uncertified() -> Principal {
    let shown = CredentialMap::belgian().shown();
    Principal::new(&[id(AUDITOR)], Vec::new(), shown).unwrap()
}

fn with_token() -> Principal {
    uncertified().with_token(Arc::new(TokenProof {
        issuer: "https://idp.example".to_owned(),
        client_id: "client".to_owned(),
        scopes: BTreeSet::new(),
        hash: "hash".to_owned(),
        confirmation: None,
        proven: true,
    }))
}

fn over_the_edge() -> Principal {
    let own = auditor().certificate().unwrap().clone();
    uncertified().with_certificate(CertificateProof {
        forwarded: true,
        ..own
    })
}

#[tokio::test]
async fn a_caller_without_a_certificate_of_their_own_is_refused() {
    let house = House::new().await;
    append(&house.registry, "r1").await;
    let callers = [
        None,
        Some(uncertified()),
        Some(with_token()),
        Some(over_the_edge()),
    ];
    for (number, caller) in callers.into_iter().enumerate() {
        let mut list = Request::new(ListEventsRequest::default());
        let mut get = Request::new(GetEventRequest {
            service: "registration".to_owned(),
            chain: "r".to_owned(),
            seq: 1,
        });
        if let Some(caller) = caller {
            list.extensions_mut().insert(caller.clone());
            get.extensions_mut().insert(caller);
        }
        let refusals = [
            house.query.list_events(list).await.err().unwrap(),
            house.query.get_event(get).await.err().unwrap(),
        ];
        for refusal in refusals {
            let problem = from_status(&refusal).unwrap();
            assert_eq!(
                problem.code(),
                ErrorCode::CertificateRequired,
                "caller {number}"
            );
        }
    }
    assert_eq!(house.registry_rows().await.len(), 1, "nothing was read");
}
