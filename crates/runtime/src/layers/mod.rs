//! What a request passes on its way to a service.

mod answer;
mod authn;
mod authz;
mod body;
mod count;
mod deadline;
mod load;
mod open_end;
mod panic;
mod rate;
mod route;
mod span;

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
};
use kleis_types::{Random, Rule};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{Authenticate, Counters, RateLimiter};

pub use answer::refusal;
pub use authz::{Holds, NoRoles, Roles};
pub(crate) use route::Methods;

/// What the layers of one server share.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) methods: Methods,
    pub(crate) counters: Arc<Counters>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) stopping: CancellationToken,
    pub(crate) calls: TaskTracker,
    pub(crate) deadline: Duration,
    pub(crate) requests: Semaphore,
    pub(crate) rate: RateLimiter,
    pub(crate) max_body: usize,
    pub(crate) authenticator: Arc<dyn Authenticate>,
    /// By the names that [`Methods`] and the paths of HTTP routes give.
    pub(crate) rules: HashMap<&'static str, Rule>,
    pub(crate) roles: Arc<dyn Roles>,
}

/// Puts the layers around the routes, the first named being the first that a request meets.
///
/// Health is asked for by the machinery that decides whether to send work here or to kill the
/// process: it must be answered when the server is loaded, so it stands before the limits. It never
/// says anything about anybody.
pub(crate) fn apply(services: Router, health: Router, stack: &Arc<Stack>) -> Router {
    let of = || Arc::clone(stack);
    let limits_and_caller = ServiceBuilder::new()
        // What exceeds the number of requests under way is refused before it costs anything.
        .layer(from_fn_with_state(of(), load::run))
        // A caller that asks too often is refused before its signature chain, or anything it names,
        // is looked at.
        .layer(from_fn_with_state(of(), rate::run))
        // Bytes are counted before they are gathered.
        .layer(from_fn_with_state(of(), body::run))
        // Late, because it verifies signatures and asks for the status list.
        .layer(from_fn_with_state(of(), authn::run))
        // Last: what may be asked depends on who asks.
        .layer(from_fn_with_state(of(), authz::run));
    let every_request = ServiceBuilder::new()
        // Everything below, also what goes wrong, is logged and answered under one trace id.
        // Refusals from below are put into the caller's protocol here, so that no layer needs to
        // know it.
        .layer(from_fn_with_state(of(), span::run))
        // Until its answer is gone, a call is under way, and the stop waits for it; streams from
        // below that wait for news end when the process stops.
        .layer(from_fn_with_state(of(), open_end::run))
        // What panics or takes too long counts too.
        .layer(from_fn_with_state(of(), count::run))
        // A fault in one request is that request's alone.
        .layer(CatchPanicLayer::custom(panic::Caught::new(&stack.counters)))
        // Time runs from here, waiting for signatures and databases included.
        .layer(from_fn_with_state(of(), deadline::run));
    services
        .layer(limits_and_caller)
        .merge(health)
        .fallback(answer::nothing_here)
        .layer(every_request)
}

/// Puts a guard around gRPC routes: what is not gRPC gets an answer that says so, in place of an
/// empty success.
pub(crate) fn grpc_only(routes: Router) -> Router {
    routes.layer(from_fn(answer::grpc_only))
}
