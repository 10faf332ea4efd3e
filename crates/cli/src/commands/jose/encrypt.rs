//! `kleis jose encrypt`.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use kleis_jose::jwe::{self, Header, Recipient};
use kleis_jose::{ContentEncryption, Jwk, KeyAlgorithm, KeyType};

use super::{KeyArgs, MAX_CONTENT, refusal};
use crate::args::{Input, Out};
use crate::commands::sign::check_typ;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Form, Product, Report};

/// Encrypt to one key, or to several
///
/// For one key the result is in compact serialisation, unless --json is given; for several keys it
/// is in general JSON serialisation. Of a private key the public part is used.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis jose encrypt --key bob.pub.jwk note.txt > note.jwe
  kleis jose encrypt --key bob.pub.jwk --key carol.pub.jwk --enc A128CBC-HS256 < note.txt")]
pub(super) struct EncryptArgs {
    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    input: Input,

    /// The key management algorithm [default: the key's `alg`, or else what suits its type]
    #[arg(long, value_name = "ALG", value_parser = algorithm())]
    alg: Option<KeyAlgorithm>,

    /// The content encryption algorithm
    #[arg(long, value_name = "ENC", default_value = "A256GCM", value_parser = encryption())]
    enc: ContentEncryption,

    /// The type of the whole: the header member `typ`
    #[arg(long, value_name = "TYP")]
    typ: Option<String>,

    /// The media type of the plaintext: the header member `cty`
    #[arg(long, value_name = "MEDIA")]
    cty: Option<String>,

    /// Use the general JSON serialisation for a single key too
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    out: Out,
}

fn algorithm() -> impl TypedValueParser<Value = KeyAlgorithm> {
    // The one that takes a passphrase is for key files.
    let algorithms = KeyAlgorithm::ALL
        .iter()
        .filter(|algorithm| !matches!(algorithm, KeyAlgorithm::Pbes2Hs512A256Kw));
    PossibleValuesParser::new(algorithms.map(|algorithm| algorithm.as_str()))
        .try_map(|name| name.parse::<KeyAlgorithm>())
}

fn encryption() -> impl TypedValueParser<Value = ContentEncryption> {
    PossibleValuesParser::new(
        ContentEncryption::ALL
            .iter()
            .map(|encryption| encryption.as_str()),
    )
    .try_map(|name| name.parse::<ContentEncryption>())
}

pub(super) fn run(context: &Context, args: &EncryptArgs) -> Result<(), CliError> {
    let keys = args.keys.read(context, &args.input.file)?;
    let mut header = Header::default();
    if let Some(typ) = &args.typ {
        check_typ(typ)?;
        header = header.with_typ(typ);
    }
    if let Some(cty) = &args.cty {
        header = header.with_cty(cty);
    }
    let recipients = keys
        .iter()
        .map(|key| {
            Ok(Recipient {
                key,
                alg: algorithm_for(key, args.alg)?,
            })
        })
        .collect::<Result<Vec<_>, CliError>>()?;
    let plaintext = files::read(&args.input.file, MAX_CONTENT)?;
    let (plaintext, random) = (plaintext.expose(), context.random());
    let (form, jwe) = match &recipients[..] {
        [Recipient { key, alg }] if !args.json => {
            let header = match kid(key) {
                Some(kid) => header.with_kid(kid),
                None => header,
            };
            (
                Form::Text,
                jwe::encrypt(key, *alg, args.enc, &header, plaintext, random),
            )
        }
        recipients => (
            Form::Json,
            jwe::encrypt_json(recipients, args.enc, &header, plaintext, random),
        ),
    };
    let jwe = jwe.map_err(|error| refusal::jwe(&error))?;
    let algorithms = recipients.iter().map(|recipient| recipient.alg);
    let report = Report::new()
        .field("alg", "algorithm", Cell::list(algorithms))
        .field("enc", "encryption", Cell::text(args.enc))
        .product(Product::shared(
            "jwe",
            form,
            jwe.into_bytes(),
            args.out.out.as_deref(),
        ));
    context.print(&report)
}

fn algorithm_for(key: &Jwk, wanted: Option<KeyAlgorithm>) -> Result<KeyAlgorithm, CliError> {
    wanted
        .or_else(|| jwe::default_algorithm(key))
        .ok_or_else(|| {
            let detail = match key.alg() {
                Some(alg) => format!("the key is for {alg:?}: nothing is encrypted with that"),
                None => format!("nothing is encrypted to a key of type {}", key.key_type()),
            };
            CliError::refused("KEY_USE", detail)
        })
}

/// The name of the key in a header. The thumbprint of a symmetric key tells something about it, so
/// that one has only the name it was given (RFC 7638 section 7).
pub(super) fn kid(key: &Jwk) -> Option<String> {
    match (key.kid(), key.key_type()) {
        (Some(kid), _) => Some(kid.to_owned()),
        (None, KeyType::Oct { .. }) => None,
        (None, _) => Some(key.thumbprint().to_string()),
    }
}
