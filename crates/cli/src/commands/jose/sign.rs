//! `kleis jose sign`.

use kleis_jose::Jwk;
use kleis_jose::jws::json::Signer;
use kleis_jose::jws::{self, Header};

use super::encrypt::kid;
use super::{KeyArgs, MAX_CONTENT, refusal};
use crate::args::{Input, Out};
use crate::commands::sign::check_typ;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Form, Product, Report};

/// Sign with one key, or with several
///
/// The algorithm follows from the key: ES256, ES384, ES512, EdDSA, PS256 (or RS256, where the key's
/// `alg` says so). One key gives the compact serialisation, unless --json is given; several keys
/// give the general JSON serialisation. The types of Kleis' own messages are refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis jose sign --key alice.jwk --typ JWT claims.json > claims.jws")]
pub(super) struct SignArgs {
    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    input: Input,

    /// The type of the whole: the header member `typ`
    #[arg(long, value_name = "TYP")]
    typ: Option<String>,

    /// The media type of the payload: the header member `cty`
    #[arg(long, value_name = "MEDIA")]
    cty: Option<String>,

    /// Use the JSON serialisation for a single key too
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    out: Out,
}

pub(super) fn run(context: &Context, args: &SignArgs) -> Result<(), CliError> {
    for typ in args.typ.iter().chain(&args.cty) {
        check_typ(typ)?;
    }
    let keys = args.keys.read(context, &args.input.file)?;
    let headers: Vec<_> = keys.iter().map(|key| header(args, key)).collect();
    let payload = files::read(&args.input.file, MAX_CONTENT)?;
    let (form, jws) = match (&keys[..], &headers[..]) {
        ([key], [header]) if !args.json => (Form::Text, jws::sign(key, header, payload.expose())),
        _ => {
            let signers = keys
                .iter()
                .zip(&headers)
                .map(|(key, header)| Signer { key, header });
            (
                Form::Json,
                jws::sign_json(&signers.collect::<Vec<_>>(), payload.expose()),
            )
        }
    };
    let jws = jws.map_err(|error| refusal::jws(&error))?;
    let algorithms = keys.iter().filter_map(Jwk::signature_algorithm);
    let report = Report::new()
        .field("alg", "algorithm", Cell::list(algorithms))
        .product(Product::shared(
            "jws",
            form,
            jws.into_bytes(),
            args.out.out.as_deref(),
        ));
    context.print(&report)
}

fn header(args: &SignArgs, key: &Jwk) -> Header {
    let mut header = Header::default();
    if let Some(kid) = kid(key) {
        header = header.with_kid(kid);
    }
    if let Some(typ) = &args.typ {
        header = header.with_typ(typ);
    }
    if let Some(cty) = &args.cty {
        header = header.with_cty(cty);
    }
    header
}
