//! `kleis jose inspect`.

mod certificates;
mod keys;
mod message;

use std::path::PathBuf;

use kleis_types::strict_json;
use serde_json::Value;

use super::MAX_MESSAGE;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::Report;

/// Look inside a JWK, a JWK Set, a JWS or a JWE
///
/// Shows what is no secret: the header, the type and the names of keys, sizes, certificates.
/// Nothing is verified and nothing is decrypted, and private members are never shown. If the
/// message would be refused for its form or its header, that is told too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis jose inspect note.jwe
  kleis jose inspect --claims token.jws")]
pub(super) struct InspectArgs {
    /// The file to look into; `-`, or none, is standard input
    #[arg(value_name = "FILE", conflicts_with = "key")]
    file: Option<PathBuf>,

    /// The key file to look into
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Show the payload of a JWS too, though nothing tells whether it is genuine
    #[arg(long)]
    claims: bool,
}

/// What a text seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Keys,
    Jws,
    Jwe,
}

pub(super) fn run(context: &Context, args: &InspectArgs) -> Result<(), CliError> {
    let path = args.key.clone().or_else(|| args.file.clone());
    let path = path.unwrap_or_else(|| files::STREAM.into());
    let text = files::read_text(&path, MAX_MESSAGE)?;
    let text = text.trim();
    let report = match kind(text) {
        Some(Kind::Keys) => keys::report(context, text, &files::name(&path))?,
        Some(Kind::Jws) => message::jws(text, args.claims),
        Some(Kind::Jwe) => message::jwe(text),
        None => {
            let detail = "neither a key (JWK, JWK Set, PEM) nor a message (JWS, JWE)";
            return Err(CliError::file(&path, detail));
        }
    };
    context.print(&with_kind(report))
}

/// Nothing that is shown here is proven, and the last line for people says so.
fn with_kind(report: Report) -> Report {
    report.line("Nothing of this has been verified.")
}

fn kind(text: &str) -> Option<Kind> {
    if text.starts_with("-----BEGIN") {
        return Some(Kind::Keys);
    }
    if !super::token::is_json(text) {
        return match text.split('.').count() {
            3 => Some(Kind::Jws),
            5 => Some(Kind::Jwe),
            _ => None,
        };
    }
    let Ok(Value::Object(members)) = strict_json::value(text.as_bytes(), MAX_MESSAGE) else {
        // A key with a duplicate name is still a key, and is told what is wrong with it.
        return text.contains("\"kty\"").then_some(Kind::Keys);
    };
    let has = |name| members.contains_key(name);
    if has("ciphertext") {
        Some(Kind::Jwe)
    } else if has("payload") || has("signatures") {
        Some(Kind::Jws)
    } else {
        (has("kty") || has("keys")).then_some(Kind::Keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart() {
        let cases = [
            ("-----BEGIN PUBLIC KEY-----", Some(Kind::Keys)),
            ("{\"kty\":\"OKP\"}", Some(Kind::Keys)),
            ("{\"keys\":[]}", Some(Kind::Keys)),
            ("{\"kty\":\"OKP\",\"kty\":\"EC\"}", Some(Kind::Keys)),
            ("a.b.c", Some(Kind::Jws)),
            ("{\"payload\":\"\",\"signature\":\"\"}", Some(Kind::Jws)),
            ("a.b.c.d.e", Some(Kind::Jwe)),
            ("{\"ciphertext\":\"\"}", Some(Kind::Jwe)),
            ("{}", None),
            ("{\"a\":", None),
            ("", None),
            ("hello", None),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}
