//! `kleis init`.

use std::path::PathBuf;

use crate::args;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Report};

/// The largest root certificate, in bytes of PEM.
const MAX_ROOT: usize = 64 * 1024;

/// Pin an installation: its root certificate and its address
///
/// This is the one moment of trust. The root certificate, or at least its SHA-256 fingerprint, must
/// have come to you by a way that you trust: everything else is verified against it from then on.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis init --server https://kleis.example.be:8443 --root root.pem \\
             --root-sha256 3f:0a:...:91")]
pub(crate) struct InitArgs {
    /// The public address of the installation
    #[arg(long, value_name = "https://HOST:PORT")]
    server: String,

    /// The root certificate, PEM
    #[arg(long, value_name = "FILE")]
    root: PathBuf,

    /// The fingerprint that the root certificate must have: SHA-256, hexadecimal
    #[arg(long, value_name = "HEX", value_parser = args::fingerprint)]
    root_sha256: Option<String>,

    /// The admin address, for operators
    #[arg(long, value_name = "https://HOST:PORT")]
    admin: Option<String>,

    /// How this home shows who it is: by its certificate in TLS, or by access tokens, where
    /// something before the server ends TLS and asks for no certificate
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    access: Access,
}

/// How a home shows who it is.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Access {
    #[default]
    Certificate,
    Token,
}

impl From<Access> for kleis_client::Access {
    fn from(access: Access) -> Self {
        match access {
            Access::Certificate => Self::Certificate,
            Access::Token => Self::Token,
        }
    }
}

pub(crate) async fn run(context: &Context, args: &InitArgs) -> Result<(), CliError> {
    let root = files::read_text(&args.root, MAX_ROOT)?;
    let home = context.home()?;
    let config = home
        .init(
            &args.server,
            args.admin.as_deref(),
            &root,
            args.root_sha256.as_deref(),
            args.access.into(),
        )
        .await?;
    let fingerprint = config.root_sha256().map_err(CliError::internal)?;
    let report = Report::new()
        .field("home", "home", Cell::text(home.dir().display()))
        .field(
            "installation",
            "installation",
            Cell::text(&config.installation),
        )
        .field("server", "server", Cell::text(&config.server))
        .field("admin", "admin", Cell::optional(config.admin.as_deref()))
        .field("rootSha256", "root (SHA-256)", Cell::text(fingerprint))
        .line("Next: `kleis enroll`, with a code from an operator.");
    context.print(&report)
}
