//! `kleis custody get`.

use crate::args::{self, Out};
use crate::commands::open::confirm;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Form, Product, Report};

/// Get a key, if its policy lets you
///
/// Writes the key as a JWK. A read counts, and only once, even if its answer is lost and fetched
/// again. Once the key is written, custody is told that it has arrived, so that a key without reads
/// left is destroyed at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis custody get Qp1xJ3mXQmqk0V2q8Vd0Zw --out content.jwk")]
pub(crate) struct GetArgs {
    /// The key's id
    #[arg(value_name = "KEYID", value_parser = args::key_id, allow_hyphen_values = true)]
    key_id: String,

    #[command(flatten)]
    out: Out,

    /// Do not tell custody that the key has arrived
    #[arg(long)]
    no_confirm: bool,
}

pub(super) async fn run(context: &Context, args: &GetArgs) -> Result<(), CliError> {
    let client = context.kleis()?;
    let receipt = client.custody_key(&args.key_id).await?;
    let json = receipt.key.jwk.to_private_json();
    let product = Product::private("jwk", Form::Json, json, args.out.out.as_deref());
    let left = receipt.reads_left.map_or_else(Cell::none, Cell::number);
    let report = Report::new()
        .field("keyId", "key", Cell::text(&receipt.key.key_id))
        .field("owner", "owner", Cell::text(&receipt.owner))
        .field(
            "policyHash",
            "policy (SHA-256)",
            Cell::text(&receipt.key.policy_hash),
        )
        .field("readsLeft", "reads left", left)
        .product(product);
    context.print(&report)?;
    if !args.no_confirm {
        confirm(context, &client, &receipt).await;
    }
    Ok(())
}
