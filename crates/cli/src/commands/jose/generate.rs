//! `kleis jose generate`.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use kleis_jose::{Jwk, KeyType, key_file};

use super::refusal;
use crate::args::Out;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Access};
use crate::output::{Cell, Form, Product, Report};

/// Every type of key that is made here.
const TYPES: [(&str, KeyType); 14] = [
    ("P-256", KeyType::P256),
    ("P-384", KeyType::P384),
    ("P-521", KeyType::P521),
    ("Ed25519", KeyType::Ed25519),
    ("X25519", KeyType::X25519),
    ("RSA", KeyType::Rsa { bits: 3072 }),
    ("RSA-2048", KeyType::Rsa { bits: 2048 }),
    ("RSA-3072", KeyType::Rsa { bits: 3072 }),
    ("RSA-4096", KeyType::Rsa { bits: 4096 }),
    ("oct-128", KeyType::Oct { bytes: 16 }),
    ("oct-192", KeyType::Oct { bytes: 24 }),
    ("oct-256", KeyType::Oct { bytes: 32 }),
    ("oct-384", KeyType::Oct { bytes: 48 }),
    ("oct-512", KeyType::Oct { bytes: 64 }),
];

/// Make a key
///
/// Writes a private JWK whose `kid` is its thumbprint: to standard output, or to a file that you
/// alone can read.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis jose generate --type Ed25519 --use sig --out alice.jwk --public-out alice.pub.jwk
  kleis jose generate --type X25519 --use enc --passphrase --out bob.jwk")]
pub(super) struct GenerateArgs {
    /// The type and size of the key
    #[arg(long = "type", value_name = "TYPE", value_parser = key_type())]
    key_type: KeyType,

    /// What the key is for: the member `use`
    #[arg(long = "use", value_enum, value_name = "USE")]
    key_use: Option<Use>,

    /// The one algorithm that the key is for: the member `alg`
    #[arg(long, value_name = "ALG")]
    alg: Option<String>,

    /// Encrypt the key file under a passphrase, which is asked for or read from --passphrase-file
    #[arg(long)]
    passphrase: bool,

    /// Write the public key to FILE
    #[arg(long, value_name = "FILE")]
    public_out: Option<PathBuf>,

    #[command(flatten)]
    out: Out,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Use {
    /// Signatures.
    Sig,
    /// Encryption.
    Enc,
}

fn key_type() -> impl TypedValueParser<Value = KeyType> {
    PossibleValuesParser::new(TYPES.map(|(name, _)| name)).try_map(|text| {
        let found = TYPES.iter().find(|(name, _)| *name == text);
        found.map(|(_, key_type)| *key_type).ok_or("unknown type")
    })
}

pub(super) fn run(context: &Context, args: &GenerateArgs) -> Result<(), CliError> {
    let passphrase = args
        .passphrase
        .then(|| context.passphrase().fresh())
        .transpose()?;
    let key = Jwk::generate(args.key_type, context.random());
    let mut key = key
        .map_err(|error| refusal::jwk(&error))?
        .with_thumbprint_kid();
    if let Some(key_use) = args.key_use {
        key = key.with_member("use", key_use.name().into());
    }
    if let Some(alg) = &args.alg {
        key = key.with_member("alg", alg.as_str().into());
    }
    if let Some(path) = &args.public_out {
        let public = format!("{}\n", key.public().to_value());
        files::write(path, public.as_bytes(), Access::Shared)?;
    }
    let out = args.out.out.as_deref();
    let product = match &passphrase {
        None => Product::private("jwk", Form::Json, key.to_private_json(), out),
        Some(passphrase) => {
            let text = key_file::encrypt(&key, passphrase, context.random());
            let text = text.map_err(CliError::internal)?;
            Product::private("encryptedJwk", Form::Text, text.into_bytes(), out)
        }
    };
    let report = Report::new()
        .field("kid", "key", Cell::text(key.thumbprint()))
        .field("type", "type", Cell::text(key.key_type()))
        .product(product);
    context.print(&report)
}

impl Use {
    fn name(self) -> &'static str {
        match self {
            Self::Sig => "sig",
            Self::Enc => "enc",
        }
    }
}
