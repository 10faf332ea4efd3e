//! The directory over plain HTTP, for those who speak no gRPC.
//!
//! | | |
//! |---|---|
//! | `GET /v1/recipients/{type}/{value}/jwks?application=&use=` | an organisation's JWK Set |
//! | `POST /v1/recipients:lookup` | anybody's, asked for in a body, as `LookupRequest` in JSON |
//! | `GET /v1/keys/{kid}?asOf=` | one key in any state |
//! | `GET /etee/v1/pubKeys/cacerts/jwks?identifier=&type=&applicationIdentifier=&use=` | as eHealth's REST service |
//!
//! `HEAD` where there is `GET`. Tags are strong, `If-None-Match` is answered by 304. A person's identifier never stands
//! in a path, and in a query only where the operator allows it: paths and queries end up in logs.
//!
//! What the layers in front have found out about the caller and the trace id stand in the extensions of the request; a
//! refusal leaves as a [`Problem`](kleis_types::Problem) in those of the response, and they render it.

mod answer;
mod caller;
mod cors;
mod etee;
mod key;
mod lookup;
mod query;
mod recipient;

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Router, middleware};
use kleis_store::registry::RegistryStore;
use kleis_types::{RpcRule, Rule, Scope};

use crate::Directory;

const RECIPIENT: &str = "/v1/recipients/{type}/{value}/jwks";
const LOOKUP: &str = "/v1/recipients:lookup";
const KEY: &str = "/v1/keys/{kid}";
const ETEE: &str = "/etee/v1/pubKeys/cacerts/jwks";

/// Who may ask what, by the templates of the paths. Whom a caller may ask about is the directory's to say.
pub const RULES: &[RpcRule] = &[
    (RECIPIENT, Rule::Lookup(Scope::Directory)),
    (LOOKUP, Rule::Lookup(Scope::Directory)),
    (KEY, Rule::Lookup(Scope::Directory)),
    (ETEE, Rule::Lookup(Scope::Directory)),
];

/// What the operator decides about HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpSettings {
    /// Seconds for which an answer may be kept without asking again; 0 for none.
    pub max_age: u32,
    /// The origins of web pages that may ask; empty for none.
    pub origins: Vec<String>,
    /// Whether persons are answered about where eHealth's clients ask.
    pub persons_over_etee: bool,
}

/// The directory and its settings, as every handler has them.
pub(crate) struct Service<S> {
    directory: Directory<S>,
    settings: Arc<HttpSettings>,
}

impl<S> Clone for Service<S> {
    fn clone(&self) -> Self {
        Self {
            directory: self.directory.clone(),
            settings: Arc::clone(&self.settings),
        }
    }
}

/// The endpoints of a directory.
pub fn routes<S: RegistryStore>(directory: Directory<S>, settings: HttpSettings) -> Router {
    let settings = Arc::new(settings);
    let routes = Router::new()
        .route(RECIPIENT, get(recipient::run))
        .route(LOOKUP, post(lookup::run))
        .route(KEY, get(key::run))
        .route(ETEE, get(etee::run))
        .with_state(Service {
            directory,
            settings: Arc::clone(&settings),
        });
    if settings.origins.is_empty() {
        routes
    } else {
        routes.layer(middleware::from_fn_with_state(settings, cors::run))
    }
}
