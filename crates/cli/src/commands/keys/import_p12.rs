//! `kleis keys import-p12`.

use std::path::PathBuf;

use kleis_types::OsRandom;

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::files;
use crate::output::{Cell, Report, Table};
use crate::p12::{self, Entry, P12Error};
use crate::passphrase::Source;

/// The largest key store, in bytes.
const MAX: usize = 4 << 20;

/// Take the old decryption keys of a PKCS#12 key store, so that old messages stay readable
///
/// For key stores of the eHealth platform: the key named `authentication` stays where it is, every
/// other one was to decrypt with, and is named by the serial number of its certificate. They are kept
/// like your other keys and are never published; `kleis open` finds them by their thumbprint, or by
/// that number. To take them again does no harm.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis keys import-p12 'SSIN=85073003328 20240101-120000.p12'")]
pub(super) struct ImportP12Args {
    /// The key store
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Read the passphrase of the key store from the first line of FILE, and do not ask
    #[arg(long, value_name = "FILE")]
    p12_passphrase_file: Option<PathBuf>,
}

pub(super) fn run(context: &Context, args: &ImportP12Args) -> Result<(), CliError> {
    let bytes = files::read(&args.file, MAX)?;
    let name = files::name(&args.file);
    let passphrase = Source::new(args.p12_passphrase_file.clone()).of(&name)?;
    let entries =
        p12::open(bytes.expose(), &passphrase).map_err(|error| not_opened(&name, error))?;
    let home = context.home()?;
    let _lock = home.lock()?;
    let mut table = Table::new(&[("alias", "ALIAS"), ("kid", "KEY"), ("result", "RESULT")]);
    let mut count = 0;
    for Entry { alias, key } in entries {
        let (kid, result) = match &key {
            Err(skipped) => (None, skipped.reason()),
            Ok(key) => {
                let is_new = home.adopt_decryption_key(key, alias.as_deref(), &OsRandom)?;
                count += u64::from(is_new);
                let result = if is_new { "IMPORTED" } else { "HERE_ALREADY" };
                (Some(key.thumbprint()), result)
            }
        };
        table.row([
            Cell::optional(alias),
            Cell::optional(kid),
            Cell::text(result),
        ]);
    }
    let report = Report::new()
        .field("imported", "new keys", Cell::number(count))
        .table("keys", table, "The key store holds no private key.");
    context.print(&report)
}

fn not_opened(name: &str, error: P12Error) -> CliError {
    match error {
        P12Error::Malformed => CliError::input(
            "P12_MALFORMED",
            format!("{name}: not a PKCS#12 key store, or one that is broken off"),
        ),
        P12Error::Unsupported => CliError::input(
            "P12_UNSUPPORTED",
            format!("{name}: the key store is protected in a way that is not supported"),
        ),
        P12Error::Passphrase => CliError::Fault(Box::new(crate::error::Fault {
            exit: Exit::Denied,
            reason: "PASSPHRASE",
            field: None,
            detail: format!("{name}: the passphrase is wrong or the key store was changed"),
            trace: None,
        })),
    }
}
