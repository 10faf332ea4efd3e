//! The service over gRPC: parse, call, answer.

use kleis_jose::Thumbprint;
use kleis_proto::directory::v1::directory_service_server::{
    DirectoryService, DirectoryServiceServer,
};
use kleis_proto::directory::v1::{self as wire, batch_lookup_result, lookup_response};
use kleis_proto::{call, lookup::Lookup};
use kleis_store::registry::RegistryStore;
use kleis_types::{Call, ErrorCode, Problem, RpcRule, Rule, Scope, Timestamp};
use tonic::{Request, Response, Status};

use crate::service::MAX_BATCH;
use crate::{Directory, DirectoryError, Found, PublishedKey, Recipient};

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
        let result = match found.map_err(|error| refuse(&call, &error))? {
            Found::Recipient(recipient) => lookup_response::Result::Recipient(recipient.into()),
            Found::Candidates(names) => lookup_response::Result::Candidates(candidates(&names)),
        };
        Ok(Response::new(wire::LookupResponse {
            result: Some(result),
        }))
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
            .map(|result| batch_result(&call, result))
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
        let key = self.0.key(&kid, call.principal()).await;
        Ok(Response::new(
            key.map_err(|error| refuse(&call, &error))?.into(),
        ))
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

fn log(call: &Call, error: &DirectoryError) {
    match error {
        DirectoryError::Store(_) | DirectoryError::Published(_) => {
            tracing::error!(trace_id = call.trace_text(), %error, "look-up failed");
        }
        DirectoryError::Request(_)
        | DirectoryError::Anonymous
        | DirectoryError::Behind
        | DirectoryError::NoRecipient
        | DirectoryError::NoKey => {}
    }
}

fn batch_result(call: &Call, result: Result<Found, DirectoryError>) -> wire::BatchLookupResult {
    let result = match result {
        Ok(Found::Recipient(recipient)) => batch_lookup_result::Result::Recipient(recipient.into()),
        Ok(Found::Candidates(names)) => batch_lookup_result::Result::Candidates(candidates(&names)),
        Err(error) => {
            log(call, &error);
            batch_lookup_result::Result::Error((&Problem::from(&error)).into())
        }
    };
    wire::BatchLookupResult {
        result: Some(result),
    }
}

fn candidates(identifiers: &[kleis_types::Identifier]) -> wire::Candidates {
    wire::Candidates {
        identifiers: identifiers.iter().map(ToString::to_string).collect(),
    }
}

impl From<Recipient> for wire::Recipient {
    fn from(recipient: Recipient) -> Self {
        Self {
            identifier: recipient.identifier.to_string(),
            jwks: recipient.jwks,
            etag: recipient.etag,
        }
    }
}

impl From<PublishedKey> for wire::GetKeyResponse {
    fn from(PublishedKey(key): PublishedKey) -> Self {
        Self {
            identifier: key.owner.to_string(),
            device: key.device.to_string(),
            jwk: key.jwk.into_bytes(),
            state: key.state.to_string(),
            created_at: key.created_at.unix(),
            activated_at: key.activated_at.map_or(0, Timestamp::unix),
            expires_at: key.expires_at.unix(),
        }
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
