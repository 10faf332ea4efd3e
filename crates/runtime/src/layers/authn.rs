//! Who is calling.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use kleis_types::{ErrorCode, Principal, Problem};

use super::{Stack, refusal};
use crate::{Count, Peer};

/// Puts the [`Principal`] of a caller who proved to be one into the request. Who shows no
/// certificate is anonymous; who shows one that is not good is refused, whatever was asked for.
pub(super) async fn run(
    State(stack): State<Arc<Stack>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(peer) = request.extensions().get::<Peer>().cloned() else {
        return refusal(Problem::from(ErrorCode::Internal));
    };
    match stack.authenticator.authenticate(&peer).await {
        Ok(Some(principal)) => drop(request.extensions_mut().insert::<Principal>(principal)),
        Ok(None) => {}
        Err(problem) => {
            stack.counters.add(Count::CallersRefused);
            return refusal(problem);
        }
    }
    next.run(request).await
}
