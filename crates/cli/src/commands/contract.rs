//! The contract that whoever asks for a certificate accepts: read, and accepted.

use kleis_client::{Contract, Kleis};
use kleis_types::Identifier;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Form, Product, Report, confirm_text};

/// Show the contract of an identifier type: what whoever asks for a certificate accepts
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis contract NIHII
  kleis contract NIHII --out contract.html")]
pub(crate) struct ContractArgs {
    /// The identifier type
    #[arg(value_name = "TYPE")]
    r#type: String,

    #[command(flatten)]
    out: crate::args::Out,
}

/// How a contract is accepted, where there is one.
#[derive(Debug, clap::Args)]
pub(super) struct AcceptArgs {
    /// Accept the contract of this digest, which `kleis contract` has shown, and do not ask
    #[arg(long, value_name = "DIGEST", value_parser = crate::args::x5t, allow_hyphen_values = true)]
    accept_contract: Option<String>,
}

pub(crate) async fn run(context: &Context, args: &ContractArgs) -> Result<(), CliError> {
    let found = context.kleis()?.contract(&args.r#type).await?;
    let Some(contract) = found else {
        let report = Report::new()
            .field("digest", "digest", Cell::none())
            .line("There is no contract of this type: nothing is to be accepted.");
        return context.print(&report);
    };
    let product = Product::shared("text", Form::Text, contract.text, args.out.out.as_deref());
    let report = Report::new()
        .field("digest", "digest", Cell::text(contract.digest))
        .field("mediaType", "media type", Cell::text(contract.media_type))
        .product(product);
    context.print(&report)
}

/// The digest of the contract that is accepted; empty where there is none.
pub(super) async fn accepted(
    client: &Kleis,
    identifier: &Identifier,
    args: &AcceptArgs,
) -> Result<String, CliError> {
    let found = client.contract(identifier.type_name()).await?;
    let Some(contract) = found else {
        return Ok(String::new());
    };
    match &args.accept_contract {
        Some(digest) if *digest == contract.digest => Ok(contract.digest),
        Some(_) => Err(CliError::input(
            "CONTRACT_NOT_ACCEPTED",
            "the contract is another one now: read it with `kleis contract`",
        )),
        None => ask(contract),
    }
}

fn ask(contract: Contract) -> Result<String, CliError> {
    let not_accepted = || {
        let detail = format!(
            "read the contract with `kleis contract`, and accept it with --accept-contract {}",
            contract.digest
        );
        CliError::input("CONTRACT_NOT_ACCEPTED", detail)
    };
    let text = String::from_utf8_lossy(&contract.text);
    let asked = confirm_text(&text, "Do you accept this contract?");
    match asked.map_err(CliError::internal)? {
        Some(true) => Ok(contract.digest),
        Some(false) | None => Err(not_accepted()),
    }
}
