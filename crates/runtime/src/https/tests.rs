//! Against a server of the test's own, with TLS.

use axum::http::Method;
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::*;

const BOUNDS: Bounds = Bounds {
    patience: Duration::from_secs(30),
    answer: 64,
};

/// A server that gives one answer, or none, and tells what it was asked.
async fn server(answer: Option<&'static [u8]>) -> (HttpsClient, String, JoinHandle<String>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = TlsAcceptor::from(Arc::new(config))
            .accept(tcp)
            .await
            .unwrap();
        let mut asked = vec![0; 4096];
        let length = stream.read(&mut asked).await.unwrap();
        match answer {
            Some(answer) => {
                stream.write_all(answer).await.unwrap();
                stream.shutdown().await.ok();
            }
            None => std::future::pending().await,
        }
        String::from_utf8_lossy(&asked[..length]).into_owned()
    });
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = HttpsClient::new(roots).unwrap();
    (client, format!("https://localhost:{port}/who?x=1"), task)
}

fn post(address: &str) -> Request<Bytes> {
    Request::builder()
        .method(Method::POST)
        .uri(address)
        .body(Bytes::from_static(b"{}"))
        .unwrap()
}

#[tokio::test]
async fn a_request_is_sent_and_its_answer_given_whatever_it_is() {
    let answer = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno";
    let (client, address, asked) = server(Some(answer)).await;
    let response = client.send(post(&address), BOUNDS).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(&response.body()[..], b"no");
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("POST /who?x=1 HTTP/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("host: localhost:") && asked.contains("content-length: 2"),
        "{asked}"
    );
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    let answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                   41\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n0\r\n\r\n";
    let (client, address, _server) = server(Some(answer)).await;
    let refused = client.send(post(&address), BOUNDS).await;
    assert!(matches!(refused, Err(FetchError::TooLong)), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up() {
    let (client, address, _server) = server(None).await;
    // The clock of the timer goes on by itself as soon as everybody waits.
    tokio::time::pause();
    let refused = client.send(post(&address), BOUNDS).await;
    assert!(matches!(refused, Err(FetchError::TimedOut)), "{refused:?}");
}

#[tokio::test]
async fn who_shows_another_certificate_is_told_nothing() {
    let (_, address, _server) = server(Some(b"")).await;
    let client = HttpsClient::new(RootCertStore::empty()).unwrap();
    let refused = client.send(post(&address), BOUNDS).await;
    assert!(
        matches!(refused, Err(FetchError::Connection(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn other_addresses_are_not_asked() {
    let client = HttpsClient::new(RootCertStore::empty()).unwrap();
    for address in ["http://localhost/", "/path", "localhost:1"] {
        let refused = client.send(post(address), BOUNDS).await;
        assert!(matches!(refused, Err(FetchError::Address)), "{address}");
    }
}
