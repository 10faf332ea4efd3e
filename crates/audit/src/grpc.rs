//! The service over gRPC: parse, call, answer.

use kleis_proto::audit::v1 as wire;
use kleis_proto::audit::v1::audit_service_server::{AuditService, AuditServiceServer};
use kleis_proto::call;
use kleis_types::{Call, Problem, Role, RpcRule, Rule};
use tonic::{Request, Response, Status};

use crate::{Audit, AuditError, Event, EventPage, ListCommand, OneCommand};

/// The longest message that is read, in bytes: more than all filters together take.
const MAX_MESSAGE: usize = 16 * 1024;

/// Who may call each RPC: auditors alone.
pub const RULES: &[RpcRule] = &[
    (
        "kleis.audit.v1.AuditService/ListEvents",
        Rule::Holder(&[Role::Auditor]),
    ),
    (
        "kleis.audit.v1.AuditService/GetEvent",
        Rule::Holder(&[Role::Auditor]),
    ),
];

/// The service of the admin listener.
pub fn admin(audit: Audit) -> AuditServiceServer<Adapter> {
    AuditServiceServer::new(adapter(audit)).max_decoding_message_size(MAX_MESSAGE)
}

/// The service without its gRPC server: what tests call.
pub fn adapter(audit: Audit) -> Adapter {
    Adapter(audit)
}

/// The query behind gRPC.
#[derive(Debug)]
pub struct Adapter(Audit);

#[tonic::async_trait]
impl AuditService for Adapter {
    async fn list_events(
        &self,
        request: Request<wire::ListEventsRequest>,
    ) -> Result<Response<wire::ListEventsResponse>, Status> {
        let call = call::of(&request);
        let command = ListCommand::parse(request.get_ref(), self.0.types())
            .map_err(|problem| refuse(&call, &problem.into()))?;
        let page = self.0.list(&call, &command).await;
        let page = page.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(page.into()))
    }

    async fn get_event(
        &self,
        request: Request<wire::GetEventRequest>,
    ) -> Result<Response<wire::GetEventResponse>, Status> {
        let call = call::of(&request);
        let command = OneCommand::parse(request.get_ref())
            .map_err(|problem| refuse(&call, &problem.into()))?;
        let event = self.0.event_at(&call, &command).await;
        let event = event.map_err(|error| refuse(&call, &error))?;
        Ok(Response::new(wire::GetEventResponse {
            event: Some(event.into()),
        }))
    }
}

/// Tells the caller; what is ours to mend goes into the log as well.
fn refuse(call: &Call, error: &AuditError) -> Status {
    match error {
        AuditError::Store(_) => {
            tracing::error!(trace_id = call.trace_text(), %error, "the audit was not read");
        }
        AuditError::Request(_) | AuditError::Anonymous | AuditError::NoEvent => {}
    }
    call::refuse(call, &Problem::from(error))
}

impl From<EventPage> for wire::ListEventsResponse {
    fn from(page: EventPage) -> Self {
        Self {
            events: page.events.into_iter().map(Into::into).collect(),
            next_page_token: page.next.unwrap_or_default(),
        }
    }
}

impl From<Event> for wire::AuditEvent {
    fn from(Event { service, row }: Event) -> Self {
        Self {
            service: service.to_string(),
            chain: row.chain,
            seq: row.seq,
            time: row.at.unix(),
            action: row.action,
            actor: row.actor,
            resource: row.resource,
            resource_version: row.resource_version,
            resource_digest: row.resource_digest,
            outcome: row.outcome,
            order_digest: row.order_digest,
            trace_id: row.trace_id,
            details: row.details,
            hash: row.hash.to_vec(),
            previous: row.previous.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use kleis_proto::{audit::v1::audit_service_server::SERVICE_NAME, rules};

    #[test]
    fn every_rpc_has_its_rule() {
        let none: [&str; 0] = [];
        assert_eq!(rules::faults(SERVICE_NAME, super::RULES).unwrap(), none);
    }
}
