//! What is refused because there is too much of it.

use std::time::Duration;

use kleis_runtime::Count;
use kleis_types::ErrorCode;
use rcgen::ExtendedKeyUsagePurpose::ClientAuth;
use tonic::{Request, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::support::{Parts, lookup, problem, some};

async fn healthy(channel: &Channel) {
    let request = HealthCheckRequest {
        service: String::new(),
    };
    HealthClient::new(channel.clone())
        .check(request)
        .await
        .unwrap();
}

#[tokio::test]
async fn who_asks_too_often_has_to_wait() {
    let mut parts = Parts::new();
    parts.limits.requests_per_second = some(1);
    parts.limits.burst = some(2);
    let running = parts.start().await;
    let channel = running.channel().await;
    // Two are allowed; however slow this machine is, not all of eight can be.
    let mut refused = Vec::new();
    for _ in 0..8 {
        refused.extend(lookup(&channel, "anything").await.err());
    }
    let status = refused.pop().expect("at least one is refused");
    let wait = status
        .metadata()
        .get("retry-after")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(wait, "1");
    assert_eq!(problem(Err(status)).0, ErrorCode::RateLimited);
    assert!(running.parts.counters.snapshot().events[&Count::RequestsRateLimited] >= 1);
    // Another caller on another connection, and health, are not affected.
    let other = running.parts.authority.issue(ClientAuth);
    lookup(&running.channel_as(&other), "anything")
        .await
        .unwrap();
    healthy(&channel).await;
    running.stop().await;
}

#[tokio::test]
async fn more_than_it_can_do_at_a_time_is_refused_at_once() {
    let mut parts = Parts::new();
    parts.limits.max_requests = some(1);
    let running = parts.start().await;
    let channel = running.channel().await;
    let busy = tokio::spawn({
        let channel = channel.clone();
        async move { lookup(&channel, "slow").await }
    });
    running.parts.puppet.entered.notified().await;
    assert_eq!(
        problem(lookup(&channel, "anything").await).0,
        ErrorCode::Overloaded
    );
    healthy(&channel).await;
    running.parts.puppet.go_on.notify_one();
    busy.await.unwrap().unwrap();
    lookup(&channel, "anything").await.unwrap();
    assert_eq!(
        running.parts.counters.snapshot().events[&Count::RequestsShed],
        1
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_has_its_time() {
    let mut parts = Parts::new();
    parts.limits.deadline_seconds = some(7);
    let running = parts.start().await;
    let channel = running.channel().await;
    let before = tokio::time::Instant::now();
    assert_eq!(
        problem(lookup(&channel, "never").await).0,
        ErrorCode::DeadlineExceeded
    );
    assert_eq!(before.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_caller_can_have_less_time_and_learns_why() {
    use kleis_proto::directory::v1::{
        LookupRequest, directory_service_client::DirectoryServiceClient,
    };
    let running = Parts::new().start().await;
    let mut client = DirectoryServiceClient::new(running.channel().await);
    let mut request = Request::new(LookupRequest {
        identifier: "never".to_owned(),
        ..Default::default()
    });
    request.set_timeout(Duration::from_secs(2));
    let refused = client.lookup(request).await.map(drop);
    assert_eq!(problem(refused).0, ErrorCode::DeadlineExceeded);
}
