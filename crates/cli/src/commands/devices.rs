//! `kleis devices`.

use std::path::PathBuf;

use clap::Subcommand;
use kleis_client::DeviceRequest;
use kleis_types::{
    CertificateState, DeviceId, Identifier, RevocationReason, Timestamp, strict_json,
};

use crate::args::{self, Out};
use crate::commands::enroll::{self, AuthKeyArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Form, Product, Report, Table, confirm};

/// The largest device request, in bytes.
const MAX_REQUEST: usize = 16 * 1024;

/// Add, list and revoke the devices of your identity
///
/// Each device has keys of its own: private keys never travel from one to the other. A new device
/// is endorsed by one that you have, so that senders can see that both are yours.
#[derive(Debug, clap::Args)]
pub(crate) struct DevicesArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Request(RequestArgs),
    Endorse(EndorseArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
}

/// On the new device: make its key, and a request to show to one of your devices
///
/// The request holds no secret. Carry it to the other device by a way on which nobody can exchange
/// it, and compare the key's thumbprint there.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  new device$  kleis devices request --id NIHII:18749704 --device tablet --out tablet.json
  old device$  kleis devices endorse tablet.json --out tablet.endorsement
  new device$  kleis enroll --id NIHII:18749704 --device tablet --endorsement tablet.endorsement")]
struct RequestArgs {
    /// Your identity
    #[arg(long, value_name = "ID", value_parser = args::identifier)]
    id: Identifier,

    /// The name of the new device
    #[arg(long, value_name = "NAME")]
    device: DeviceId,

    #[command(flatten)]
    key: AuthKeyArgs,

    #[command(flatten)]
    out: Out,
}

/// On a device that you have: endorse a new one
///
/// Shows what is endorsed and asks. Whoever holds the key of that thumbprint can enrol as this
/// device of yours within a day, and will then read what is sealed to you.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis devices endorse tablet.json --out tablet.endorsement")]
struct EndorseArgs {
    /// The request of the new device
    #[arg(value_name = "FILE")]
    request: PathBuf,

    /// Do not ask
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    out: Out,
}

/// List the certificates of all your devices
#[derive(Debug, clap::Args)]
struct ListArgs {}

/// Revoke the certificate of a device, and all keys that it binds
///
/// For a device that was lost, from any other one of yours.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis devices revoke tablet --reason keyCompromise")]
struct RevokeArgs {
    /// The name of the device
    #[arg(value_name = "NAME")]
    device: DeviceId,

    /// Why
    #[arg(
        long,
        value_name = "REASON",
        default_value = "cessationOfOperation",
        value_parser = args::revocation_reason()
    )]
    reason: RevocationReason,
}

pub(crate) async fn run(context: &Context, args: &DevicesArgs) -> Result<(), CliError> {
    match &args.command {
        Command::Request(args) => request(context, args),
        Command::Endorse(args) => endorse(context, args),
        Command::List(_) => list(context).await,
        Command::Revoke(args) => revoke(context, args).await,
    }
}

fn request(context: &Context, args: &RequestArgs) -> Result<(), CliError> {
    let home = context.home()?;
    home.config()?;
    let key = enroll::auth_key(context, &home, &args.key)?;
    let request = DeviceRequest::new(args.id.clone(), args.device.clone(), &key);
    let json = serde_json::to_vec(&request).map_err(CliError::internal)?;
    let product = Product::shared("request", Form::Json, json, args.out.out.as_deref());
    context.print(&described(&request).product(product))
}

fn endorse(context: &Context, args: &EndorseArgs) -> Result<(), CliError> {
    let bytes = files::read(&args.request, MAX_REQUEST)?;
    let request: DeviceRequest = strict_json::from_slice(bytes.expose(), MAX_REQUEST)
        .map_err(|error| CliError::file(&args.request, error))?;
    let client = context.kleis()?;
    client.signer()?;
    if !args.yes {
        let DeviceRequest {
            identifier,
            device,
            jkt,
        } = &request;
        let question = format!(
            "Endorse the device {device} of {identifier}, with the key {jkt}? It will read what is \
             sealed to you."
        );
        match confirm(&question)? {
            Some(true) => {}
            Some(false) => return Err(CliError::declined()),
            None => return Err(CliError::usage("there is nobody to ask: give --yes")),
        }
    }
    let endorsement = client.endorse(&request)?;
    let out = args.out.out.as_deref();
    let product = Product::shared("endorsement", Form::Text, endorsement.into_bytes(), out);
    context.print(&described(&request).product(product))
}

fn described(request: &DeviceRequest) -> Report {
    Report::new()
        .field("identifier", "identity", Cell::text(&request.identifier))
        .field("device", "device", Cell::text(&request.device))
        .field("jkt", "key", Cell::text(&request.jkt))
}

async fn list(context: &Context) -> Result<(), CliError> {
    let mut table = Table::new(&[
        ("device", "DEVICE"),
        ("state", "STATE"),
        ("identifier", "IDENTITY"),
        ("serial", "SERIAL"),
        ("notBefore", "VALID FROM"),
        ("notAfter", "VALID UNTIL"),
        ("reason", "REASON"),
    ]);
    for certificate in context.kleis()?.certificates().await? {
        table.row([
            Cell::text(certificate.device),
            Cell::text(certificate.state),
            Cell::text(certificate.identifier),
            Cell::text(certificate.serial),
            Cell::time(Timestamp::from_unix(certificate.not_before)),
            Cell::time(Timestamp::from_unix(certificate.not_after)),
            Cell::optional(Some(certificate.reason)),
        ]);
    }
    context.print(&Report::new().table("certificates", table, "No certificates."))
}

async fn revoke(context: &Context, args: &RevokeArgs) -> Result<(), CliError> {
    let client = context.kleis()?;
    let (device, active) = (args.device.as_str(), CertificateState::Active.as_str());
    let certificates = client.certificates().await?;
    let mut found = certificates
        .into_iter()
        .filter(|certificate| certificate.device == device && certificate.state == active)
        .peekable();
    if found.peek().is_none() {
        let detail = format!("there is no certificate in use of a device {device} of yours");
        return Err(CliError::not_found(detail));
    }
    let mut table = Table::new(&[("serial", "SERIAL"), ("state", "STATE"), ("kids", "KEYS")]);
    for certificate in found {
        let revoked = client
            .revoke_certificate(&certificate.serial, args.reason)
            .await?;
        table.row([
            Cell::text(revoked.serial),
            Cell::text(revoked.state),
            Cell::list(revoked.kids),
        ]);
    }
    let report = Report::new()
        .field("device", "device", Cell::text(&args.device))
        .table("certificates", table, "");
    context.print(&report)
}
