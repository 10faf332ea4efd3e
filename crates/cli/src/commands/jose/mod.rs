//! `kleis jose`: plumbing over plain JWK files, without a home and without a server.

mod decrypt;
mod encrypt;
mod generate;
mod inspect;
mod refusal;
mod sign;
mod thumbprint;
mod token;
mod verify;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use kleis_jose::Jwk;

use crate::commands::key_source;
use crate::context::Context;
use crate::error::CliError;
use crate::files;

/// The largest message that is read, in bytes.
const MAX_MESSAGE: usize = 64 << 20;
/// The largest plaintext or payload, in bytes: encoded, it stays below the largest message.
const MAX_CONTENT: usize = 32 << 20;

/// JOSE with plain key files: encrypt, decrypt, sign, verify, look inside
///
/// For integrators who want to see what another library made, or whether it reads what is made
/// here. No home and no server is needed. Keys are files: JWK, encrypted JWK, JWK Set, PKCS#8 or
/// SEC 1 PEM. What is supported is an allow-list, and what is refused is refused by name.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis jose generate --type X25519 --use enc --out bob.jwk --public-out bob.pub.jwk
  echo hello | kleis jose encrypt --key bob.pub.jwk > hello.jwe
  kleis jose inspect hello.jwe
  kleis jose decrypt --key bob.jwk hello.jwe")]
pub(crate) struct JoseArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Generate(generate::GenerateArgs),
    Encrypt(encrypt::EncryptArgs),
    Decrypt(decrypt::DecryptArgs),
    Sign(sign::SignArgs),
    Verify(verify::VerifyArgs),
    Thumbprint(thumbprint::ThumbprintArgs),
    Inspect(inspect::InspectArgs),
}

pub(crate) fn run(context: &Context, args: &JoseArgs) -> Result<(), CliError> {
    match &args.command {
        Command::Generate(args) => generate::run(context, args),
        Command::Encrypt(args) => encrypt::run(context, args),
        Command::Decrypt(args) => decrypt::run(context, args),
        Command::Sign(args) => sign::run(context, args),
        Command::Verify(args) => verify::run(context, args),
        Command::Thumbprint(args) => thumbprint::run(context, args),
        Command::Inspect(args) => inspect::run(context, args),
    }
}

/// The keys to use.
#[derive(Debug, clap::Args)]
struct KeyArgs {
    /// A key file: JWK, encrypted JWK, JWK Set or PEM (several, and several times)
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
}

impl KeyArgs {
    /// All keys of all files. `input` is what else is read: standard input serves once.
    fn read(&self, context: &Context, input: &Path) -> Result<Vec<Jwk>, CliError> {
        let streams = self.keys.iter().map(PathBuf::as_path).chain([input]);
        if streams.filter(|path| files::is_stream(path)).count() > 1 {
            let detail = "standard input can be read once: name a file for the keys or the message";
            return Err(CliError::usage(detail));
        }
        let mut keys = Vec::new();
        for path in &self.keys {
            keys.extend(key_source::keys(context, path)?);
        }
        if keys.is_empty() {
            Err(CliError::input(
                "JWK_INVALID",
                "the JWK Set has no key that is supported",
            ))
        } else {
            Ok(keys)
        }
    }
}
