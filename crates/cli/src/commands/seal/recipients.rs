//! Whom to seal to: read from the command line, looked up, verified.

use std::path::{Path, PathBuf};

use kleis_client::{ClientError, Kleis};
use kleis_trust::recipient::VerifiedRecipient;
use kleis_types::Identifier;

use crate::args;
use crate::context::Context;
use crate::error::{CliError, Fault, Item, client_detail};
use crate::exit::Exit;
use crate::files;

/// What a look-up of several recipients found.
pub(super) struct Found {
    pub(super) recipients: Vec<VerifiedRecipient>,
    /// Those without a key, where that was allowed.
    pub(super) skipped: Vec<Item>,
}

/// The recipients and the file. `--to A B FILE` is meant as it reads: what has not the form of an
/// identifier, and comes last, is the file.
pub(super) fn read(
    to: &[String],
    file: Option<&Path>,
) -> Result<(Vec<Identifier>, PathBuf), CliError> {
    let (names, file) = match (to, file) {
        ([names @ .., last], None) if !looks_like_identifier(last) => (names, PathBuf::from(last)),
        (names, file) => (names, file.unwrap_or(Path::new(files::STREAM)).to_owned()),
    };
    let mut identifiers = Vec::with_capacity(names.len());
    for name in names {
        let identifier = args::identifier(name)
            .map_err(|error| CliError::usage(format!("--to {name}: {error}")))?;
        if !identifiers.contains(&identifier) {
            identifiers.push(identifier);
        }
    }
    if identifiers.is_empty() && !to.is_empty() {
        return Err(CliError::usage("--to names no recipient"));
    }
    Ok((identifiers, file))
}

/// Whether it begins as `TYPE:`.
fn looks_like_identifier(text: &str) -> bool {
    text.split_once(':').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

/// Looks up and verifies all of them. One that has no key may be skipped if that was asked for; one
/// whose keys do not stand up to verification never.
pub(super) async fn verify(
    context: &Context,
    client: &Kleis,
    identifiers: &[Identifier],
    skip_missing: bool,
) -> Result<Found, CliError> {
    let mut found = Found {
        recipients: Vec::new(),
        skipped: Vec::new(),
    };
    if identifiers.is_empty() {
        return Ok(found);
    }
    let progress = context
        .output()
        .progress("looking up recipients", identifiers.len());
    let results = client.recipients(identifiers).await?;
    drop(progress);
    let mut faults = Vec::new();
    for (identifier, result) in identifiers.iter().zip(results) {
        match result {
            Ok(recipient) => found.recipients.push(recipient),
            Err(error) if skip_missing && is_missing(&error) => {
                found.skipped.push(item(identifier, &error));
            }
            Err(error) => faults.push((identifier, error)),
        }
    }
    if faults.is_empty() {
        Ok(found)
    } else {
        Err(refusal(&faults))
    }
}

/// Whether somebody has no key, as opposed to one that is refused.
fn is_missing(error: &ClientError) -> bool {
    Exit::from(error) == Exit::NotFound
}

fn item(identifier: &Identifier, error: &ClientError) -> Item {
    Item {
        what: identifier.to_string(),
        reason: error.reason(),
        detail: client_detail(error),
    }
}

/// One error for all: the gravest fault decides how the program ends.
fn refusal(faults: &[(&Identifier, ClientError)]) -> CliError {
    let exits: Vec<_> = faults.iter().map(|(_, error)| Exit::from(error)).collect();
    let exit = if exits.contains(&Exit::Refused) {
        Exit::Refused
    } else {
        exits.first().copied().unwrap_or(Exit::Internal)
    };
    let reason = match exit {
        Exit::Refused => "RECIPIENTS_REFUSED",
        _ => "RECIPIENTS_MISSING",
    };
    let detail = match exit {
        Exit::Refused => {
            "nothing was sealed: keys of these recipients do not stand up to verification"
        }
        Exit::NotFound => {
            "nothing was sealed: these recipients have no key (--skip-missing leaves them out)"
        }
        _ => "nothing was sealed: these recipients could not be looked up",
    };
    let items = faults
        .iter()
        .map(|(identifier, error)| item(identifier, error))
        .collect();
    let fault = Fault {
        exit,
        reason,
        field: None,
        detail: detail.to_owned(),
        trace: None,
    };
    CliError::Several(Box::new(fault), items)
}

#[cfg(test)]
mod tests {
    use kleis_types::{ErrorCode, Problem};

    use super::*;

    fn names(to: &[&str], file: Option<&str>) -> Result<(Vec<String>, String), CliError> {
        let to: Vec<_> = to.iter().map(|name| (*name).to_owned()).collect();
        let (identifiers, file) = read(&to, file.map(Path::new))?;
        let identifiers = identifiers.iter().map(ToString::to_string).collect();
        Ok((identifiers, file.display().to_string()))
    }

    #[test]
    fn the_file_may_come_last() {
        let both = vec![
            "NIHII:18749704".to_owned(),
            "CBE:0809394427/KGSS".to_owned(),
        ];
        let to = ["NIHII:18749704", "CBE:0809394427/KGSS"];
        assert_eq!(names(&to, None).unwrap(), (both.clone(), "-".to_owned()));
        assert_eq!(
            names(&to, Some("a.pdf")).unwrap(),
            (both.clone(), "a.pdf".to_owned())
        );
        let with_file = [to[0], to[1], "./a:b.pdf"];
        assert_eq!(
            names(&with_file, None).unwrap(),
            (both, "./a:b.pdf".to_owned())
        );
    }

    #[test]
    fn a_recipient_named_twice_is_one() {
        let twice = ["NIHII:18749704", "NIHII11:18749704477", "-"];
        assert_eq!(names(&twice, None).unwrap().0, ["NIHII:18749704"]);
    }

    #[test]
    fn slips_are_told() {
        for to in [
            &["CBE:0425222333"][..],
            &["report.pdf", "NIHII:18749704"],
            &["report.pdf"],
        ] {
            let error = names(to, None).unwrap_err();
            assert_eq!(error.exit(), Exit::Usage, "{to:?}");
        }
    }

    #[test]
    fn a_failed_verification_outweighs_a_missing_key() {
        let identifier: Identifier = "NIHII:18749704".parse().unwrap();
        let missing = || {
            let problem = Problem::from(ErrorCode::RecipientNotFound);
            (
                &identifier,
                ClientError::Refused {
                    problem,
                    trace: None,
                },
            )
        };
        assert!(is_missing(&missing().1));
        let error = refusal(&[missing()]);
        assert_eq!(
            (error.exit(), error.told().reason),
            (Exit::NotFound, "RECIPIENTS_MISSING")
        );
        let forged = ClientError::not_verified("the key set", "BINDING_SIGNATURE", "forged");
        assert!(!is_missing(&forged));
        let error = refusal(&[missing(), (&identifier, forged)]);
        assert_eq!(
            (error.exit(), error.told().reason),
            (Exit::Refused, "RECIPIENTS_REFUSED")
        );
        assert_eq!(error.items().len(), 2);
        assert_eq!(error.items()[1].reason, "BINDING_SIGNATURE");
    }
}
