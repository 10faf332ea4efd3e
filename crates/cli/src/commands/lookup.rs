//! `kleis lookup`.

use clap::ValueEnum;
use kleis_client::{Lookup, PastRecipient};
use kleis_proto::lookup::Lookup as Wanted;
use kleis_trust::VerifiedSigner;
use kleis_trust::recipient::{VerifiedKey, VerifiedRecipient};
use kleis_types::{Identifier, Timestamp};

use crate::args;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Report, Table};

/// Look up the keys of a recipient, and verify them
///
/// Shows the keys that a sender may encrypt to, after certificate chain, binding, status and key
/// were verified, and that the directory has not gone back behind what this home has seen. A set
/// that fails any of these is refused whole, and the reason is told.
///
/// An identifier without application means the key without application, never any.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis lookup CBE:0809394427/KGSS
  kleis lookup CBE:0809394427 --any-application
  kleis lookup NIHII:18749704 --output json | jq -r '.keys[].kid'
  kleis lookup NIHII:18749704 --use sig
  kleis lookup NIHII:18749704 --as-of 2026-11-01T12:00:00Z")]
pub(crate) struct LookupArgs {
    /// The recipient: TYPE:VALUE or TYPE:VALUE/APPLICATION
    #[arg(value_name = "ID", value_parser = args::identifier)]
    id: Identifier,

    /// Leave the application open: where several match, they are listed
    #[arg(long)]
    any_application: bool,

    /// What the keys are wanted for
    #[arg(long = "use", value_enum, default_value_t, value_name = "USE")]
    key_use: Use,

    /// Which keys were active at this time, RFC 3339
    ///
    /// That they were the recipient's is verified as of then. That they were active is what the
    /// directory says. Nothing is to be encrypted to them.
    #[arg(long, value_name = "TIME", value_parser = args::time, conflicts_with = "any_application")]
    as_of: Option<Timestamp>,
}

/// What keys are wanted for.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Use {
    /// To encrypt to the recipient.
    #[default]
    Enc,
    /// To know whose signature it is: the certificates in use.
    Sig,
}

pub(crate) async fn run(context: &Context, args: &LookupArgs) -> Result<(), CliError> {
    let mut wanted = Wanted::new(args.id.clone());
    if args.any_application {
        if args.id.application().is_some() {
            let detail = "name the application or leave it open, not both";
            return Err(CliError::usage(detail));
        }
        wanted = wanted.for_any_application();
    }
    if let Use::Sig = args.key_use {
        return signers(context, args).await;
    }
    if let Some(as_of) = args.as_of {
        let past = context.kleis()?.recipient_as_of(&args.id, as_of).await?;
        return context.print(&past_report(&past));
    }
    let report = match context.kleis()?.lookup(&wanted).await? {
        Lookup::Recipient(recipient) => recipient_report(&recipient),
        Lookup::Candidates(identifiers) => {
            let mut table = Table::new(&[("identifier", "CANDIDATES")]);
            for identifier in &identifiers {
                table.row([Cell::text(identifier)]);
            }
            Report::new()
                .line("Several match: look up one of these.")
                .table("candidates", table, "None matches.")
        }
    };
    context.print(&report)
}

fn keys_table(keys: &[VerifiedKey]) -> Table {
    let mut table = Table::new(&[
        ("device", "DEVICE"),
        ("kid", "KEY"),
        ("type", "TYPE"),
        ("alg", "ALGORITHM"),
        ("expiresAt", "GOOD UNTIL"),
    ]);
    for key in keys {
        table.row([
            Cell::text(key.device()),
            Cell::text(key.kid()),
            Cell::text(key.jwk().key_type()),
            Cell::text(key.algorithm()),
            Cell::time(key.expires_at()),
        ]);
    }
    table
}

fn past_report(past: &PastRecipient) -> Report {
    let jwks = past.keys().iter().map(|key| key.jwk().to_value());
    Report::new()
        .field("identifier", "recipient", Cell::text(past.identifier()))
        .field("asOf", "as of", Cell::time(past.as_of()))
        .table("keys", keys_table(past.keys()), "")
        .data("jwks", jwks.collect::<Vec<_>>())
}

fn recipient_report(recipient: &VerifiedRecipient) -> Report {
    let table = keys_table(recipient.keys());
    let jwks = recipient.keys().iter().map(|key| key.jwk().to_value());
    let mut report = Report::new()
        .field(
            "identifier",
            "recipient",
            Cell::text(recipient.identifier()),
        )
        .field("sequence", "sequence", Cell::number(recipient.sequence()))
        .field(
            "recovered",
            "recovered",
            Cell::flag(recipient.is_recovered()),
        )
        .field(
            "expiresAt",
            "good until",
            Cell::time(recipient.expires_at()),
        )
        .table("keys", table, "")
        .data("jwks", jwks.collect::<Vec<_>>());
    if recipient.is_recovered() {
        report = report.line(
            "\nThe operators approved one of these devices in place of the owner's other devices: \
             if that surprises you, ask the owner.",
        );
    }
    report
}

async fn signers(context: &Context, args: &LookupArgs) -> Result<(), CliError> {
    if args.any_application {
        return Err(CliError::usage(
            "--any-application is for keys to encrypt to",
        ));
    }
    if args.as_of.is_some() {
        return Err(CliError::usage("--as-of is for keys to encrypt to"));
    }
    let signers = context.kleis()?.signers(&args.id).await?;
    context.print(&signers_report(&args.id, &signers))
}

fn signers_report(identifier: &Identifier, signers: &[VerifiedSigner]) -> Report {
    let mut table = Table::new(&[
        ("device", "DEVICE"),
        ("kid", "KEY"),
        ("type", "TYPE"),
        ("identifiers", "CERTIFIED FOR"),
        ("serial", "SERIAL"),
        ("expiresAt", "GOOD UNTIL"),
    ]);
    for signer in signers {
        let (certificate, identity) = (signer.certificate(), signer.identity());
        table.row([
            Cell::text(identity.device()),
            Cell::text(certificate.public_key().thumbprint()),
            Cell::text(certificate.public_key().key_type()),
            Cell::list(identity.identifiers()),
            Cell::text(certificate.serial()),
            Cell::time(certificate.not_after()),
        ]);
    }
    let jwks = signers.iter().map(|signer| {
        let key = signer.certificate().public_key().clone();
        key.with_thumbprint_kid()
            .with_x5c(signer.chain())
            .to_value()
    });
    Report::new()
        .field("identifier", "signer", Cell::text(identifier))
        .table("keys", table, "")
        .data("jwks", jwks.collect::<Vec<_>>())
}
