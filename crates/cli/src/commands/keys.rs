//! `kleis keys`.

mod import_p12;

use clap::Subcommand;
use kleis_client::{ClientError, KeySummary, PublishOptions};
use kleis_jose::{Jwk, Thumbprint};
use kleis_types::{CertificateState, KeyState, RevocationReason, Timestamp};

use crate::args::{self, EncryptionKey};
use crate::context::Context;
use crate::error::{CliError, Item};
use crate::output::{Cell, Report, Table};

/// Publish, rotate, revoke and list your encryption keys
///
/// Others encrypt to the active keys of all your devices. A key that is no longer active stays in
/// your home, so that old documents stay readable.
#[derive(Debug, clap::Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Publish(PublishArgs),
    Activate(ActivateArgs),
    Rotate(RotateArgs),
    Revoke(RevokeArgs),
    List(ListArgs),
    #[command(name = "import-p12")]
    ImportP12(import_p12::ImportP12Args),
}

/// How a key is made.
#[derive(Debug, Clone, Copy, clap::Args)]
struct NewKeyArgs {
    /// The kind of key
    #[arg(
        long,
        value_enum,
        default_value = "X25519",
        ignore_case = true,
        value_name = "KIND"
    )]
    alg: EncryptionKey,

    /// For how many days; the end of your certificate comes first
    #[arg(long, default_value_t = 1095, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
}

/// Make a key, prove that you hold it, and register it
///
/// The first key of a device is active at once, a further one when it is activated. With --hold it
/// waits for that in any case: until the key is where it will be used.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis keys publish
  kleis keys publish --alg P-256 --hold")]
struct PublishArgs {
    #[command(flatten)]
    key: NewKeyArgs,

    /// Do not publish it until it is activated
    #[arg(long)]
    hold: bool,
}

/// Publish a key that waits: senders use it from now on, and no longer the device's former one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis keys activate M0nc0bPJKgbg4mkVXvDrgvHNTYKs5MRtd3u7rDv7jjQ")]
struct ActivateArgs {
    /// The key's id
    #[arg(allow_hyphen_values = true)]
    kid: Thumbprint,
}

/// Replace this device's key: publish a new one and activate it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis keys rotate")]
struct RotateArgs {
    #[command(flatten)]
    key: NewKeyArgs,
}

/// Withdraw a key: nobody encrypts to it any more
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis keys revoke M0nc0bPJKgbg4mkVXvDrgvHNTYKs5MRtd3u7rDv7jjQ --reason keyCompromise")]
struct RevokeArgs {
    /// The key's id
    #[arg(allow_hyphen_values = true)]
    kid: Thumbprint,

    /// Why
    #[arg(long, value_name = "REASON", value_parser = args::revocation_reason())]
    reason: RevocationReason,
}

/// List your keys, of all devices and in all states, and what ends within 90 days
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Fail, after the list, if an active key or certificate ends within 90 days: for scripts
    #[arg(long)]
    check: bool,
}

pub(crate) async fn run(context: &Context, args: &KeysArgs) -> Result<(), CliError> {
    match &args.command {
        Command::Publish(args) => publish(context, args).await,
        Command::Activate(args) => activate(context, &args.kid).await,
        Command::Rotate(args) => rotate(context, args.key).await,
        Command::Revoke(args) => revoke(context, args).await,
        Command::List(args) => list(context, args).await,
        Command::ImportP12(args) => import_p12::run(context, args),
    }
}

fn options(args: NewKeyArgs, hold: bool) -> PublishOptions {
    PublishOptions {
        key_type: args.alg.into(),
        hold,
        days: args.days,
    }
}

async fn publish(context: &Context, args: &PublishArgs) -> Result<(), CliError> {
    let published = context
        .kleis()?
        .publish_key(options(args.key, args.hold))
        .await?;
    let report = Report::new()
        .field("kid", "key", Cell::text(published.kid))
        .field("state", "state", Cell::text(published.state))
        .field("sequence", "sequence", Cell::number(published.sequence));
    context.print(&report)
}

async fn activate(context: &Context, kid: &Thumbprint) -> Result<(), CliError> {
    let activated = context.kleis()?.activate_key(kid).await?;
    let report = Report::new()
        .field("kid", "key", Cell::text(activated.kid))
        .field("state", "state", Cell::text(activated.state))
        .field("superseded", "supersedes", Cell::list(activated.superseded));
    context.print(&report)
}

