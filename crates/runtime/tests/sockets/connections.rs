//! What a connection must be before a request is read.

use std::sync::Arc;

use kleis_runtime::Count;
use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
use tokio::{io::AsyncReadExt as _, net::TcpStream};

use crate::{
    http,
    support::{Authority, Parts, lookup, some},
};

#[tokio::test]
async fn a_certificate_of_a_foreign_ca_is_refused() {
    let running = Parts::new().start().await;
    let foreign = Authority::new().issue(ClientAuth);
    lookup(&running.channel_as(&foreign), "anything")
        .await
        .unwrap_err();
    let events = running.parts.counters.snapshot().events;
    assert!(events[&Count::HandshakesFailed] >= 1);
    assert!(
        running.parts.counters.snapshot().requests.is_empty(),
        "no request was read"
    );
    running.stop().await;
}

#[tokio::test]
async fn a_server_certificate_is_no_clients() {
    let running = Parts::new().start().await;
    let server = running.parts.authority.issue(ServerAuth);
    lookup(&running.channel_as(&server), "anything")
        .await
        .unwrap_err();
    assert!(running.parts.counters.snapshot().requests.is_empty());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_shake_hands_is_let_go() {
    let running = Parts::new().start().await;
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    // The clock moves on by itself while everybody waits.
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    let events = running.parts.counters.snapshot().events;
    assert_eq!(events[&Count::HandshakesTimedOut], 1);
}

#[tokio::test]
async fn plain_text_is_refused() {
    let running = Parts::new().start().await;
    let mut plain = TcpStream::connect(running.address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut plain, request)
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"));
    running.stop().await;
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let mut parts = Parts::new();
    parts.limits.max_connections = some(1);
    let running = parts.start().await;
    let channel = running.channel().await;
    lookup(&channel, "anything").await.unwrap();
    let mut second = TcpStream::connect(running.address).await.unwrap();
    // A close or a reset, as the system likes.
    assert_eq!(second.read(&mut [0]).await.unwrap_or(0), 0);
    assert_eq!(
        running.parts.counters.snapshot().events[&Count::ConnectionsRefused],
        1
    );
    lookup(&channel, "anything").await.unwrap();
    running.stop().await;
}

#[tokio::test]
async fn a_renewed_certificate_serves_the_next_connection() {
    let running = Parts::new().start().await;
    let channel = running.channel().await;
    let before = http::server_certificate(&running).await;
    running
        .tls
        .send(running.parts.authority.server_config())
        .unwrap();
    let after = http::server_certificate(&running).await;
    assert_ne!(before, after);
    lookup(&channel, "anything")
        .await
        .expect("a connection of before goes on");
    running.stop().await;
}

#[tokio::test]
async fn both_versions_of_tls_are_spoken() {
    let running = Parts::new().start().await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = http::client_config(&running, version);
        let stream = http::connect(&running, Arc::new(config)).await;
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
    }
    running.stop().await;
}
