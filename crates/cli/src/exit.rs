//! What the exit codes mean.

use std::process::ExitCode;

use kleis_client::{ClientError, HomeError};
use kleis_trust::recipient::RecipientError;
use kleis_types::Category;

/// How a command ended. The numbers are a contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All was done.
    Done = 0,
    /// Something does not stand up to verification: do not use it.
    Refused = 1,
    /// The command line is wrong.
    Usage = 2,
    /// There is no such thing, or it is not available to the caller.
    NotFound = 3,
    /// The caller may not, or could not show who it is.
    Denied = 4,
    /// It exists already, or its present state does not allow this.
    Conflict = 5,
    /// Nobody answered, or not now: try again later.
    Unavailable = 6,
    /// A file, or a value that was given, is not usable.
    Input = 7,
    /// A fault of this program or of the service.
    Internal = 70,
}

/// The meaning of the codes, as `kleis --help` tells it.
pub(crate) const HELP: &str = "\
Exit codes:
  0   done
  1   refused: it does not stand up to verification
  2   the command line is wrong
  3   not found, or not available to you
  4   not allowed, or not authenticated
  5   it exists already, or its state does not allow this
  6   the service cannot be reached, or is busy: try again later
  7   a file or a value that was given is not usable
  70  a fault of this program or of the service";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&ClientError> for Exit {
    fn from(error: &ClientError) -> Self {
        match error {
            ClientError::Refused { problem, .. } => problem.category().into(),
            // The directory knows them, but they have no key to encrypt to: there is nothing to refuse.
            ClientError::NotVerified { reason, .. }
                if *reason == RecipientError::NoKey.reason() =>
            {
                Self::NotFound
            }
            ClientError::NotVerified { .. } => Self::Refused,
            ClientError::Unreachable(_) => Self::Unavailable,
            ClientError::Input(_) => Self::Input,
            ClientError::NotFound(_) => Self::NotFound,
            ClientError::Home(error) => error.into(),
            ClientError::Internal(_) => Self::Internal,
        }
    }
}

impl From<&HomeError> for Exit {
    fn from(error: &HomeError) -> Self {
        match error {
            HomeError::Io { .. } | HomeError::Malformed { .. } => Self::Input,
            HomeError::Permissions(_) | HomeError::Passphrase(_) | HomeError::NoPassphrase(_) => {
                Self::Denied
            }
            HomeError::NotInitialised(_)
            | HomeError::NotEnrolled(_)
            | HomeError::AlreadyEnrolled(_) => Self::Conflict,
        }
    }
}

impl From<Category> for Exit {
    fn from(category: Category) -> Self {
        match category {
            Category::InvalidArgument => Self::Input,
            Category::NotFound => Self::NotFound,
            Category::AlreadyExists | Category::FailedPrecondition | Category::Aborted => {
                Self::Conflict
            }
            Category::PermissionDenied | Category::Unauthenticated => Self::Denied,
            Category::ResourceExhausted | Category::Unavailable | Category::DeadlineExceeded => {
                Self::Unavailable
            }
            Category::Internal => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use kleis_types::{ErrorCode, Problem};

    use super::*;

    #[test]
    fn every_category_has_its_code() {
        let expected = [
            (Category::InvalidArgument, 7),
            (Category::NotFound, 3),
            (Category::AlreadyExists, 5),
            (Category::FailedPrecondition, 5),
            (Category::Aborted, 5),
            (Category::PermissionDenied, 4),
            (Category::Unauthenticated, 4),
            (Category::ResourceExhausted, 6),
            (Category::Unavailable, 6),
            (Category::DeadlineExceeded, 6),
            (Category::Internal, 70),
        ];
        assert_eq!(expected.len(), Category::ALL.len());
        for (category, code) in expected {
            assert_eq!(Exit::from(category) as u8, code, "{category}");
        }
    }

    #[test]
    fn a_refusal_of_the_service_ends_as_its_category_says() {
        let refused = |code| {
            let problem = Problem::from(code);
            Exit::from(&ClientError::Refused {
                problem,
                trace: None,
            })
        };
        assert_eq!(refused(ErrorCode::KeyNotAvailable), Exit::NotFound);
        assert_eq!(refused(ErrorCode::EnrolmentRefused), Exit::Denied);
        assert_eq!(refused(ErrorCode::KeyInUse), Exit::Conflict);
        assert_eq!(refused(ErrorCode::Overloaded), Exit::Unavailable);
        assert_eq!(refused(ErrorCode::PolicyInvalid), Exit::Input);
    }

    #[test]
    fn what_the_client_finds_itself_has_its_code() {
        let not_verified = ClientError::not_verified("a reply", "OTHER_KEY", "another key");
        assert_eq!(Exit::from(&not_verified), Exit::Refused);
        let no_key = ClientError::not_verified("a set", RecipientError::NoKey.reason(), "none");
        assert_eq!(Exit::from(&no_key), Exit::NotFound);
        assert_eq!(
            Exit::from(&ClientError::Unreachable(String::new())),
            Exit::Unavailable
        );
        assert_eq!(Exit::from(&ClientError::Input(String::new())), Exit::Input);
        assert_eq!(
            Exit::from(&ClientError::NotFound(String::new())),
            Exit::NotFound
        );
        assert_eq!(
            Exit::from(&ClientError::Internal(String::new())),
            Exit::Internal
        );
        let home = |error: HomeError| Exit::from(&ClientError::from(error));
        let path = PathBuf::from("home");
        assert_eq!(
            home(HomeError::NotInitialised(path.clone())),
            Exit::Conflict
        );
        assert_eq!(
            home(HomeError::AlreadyEnrolled(path.clone())),
            Exit::Conflict
        );
        assert_eq!(home(HomeError::Passphrase(path.clone())), Exit::Denied);
        assert_eq!(home(HomeError::Permissions(path)), Exit::Denied);
    }

    #[test]
    fn the_help_tells_of_every_code() {
        for exit in [
            Exit::Done,
            Exit::Refused,
            Exit::Usage,
            Exit::NotFound,
            Exit::Denied,
            Exit::Conflict,
            Exit::Unavailable,
            Exit::Input,
            Exit::Internal,
        ] {
            let code = (exit as u8).to_string();
            let told = HELP
                .lines()
                .any(|line| line.split_whitespace().next() == Some(&code));
            assert!(told, "{code}");
        }
    }
}
