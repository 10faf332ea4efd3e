//! `kleis operator bootstrap`.

use std::path::PathBuf;

use kleis_client::{Enrolment, Proof};
use kleis_jose::Jwk;
use kleis_pki::{Csr, SubjectName};
use kleis_types::{DeviceId, Identifier};

use crate::args;
use crate::commands::enroll::{self, AuthKeyArgs};
use crate::context::Context;
use crate::error::CliError;

/// Become the first operator, with the one-time code that the first start printed
///
/// Works once: when there is an operator, that one names the others.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis operator bootstrap --id SSIN:85073003328 --name \"Jane Doe\" --code-file code.txt")]
pub(super) struct BootstrapArgs {
    /// Who you are: the identifier of a person
    #[arg(long, value_name = "ID", value_parser = args::identifier)]
    id: Identifier,

    /// Your name, as it will stand in the register and in your certificate
    ///
    /// It is written in capitals and without accents. Without it the identifier stands there.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// The name of this device among yours
    #[arg(long, value_name = "NAME", default_value_t)]
    device: DeviceId,

    #[command(flatten)]
    code: CodeArgs,

    #[command(flatten)]
    key: AuthKeyArgs,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct CodeArgs {
    /// The bootstrap code; better in a file, for other users of this machine see it here
    #[arg(long, value_name = "CODE")]
    code: Option<String>,

    /// The file that holds the bootstrap code; `-` is standard input
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
}

pub(super) async fn run(context: &Context, args: &BootstrapArgs) -> Result<(), CliError> {
    let code = enroll::code(args.code.code.as_deref(), args.code.code_file.as_deref())?;
    let home = context.home()?;
    home.config()?;
    let key = enroll::auth_key(context, &home, &args.key)?;
    let csr = args
        .name
        .as_deref()
        .map(|name| named_request(&args.id, name, &key))
        .transpose()?;
    let client = context.client(home)?;
    let enrolment = Enrolment {
        contract: String::new(),
        identifier: args.id.clone(),
        device: args.device.clone(),
        csr,
        proof: Proof::Bootstrap(code),
    };
    let identity = client.enrol(enrolment).await?;
    let report = enroll::identity_report(&identity)?
        .line("You are the operator. Next: `kleis operator registrants import`.");
    context.print(&report)
}

/// A request that tells the register the name of the first operator.
fn named_request(id: &Identifier, name: &str, key: &Jwk) -> Result<Csr, CliError> {
    let subject = SubjectName::new(id, name).map_err(|error| CliError::input("NAME", error))?;
    Csr::create_for(key, &subject).map_err(|error| CliError::input(error.code().reason(), error))
}
