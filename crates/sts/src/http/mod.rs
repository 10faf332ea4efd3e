//! The endpoints.
//!
//! | | | |
//! |---|---|---|
//! | `POST /oauth2/token` | a token | RFC 6749 section 3.2 |
//! | `POST /oauth2/revoke` | the end of one | RFC 7009 |
//! | `POST /oauth2/introspect` | what one says | RFC 7662 |
//! | `GET /oauth2/jwks` | the keys that verify them | RFC 7517 |
//! | `GET /.well-known/oauth-authorization-server` | all of this, for machines | RFC 8414 |
//!
//! What the layers in front have found out about the caller, its certificate and the trace id stand in the
//! extensions of the request.

mod answer;
mod metadata;
mod posted;

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, middleware};
use kleis_store::sts::StsStore;
use kleis_trust::status::StatusSource;
use kleis_types::{RpcRule, Rule};
use posted::Posted;

use crate::{Clients, Sts};

pub(crate) const TOKEN: &str = "/oauth2/token";
const REVOKE: &str = "/oauth2/revoke";
const INTROSPECT: &str = "/oauth2/introspect";
const JWKS: &str = "/oauth2/jwks";
const METADATA: &str = "/.well-known/oauth-authorization-server";

/// Who may ask what, by the paths: the endpoints of OAuth authenticate their clients themselves.
pub const RULES: &[RpcRule] = &[
    (TOKEN, Rule::Newcomer),
    (REVOKE, Rule::Newcomer),
    (INTROSPECT, Rule::Newcomer),
    (JWKS, Rule::Anyone),
    (METADATA, Rule::Anyone),
];

/// The endpoints of a token service.
pub fn routes<S, D, V>(sts: Sts<S, D, V>) -> Router
where
    S: StsStore,
    D: Clients,
    V: StatusSource + 'static,
{
    let secret = Router::new()
        .route(TOKEN, post(token).fallback(answer::wrong_method))
        .route(REVOKE, post(revoke).fallback(answer::wrong_method))
        .route(INTROSPECT, post(introspect).fallback(answer::wrong_method))
        .layer(middleware::map_response(answer::not_stored));
    Router::new()
        .route(JWKS, get(jwks))
        .route(METADATA, get(metadata))
        .merge(secret)
        .with_state(sts)
}

async fn token<S, D, V>(
    State(sts): State<Sts<S, D, V>>,
    posted: Result<Posted, Response>,
) -> Response
where
    S: StsStore,
    D: Clients,
    V: StatusSource + 'static,
{
    let response = match posted {
        Ok(Posted { form, call, proofs }) => {
            let proofs: Vec<_> = proofs.iter().map(String::as_str).collect();
            match sts.0.token(&form, &proofs, &call).await {
                Ok(token) => answer::json(&token),
                Err(error) => answer::refuse(&error, &call),
            }
        }
        Err(refused) => refused,
    };
    // Whoever has it need not ask twice (RFC 9449 section 8.2).
    answer::with_nonce(response, &sts.0.nonce())
}

async fn revoke<S, D, V>(State(sts): State<Sts<S, D, V>>, posted: Posted) -> Response
where
    S: StsStore,
    D: Clients,
    V: StatusSource + 'static,
{
    match sts.0.revoke(&posted.form, &posted.call).await {
        Ok(()) => Response::default(),
        Err(error) => answer::refuse(&error, &posted.call),
    }
}

async fn introspect<S, D, V>(State(sts): State<Sts<S, D, V>>, posted: Posted) -> Response
where
    S: StsStore,
    D: Clients,
    V: StatusSource + 'static,
{
    match sts.0.introspect(&posted.form, &posted.call).await {
        Ok(told) => answer::json(&told),
        Err(error) => answer::refuse(&error, &posted.call),
    }
}

async fn jwks<S, D, V>(State(sts): State<Sts<S, D, V>>) -> Response
where
    S: StsStore,
    D: Clients,
    V: StatusSource + 'static,
{
    let set = kleis_jose::JwkSet::new(sts.keys().to_vec()).to_value();
    answer::public("application/jwk-set+json", &set)
}

async fn metadata<S, D, V>(State(sts): State<Sts<S, D, V>>) -> Response
where
    S: StsStore,
    D: Clients,
    V: StatusSource + 'static,
{
    answer::public("application/json", &metadata::of(&sts.0.settings))
}
