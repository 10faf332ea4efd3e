//! `kleis whoami` and `kleis status`.

use kleis_jose::key_file;
use kleis_trust::status::{Status, StatusView as _};

use crate::commands::enroll::identity_report;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Report, Table};

/// The largest authentication key file, in bytes.
const MAX_KEY: usize = 256 * 1024;

/// Show the identity and the keys of this home
///
/// Reads the home alone: no passphrase is needed, and nobody is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis whoami --output json | jq -r .identifier")]
pub(crate) struct WhoamiArgs {}

pub(crate) fn run(context: &Context) -> Result<(), CliError> {
    let home = context.home()?;
    let config = home.config()?;
    let identity = home.identity()?;
    let auth_key = files::read_text(&home.auth_path()?, MAX_KEY)?;
    let mut keys = Table::new(&[("kid", "DECRYPTION KEYS HERE")]);
    for kid in home.decryption_kids()? {
        keys.row([Cell::text(kid)]);
    }
    let report = identity_report(&identity)?
        .field("home", "home", Cell::text(home.dir().display()))
        .field("server", "server", Cell::text(&config.server))
        .field("admin", "admin", Cell::optional(config.admin.as_deref()))
        .field(
            "encrypted",
            "key files encrypted",
            Cell::flag(key_file::is_encrypted(&auth_key)),
        )
        .table(
            "keys",
            keys,
            "No decryption keys here: run `kleis keys publish`.",
        );
    context.print(&report)
}

/// Fetch and verify the status list
///
/// The status list says of every certificate and every key binding whether it holds. It is signed
/// at least every few minutes; one that is stale, or older than one seen before, is refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis status")]
pub(crate) struct StatusArgs {}

pub(crate) async fn status(context: &Context) -> Result<(), CliError> {
    let client = context.kleis()?;
    let list = client.status_list().await?;
    let entries = list.entries();
    let mut counts = [0_u64; Status::ALL.len()];
    let length = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    for index in 0..length {
        counts[usize::from(entries.get(index).bits())] += 1;
    }
    let mut table = Table::new(&[("status", "STATUS"), ("entries", "ENTRIES")]);
    for status in Status::ALL {
        let count = counts[usize::from(status.bits())];
        table.row([Cell::text(name(status)), Cell::number(count)]);
    }
    let own = client
        .home()
        .is_enrolled()
        .then(|| client.signer())
        .transpose()?;
    let own = own.map(|signer| name(list.status(signer.identity().status_index())));
    let report = Report::new()
        .field(
            "installation",
            "installation",
            Cell::text(&client.config().installation),
        )
        .field("version", "version", Cell::number(list.version()))
        .field("issuedAt", "signed", Cell::time(list.issued_at()))
        .field("expiresAt", "good until", Cell::time(list.expires_at()))
        .field("ownCertificate", "your certificate", Cell::optional(own))
        .table("counts", table, "");
    context.print(&report)
}

/// The name of a status, as docs/formats.md section 8 writes it.
pub(super) fn name(status: Status) -> &'static str {
    match status {
        Status::Valid => "VALID",
        Status::Invalid => "INVALID",
        Status::Suspended => "SUSPENDED",
        Status::Other => "OTHER",
    }
}
