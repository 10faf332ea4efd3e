//! The query over all audits of the process.

use std::{fmt, sync::Arc};

use kleis_store::{Actor, AuditEvent, AuditOutcome, StoredAuditRow};
use kleis_types::{Call, Clock, Identifier, Service, TypeTable};

use crate::{AuditError, ListCommand, OneCommand, Source, command::no_such_service, page::Cursor};

/// The audits of a process, by the service whose they are.
#[derive(Clone)]
pub struct Audit {
    sources: Arc<[Source]>,
    types: TypeTable,
    clock: Arc<dyn Clock>,
}

/// A row, and whose audit it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whose audit.
    pub service: Service,
    /// The row.
    pub row: StoredAuditRow,
}

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The events.
    pub events: Vec<Event>,
    /// The token of the next page, if there may be one.
    pub next: Option<String>,
}

impl Audit {
    /// The audits of these databases, which are listed in this order. Auditors name actors by
    /// identifiers of these types.
    pub fn new(sources: Vec<Source>, types: TypeTable, clock: Arc<dyn Clock>) -> Self {
        Self {
            sources: sources.into(),
            types,
            clock,
        }
    }

    /// The table that identifiers are read by.
    pub fn types(&self) -> &TypeTable {
        &self.types
    }

    /// A page of events, service by service. Each audit that is read for it remembers that, before
    /// there is an answer.
    pub async fn list(&self, call: &Call, command: &ListCommand) -> Result<EventPage, AuditError> {
        let auditor = auditor(call)?;
        let mut rest = command.cursor.and_then(|cursor| cursor.rest);
        let mut events = Vec::new();
        let mut next: Option<Cursor> = None;
        for (service, source) in self.asked(command)? {
            let (service, left) = (*service, left(command.size, events.len()));
            if left == 0 {
                next = Some(Cursor { service, rest });
                break;
            }
            let slice = source.list(&command.wanted, rest.take(), left).await?;
            let read = self.event(call, auditor, "audit.list_events");
            let details = command.filters.clone();
            source.record(AuditEvent { details, ..read }).await?;
            events.extend(slice.rows.into_iter().map(|row| Event { service, row }));
            rest = slice.rest;
            if rest.is_some() {
                next = Some(Cursor { service, rest });
                break;
            }
        }
        let next = next.map(|cursor| cursor.token(&command.fingerprint));
        Ok(EventPage { events, next })
    }

    /// One event. The audit that it is in remembers that it was read, or looked for.
    pub async fn event_at(&self, call: &Call, command: &OneCommand) -> Result<Event, AuditError> {
        let auditor = auditor(call)?;
        let is_asked = |(service, _): &&Source| *service == command.service;
        let (service, source) = self
            .sources
            .iter()
            .find(is_asked)
            .ok_or_else(no_such_service)?;
        let found = source.row(&command.chain, command.seq).await?;
        let read = self.event(call, auditor, "audit.get_event");
        // In the words of the row that was found: what was asked for may be anything.
        let (outcome, details) = match &found {
            Some(row) => (AuditOutcome::Done, format!("{} {}", row.chain, row.seq)),
            None => (AuditOutcome::Refused, "NOT_FOUND".to_owned()),
        };
        source
            .record(AuditEvent {
                outcome,
                details,
                ..read
            })
            .await?;
        let row = found.ok_or(AuditError::NoEvent)?;
        Ok(Event {
            service: *service,
            row,
        })
    }

    /// The audits that a listing has before it.
    fn asked(&self, command: &ListCommand) -> Result<Vec<&Source>, AuditError> {
        let is_asked = |service| command.service.is_none_or(|asked| asked == service);
        let is_before = |service| {
            command
                .cursor
                .is_some_and(|cursor| cursor.service != service)
        };
        let asked = self
            .sources
            .iter()
            .filter(|(service, _)| is_asked(*service));
        let asked: Vec<_> = asked
            .skip_while(|(service, _)| is_before(*service))
            .collect();
        if asked.is_empty() {
            return Err(no_such_service().into());
        }
        Ok(asked)
    }

    /// That this auditor has read.
    fn event(&self, call: &Call, auditor: &Identifier, action: &'static str) -> AuditEvent {
        AuditEvent {
            trace_id: call.trace_text(),
            ..AuditEvent::new(self.clock.now(), action, Actor::of(auditor, &self.types))
        }
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services = self.sources.iter().map(|(service, _)| service);
        f.debug_list().entries(services).finish()
    }
}

/// Who reads. The layer in front has seen to it that it is an auditor; that it is somebody, with a
/// certificate on a connection of their own, is not left to it alone.
fn auditor(call: &Call) -> Result<&Identifier, AuditError> {
    let principal = call.principal().ok_or(AuditError::Anonymous)?;
    match principal.certificate() {
        Some(certificate) if !certificate.forwarded => Ok(principal.primary()),
        _ => Err(AuditError::Anonymous),
    }
}

fn left(size: u32, taken: usize) -> u32 {
    size.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX))
}
