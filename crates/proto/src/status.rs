//! A [`Problem`] as a gRPC status, and back.
//!
//! The status carries the code of the problem's category, its detail as message, and a
//! `google.rpc.ErrorInfo` with the domain `kleis`, the stable reason, and as metadata the field at
//! fault (`field`) and the trace to quote to the operator (`trace_id`).

use std::collections::HashMap;

use kleis_types::{Category, ErrorCode, Problem};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, ErrorInfo, StatusExt as _};

/// The domain of every `ErrorInfo` that Kleis makes.
pub const DOMAIN: &str = "kleis";

const FIELD: &str = "field";
const TRACE_ID: &str = "trace_id";

/// The longest text that goes into a status, in bytes. Statuses travel as HTTP/2 trailers,
/// percent-encoded and once more as base64; intermediaries drop those that are too long, and the
/// reason with them.
const MAX_TEXT: usize = 1024;

/// The status that tells a caller of a problem. `trace_id` is the one under which details are
/// logged.
pub fn to_status(problem: &Problem, trace_id: Option<&str>) -> Status {
    let mut metadata = HashMap::new();
    if let Some(field) = problem.field() {
        metadata.insert(FIELD.to_owned(), shortened(field));
    }
    if let Some(trace_id) = trace_id {
        metadata.insert(TRACE_ID.to_owned(), shortened(trace_id));
    }
    let details = ErrorDetails::with_error_info(problem.code().reason(), DOMAIN, metadata);
    Status::with_error_details(
        code_of(problem.category()),
        shortened(problem.detail()),
        details,
    )
}

/// The problem that a service told of.
///
/// # Errors
/// The status itself, if it is not one that [`to_status`] made: it comes from the transport or from
/// an intermediary, bears a reason of a later version, or contradicts itself.
pub fn from_status(status: &Status) -> Result<Problem, Status> {
    problem_in(status).ok_or_else(|| status.clone())
}

/// The trace id in a status, to quote to the operator.
pub fn trace_id(status: &Status) -> Option<String> {
    our_info(status)?.metadata.remove(TRACE_ID)
}

fn problem_in(status: &Status) -> Option<Problem> {
    let mut info = our_info(status)?;
    let code = ErrorCode::from_reason(&info.reason)?;
    if code_of(code.category()) != status.code() {
        return None;
    }
    let problem = Problem::new(code, status.message());
    Some(match info.metadata.remove(FIELD) {
        Some(field) => problem.at(field),
        None => problem,
    })
}

fn our_info(status: &Status) -> Option<ErrorInfo> {
    let details = status.check_error_details().ok()?;
    details
        .error_info()
        .filter(|info| info.domain == DOMAIN)
        .cloned()
}

/// The gRPC code of a category. The one place that knows.
fn code_of(category: Category) -> Code {
    match category {
        Category::InvalidArgument => Code::InvalidArgument,
        Category::NotFound => Code::NotFound,
        Category::AlreadyExists => Code::AlreadyExists,
        Category::FailedPrecondition => Code::FailedPrecondition,
        Category::Aborted => Code::Aborted,
        Category::PermissionDenied => Code::PermissionDenied,
        Category::Unauthenticated => Code::Unauthenticated,
        Category::ResourceExhausted => Code::ResourceExhausted,
        Category::Unavailable => Code::Unavailable,
        Category::DeadlineExceeded => Code::DeadlineExceeded,
        Category::Internal => Code::Internal,
    }
}

/// The text, cut at a character if it is longer than [`MAX_TEXT`].
fn shortened(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}

#[cfg(test)]
mod tests {
    use tonic::metadata::MetadataMap;

    use super::*;

    fn problems() -> impl Iterator<Item = Problem> {
        ErrorCode::ALL.iter().flat_map(|&code| {
            let plain = Problem::new(code, "Do the \"other\" thing, 50 % of the time: é.");
            [
                Problem::from(code),
                plain.clone().at("policy.readers[2].allOf"),
                plain,
            ]
        })
    }

    /// The status as it is after a journey over HTTP/2.
    fn over_the_wire(status: Status) -> Status {
        let (parts, ()) = status.into_http::<()>().into_parts();
        Status::from_header_map(&parts.headers).expect("a status is in the headers")
    }

    #[test]
    fn every_problem_comes_back_as_it_was() {
        for problem in problems() {
            let status = over_the_wire(to_status(&problem, Some("4bf92f3577b34da6")));
            assert_eq!(from_status(&status).expect("ours"), problem);
            assert_eq!(trace_id(&status).as_deref(), Some("4bf92f3577b34da6"));
        }
    }

    #[test]
    fn what_callers_in_other_languages_see() {
        let problem = Problem::new(ErrorCode::PolicyInvalid, "Name a reader.").at("readers");
        let status = to_status(&problem, None);
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "Name a reader.");
        let info = status.get_details_error_info().expect("it is there");
        assert_eq!(
            (info.domain.as_str(), info.reason.as_str()),
            ("kleis", "POLICY_INVALID")
        );
        assert_eq!(
            info.metadata,
            HashMap::from([("field".to_owned(), "readers".to_owned())])
        );
        assert_eq!(trace_id(&status), None);
    }

    #[test]
    fn all_codes_of_categories_differ() {
        let codes: std::collections::BTreeSet<i32> = Category::ALL
            .iter()
            .map(|&category| code_of(category) as i32)
            .collect();
        assert_eq!(codes.len(), Category::ALL.len());
        assert!(
            !codes.contains(&(Code::Ok as i32)),
            "no failure is a success"
        );
        assert!(
            !codes.contains(&(Code::Unknown as i32)),
            "no failure is unknown"
        );
    }

    #[test]
    fn foreign_statuses_stay_what_they_are() {
        let info = |reason: &str, domain: &str| {
            ErrorDetails::with_error_info(reason, domain, HashMap::new())
        };
        let status = |code, details| Status::with_error_details(code, "text", details);
        let foreign = [
            Status::unavailable("tcp connect error"),
            status(Code::NotFound, info("NOT_FOUND", "googleapis.com")),
            status(Code::NotFound, info("OF_A_LATER_VERSION", DOMAIN)),
            status(Code::Unavailable, info("NOT_FOUND", DOMAIN)),
            status(Code::NotFound, ErrorDetails::new()),
            Status::with_details_and_metadata(
                Code::NotFound,
                "not a protobuf",
                vec![0xff; 7].into(),
                MetadataMap::new(),
            ),
        ];
        for status in foreign {
            let same = from_status(&status).expect_err("not ours");
            assert_eq!(
                (same.code(), same.message()),
                (status.code(), status.message())
            );
        }
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let long = "é".repeat(MAX_TEXT);
        let problem = Problem::new(ErrorCode::RequestMalformed, format!("x{long}")).at(&long[..]);
        let status = over_the_wire(to_status(&problem, None));
        let arrived = from_status(&status).expect("ours");
        assert_eq!(arrived.detail(), format!("x{}", "é".repeat(511)));
        assert_eq!(arrived.field(), Some("é".repeat(512).as_str()));
    }
}
