//! `kleis custody deposit`.

use std::path::{Path, PathBuf};

use kleis_types::SecretBytes;
use zeroize::Zeroizing;

use super::read_policy;
use crate::commands::key_source;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Report, Table};

/// The largest list of keys in hexadecimal, in bytes.
const MAX_HEX: usize = 64 * 1024;

/// Bring keys of your own into custody
///
/// Keys of 16, 24, 32, 48 or 64 bytes. They travel sealed to custody's own key, which is verified
/// first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis custody deposit --policy policy.json --key content.jwk
  openssl rand -hex 32 | kleis custody deposit --policy policy.json --hex -")]
pub(crate) struct DepositArgs {
    /// The policy (JSON, docs/formats.md section 10)
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,

    #[command(flatten)]
    keys: KeysArgs,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct KeysArgs {
    /// A file with a symmetric key (`oct` JWK), or with a JWK Set of them
    #[arg(long, value_name = "FILE", num_args = 1..)]
    key: Vec<PathBuf>,

    /// A key in hexadecimal; `-` reads one from each line of standard input, where other users of
    /// this machine cannot see it
    #[arg(long, value_name = "HEX", num_args = 1..)]
    hex: Vec<String>,
}

pub(super) async fn run(context: &Context, args: &DepositArgs) -> Result<(), CliError> {
    let policy = read_policy(&args.policy)?;
    let mut keys = Vec::new();
    for path in &args.keys.key {
        keys.extend(symmetric(context, path)?);
    }
    for text in &args.keys.hex {
        if text == files::STREAM {
            keys.extend(hex_lines(&files::read_text(Path::new(text), MAX_HEX)?)?);
        } else {
            keys.push(hex(text)?);
        }
    }
    if keys.is_empty() {
        return Err(CliError::input(
            "DEPOSIT_INVALID",
            "there is no key to deposit",
        ));
    }
    let ids = context.kleis()?.deposit_keys(&policy, &keys).await?;
    let mut table = Table::new(&[("keyId", "KEY ID")]);
    for id in ids {
        table.row([Cell::text(id)]);
    }
    context.print(&Report::new().table("keys", table, ""))
}

fn symmetric(context: &Context, path: &Path) -> Result<Vec<SecretBytes>, CliError> {
    let keys = key_source::keys(context, path)?;
    let bytes = keys
        .iter()
        .map(|key| key.oct_bytes().map(SecretBytes::from));
    bytes.collect::<Option<_>>().ok_or_else(|| {
        CliError::file(
            path,
            "custody keeps symmetric keys: a JWK of type `oct` is expected",
        )
    })
}

fn hex_lines(text: &str) -> Result<Vec<SecretBytes>, CliError> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(hex)
        .collect()
}

/// Reads hexadecimal digits. The error does not repeat them.
fn hex(text: &str) -> Result<SecretBytes, CliError> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let pairs = text.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    let bytes = bytes
        .collect::<Option<Vec<u8>>>()
        .map(Zeroizing::new)
        .map(SecretBytes::from);
    bytes.ok_or_else(|| {
        CliError::input(
            "DEPOSIT_INVALID",
            "a key is not an even number of hexadecimal digits",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_read_in_both_cases() {
        assert_eq!(hex("00ffA5").unwrap().expose(), [0, 0xff, 0xa5]);
        let lines = hex_lines(" 00ff \n\n0102\r\n").unwrap();
        assert_eq!(
            lines.iter().map(SecretBytes::len).collect::<Vec<_>>(),
            [2, 2]
        );
    }

    #[test]
    fn what_is_no_hexadecimal_is_not_repeated() {
        for text in ["abc", "zz", "0 ", "é"] {
            let told = hex(text).unwrap_err().told();
            assert_eq!(told.reason, "DEPOSIT_INVALID");
            assert!(!told.detail.contains(text));
        }
    }
}
