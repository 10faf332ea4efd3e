//! Plain HTTP/1.1 on the same port, by hand.

use std::sync::Arc;

use kleis_runtime::Listener;
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
    version::TLS13,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::{Parts, Running, some};

pub(crate) fn client_config(
    running: &Running,
    version: &'static SupportedProtocolVersion,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(running.parts.authority.der()))
        .unwrap();
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

pub(crate) async fn connect(running: &Running, config: Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let tcp = TcpStream::connect(running.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(config).connect(name, tcp).await.unwrap()
}

pub(crate) async fn server_certificate(running: &Running) -> Vec<u8> {
    let stream = connect(running, Arc::new(client_config(running, &TLS13))).await;
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

/// Sends a request and returns the answer, status line and all.
async fn ask(running: &Running, head: &str, body: &str) -> String {
    let mut stream = connect(running, Arc::new(client_config(running, &TLS13))).await;
    let request = format!(
        "{head} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A server that refuses a body without reading it may reset the connection after its answer.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn routes_answer() {
    let running = Parts::new().start().await;
    let answer = ask(&running, "POST /v1/echo", "hello").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn an_unknown_address_is_a_problem_with_the_callers_trace_id() {
    let running = Parts::new().start().await;
    let answer = ask(&running, "GET /SSIN/85073003328?x=1", "").await;
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
    assert!(
        answer.contains("content-type: application/problem+json\r\n"),
        "{answer}"
    );
    assert!(
        answer.contains("kleis-trace-id: 4bf92f3577b34da6a3ce929d0e0e4736\r\n"),
        "{answer}"
    );
    assert!(
        answer.contains("\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\""),
        "{answer}"
    );
    assert!(!answer.contains("85073003328"), "{answer}");
    let routes: Vec<_> = running
        .parts
        .counters
        .snapshot()
        .requests
        .into_keys()
        .collect();
    assert_eq!(routes.len(), 1);
    assert_eq!(&*routes[0].0, "unknown");
    running.stop().await;
}

#[tokio::test]
async fn a_wrong_verb_is_a_problem() {
    let running = Parts::new().start().await;
    let answer = ask(&running, "GET /v1/echo", "").await;
    assert!(
        answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"),
        "{answer}"
    );
    assert!(answer.contains("application/problem+json"), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn an_address_of_grpc_says_so() {
    let running = Parts::new().start().await;
    for path in [
        "/kleis.directory.v1.DirectoryService/Lookup",
        "/grpc.health.v1.Health/Check",
    ] {
        let answer = ask(&running, &format!("GET {path}"), "").await;
        assert!(
            answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{answer}"
        );
        assert!(answer.contains("REQUEST_MALFORMED"), "{answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_unread() {
    let mut parts = Parts::new();
    parts.limits.max_body_bytes = some(4);
    let running = parts.start().await;
    assert!(
        ask(&running, "POST /v1/echo", "1234")
            .await
            .starts_with("HTTP/1.1 200")
    );
    let answer = ask(&running, "POST /v1/echo", "12345").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("REQUEST_TOO_LARGE"), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn the_probes_answer() {
    let running = Parts::new().start().await;
    for path in ["/livez", "/readyz"] {
        let answer = ask(&running, &format!("GET {path}"), "").await;
        assert!(
            answer.starts_with("HTTP/1.1 204 No Content\r\n"),
            "{answer}"
        );
    }
    running.stop().await;
}

#[tokio::test]
async fn a_route_that_has_no_rule_is_not_served() {
    let running = Parts::new().start().await;
    let answer = ask(&running, "GET /v1/forgotten", "").await;
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    assert!(answer.contains("PERMISSION_DENIED"), "{answer}");
    assert!(!answer.contains("a secret"), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn a_plain_listener_serves_those_who_cannot_use_tls_yet() {
    let parts = Parts::new();
    let counters = Arc::clone(&parts.counters);
    let address = ([127, 0, 0, 1], 0).into();
    let listener = Listener::bind_plain(address, &parts.limits, counters)
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(parts.server().await.serve(listener.connections()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "POST /v1/echo HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                   content-length: 5\r\n\r\nhello";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");

    // It takes no more connections than any other.
    let events = parts.counters.snapshot().events;
    assert_eq!(events[&kleis_runtime::Count::ConnectionsAccepted], 1);
    parts.life.stop();
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_plain_listener_has_room_for_as_many_as_it_was_told() {
    let mut parts = Parts::new();
    parts.limits.max_connections = some(1);
    let counters = Arc::clone(&parts.counters);
    let address = ([127, 0, 0, 1], 0).into();
    let listener = Listener::bind_plain(address, &parts.limits, counters)
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(parts.server().await.serve(listener.connections()));
    let _first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    assert_eq!(second.read(&mut [0]).await.unwrap_or_default(), 0);
    let events = parts.counters.snapshot().events;
    assert_eq!(events[&kleis_runtime::Count::ConnectionsRefused], 1);
    parts.life.stop();
    task.await.unwrap().unwrap();
}
