//! `kleis jose decrypt`.

use kleis_jose::Jwk;
use kleis_jose::jwe::{self, Decrypted, JweError};

use super::{KeyArgs, MAX_MESSAGE, refusal, token};
use crate::args::{Input, Out};
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Form, Product, Report};

/// Decrypt a message, in any serialisation
///
/// Of several keys those are tried that the message names, or else all. Whether the plaintext is to
/// be trusted is another question: encryption alone does not tell who wrote it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis jose decrypt --key bob.jwk note.jwe --out note.txt")]
pub(super) struct DecryptArgs {
    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    out: Out,
}

pub(super) fn run(context: &Context, args: &DecryptArgs) -> Result<(), CliError> {
    let keys = args.keys.read(context, &args.input.file)?;
    let text = files::read_text(&args.input.file, MAX_MESSAGE)?;
    let text = text.trim();
    let decrypted = if token::is_json(text) {
        jwe::decrypt_json(&keys, text.as_bytes(), MAX_MESSAGE)
    } else {
        decrypt_compact(&keys, text)
    };
    let decrypted = decrypted.map_err(|error| refusal::jwe(&error))?;
    let header = decrypted.header();
    let report = Report::new()
        .field("alg", "algorithm", Cell::text(decrypted.algorithm()))
        .field("enc", "encryption", Cell::text(decrypted.encryption()))
        .field("typ", "type", Cell::optional(header.typ()))
        .field("cty", "media type", Cell::optional(header.cty()))
        .field("kid", "key", Cell::optional(header.kid()))
        .data("header", token::headers(text));
    let out = args.out.out.as_deref();
    let plaintext = decrypted.into_plaintext();
    context.print(&report.product(Product::private("content", Form::Bytes, plaintext, out)))
}

fn decrypt_compact(keys: &[Jwk], text: &str) -> Result<Decrypted, JweError> {
    let header = jwe::header(text)?;
    let kid = header.header().kid();
    let is_named = |key: &&Jwk| kid.is_some_and(|kid| is_called(key, kid));
    let mut candidates: Vec<_> = keys.iter().filter(is_named).collect();
    if candidates.is_empty() {
        candidates = keys.iter().collect();
    }
    let mut outcome = JweError::NotARecipient;
    for key in candidates {
        match jwe::decrypt(key, text, MAX_MESSAGE) {
            Ok(decrypted) => return Ok(decrypted),
            // That a key that suits does not open it says more than that another does not suit.
            Err(error) if outcome != JweError::Decryption => outcome = error,
            Err(_) => {}
        }
    }
    Err(outcome)
}

/// Whether a key goes by this name.
pub(super) fn is_called(key: &Jwk, kid: &str) -> bool {
    key.kid() == Some(kid) || key.thumbprint().as_str() == kid
}
