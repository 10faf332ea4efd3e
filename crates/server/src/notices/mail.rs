//! Mail, through a configured server.

use std::time::Duration;

use kleis_registration::{Letter, Sent};
use kleis_runtime::{MailConfig, MailTls, secret_file};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};

use super::{Carrier, Sending};
use crate::{access, failure::Failure};

/// How long each step of the conversation may take.
const STEP: Duration = Duration::from_secs(10);
/// How long the whole of it may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes that a password may have.
const LONGEST_PASSWORD: usize = 1024;

/// Hands letters to a mail server.
pub(super) struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// The server of a configuration.
    pub(super) fn new(config: &MailConfig) -> Result<Self, Failure> {
        let tls = match config.tls {
            MailTls::Implicit => Tls::Wrapper(tls(config)?),
            MailTls::Starttls => Tls::Required(tls(config)?),
            MailTls::None => Tls::None,
        };
        let domain = config
            .from
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain);
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.host.as_str())
                .port(config.port)
                .tls(tls)
                .timeout(Some(STEP))
                // Not the name of this machine.
                .hello_name(ClientId::Domain(domain.to_owned()));
        if let (Some(user), Some(path)) = (&config.user, &config.password_file) {
            let bytes = secret_file::read(path, LONGEST_PASSWORD)?;
            let refused = |_| refused("password_file", &"it holds no text");
            let password = std::str::from_utf8(bytes.expose()).map_err(refused)?;
            let password = password.trim_end_matches(['\r', '\n']).to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        let from = config.from.parse();
        Ok(Self {
            transport: builder.build(),
            from: from.map_err(|error| refused("from", &error))?,
        })
    }

    async fn mail(&self, to: &str, subject: &str, text: &str, message_id: &str) -> Sent {
        let Ok(to) = to.parse::<Mailbox>() else {
            return Sent::Never;
        };
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .message_id(Some(format!("<{message_id}>")))
            .header(header::ContentType::TEXT_PLAIN)
            .body(text.to_owned());
        let Ok(message) = message else {
            return Sent::Never;
        };
        let sending = tokio::time::timeout(PATIENCE, self.transport.send(message)).await;
        match sending {
            Ok(Ok(_)) => Sent::Taken,
            Ok(Err(error)) => {
                let code = error.status().map(u16::from);
                tracing::debug!(code, "the mail server did not take it");
                // 55x: there is no such address, or it is not for us. Everything else may be set
                // right at the server (a password, a relay).
                match code {
                    Some(550..=559) => Sent::Never,
                    _ => Sent::NotNow,
                }
            }
            Err(_) => Sent::NotNow,
        }
    }
}

fn tls(config: &MailConfig) -> Result<TlsParameters, Failure> {
    let mut parameters =
        TlsParameters::builder(config.host.clone()).certificate_store(CertificateStore::None);
    for der in access::root_certificates(&config.roots)? {
        let certificate = Certificate::from_der(der);
        parameters =
            parameters.add_root_certificate(certificate.map_err(|error| refused("roots", &error))?);
    }
    parameters.build().map_err(|error| refused("host", &error))
}

fn refused(key: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::Usage(format!("notices.mail.{key}: {error}"))
}

impl Carrier for SmtpMailer {
    fn send<'a>(&'a self, letter: &'a Letter) -> Sending<'a> {
        Box::pin(async move {
            match letter {
                Letter::Mail {
                    to,
                    subject,
                    text,
                    message_id,
                } => self.mail(to.as_str(), subject, text, message_id).await,
                Letter::Webhook { .. } => Sent::Never,
            }
        })
    }
}
