//! Nothing is lost when a server stops.

use std::sync::Arc;

use kleis_runtime::Outcome;
use kleis_types::ErrorCode;
use rustls::version::TLS13;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    http,
    support::{Parts, lookup, problem},
};

#[tokio::test]
async fn a_call_under_way_is_answered_and_new_connections_are_refused() {
    let running = Parts::new().start().await;
    let channel = running.channel().await;
    let call = tokio::spawn({
        let channel = channel.clone();
        async move { lookup(&channel, "slow").await }
    });
    running.parts.puppet.entered.notified().await;
    running.parts.life.stop();
    // The port is closed some time after the token; until then a connection may still be made.
    while TcpStream::connect(running.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!running.task.is_finished(), "it waits for the call");
    running.parts.puppet.go_on.notify_one();
    call.await.unwrap().unwrap();
    running.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_it_up() {
    let running = Parts::new().start().await;
    let channel = running.channel().await;
    lookup(&channel, "anything").await.unwrap();
    running.stop().await;
    lookup(&channel, "anything").await.unwrap_err();
}

#[tokio::test]
async fn an_open_stream_ends_with_a_reason() {
    let running = Parts::new().start().await;
    let mut client = HealthClient::new(running.channel().await);
    let request = HealthCheckRequest {
        service: String::new(),
    };
    let mut stream = client.watch(request).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::Serving);
    running.parts.life.stop();
    let end = loop {
        match stream.message().await {
            Ok(Some(news)) => assert_eq!(news.status(), ServingStatus::NotServing),
            Ok(None) => panic!("the stream ended without a reason"),
            Err(status) => break status,
        }
    };
    assert_eq!(problem(Err(end)).0, ErrorCode::ShuttingDown);
    drop((stream, client));
    running.task.await.unwrap().unwrap();
}

/// A client that has gone without a word, or means harm, does not answer when it is told that the
/// server goes away.
#[tokio::test(start_paused = true)]
async fn a_silent_connection_does_not_hold_it_up() {
    let running = Parts::new().start().await;
    let mut config = http::client_config(&running, &TLS13);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut silent = http::connect(&running, Arc::new(config)).await;
    // RFC 9113 section 3.4: the preface and an empty SETTINGS frame, and not a byte more.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    silent.write_all(preface).await.unwrap();
    silent
        .read_exact(&mut [0; 9])
        .await
        .expect("the server's SETTINGS: the connection is up");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_in_time_is_cut() {
    let mut parts = Parts::new();
    // Longer than the time to drain.
    parts.limits.deadline_seconds = crate::support::some(300);
    let running = parts.start().await;
    let channel = running.channel().await;
    tokio::spawn(async move { lookup(&channel, "never").await });
    running.parts.puppet.entered.notified().await;
    running.parts.life.stop();
    let outcome = running.parts.life.run(running.task).await;
    assert!(matches!(outcome, Outcome::Cut));
}
