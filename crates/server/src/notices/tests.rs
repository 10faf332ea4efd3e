//! Against a mail server and a webhook that the tests play, over real sockets.

use std::{path::Path, sync::Mutex};

use kleis_runtime::{MailConfig, MailTls, WebhookConfig};
use kleis_types::Contact;
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
        BufReader,
    },
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;

/// A certificate for `localhost`, in a file, and a server's side of TLS with it.
fn tls(home: &Path) -> (std::path::PathBuf, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let path = home.join("roots.pem");
    std::fs::write(&path, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (path, TlsAcceptor::from(Arc::new(config)))
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn all(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

/// Plays a mail server on one connection, as far as `STARTTLS`, or to its end.
async fn smtp<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    offers: &str,
    answer: &str,
    heard: &Heard,
    greet: bool,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    if greet {
        stream.write_all(b"220 sink\r\n").await.unwrap();
    }
    let mut in_data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        heard.add(line.trim_end());
        let reply = match line.trim_end() {
            "." if in_data => {
                in_data = false;
                format!("{answer}\r\n")
            }
            _ if in_data => continue,
            "STARTTLS" => {
                stream.write_all(b"220 go\r\n").await.unwrap();
                return Some(stream.into_inner());
            }
            "DATA" => {
                in_data = true;
                "354 go on\r\n".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await.ok();
                return None;
            }
            line if line.starts_with("EHLO") => format!("250-sink\r\n250 {offers}\r\n"),
            line if line.starts_with("AUTH") => "235 welcome\r\n".to_owned(),
            _ => "250 fine\r\n".to_owned(),
        };
        stream.write_all(reply.as_bytes()).await.unwrap();
    }
}

/// A mail server that answers so once a letter is there.
async fn mail_server(answer: &'static str, tls: Option<TlsAcceptor>) -> (u16, Heard) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let ears = heard.clone();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let offers = if tls.is_some() {
                "STARTTLS"
            } else {
                "8BITMIME"
            };
            let upgraded = smtp(tcp, offers, answer, &ears, true).await;
            if let (Some(tcp), Some(acceptor)) = (upgraded, &tls) {
                let stream = acceptor.accept(tcp).await;
                let Ok(stream) = stream else { continue };
                ears.add("(under TLS)");
                smtp(stream, "AUTH PLAIN", answer, &ears, false).await;
            }
        }
    });
    (port, heard)
}

fn config(port: u16, tls: MailTls, roots: &Path) -> MailConfig {
    MailConfig {
        host: "localhost".to_owned(),
        port,
        tls,
        from: "kleis@registry.example".to_owned(),
        user: None,
        password_file: None,
        roots: roots.to_owned(),
    }
}

fn letter() -> Letter {
    let contact = Contact::parse("jane@practice.example", "").unwrap();
    Letter::Mail {
        to: contact.mail.unwrap(),
        subject: "Kleis: a new device was registered".to_owned(),
        text: "What: something\n.\nEnd\n".to_owned(),
        message_id: "abc@kleis.invalid".to_owned(),
    }
}

#[tokio::test]
async fn mail_is_handed_over_whole() {
    let (port, heard) = mail_server("250 taken", None).await;
    let mailer = SmtpMailer::new(&config(port, MailTls::None, Path::new("/"))).unwrap();
    assert_eq!(mailer.send(&letter()).await, Sent::Taken);
    let heard = heard.all();
    for line in [
        "EHLO registry.example",
        "RCPT TO:<jane@practice.example>",
        "From: kleis@registry.example",
        "Subject: Kleis: a new device was registered",
        "Message-ID: <abc@kleis.invalid>",
        "..",
        "End",
    ] {
        assert!(
            heard.lines().any(|one| one.starts_with(line)),
            "{line}: {heard}"
        );
    }
}

#[tokio::test]
async fn mail_goes_under_tls_with_the_password_or_not_at_all() {
    let home = tempfile::tempdir().unwrap();
    let (roots, acceptor) = tls(home.path());
    let password = home.path().join("password");
    crate::durable::write_private(&password, b"hunter2\n").unwrap();
    let (port, heard) = mail_server("250 taken", Some(acceptor)).await;
    let mut known = config(port, MailTls::Starttls, &roots);
    known.user = Some("kleis".to_owned());
    known.password_file = Some(password);
    let mailer = SmtpMailer::new(&known).unwrap();
    assert_eq!(mailer.send(&letter()).await, Sent::Taken);
    let said = heard.all();
    let (clear, sealed) = said.split_once("(under TLS)").unwrap();
    assert!(
        !clear.contains("AUTH") && !clear.contains("RCPT"),
        "{clear}"
    );
    assert!(
        sealed.contains("AUTH PLAIN") && sealed.contains("RCPT"),
        "{sealed}"
    );

    // A server without TLS, and one with a certificate of somebody else's.
    let (port, heard) = mail_server("250 taken", None).await;
    let mailer = SmtpMailer::new(&config(port, MailTls::Starttls, &roots)).unwrap();
    assert_eq!(mailer.send(&letter()).await, Sent::NotNow);
    assert!(!heard.all().contains("RCPT"));
    let elsewhere = tempfile::tempdir().unwrap();
    let (_, acceptor) = tls(elsewhere.path());
    let (port, heard) = mail_server("250 taken", Some(acceptor)).await;
    let mailer = SmtpMailer::new(&config(port, MailTls::Starttls, &roots)).unwrap();
    assert_eq!(mailer.send(&letter()).await, Sent::NotNow);
    assert!(!heard.all().contains("RCPT"));
}

#[tokio::test]
async fn what_a_mail_server_refuses_comes_again_unless_the_address_is_none() {
    for (answer, expected) in [
        ("550 no such mailbox", Sent::Never),
        ("554 not here", Sent::Never),
        ("451 later", Sent::NotNow),
        ("535 who are you", Sent::NotNow),
    ] {
        let (port, _) = mail_server(answer, None).await;
        let mailer = SmtpMailer::new(&config(port, MailTls::None, Path::new("/"))).unwrap();
        assert_eq!(mailer.send(&letter()).await, expected, "{answer}");
    }
    // Nobody is there at all.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mailer = SmtpMailer::new(&config(port, MailTls::None, Path::new("/"))).unwrap();
    assert_eq!(mailer.send(&letter()).await, Sent::NotNow);
}

#[tokio::test]
async fn a_webhook_is_called_and_its_status_counts() {
    for (status, expected) in [
        ("204 No Content", Sent::Taken),
        ("202 Accepted", Sent::Taken),
        ("410 Gone", Sent::Never),
        ("302 Found", Sent::NotNow),
        ("404 Not Found", Sent::NotNow),
        ("500 Internal Server Error", Sent::NotNow),
    ] {
        let home = tempfile::tempdir().unwrap();
        let (roots, acceptor) = tls(home.path());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(tcp).await.unwrap();
            let mut asked = vec![0; 4096];
            let length = stream.read(&mut asked).await.unwrap();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        let config = Notices {
            mail: None,
            webhook: Some(WebhookConfig { roots }),
        };
        let senders = Post::of(&config).unwrap();
        let address = format!("https://localhost:{port}/hook");
        let letter = Letter::Webhook {
            to: Contact::parse("", &address).unwrap().webhook.unwrap(),
            body: br#"{"notice":"a.b.c"}"#.to_vec(),
        };
        let carrier = senders.webhook.unwrap();
        assert_eq!(carrier.send(&letter).await, expected, "{status}");
        let asked = asked.await.unwrap();
        assert!(asked.starts_with("POST /hook HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("content-type: application/json"), "{asked}");
    }
}
