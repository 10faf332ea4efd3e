//! What a caller is told when a handler panics: that it was not the caller's fault, and no more.

use std::{any::Any, sync::Arc};

use axum::response::Response;
use kleis_types::{ErrorCode, Problem};
use tower_http::catch_panic::ResponseForPanic;

use super::refusal;
use crate::{Count, Counters};

#[derive(Clone, Debug)]
pub(super) struct Caught(Arc<Counters>);

impl Caught {
    pub(super) fn new(counters: &Arc<Counters>) -> Self {
        Self(Arc::clone(counters))
    }
}

impl ResponseForPanic for Caught {
    type ResponseBody = axum::body::Body;

    /// What the panic said is dropped unread: it may hold what no log should. Its place is in the
    /// log.
    fn response_for_panic(&mut self, _: Box<dyn Any + Send + 'static>) -> Response {
        self.0.add(Count::Panics);
        refusal(Problem::from(ErrorCode::Internal))
    }
}
