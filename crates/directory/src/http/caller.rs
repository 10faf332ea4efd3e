//! Who asks.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use kleis_types::{Call, Principal, TraceId};

/// Who asks, and under which trace id: what the layers in front have found out.
pub(super) struct Caller(pub(super) Call);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let (principal, trace) = (
            parts.extensions.get::<Principal>(),
            parts.extensions.get::<TraceId>(),
        );
        Ok(Self(Call::new(principal.cloned(), trace.cloned())))
    }
}