async fn rotate(context: &Context, args: NewKeyArgs) -> Result<(), CliError> {
    let client = context.kleis()?;
    let published = client.publish_key(options(args, true)).await?;
    let activated = client
        .activate_key(&published.kid)
        .await
        .map_err(|error| waits(&published.kid, error))?;
    let report = Report::new()
        .field("kid", "key", Cell::text(activated.kid))
        .field("state", "state", Cell::text(activated.state))
        .field("sequence", "sequence", Cell::number(published.sequence))
        .field("superseded", "supersedes", Cell::list(activated.superseded));
    context.print(&report)
}

/// The new key is registered, but the old one is still in use: that must be told.
fn waits(kid: &Thumbprint, error: ClientError) -> CliError {
    let item = Item {
        what: kid.to_string(),
        reason: KeyState::PendingActivation.as_str(),
        detail: "the new key waits: try `kleis keys activate` with this id".to_owned(),
    };
    CliError::Several(Box::new(CliError::from(error).told()), vec![item])
}

async fn revoke(context: &Context, args: &RevokeArgs) -> Result<(), CliError> {
    let revoked = context.kleis()?.revoke_key(&args.kid, args.reason).await?;
    let report = Report::new()
        .field("kid", "key", Cell::text(revoked.kid))
        .field("state", "state", Cell::text(revoked.state));
    context.print(&report)
}

async fn list(context: &Context, args: &ListArgs) -> Result<(), CliError> {
    let client = context.kleis()?;
    let here = client.home().decryption_kids()?;
    let mut table = Table::new(&[
        ("kid", "KEY"),
        ("device", "DEVICE"),
        ("type", "TYPE"),
        ("state", "STATE"),
        ("sequence", "SEQ"),
        ("createdAt", "CREATED"),
        ("expiresAt", "GOOD UNTIL"),
        ("endsSoon", "ENDS SOON"),
        ("here", "HERE"),
        ("reason", "REASON"),
    ]);
    let soon = EndsSoon(context.now().plus_seconds(90 * 86_400));
    let mut ending = 0_usize;
    for key in client.keys().await? {
        let ends_soon = key.state == KeyState::Active.as_str() && soon.holds(key.expires_at);
        ending += usize::from(ends_soon);
        let is_here = here.iter().any(|kid| kid.as_str() == key.kid);
        table.row([
            Cell::text(&key.kid),
            Cell::text(&key.device),
            Cell::optional(key_type(&key)),
            Cell::text(&key.state),
            Cell::number(key.sequence),
            Cell::time(Timestamp::from_unix(key.created_at)),
            Cell::time(Timestamp::from_unix(key.expires_at)),
            Cell::flag(ends_soon),
            Cell::flag(is_here),
            Cell::optional(Some(&key.reason)),
        ]);
    }
    let mut certificates = Table::new(&[
        ("serial", "CERTIFICATE"),
        ("device", "DEVICE"),
        ("notAfter", "GOOD UNTIL"),
    ]);
    for certificate in client.certificates().await? {
        let is_active = certificate.state == CertificateState::Active.as_str();
        if is_active && soon.holds(certificate.not_after) {
            ending += 1;
            certificates.row([
                Cell::text(&certificate.serial),
                Cell::text(&certificate.device),
                Cell::time(Timestamp::from_unix(certificate.not_after)),
            ]);
        }
    }
    let report = Report::new()
        .table("keys", table, "No keys: run `kleis keys publish`.")
        .table(
            "endingCertificates",
            certificates,
            "No certificate ends within 90 days.",
        );
    context.print(&report)?;
    if args.check && ending > 0 {
        let detail = format!("{ending} of your active keys and certificates end within 90 days");
        return Err(CliError::refused("ENDING", detail));
    }
    Ok(())
}

/// The 90 days before an end in which it is told.
struct EndsSoon(Timestamp);

impl EndsSoon {
    fn holds(&self, end: i64) -> bool {
        Timestamp::from_unix(end) <= self.0
    }
}

fn key_type(key: &KeySummary) -> Option<kleis_jose::KeyType> {
    Jwk::from_slice(key.jwk.as_bytes())
        .ok()
        .map(|key| key.key_type())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_soon_ninety_days_before() {
        let now = Timestamp::from_unix(1_800_000_000);
        let soon = EndsSoon(now.plus_seconds(90 * 86_400));
        assert!(soon.holds(now.unix() + 90 * 86_400));
        assert!(!soon.holds(now.unix() + 90 * 86_400 + 1));
        // Also what has ended and is not put away yet.
        assert!(soon.holds(now.unix() - 1));
    }
}
