//! `kleis enroll`, and what the other ways to an identity share with it.

use std::path::{Path, PathBuf};

use kleis_client::{Enrolment, Home, IdentityFile, Proof};
use kleis_jose::Jwk;
use kleis_pki::{Certificate, Csr};
use kleis_trust::enrolment_code::EnrolmentCode;
use kleis_types::{DeviceId, Identifier};

use crate::args::{self, SigningKey};
use crate::commands::contract::{self, AcceptArgs};
use crate::commands::key_source;
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::{Cell, Report};

/// The largest certificate request, and the largest endorsement, in bytes.
const MAX_FILE: usize = 64 * 1024;

/// Get a certificate for an identity
///
/// Makes an authentication key and a certificate request in your home, proves with a code of the
/// operators that the identity is yours, and keeps the certificate. The code itself never travels,
/// and the private key never leaves the home. A further device shows the endorsement of a sibling
/// in place of a code.
#[derive(Debug, clap::Args)]
#[command(override_usage = "kleis enroll [OPTIONS] --id <ID> <PROOF>")]
#[command(after_help = "\
Examples:
  kleis enroll --id NIHII:18749704 --code-file code.txt
  kleis enroll --id CBE:0809394427/KGSS --code-file - --csr request.pem --key key.pem
  kleis enroll --id NIHII:18749704 --device tablet --endorsement tablet.endorsement
  kleis enroll --id SSIN:85073003328 --login --access-token token.txt")]
pub(crate) struct EnrollArgs {
    /// The identity: TYPE:VALUE, or TYPE:VALUE/APPLICATION for one application of an organisation
    #[arg(long, value_name = "ID", value_parser = args::identifier)]
    id: Identifier,

    /// The name of this device among yours
    #[arg(long, value_name = "NAME", default_value_t)]
    device: DeviceId,

    #[command(flatten)]
    proof: ProofArgs,

    /// Use this PKCS#10 request (PEM or DER) instead of making one
    #[arg(long, value_name = "FILE", requires = "key")]
    csr: Option<PathBuf>,

    #[command(flatten)]
    key: AuthKeyArgs,

    #[command(flatten)]
    accept: AcceptArgs,
}

/// How a home gets its authentication key.
#[derive(Debug, clap::Args)]
pub(crate) struct AuthKeyArgs {
    /// Use this private key (JWK, encrypted JWK, PKCS#8 or SEC 1 PEM) instead of making one
    #[arg(long, value_name = "FILE", conflicts_with = "alg")]
    key: Option<PathBuf>,

    /// The kind of key to make
    #[arg(
        long,
        value_enum,
        default_value = "P-256",
        ignore_case = true,
        value_name = "KIND"
    )]
    alg: SigningKey,

    /// Keep the keys of this home encrypted under a passphrase
    ///
    /// The passphrase is asked for, or read from --passphrase-file (which has the same effect).
    #[arg(long)]
    passphrase: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct ProofArgs {
    /// The enrolment code; better in a file, for other users of this machine see it here
    #[arg(long, value_name = "CODE")]
    code: Option<String>,

    /// The file that holds the enrolment code; `-` is standard input
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,

    /// The endorsement by another device of yours (`kleis devices endorse`)
    #[arg(long, value_name = "FILE")]
    endorsement: Option<PathBuf>,

    /// The access token of --access-token: of an issuer that may enrol, bound to the key of this home
    #[arg(long)]
    login: bool,
}

pub(crate) async fn run(context: &Context, args: &EnrollArgs) -> Result<(), CliError> {
    let proof = match &args.proof.endorsement {
        None if args.proof.login => Proof::Login,
        Some(path) => Proof::Endorsement(files::read_text(path, MAX_FILE)?.trim().to_owned()),
        None => Proof::Code(code(
            args.proof.code.as_deref(),
            args.proof.code_file.as_deref(),
        )?),
    };
    let csr = args.csr.as_deref().map(read_csr).transpose()?;
    let home = context.home()?;
    // Before a key is made for nothing.
    home.config()?;
    auth_key(context, &home, &args.key)?;
    let client = context.client(home)?;
    let contract = contract::accepted(&client, &args.id, &args.accept).await?;
    let (identifier, device) = (args.id.clone(), args.device.clone());
    let identity = client
        .enrol(Enrolment {
            contract,
            identifier,
            device,
            csr,
            proof,
        })
        .await?;
    context.print(&enrolled(&identity)?)
}

