//! `kleis jose verify`.

use kleis_jose::jws::{Compact, Header, JwsError, verify_json};
use kleis_jose::{Jwk, SignatureAlgorithm};

use super::decrypt::is_called;
use super::{KeyArgs, MAX_MESSAGE, refusal, token};
use crate::args::{Input, Out};
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Form, Product, Report};

/// Verify a signature under a key that you trust, and write the payload
///
/// The key comes from you, never from the message: `jwk`, `x5c` and `jku` in its header are not
/// followed. Of several keys those are tried that the message names, or else all. The payload is
/// written only if the signature is good.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis jose verify --key alice.pub.jwk claims.jws")]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    out: Out,
}

/// What a good signature covers.
struct Verified {
    payload: Vec<u8>,
    header: Header,
    algorithm: SignatureAlgorithm,
    key: String,
}

pub(super) fn run(context: &Context, args: &VerifyArgs) -> Result<(), CliError> {
    let keys = args.keys.read(context, &args.input.file)?;
    let text = files::read_text(&args.input.file, MAX_MESSAGE)?;
    let text = text.trim();
    let verified = if token::is_json(text) {
        first(&keys.iter().collect::<Vec<_>>(), |key| {
            let verified = verify_json(text.as_bytes(), key, MAX_MESSAGE)?;
            let (header, algorithm) = (verified.header().clone(), verified.algorithm());
            let payload = verified.payload().to_vec();
            Ok(Verified {
                payload,
                header,
                algorithm,
                key: key.thumbprint().to_string(),
            })
        })
    } else {
        compact(&keys, text)
    };
    let verified = verified.map_err(|error| refusal::jws(&error))?;
    let Verified {
        payload,
        header,
        algorithm,
        key,
    } = verified;
    let report = Report::new()
        .field("alg", "algorithm", Cell::text(algorithm))
        .field("typ", "type", Cell::optional(header.typ()))
        .field("cty", "media type", Cell::optional(header.cty()))
        .field("key", "signed by", Cell::text(key))
        .data("header", token::headers(text));
    let out = args.out.out.as_deref();
    context.print(&report.product(Product::private("content", Form::Bytes, payload, out)))
}

fn compact(keys: &[Jwk], text: &str) -> Result<Verified, JwsError> {
    let token = Compact::parse(text, MAX_MESSAGE)?;
    let kid = token.header().kid();
    let is_named = |key: &&Jwk| kid.is_some_and(|kid| is_called(key, kid));
    let mut candidates: Vec<_> = keys.iter().filter(is_named).collect();
    if candidates.is_empty() {
        candidates = keys.iter().collect();
    }
    first(&candidates, |key| {
        let payload = token.verify(key)?;
        let (header, algorithm) = (token.header().clone(), token.algorithm());
        Ok(Verified {
            payload,
            header,
            algorithm,
            key: key.thumbprint().to_string(),
        })
    })
}

/// The first success. A wrong signature says more than a key that does not suit.
fn first(
    keys: &[&Jwk],
    verify: impl Fn(&Jwk) -> Result<Verified, JwsError>,
) -> Result<Verified, JwsError> {
    let mut outcome = JwsError::NoSignature;
    for key in keys {
        match verify(key) {
            Ok(verified) => return Ok(verified),
            Err(error) if outcome != JwsError::InvalidSignature => outcome = error,
            Err(_) => {}
        }
    }
    Err(outcome)
}
