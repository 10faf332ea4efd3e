//! The auditors' query goes to the admin address, with every filter, page after page.

use std::sync::{Arc, Mutex};

use kleis_proto::audit::v1::{
    AuditEvent, GetEventRequest, GetEventResponse, ListEventsRequest, ListEventsResponse,
};
use kleis_types::{Service, Timestamp};
use prost::Message as _;
use tonic::Status;

use super::line::{Answers, channel_to};
use super::scene::{ALICE, Scene};
use crate::{AuditFilter, ClientError};

/// What stands behind the admin address: it knows one page, and keeps what it was asked.
#[derive(Default)]
struct Auditing {
    asked: Vec<ListEventsRequest>,
}

impl Answers for Auditing {
    fn answer(&mut self, method: &str, message: &[u8]) -> Result<Vec<u8>, Status> {
        let event = |seq| AuditEvent {
            seq,
            ..Default::default()
        };
        match method {
            "kleis.audit.v1.AuditService/ListEvents" => {
                let request = ListEventsRequest::decode(message).unwrap();
                let is_first = request.page_token.is_empty();
                self.asked.push(request);
                let answer = ListEventsResponse {
                    events: vec![event(if is_first { 1 } else { 2 })],
                    next_page_token: if is_first { "next" } else { "" }.to_owned(),
                };
                Ok(answer.encode_to_vec())
            }
            "kleis.audit.v1.AuditService/GetEvent" => {
                let request = GetEventRequest::decode(message).unwrap();
                let is_there = request.service == "sts" && request.chain == "c";
                let event = Some(event(request.seq)).filter(|_| is_there);
                Ok(GetEventResponse { event }.encode_to_vec())
            }
            other => panic!("{other} is not served"),
        }
    }
}

#[tokio::test]
async fn every_filter_is_sent_and_the_token_leads_on() {
    let scene = Scene::new(91);
    let auditing = Arc::new(Mutex::new(Auditing::default()));
    let client = scene.open_with_admin(channel_to(Arc::clone(&auditing)));
    let text = |text: &str| Some(text.to_owned());
    let filter = AuditFilter {
        service: Some(Service::Custody),
        chain: text("c"),
        action: text("custody."),
        resource: text("record:AAAA"),
        actor: text(ALICE),
        outcome: text("REFUSED"),
        since: Some(Timestamp::from_unix(1)),
        until: Some(Timestamp::from_unix(2)),
    };
    assert!(!format!("{filter:?}").contains(ALICE));
    let first = client.audit_events(&filter, 7, None).await.unwrap();
    assert_eq!(
        (first.events[0].seq, first.next.as_deref()),
        (1, Some("next"))
    );
    let second = client
        .audit_events(&filter, 8, first.next.as_deref())
        .await
        .unwrap();
    assert_eq!((second.events[0].seq, second.next), (2, None));
    let sent = ListEventsRequest {
        service: "custody".to_owned(),
        chain: "c".to_owned(),
        action_prefix: "custody.".to_owned(),
        resource: "record:AAAA".to_owned(),
        actor: ALICE.to_owned(),
        outcome: "REFUSED".to_owned(),
        since: 1,
        until: 2,
        page_size: 7,
        page_token: String::new(),
    };
    let on = ListEventsRequest {
        page_size: 8,
        page_token: "next".to_owned(),
        ..sent.clone()
    };
    assert!(auditing.lock().unwrap().asked == [sent, on]);
}

#[tokio::test]
async fn one_event_is_given_or_missed() {
    let scene = Scene::new(92);
    let auditing = Arc::new(Mutex::new(Auditing::default()));
    let client = scene.open_with_admin(channel_to(auditing));
    let event = client.audit_event(Service::Sts, "c", 5).await.unwrap();
    assert_eq!(event.seq, 5);
    let missing = client.audit_event(Service::Custody, "c", 5).await;
    assert!(matches!(missing, Err(ClientError::Internal(_))));
}

#[tokio::test]
async fn without_an_admin_address_nobody_is_asked() {
    let client = Scene::new(93).open_anonymous();
    let asked = client.audit_events(&AuditFilter::default(), 1, None).await;
    assert!(matches!(asked, Err(ClientError::Input(_))));
}
