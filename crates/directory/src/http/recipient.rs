//! `GET /v1/recipients/{type}/{value}/jwks`.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use kleis_proto::lookup::Lookup;
use kleis_store::registry::RegistryStore;
use kleis_types::{ErrorCode, Identifier, IdentifierError, Kind, Principal, Problem, TypeTable};

use super::Service;
use super::answer::{self, Document, JWK_SET};
use super::caller::Caller;
use super::query::Query;
use crate::{DirectoryError, Found, Recipient};

pub(super) async fn run<S: RegistryStore>(
    State(service): State<Service<S>>,
    Path((type_name, value)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    Caller(call): Caller,
    headers: HeaderMap,
) -> Response {
    let found = find(
        &service,
        &type_name,
        &value,
        query.as_deref(),
        call.principal(),
    )
    .await;
    match found {
        Ok(found) => found.respond(&headers),
        Err(error) => answer::refuse(&call, &error),
    }
}

async fn find<S: RegistryStore>(
    service: &Service<S>,
    type_name: &str,
    value: &str,
    query: Option<&str>,
    caller: Option<&Principal>,
) -> Result<Document, DirectoryError> {
    let directory = &service.directory;
    refuse_person(type_name, directory.types())?;
    let query = Query::parse(query, ["application", "use"])?;
    let application = query.get("application");
    let wanted = identifier(directory.types(), type_name, value, application)?;
    let mut lookup = Lookup::new(wanted.clone());
    if let Some(key_use) = query.key_use()? {
        lookup = lookup.for_use(key_use);
    }
    match directory.lookup(&lookup, caller).await? {
        Found::Recipient(found) => Ok(service.document(&wanted, found)),
        // The application was not left open.
        Found::Candidates(_) => Err(DirectoryError::NoRecipient),
    }
}

/// A person's identifier stands in no path: whether it does is told by the type alone, before anything is looked at.
fn refuse_person(type_name: &str, types: &TypeTable) -> Result<(), Problem> {
    let named = types.get(type_name).map(kleis_types::IdentifierType::kind);
    if named != Some(Kind::Person) {
        return Ok(());
    }
    let detail = "a person's identifier must not stand in an address: POST /v1/recipients:lookup";
    Err(Problem::new(ErrorCode::RequestMalformed, detail))
}

/// The identifier of these parts.
pub(super) fn identifier(
    types: &TypeTable,
    type_name: &str,
    value: &str,
    application: Option<&str>,
) -> Result<Identifier, Problem> {
    let resolved = types.resolve(type_name, value, application);
    resolved.map_err(|error| {
        let field = match &error {
            IdentifierError::UnknownType => "type",
            IdentifierError::ApplicationMalformed
            | IdentifierError::ApplicationNotAllowed { .. } => "application",
            _ => "identifier",
        };
        Problem::from(error).at(field)
    })
}

impl<S: RegistryStore> Service<S> {
    /// A found set as a document.
    pub(super) fn document(&self, wanted: &Identifier, found: Recipient) -> Document {
        let open = |of: &Identifier| self.directory.admit(of, None).is_ok();
        Document {
            media_type: JWK_SET,
            public: open(wanted) && open(&found.identifier),
            body: found.jwks,
            etag: found.etag,
            max_age: self.settings.max_age,
        }
    }
}
