//! Notices on their way out: to a mail server, and to webhooks.
//!
//! Registration says what is due and to whom, and keeps how it went; here it is sent. What was sent
//! and could not be noted (the process was killed in between) is sent again, under the same name.

mod mail;
mod webhook;

use std::{future::Future, pin::Pin, sync::Arc};

use kleis_registration::{Due, Letter, Registration, Sent};
use kleis_runtime::{Counters, Gauge, Notices};
use kleis_store::registry::RegistryStore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::{mail::SmtpMailer, webhook::WebhookCaller};
use crate::{access, failure::Failure};

/// How many letters go out at a time: as many may wait for a slow recipient.
const ROUND: u32 = 32;

/// A letter on its way.
type Sending<'a> = Pin<Box<dyn Future<Output = Sent> + Send + 'a>>;

/// Something that sends letters of one kind.
trait Carrier: Send + Sync {
    /// Sends a letter, within seconds.
    fn send<'a>(&'a self, letter: &'a Letter) -> Sending<'a>;
}

/// Who sends letters.
#[derive(Clone, Default)]
pub(crate) struct Post {
    mail: Option<Arc<dyn Carrier>>,
    webhook: Option<Arc<dyn Carrier>>,
}

impl Post {
    /// Those of a configuration.
    pub(crate) fn of(config: &Notices) -> Result<Self, Failure> {
        let mut post = Self::default();
        if let Some(mail) = &config.mail {
            post.mail = Some(Arc::new(SmtpMailer::new(mail)?));
        }
        if let Some(webhook) = &config.webhook {
            let roots = access::roots(&webhook.roots)?;
            post.webhook = Some(Arc::new(WebhookCaller::new(roots)?));
        }
        Ok(post)
    }

    async fn send(&self, due: &Due) -> Sent {
        let Some(letter) = &due.letter else {
            // There is no address any more.
            return Sent::Never;
        };
        let carrier = match letter {
            Letter::Mail { .. } => &self.mail,
            Letter::Webhook { .. } => &self.webhook,
        };
        match carrier {
            Some(carrier) => carrier.send(letter).await,
            // Nothing is sent that way here; operators see it among what was given up.
            None => Sent::Never,
        }
    }
}

/// Sends all that is due now, and counts what is on its way and what was given up.
pub(crate) async fn deliver<S: RegistryStore>(
    registration: &Registration<S>,
    post: &Post,
    counters: &Counters,
    stopping: &CancellationToken,
) {
    while !stopping.is_cancelled() {
        match round(registration, post).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "notices cannot be delivered");
                break;
            }
        }
    }
    match registration.count_deliveries().await {
        Ok(counts) => {
            counters.set(Gauge::NoticesPending, counts.pending);
            counters.set(Gauge::NoticesFailed, counts.failed);
        }
        Err(error) => tracing::error!(%error, "deliveries cannot be counted"),
    }
}

/// Sends some of what is due. Answers how many were tried.
async fn round<S: RegistryStore>(
    registration: &Registration<S>,
    post: &Post,
) -> Result<usize, kleis_registration::RegistrationError> {
    let mut under_way = JoinSet::new();
    for due in registration.due_notices(ROUND).await? {
        let post = post.clone();
        under_way.spawn(async move {
            let sent = post.send(&due).await;
            if sent != Sent::Taken {
                tracing::warn!(notice = due.notice(), ?sent, "a notice was not taken");
            }
            (due, sent)
        });
    }
    let mut settled = Vec::new();
    while let Some(ended) = under_way.join_next().await {
        // One that panicked is not settled, and comes again.
        settled.extend(ended.ok());
    }
    let count = settled.len();
    if count > 0 {
        registration.settle_notices(settled).await?;
    }
    Ok(count)
}

/// Tells of what ends soon, and counts it.
pub(crate) async fn warn<S: RegistryStore>(registration: &Registration<S>, counters: &Counters) {
    match registration.warn_of_ends().await {
        Ok(told) => tracing::debug!(told, "told of what ends soon"),
        Err(error) => tracing::error!(%error, "owners cannot be told of what ends soon"),
    }
    match registration.count_ending().await {
        Ok((certificates, keys)) => {
            counters.set(Gauge::CertificatesEnding, certificates);
            counters.set(Gauge::KeysEnding, keys);
        }
        Err(error) => tracing::error!(%error, "what ends soon cannot be counted"),
    }
}

#[cfg(test)]
mod tests;
