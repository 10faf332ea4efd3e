//! Calls over gRPC: who calls, what goes wrong.

use std::sync::atomic::Ordering;

use kleis_proto::directory::v1::{
    self as wire, directory_service_client::DirectoryServiceClient,
    directory_service_server::DirectoryServiceServer,
};
use kleis_runtime::{Answer, BuildError, Count, ServerBuilder};
use kleis_types::ErrorCode;
use rcgen::ExtendedKeyUsagePurpose::ClientAuth;
use tonic::{Code, transport::Channel};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::support::{CALLER, Parts, lookup, problem};

const LOOKUP: &str = "kleis.directory.v1.DirectoryService/Lookup";

#[tokio::test]
async fn a_caller_without_certificate_is_nobody() {
    let running = Parts::new().start().await;
    let channel = running.channel().await;
    lookup(&channel, "anything").await.unwrap();
    let (code, said) = problem(lookup(&channel, "who").await);
    assert_eq!(code, ErrorCode::RecipientNotFound);
    assert!(said.starts_with("nobody from Network(127.0.0.1:"), "{said}");
    running.stop().await;
}

#[tokio::test]
async fn a_caller_with_certificate_is_its_principal() {
    let running = Parts::new().start().await;
    let caller = running.parts.authority.issue(ClientAuth);
    let (_, said) = problem(lookup(&running.channel_as(&caller), "who").await);
    assert!(said.starts_with(CALLER), "{said}");
    running.stop().await;
}

#[tokio::test]
async fn a_refused_certificate_is_refused_whatever_is_asked() {
    let running = Parts::new().start().await;
    let caller = running.parts.authority.issue(ClientAuth);
    let channel = running.channel_as(&caller);
    lookup(&channel, "anything").await.unwrap();
    running
        .parts
        .doorkeeper
        .refuses
        .store(true, Ordering::SeqCst);
    let (code, _) = problem(lookup(&channel, "anything").await);
    assert_eq!(
        code,
        ErrorCode::CertificateRevoked,
        "also on a connection that was good before"
    );
    assert_eq!(
        running.parts.counters.snapshot().events[&Count::CallersRefused],
        1
    );
    running.stop().await;
}

#[tokio::test]
async fn a_panic_is_one_requests_alone_and_not_told() {
    let running = Parts::new().start().await;
    let channel = running.channel().await;
    let (code, said) = problem(lookup(&channel, "panic").await);
    assert_eq!(code, ErrorCode::Internal);
    assert!(!said.contains("secret"), "{said}");
    lookup(&channel, "anything").await.unwrap();
    assert_eq!(running.parts.counters.snapshot().events[&Count::Panics], 1);
    running.stop().await;
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused() {
    let running = Parts::new().start().await;
    let channel = running.channel().await;
    let (code, _) = problem(lookup(&channel, &"x".repeat(1025)).await);
    assert_eq!(code, ErrorCode::RequestTooLarge, "the service's own limit");
    let (code, _) = problem(lookup(&channel, &"x".repeat(3 << 20)).await);
    assert_eq!(code, ErrorCode::RequestTooLarge, "far over it");
    lookup(&channel, &"x".repeat(900)).await.unwrap();
    running.stop().await;
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented() {
    let running = Parts::new().start().await;
    let channel = running.channel().await;
    let mut client = tonic::client::Grpc::new(channel);
    for path in [
        "/kleis.directory.v1.DirectoryService/Nothing",
        "/kleis.nothing.v1.Nothing/At",
    ] {
        client.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<(), ()>::default();
        let path = path.parse().unwrap();
        let status = client
            .unary(tonic::Request::new(()), path, codec)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented);
    }
    running.stop().await;
}

#[tokio::test]
async fn calls_are_counted_by_method_and_code() {
    let running = Parts::new().start().await;
    let channel = running.channel().await;
    lookup(&channel, "anything").await.unwrap();
    lookup(&channel, "who").await.unwrap_err();
    lookup(&channel, "panic").await.unwrap_err();
    let requests = running.parts.counters.snapshot().requests;
    for code in [Code::Ok, Code::NotFound, Code::Internal] {
        assert_eq!(
            requests[&(LOOKUP.into(), Answer::Grpc(code.into()))],
            1,
            "{code:?}"
        );
    }
    running.stop().await;
}

#[tokio::test]
async fn reflection_shows_the_services_of_this_server_and_no_others() {
    let running = Parts::new().start().await;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(running.channel().await);
    let stream = client
        .server_reflection_info(tokio_stream::once(request))
        .await;
    let answer = stream
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("not a list of services")
    };
    let names: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    assert!(
        names.contains(&"kleis.directory.v1.DirectoryService".to_owned()),
        "{names:?}"
    );
    assert!(
        !names.iter().any(|name| name.contains("Admin")),
        "{names:?}"
    );
    drop(client);
    running.stop().await;
}

#[tokio::test]
async fn who_is_not_known_is_let_in_where_the_rule_says_so_alone() {
    let running = Parts::new().start().await;
    let certificate = running.parts.authority.issue(ClientAuth);
    let get = async |channel: Channel| {
        let request = wire::GetKeyRequest::default();
        let answer = DirectoryServiceClient::new(channel).get_key(request).await;
        answer.unwrap_err()
    };
    assert!(lookup(&running.channel().await, "x").await.is_ok());
    let refused = get(running.channel().await).await;
    let refused = kleis_proto::status::from_status(&refused).unwrap();
    assert_eq!(refused.code(), ErrorCode::CertificateRequired);
    // The puppet's own answer: the rule is met.
    let reached = get(running.channel_as(&certificate)).await;
    assert_eq!(reached.code(), Code::Unimplemented);
    assert_eq!(reached.message(), "");
    running.stop().await;
}

#[tokio::test]
async fn a_service_with_an_rpc_without_a_rule_is_not_even_built() {
    let parts = Parts::new();
    let service = DirectoryServiceServer::from_arc(std::sync::Arc::clone(&parts.puppet));
    let built = ServerBuilder::new()
        .grpc(service, &[])
        .descriptors(kleis_proto::FILE_DESCRIPTOR_SET)
        .build(parts.surroundings())
        .await;
    assert!(matches!(built, Err(BuildError::NoRule(_))), "{built:?}");
}
