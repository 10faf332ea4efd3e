//! `GET /etee/v1/pubKeys/cacerts/jwks`, as the REST service of the eHealth platform answers it.
//!
//! Its clients verify no binding, and take any key that the set has: with `use=enc` they get encryption keys and nothing
//! beside them. Persons are for authenticated callers, and only where the operator lets their identifiers stand in queries.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use kleis_proto::lookup::{KeyUse, Lookup};
use kleis_store::registry::RegistryStore;
use kleis_types::{ErrorCode, Kind, Principal, Problem};

use super::Service;
use super::answer::{self, Document};
use super::caller::Caller;
use super::query::Query;
use super::recipient::identifier;
use crate::{DirectoryError, Found};

pub(super) async fn run<S: RegistryStore>(
    State(service): State<Service<S>>,
    RawQuery(query): RawQuery,
    Caller(call): Caller,
    headers: HeaderMap,
) -> Response {
    match find(&service, query.as_deref(), call.principal()).await {
        Ok(found) => found.respond(&headers),
        Err(error) => answer::refuse(&call, &error),
    }
}

async fn find<S: RegistryStore>(
    service: &Service<S>,
    query: Option<&str>,
    caller: Option<&Principal>,
) -> Result<Document, DirectoryError> {
    let names = ["identifier", "type", "applicationIdentifier", "use"];
    let query = Query::parse(query, names)?;
    let (type_name, value) = (query.require("type")?, query.require("identifier")?);
    query.require("use")?;
    let directory = &service.directory;
    let kind = directory
        .types()
        .get(type_name)
        .map(kleis_types::IdentifierType::kind);
    if kind == Some(Kind::Person) && !service.settings.persons_over_etee {
        let detail = "persons are not looked up here: POST /v1/recipients:lookup";
        return Err(Problem::new(ErrorCode::RequestMalformed, detail)
            .at("type")
            .into());
    }
    let application = query.get("applicationIdentifier");
    let wanted = identifier(directory.types(), type_name, value, application)?;
    let found = if query.key_use()? == Some(KeyUse::Encryption) {
        directory.encryption_keys(&wanted, caller).await?
    } else {
        let lookup = Lookup::new(wanted.clone()).for_use(KeyUse::Signature);
        match directory.lookup(&lookup, caller).await? {
            Found::Recipient(found) => found,
            Found::Candidates(_) => return Err(DirectoryError::NoRecipient),
        }
    };
    Ok(service.document(&wanted, found))
}
