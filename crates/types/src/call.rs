//! What the transport knows of a call.

use crate::{Principal, TraceId};

/// Who is on the line, and under which trace id.
#[derive(Clone, Debug, Default)]
pub struct Call {
    principal: Option<Principal>,
    trace: Option<TraceId>,
}

impl Call {
    /// A call of this caller, if one is authenticated, under this trace id, if there is one.
    pub fn new(principal: Option<Principal>, trace: Option<TraceId>) -> Self {
        Self { principal, trace }
    }

    /// The authenticated caller.
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// The trace id.
    pub fn trace(&self) -> Option<&TraceId> {
        self.trace.as_ref()
    }

    /// The trace id as it stands in the audit: empty if there is none.
    pub fn trace_text(&self) -> String {
        self.trace
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default()
    }
}
