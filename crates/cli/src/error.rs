//! Why a command failed.

use std::fmt::Display;
use std::io;

use kleis_client::{ClientError, HomeError};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::files;

/// Why a command failed: every one has a stable reason and an exit code.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The SDK says why.
    Client(Box<ClientError>),
    /// This program says why.
    Fault(Box<Fault>),
    /// Several things are wrong, each of which is told.
    Several(Box<Fault>, Vec<Item>),
    /// The answer could not be written.
    Output(io::Error),
}

/// A failure in the form in which it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) exit: Exit,
    pub(crate) reason: &'static str,
    pub(crate) field: Option<String>,
    pub(crate) detail: String,
    /// The trace to quote to the operators.
    pub(crate) trace: Option<String>,
}

/// One of several things that are wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Which: a line of a file, a recipient.
    pub(crate) what: String,
    pub(crate) reason: &'static str,
    pub(crate) detail: String,
}

impl CliError {
    fn fault(exit: Exit, reason: &'static str, detail: impl Display) -> Self {
        Self::Fault(Box::new(Fault {
            exit,
            reason,
            field: None,
            detail: detail.to_string(),
            trace: None,
        }))
    }

    /// The command line is wrong in a way that its grammar does not see.
    pub(crate) fn usage(detail: impl Display) -> Self {
        Self::fault(Exit::Usage, "USAGE", detail)
    }

    /// Something was looked at and refused.
    pub(crate) fn refused(reason: &'static str, detail: impl Display) -> Self {
        Self::fault(Exit::Refused, reason, detail)
    }

    /// What was given is not usable.
    pub(crate) fn input(reason: &'static str, detail: impl Display) -> Self {
        Self::fault(Exit::Input, reason, detail)
    }

    /// A file cannot be read or written, or is not what it should be.
    pub(crate) fn file(path: &std::path::Path, detail: impl Display) -> Self {
        Self::input("FILE", format!("{}: {detail}", files::name(path)))
    }

    /// There is no such thing.
    pub(crate) fn not_found(detail: impl Display) -> Self {
        Self::fault(Exit::NotFound, "NOT_FOUND", detail)
    }

    /// The person said no.
    pub(crate) fn declined() -> Self {
        Self::fault(Exit::Denied, "DECLINED", "you said no: nothing was done")
    }

    /// A fault of this program.
    pub(crate) fn internal(detail: impl Display) -> Self {
        Self::fault(Exit::Internal, "INTERNAL", detail)
    }

    /// The error as it is told.
    pub(crate) fn told(&self) -> Fault {
        match self {
            Self::Fault(fault) | Self::Several(fault, _) => (**fault).clone(),
            Self::Client(error) => Fault {
                exit: self.exit(),
                reason: error.reason(),
                field: error.field().map(str::to_owned),
                detail: client_detail(error),
                trace: trace(error),
            },
            Self::Output(error) => Fault {
                exit: self.exit(),
                reason: "OUTPUT",
                field: None,
                detail: format!("the answer could not be written: {error}"),
                trace: None,
            },
        }
    }

    /// How the process ends.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Client(error) => Exit::from(error.as_ref()),
            Self::Fault(fault) | Self::Several(fault, _) => fault.exit,
            // Whoever reads our output has seen enough.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(_) => Exit::Input,
        }
    }

    /// The single things that are wrong, where they are several.
    pub(crate) fn items(&self) -> &[Item] {
        match self {
            Self::Several(_, items) => items,
            Self::Client(_) | Self::Fault(_) | Self::Output(_) => &[],
        }
    }

    /// The error as a program reads it.
    pub(crate) fn to_json(&self) -> Value {
        let told = self.told();
        let mut error = json!({
            "reason": told.reason,
            "field": told.field,
            "detail": told.detail,
        });
        if let Some(trace) = told.trace {
            error["trace"] = trace.into();
        }
        if !self.items().is_empty() {
            error["items"] = self.items().iter().map(Item::to_json).collect();
        }
        json!({ "error": error })
    }
}

impl Item {
    fn to_json(&self) -> Value {
        json!({ "what": self.what, "reason": self.reason, "detail": self.detail })
    }
}

/// What went wrong without its reason, which stands beside it.
pub(crate) fn client_detail(error: &ClientError) -> String {
    match error {
        ClientError::Refused { problem, .. } => problem.detail().to_owned(),
        ClientError::NotVerified { what, detail, .. } => format!("{what}: {detail}"),
        _ => error.to_string(),
    }
}

fn trace(error: &ClientError) -> Option<String> {
    match error {
        ClientError::Refused { trace, .. } => trace.clone(),
        _ => None,
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        Self::Client(Box::new(error))
    }
}

impl From<HomeError> for CliError {
    fn from(error: HomeError) -> Self {
        ClientError::from(error).into()
    }
}

impl From<io::Error> for CliError {
    /// Only writing to the standard streams fails without a path.
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::{ErrorCode, Problem};

    use super::*;

    #[test]
    fn a_refusal_keeps_its_reason_field_and_trace() {
        let problem = Problem::new(ErrorCode::PolicyInvalid, "Correct it.").at("readers[0]");
        let trace = Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned());
        let error = CliError::from(ClientError::Refused { problem, trace });
        assert_eq!(
            error.to_json(),
            json!({"error": {
                "reason": "POLICY_INVALID",
                "field": "readers[0]",
                "detail": "Correct it.",
                "trace": "4bf92f3577b34da6a3ce929d0e0e4736",
            }})
        );
        assert_eq!(error.exit(), Exit::Input);
    }

    #[test]
    fn a_check_that_failed_is_named_once() {
        let error = ClientError::not_verified("the reply", "REPLY_EXPIRED", "it is too old");
        let told = CliError::from(error).told();
        assert_eq!((told.exit, told.reason), (Exit::Refused, "REPLY_EXPIRED"));
        assert_eq!(told.detail, "the reply: it is too old");
    }

    #[test]
    fn several_faults_are_all_told() {
        let fault = CliError::input("CSV_INVALID", "1 line is wrong").told();
        let item = Item {
            what: "line 2".into(),
            reason: "CSV_FIELDS",
            detail: "two".into(),
        };
        let json = CliError::Several(Box::new(fault), vec![item]).to_json();
        assert_eq!(json["error"]["items"][0]["what"], "line 2");
        assert_eq!(json["error"]["items"][0]["reason"], "CSV_FIELDS");
    }

    #[test]
    fn a_reader_that_has_seen_enough_is_no_failure() {
        let closed = CliError::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(closed.exit(), Exit::Done);
        let full = CliError::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!((full.exit(), full.told().reason), (Exit::Input, "OUTPUT"));
    }
}
