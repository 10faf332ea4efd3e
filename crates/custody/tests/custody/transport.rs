//! The adapter: what comes over gRPC reaches the service, and what it says comes back.

use kleis_custody::grpc;
use kleis_proto::custody::v1 as wire;
use kleis_proto::custody::v1::custody_service_client::CustodyServiceClient;
use kleis_proto::{method::custody as method, status};
use kleis_types::{Problem, TraceId};
use tonic::{Code, Request, Status};

use crate::fixture::{Caller, OWNER, Office, PHARMACY, STRANGER, create, get, policy};

/// A request as the layers in front hand it on.
fn request<T>(message: T, by: Option<&Caller>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(by) = by {
        request
            .extensions_mut()
            .insert(by.call().principal().unwrap().clone());
    }
    let trace: TraceId = "4bf92f3577b34da6a3ce929d0e0e4736".parse().unwrap();
    request.extensions_mut().insert(trace);
    request
}

fn problem(status: &Status) -> Problem {
    assert_eq!(
        status::trace_id(status).as_deref(),
        Some("4bf92f3577b34da6a3ce929d0e0e4736")
    );
    status::from_status(status).unwrap()
}

#[tokio::test]
async fn keys_are_made_and_read_over_grpc() {
    let mut office = Office::open().await;
    let (owner, pharmacy) = (office.caller(OWNER), office.caller(PHARMACY));
    let stranger = office.caller(STRANGER);
    let mut client = CustodyServiceClient::new(grpc::public(office.custody.clone()));

    let order = office.order(&owner, method::CREATE_KEYS, create(&owner, &policy(), 1));
    let message = wire::CreateKeysRequest {
        order: order.compact().to_owned(),
    };
    let refused = client
        .create_keys(request(message.clone(), None))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(problem(&refused).code().reason(), "CERTIFICATE_REQUIRED");
    let refused = client
        .create_keys(request(message.clone(), Some(&stranger)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let made = client
        .create_keys(request(message, Some(&owner)))
        .await
        .unwrap()
        .into_inner();
    let made: wire::CreateKeysResult =
        office.open_release(&owner, method::CREATE_KEYS, &order, &made.release);
    let key_id = &made.keys[0].key_id;

    let order = office.order(&pharmacy, method::GET_KEY, get(&pharmacy, key_id));
    let message = wire::GetKeyRequest {
        order: order.compact().to_owned(),
    };
    let given = client
        .get_key(request(message, Some(&pharmacy)))
        .await
        .unwrap()
        .into_inner();
    let given: wire::GetKeyResult =
        office.open_release(&pharmacy, method::GET_KEY, &order, &given.release);
    assert_eq!(given.key.as_ref(), Some(&made.keys[0]));

    let order = office.order(&stranger, method::GET_KEY, get(&stranger, key_id));
    let message = wire::GetKeyRequest {
        order: order.compact().to_owned(),
    };
    let refused = client
        .get_key(request(message, Some(&stranger)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(problem(&refused).code().reason(), "KEY_NOT_AVAILABLE");
    // The trace id stands in the audit too.
    let row = office.audit().await.pop().unwrap();
    assert_eq!(row.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
}

#[tokio::test]
async fn every_other_call_has_its_place() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let mut client = CustodyServiceClient::new(grpc::public(office.custody.clone()));
    let key_id = office.key(&owner, &policy()).await;
    let read = kleis_types::base64url::encode(&[7; 16]);

    let body = wire::DescribeKeyOrder {
        key_id: key_id.clone(),
    };
    let order = office.order(&owner, method::DESCRIBE_KEY, body);
    let message = wire::DescribeKeyRequest {
        order: order.compact().to_owned(),
    };
    let seen = client
        .describe_key(request(message, Some(&owner)))
        .await
        .unwrap()
        .into_inner();
    let seen: wire::DescribeKeyResult =
        office.open_reply(method::DESCRIBE_KEY, &order, &seen.reply);
    assert_eq!(seen.state, "ACTIVE");

    let body = wire::ConfirmReadOrder {
        key_id: key_id.clone(),
        read,
    };
    let order = office.order(&owner, method::CONFIRM_READ, body);
    let message = wire::ConfirmReadRequest {
        order: order.compact().to_owned(),
    };
    let refused = client
        .confirm_read(request(message, Some(&owner)))
        .await
        .unwrap_err();
    assert_eq!(problem(&refused).code().reason(), "KEY_NOT_AVAILABLE");

    let body = wire::DepositKeysOrder {
        count: 1,
        ..wire::DepositKeysOrder::default()
    };
    let order = office.order(&owner, method::DEPOSIT_KEYS, body);
    let message = wire::DepositKeysRequest {
        order: order.compact().to_owned(),
    };
    let refused = client
        .deposit_keys(request(message, Some(&owner)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(problem(&refused).field(), Some("policy"));

    let order = office.order(&owner, method::SHRED_KEY, wire::ShredKeyOrder { key_id });
    let message = wire::ShredKeyRequest {
        order: order.compact().to_owned(),
    };
    let gone = client
        .shred_key(request(message, Some(&owner)))
        .await
        .unwrap()
        .into_inner();
    let gone: wire::ShredKeyResult = office.open_reply(method::SHRED_KEY, &order, &gone.reply);
    assert_eq!(gone.state, "SHREDDED");
}
