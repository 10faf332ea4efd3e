//! What was done: the audits of the services, for auditors.

use kleis_proto::audit::v1::{GetEventRequest, ListEventsRequest};
use kleis_types::{Service, Timestamp};

use crate::{ClientError, Kleis};

pub use kleis_proto::audit::v1::AuditEvent;

/// Which events are asked for: those that everything holds for that is given.
#[derive(Clone, Default)]
pub struct AuditFilter {
    /// Whose audit; none for all of them.
    pub service: Option<Service>,
    /// The chain, as an event names it.
    pub chain: Option<String>,
    /// What the action begins with.
    pub action: Option<String>,
    /// On what: `key:KID`.
    pub resource: Option<String>,
    /// Who: an identifier, or as an event names it.
    pub actor: Option<String>,
    /// How it ended: `DONE`, `REFUSED` or `ALARM`.
    pub outcome: Option<String>,
    /// The earliest time, itself included.
    pub since: Option<Timestamp>,
    /// The latest time, itself not included.
    pub until: Option<Timestamp>,
}

/// A page of events.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// The events: service by service, and of each in the order of writing.
    pub events: Vec<AuditEvent>,
    /// What to ask the next page by, if there may be one.
    pub next: Option<String>,
}

impl std::fmt::Debug for AuditFilter {
    /// Who and on what is left out: it may be a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditFilter")
            .field("service", &self.service)
            .field("action", &self.action)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

impl Kleis {
    /// A page of events, `size` of them at most (1 to 1,000). `page` is [`AuditPage::next`] of the page
    /// before; it goes with the same filter alone. Whoever asks is in the audit afterwards.
    ///
    /// The events are as the service tells them: nothing of it is signed.
    pub async fn audit_events(
        &self,
        filter: &AuditFilter,
        size: u32,
        page: Option<&str>,
    ) -> Result<AuditPage, ClientError> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let time = |time: Option<Timestamp>| time.map_or(0, Timestamp::unix);
        let request = ListEventsRequest {
            service: filter.service.map_or("", Service::as_str).to_owned(),
            chain: text(&filter.chain),
            action_prefix: text(&filter.action),
            resource: text(&filter.resource),
            actor: text(&filter.actor),
            outcome: text(&filter.outcome),
            since: time(filter.since),
            until: time(filter.until),
            page_size: size,
            page_token: page.unwrap_or_default().to_owned(),
        };
        let page = self.auditors()?.list_events(request).await?.into_inner();
        Ok(AuditPage {
            events: page.events,
            next: Some(page.next_page_token).filter(|token| !token.is_empty()),
        })
    }

    /// One event, by the service, the chain and the position in it.
    pub async fn audit_event(
        &self,
        service: Service,
        chain: &str,
        seq: u64,
    ) -> Result<AuditEvent, ClientError> {
        let request = GetEventRequest {
            service: service.to_string(),
            chain: chain.to_owned(),
            seq,
        };
        let answer = self.auditors()?.get_event(request).await?.into_inner();
        answer.event.ok_or_else(|| {
            ClientError::Internal("the service answered without the event".to_owned())
        })
    }
}
