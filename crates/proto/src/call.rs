//! A call as the layers in front of a service hand it on.

use kleis_types::{Call, Principal, Problem, TraceId};
use tonic::{Request, Status};

use crate::status;

/// Who is on the line and under which trace id: what the layers in front have put into the
/// extensions of the request.
pub fn of<T>(request: &Request<T>) -> Call {
    let extensions = request.extensions();
    let (principal, trace) = (extensions.get::<Principal>(), extensions.get::<TraceId>());
    Call::new(principal.cloned(), trace.cloned())
}

/// The status that tells this caller of a problem.
pub fn refuse(call: &Call, problem: &Problem) -> Status {
    status::to_status(problem, call.trace().map(TraceId::as_str))
}

#[cfg(test)]
mod tests {
    use kleis_types::{ErrorCode, SeededRandom};

    use super::*;

    #[test]
    fn a_call_is_what_the_layers_found_out() {
        let nobody = of(&Request::new(()));
        assert!(nobody.principal().is_none() && nobody.trace().is_none());
        let trace = TraceId::random(&SeededRandom::new(1));
        let mut request = Request::new(());
        request.extensions_mut().insert(trace.clone());
        let call = of(&request);
        assert_eq!(call.trace(), Some(&trace));
        let told = refuse(&call, &Problem::from(ErrorCode::NotFound));
        assert_eq!(status::trace_id(&told), Some(trace.to_string()));
    }
}
