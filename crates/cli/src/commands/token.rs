//! `kleis token`.

use kleis_types::{Scope, SecretBytes};

use crate::args::Out;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Form, Product, Report};

/// Get an access token of the installation's token service
///
/// The token is bound to the authentication key of this home: whoever shows it must prove with a
/// DPoP proof (RFC 9449) that they hold that key. It lives for a few minutes. `kleis` gets its own
/// tokens where it needs them (`kleis init --access token`); this command is for other programs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis token --out token.jwt
  kleis token --scope directory --output json | jq -r .token")]
pub(crate) struct TokenArgs {
    /// What the token is to be good for; can be repeated [default: everything]
    #[arg(long, value_name = "SCOPE", value_parser = scope())]
    scope: Vec<Scope>,

    #[command(flatten)]
    out: Out,
}

fn scope() -> impl clap::builder::TypedValueParser<Value = Scope> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};

    let names = Scope::ALL.iter().map(|scope| scope.as_str());
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Scope>())
}

pub(crate) async fn run(context: &Context, args: &TokenArgs) -> Result<(), CliError> {
    let scopes: Vec<_> = args.scope.iter().map(|scope| scope.as_str()).collect();
    let scopes = (!scopes.is_empty()).then(|| scopes.join(" "));
    let token = context.kleis()?.token(scopes.as_deref()).await?;
    let text = SecretBytes::from(token.expose().as_bytes().to_vec());
    let report = Report::new()
        .field("tokenType", "show it as", Cell::text(token.kind()))
        .field("scope", "good for", Cell::text(token.scope()))
        .field("expiresAt", "ends", Cell::time(token.expires_at()))
        .product(Product::private(
            "token",
            Form::Text,
            text,
            args.out.out.as_deref(),
        ));
    context.print(&report)
}
