//! The service over gRPC: parse, call, answer.

mod messages;
mod watch;

use kleis_jose::Thumbprint;
use kleis_proto::directory::v1 as wire;
use kleis_proto::directory::v1::directory_service_server::{
    DirectoryService, DirectoryServiceServer,
};
use kleis_proto::{
    call,
    lookup::{self, Lookup},
};
use kleis_store::registry::RegistryStore;
use kleis_types::{Call, ErrorCode, Problem, RpcRule, Rule, Scope};
use tonic::{Request, Response, Status};

use crate::service::MAX_BATCH;
use crate::{Directory, DirectoryError};

pub use watch::WatchStream;

/// The longest message that is read, in bytes: more than 500 look-ups take.
const MAX_MESSAGE: usize = 256 * 1024;

/// Who may call each RPC. Whom a caller may ask about is the type table's to say.
pub const RULES: &[RpcRule] = &[
    (
        "kleis.directory.v1.DirectoryService/Lookup",
        Rule::Lookup(Scope::Directory),
    ),
    (
        "kleis.directory.v1.DirectoryService/BatchLookup",
        Rule::Lookup(Scope::Directory),
    ),
    (
        "kleis.directory.v1.DirectoryService/GetKey",
        Rule::Lookup(Scope::Directory),
    ),
    (
        "kleis.directory.v1.DirectoryService/Watch",
        Rule::Lookup(Scope::Directory),
    ),
];

/// The public service.
pub fn public<S: RegistryStore>(directory: Directory<S>) -> DirectoryServiceServer<Adapter<S>> {
    DirectoryServiceServer::new(adapter(directory)).max_decoding_message_size(MAX_MESSAGE)
}

/// The service without its gRPC server: what tests call.
pub fn adapter<S: RegistryStore>(directory: Directory<S>) -> Adapter<S> {
    Adapter(directory)
}

/// The directory behind gRPC.
#[derive(Debug)]
pub struct Adapter<S>(Directory<S>);

#[tonic::async_trait]
impl<S: RegistryStore> DirectoryService for Adapter<S> {
    async fn lookup(
        &self,
        request: Request<wire::LookupRequest>,
    ) -> Result<Response<wire::LookupResponse>, Status> {
        let call = call::of(&request);
        let lookup = Lookup::parse(request.get_ref(), self.0.types())
            .map_err(|problem| refuse(&call, &problem.into()))?;
        let found = self.0.lookup(&lookup, call.principal()).await;
        let found = found.map_err(|error| refuse(&call, &error))?;
        let known = &request.get_ref().if_etag;
        Ok(Response::new(messages::lookup(found, known)))
    }

    async fn batch_lookup(
        &self,
        request: Request<wire::BatchLookupRequest>,
    ) -> Result<Response<wire::BatchLookupResponse>, Status> {
        let call = call::of(&request);
        let asked = &request.get_ref().lookups;
        if asked.is_empty() || asked.len() > MAX_BATCH {
            let detail = format!("ask for 1 to {MAX_BATCH} recipients at a time");
            let problem = Problem::new(ErrorCode::RequestMalformed, detail).at("lookups");
            return Err(refuse(&call, &problem.into()));
        }
        let lookups = asked
            .iter()
            .map(|lookup| Ok(Lookup::parse(lookup, self.0.types())?))
            .collect();
        let results = self.0.batch_lookup(lookups, call.principal()).await;
        let results = results
            .into_iter()
            .zip(asked)
            .map(|(result, asked)| messages::batch_result(&call, result, &asked.if_etag))
            .collect();
        Ok(Response::new(wire::BatchLookupResponse { results }))
    }

    async fn get_key(
        &self,
        request: Request<wire::GetKeyRequest>,
    ) -> Result<Response<wire::GetKeyResponse>, Status> {
        let call = call::of(&request);
        let kid: Thumbprint = request.get_ref().kid.parse().map_err(|_| {
            let detail = "a kid is an RFC 7638 SHA-256 thumbprint: 43 characters of base64url";
            refuse(
                &call,
                &Problem::new(ErrorCode::RequestMalformed, detail)
                    .at("kid")
                    .into(),
            )
        })?;
        let as_of = lookup::time(request.get_ref().as_of)
            .map_err(|problem| refuse(&call, &problem.into()))?;
        let key = self.0.key(&kid, as_of, call.principal()).await;
        Ok(Response::new(
            key.map_err(|error| refuse(&call, &error))?.into(),
        ))
    }

    type WatchStream = WatchStream;

    async fn watch(
        &self,
        request: Request<wire::WatchRequest>,
    ) -> Result<Response<WatchStream>, Status> {
        let call = call::of(&request);
        let parsed = watch::parse(request.get_ref(), self.0.types());
        let (cursor, named) = parsed.map_err(|problem| refuse(&call, &problem.into()))?;
        let watcher = self.0.watch(cursor, named, call.principal()).await;
        let watcher = watcher.map_err(|error| refuse(&call, &error))?;
        let settings = self.0.0.settings.watch;
        Ok(Response::new(watch::stream(watcher, settings, call)))
    }
}

/// Tells the caller; what is ours to mend goes into the log as well.
fn refuse(call: &Call, error: &DirectoryError) -> Status {
    log(call, error);
    let mut status = call::refuse(call, &Problem::from(error));
    if let Some(seconds) = error.retry_after() {
        status.metadata_mut().insert("retry-after", seconds.into());
    }
    status
}

pub(crate) fn log(call: &Call, error: &DirectoryError) {
    match error {
        DirectoryError::Store(_)
        | DirectoryError::Published(_)
        | DirectoryError::Certificate(_) => {
            tracing::error!(trace_id = call.trace_text(), %error, "look-up failed");
        }
        DirectoryError::Request(_)
        | DirectoryError::Anonymous
        | DirectoryError::Behind
        | DirectoryError::Future
        | DirectoryError::TimeUnknown
        | DirectoryError::CursorGone
        | DirectoryError::TooManyWatchers
        | DirectoryError::NoRecipient
        | DirectoryError::NoKey => {}
    }
}

#[cfg(test)]
mod tests {
    use kleis_proto::{directory::v1::directory_service_server::SERVICE_NAME, rules};

    #[test]
    fn every_rpc_has_its_rule() {
        let none: [&str; 0] = [];
        assert_eq!(rules::faults(SERVICE_NAME, super::RULES).unwrap(), none);
    }
}
