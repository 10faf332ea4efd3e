//! Two audits in a directory of their own, and an auditor.

use std::sync::Arc;

use kleis_audit::{Audit, AuditSource, Source, grpc};
use kleis_proto::audit::v1::audit_service_server::AuditService as _;
use kleis_proto::audit::v1::{
    AuditEvent as Told, GetEventRequest, ListEventsRequest, ListEventsResponse,
};
use kleis_proto::status::from_status;
use kleis_store::{Actor, AuditEvent, EvidenceRead as _, Store as _, StoredAuditRow};
use kleis_store_sqlite::{CustodySqlite, RegistrySqlite};
use kleis_types::{
    CredentialMap, Identifier, ManualClock, Principal, Problem, SeededRandom, Service, Timestamp,
    TraceId, TypeTable,
};
use tempfile::TempDir;
use tonic::Request;

pub(crate) const AUDITOR: &str = "SSIN:93051822361";
pub(crate) const JANE: &str = "SSIN:85073003328";
pub(crate) const JOHN: &str = "SSIN:73011136173";
pub(crate) const KGSS: &str = "CBE:0809394427/KGSS";

/// When the query is asked, in seconds since 1970.
pub(crate) const NOW: i64 = 1_795_472_130;

pub(crate) struct House {
    _directory: TempDir,
    pub(crate) registry: RegistrySqlite,
    pub(crate) custody: CustodySqlite,
    pub(crate) query: grpc::Adapter,
}

impl House {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let random = |seed| Arc::new(SeededRandom::new(seed));
        let path = directory.path().join("registry.db");
        RegistrySqlite::migrate(&path).await.unwrap();
        let registry = RegistrySqlite::open(&path, "r", random(1)).await.unwrap();
        let path = directory.path().join("custody.db");
        CustodySqlite::migrate(&path).await.unwrap();
        let custody = CustodySqlite::open(&path, "c", random(2)).await.unwrap();
        let query = query_over(vec![
            (Service::Registration, Arc::new(registry.clone())),
            (Service::Custody, Arc::new(custody.clone())),
        ]);
        Self {
            _directory: directory,
            registry,
            custody,
            query,
        }
    }

    /// What an auditor is answered.
    pub(crate) async fn list(&self, request: ListEventsRequest) -> ListEventsResponse {
        let answer = self.query.list_events(asked(request)).await;
        answer.unwrap().into_inner()
    }

    /// What an auditor is told instead of an answer.
    pub(crate) async fn list_refused(&self, request: ListEventsRequest) -> Problem {
        let answer = self.query.list_events(asked(request)).await;
        from_status(&answer.unwrap_err()).unwrap()
    }

    pub(crate) async fn get(&self, service: &str, chain: &str, seq: u64) -> Result<Told, Problem> {
        let request = GetEventRequest {
            service: service.to_owned(),
            chain: chain.to_owned(),
            seq,
        };
        let answer = self.query.get_event(asked(request)).await;
        match answer {
            Ok(answer) => Ok(answer.into_inner().event.unwrap()),
            Err(status) => Err(from_status(&status).unwrap()),
        }
    }

    pub(crate) async fn registry_rows(&self) -> Vec<StoredAuditRow> {
        let mut reader = self.registry.read().await.unwrap();
        reader.audit_rows("r", 0, 10_000).await.unwrap()
    }

    pub(crate) async fn custody_rows(&self) -> Vec<StoredAuditRow> {
        let mut reader = self.custody.read().await.unwrap();
        reader.audit_rows("c", 0, 10_000).await.unwrap()
    }
}

pub(crate) fn query_over(sources: Vec<Source>) -> grpc::Adapter {
    let clock = Arc::new(ManualClock::new(NOW));
    grpc::adapter(Audit::new(sources, TypeTable::belgian().clone(), clock))
}

pub(crate) fn trace() -> TraceId {
    "0af7651916cd43dd8448eb211c80319c".parse().unwrap()
}

pub(crate) fn auditor() -> Principal {
    let device = "main".parse().unwrap();
    Principal::from_certificate(&[id(AUDITOR)], device, "x5t", CredentialMap::belgian()).unwrap()
}

/// A request of the auditor's, as the layers in front hand it on.
pub(crate) fn asked<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(auditor());
    request.extensions_mut().insert(trace());
    request
}

pub(crate) fn id(text: &str) -> Identifier {
    text.parse().unwrap()
}

/// An event with a name of its own.
pub(crate) fn event(name: &str) -> AuditEvent {
    AuditEvent {
        details: name.to_owned(),
        ..AuditEvent::new(Timestamp::from_unix(NOW - 1000), "test.act", Actor::Local)
    }
}

pub(crate) async fn append(source: &impl AuditSource, name: &str) {
    source.record(event(name)).await.unwrap();
}

/// The names of events.
pub(crate) fn names(events: &[Told]) -> Vec<&str> {
    events.iter().map(|event| event.details.as_str()).collect()
}