/// What is told to whoever has got a certificate.
pub(super) fn enrolled(identity: &IdentityFile) -> Result<Report, CliError> {
    let next = "Next: `kleis keys publish`, so that others can encrypt to you.";
    Ok(identity_report(identity)?.line(next))
}

/// The code, from the command line or from a file.
pub(super) fn code(text: Option<&str>, file: Option<&Path>) -> Result<EnrolmentCode, CliError> {
    let read = file
        .map(|path| files::read_text(path, MAX_FILE))
        .transpose()?;
    let text = match (text, &read) {
        (Some(text), _) => text,
        (None, Some(read)) => read.as_str(),
        (None, None) => return Err(CliError::usage("give --code or --code-file")),
    };
    text.trim()
        .parse()
        .map_err(|error| CliError::input("ENROLMENT_CODE", error))
}

/// The authentication key of the home: the one it has, the one that is given, or a new one.
pub(super) fn auth_key(
    context: &Context,
    home: &Home,
    args: &AuthKeyArgs,
) -> Result<Jwk, CliError> {
    let Some(path) = &args.key else {
        let passphrase = match home.find_auth_key()? {
            Some(_) => None,
            None => context.protection(args.passphrase)?,
        };
        let key_type = args.alg.into();
        return Ok(home.make_auth_key(key_type, passphrase.as_ref(), context.random())?);
    };
    let key = key_source::private(context, path)?;
    match home.find_auth_key()? {
        Some(present) if present.thumbprint() == key.thumbprint() => Ok(present),
        Some(_) => {
            let detail = "this home has another authentication key already";
            Err(CliError::input(
                "OTHER_KEY",
                format!("{}: {detail}", files::name(path)),
            ))
        }
        None => {
            let passphrase = context.protection(args.passphrase)?;
            home.save_auth_key(&key, passphrase.as_ref(), context.random())?;
            Ok(key)
        }
    }
}

/// What a certificate says of its holder.
pub(super) fn identity_report(identity: &IdentityFile) -> Result<Report, CliError> {
    let chain = identity.chain().map_err(CliError::internal)?;
    let leaf = chain
        .first()
        .ok_or_else(|| CliError::internal("an empty chain"))?;
    let certificate = Certificate::from_der(leaf).map_err(CliError::internal)?;
    let certified = certificate.identity().map_err(CliError::internal)?;
    Ok(Report::new()
        .field("identifier", "identity", Cell::text(&identity.identifier))
        .field(
            "identifiers",
            "certified for",
            Cell::list(certified.identifiers()),
        )
        .field("device", "device", Cell::text(&identity.device))
        .field(
            "installation",
            "installation",
            Cell::text(certified.installation()),
        )
        .field("serial", "serial", Cell::text(&identity.serial))
        .field(
            "kid",
            "key",
            Cell::text(certificate.public_key().thumbprint()),
        )
        .field(
            "notBefore",
            "valid from",
            Cell::time(certificate.not_before()),
        )
        .field(
            "notAfter",
            "valid until",
            Cell::time(certificate.not_after()),
        )
        .field(
            "endorsed",
            "endorsed",
            Cell::flag(!identity.endorsement.is_empty()),
        )
        .field("recovered", "recovered", Cell::flag(identity.recovered)))
}

pub(super) fn read_csr(path: &Path) -> Result<Csr, CliError> {
    let bytes = files::read(path, MAX_FILE)?;
    Csr::parse(bytes.expose()).map_err(|error| {
        CliError::input(
            error.code().reason(),
            format!("{}: {error}", files::name(path)),
        )
    })
}
