//! `kleis operator codes`.

use clap::Subcommand;
use kleis_types::Identifier;

use crate::args::{self, Out};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Form, Product, Report};

const SECONDS_PER_DAY: u32 = 86_400;

/// Enrolment codes: what proves an identity for its first certificate
#[derive(Debug, clap::Args)]
pub(super) struct CodesArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(CreateArgs),
}

/// Make a code for an identity, and print it, this once
///
/// The code is made here and never travels: the service only gets what it needs to verify it. Hand
/// it to whom it is for by a way that you trust, after you have made sure who that is. Nobody can
/// make a code for themselves.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis operator codes create --id NIHII:18749704
  kleis operator codes create --id CBE:0809394427/KGSS --days 2 --out code.txt")]
struct CreateArgs {
    /// Whom the code is for, application included
    #[arg(long, value_name = "ID", value_parser = args::identifier)]
    id: Identifier,

    /// For how many days it is good
    #[arg(long, default_value_t = 7, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=30))]
    days: u32,

    #[command(flatten)]
    out: Out,
}

pub(super) async fn run(context: &Context, args: &CodesArgs) -> Result<(), CliError> {
    let Command::Create(args) = &args.command;
    let client = context.kleis()?;
    let issued = client
        .create_enrolment_code(&args.id, args.days * SECONDS_PER_DAY)
        .await?;
    let out = args.out.out.as_deref();
    let product = Product::private("code", Form::Text, issued.code.as_bytes(), out);
    let report = Report::new()
        .field("identifier", "for", Cell::text(&args.id))
        .field("codeId", "code id", Cell::text(&issued.code_id))
        .field("expiresAt", "good until", Cell::time(issued.expires_at))
        .product(product);
    context.print(&report)
}
