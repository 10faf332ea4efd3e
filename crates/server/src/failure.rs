//! Why a command failed, in words for whoever typed it.

use std::path::PathBuf;

use kleis_runtime::{
    BuildError, ConfigErrors, Exit, ServeError, secret_file::SecretFileError,
    telemetry::TelemetryError, tls::TlsError,
};
use kleis_store::StoreError;
use kleis_wrap::{KekError, KekId, WrapError};

use crate::hsm::HsmError;

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    // --- the command line or the configuration ------------------------------------------------
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error("{0}")]
    Usage(String),

    // --- the data directory -------------------------------------------------------------------
    #[error(
        "{data_dir} is in use by another kleisd{}: stop that one first, or choose another \
         directory",
        .process.as_ref().map(|id| format!(" (process {id})")).unwrap_or_default()
    )]
    Locked {
        data_dir: PathBuf,
        process: Option<String>,
    },
    #[error(
        "{data_dir} is in use by another kleisd{}: change the register through that server, by \
         `kleis operator registrants import`, or stop it first",
        .process.as_ref().map(|id| format!(" (process {id})")).unwrap_or_default()
    )]
    RegisterInUse {
        data_dir: PathBuf,
        process: Option<String>,
    },
    #[error("{0} holds no installation of Kleis; `kleisd all --data-dir` makes one")]
    NoInstallation(PathBuf),
    #[error(
        "{0} is neither empty nor an installation of Kleis: it has no installation.json. Choose \
         another directory; if this one was an installation, restore that file from a backup"
    )]
    NotOurs(PathBuf),
    #[error("{path}: {source}")]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    SecretFile(#[from] SecretFileError),
    #[error("{path} is not what kleisd wrote there: {reason}. Restore it from a backup")]
    Damaged { path: PathBuf, reason: String },

    #[error("{0} is not there: put the root's key back for as long as this takes")]
    NoRootKey(PathBuf),

    // --- the root KEK -------------------------------------------------------------------------
    #[error("the root KEK cannot be loaded from {place}: {source}{}", needed_kek(.needed.as_ref()))]
    Kek {
        place: String,
        needed: Option<KekId>,
        source: KekError,
    },
    #[error(
        "this installation needs the root KEK {needed}, but {place} holds {loaded}: start with the \
         KEK {needed}"
    )]
    OtherKek {
        place: String,
        needed: KekId,
        loaded: KekId,
    },
    #[error("a secret cannot be wrapped: {0}")]
    Wrap(#[from] WrapError),

    // --- what is built on them ----------------------------------------------------------------
    #[error("{path}: {source}")]
    Store { path: PathBuf, source: StoreError },
    #[error("the service {service} does not start: {reason}")]
    Service {
        service: &'static str,
        reason: String,
    },
    #[error("there is an operator already; operators make enrolment codes for others")]
    OperatorExists,
    #[error("a certificate or key of this installation cannot be made or used: {0}")]
    Crypto(String),
    #[error("the key of the issuing CA: {0}")]
    Hsm(#[from] HsmError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("cannot listen on {address}: {source}")]
    Listen {
        address: std::net::SocketAddr,
        source: std::io::Error,
    },
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("calls were still under way when the time to finish them was up; they were cut off")]
    Cut,
    #[error("the system refused: {0}")]
    System(#[source] std::io::Error),

    // --- what was found -----------------------------------------------------------------------
    #[error("the register stands as before: {0} lines of the file are bad")]
    Lines(usize),
    #[error("no registrant has this identifier")]
    NoRegistrant,
    #[error("the audit does not hold: {0} findings")]
    Audit(u64),
    #[error(
        "{path} does not agree with its checkpoints:\n  {}\nEither it was tampered with, or it was put \
         back from a backup, or the sink of its checkpoints is another one's. Keep a copy of \
         everything, and see what `kleisd audit verify` says. If it was put back on purpose, start \
         once with `kleisd all --accept-audit-gap REASON`: what is lost is lost, and the reason \
         stands in the audit",
        .findings.join("\n  ")
    )]
    AuditGap {
        path: PathBuf,
        findings: Vec<String>,
    },
}

fn needed_kek(needed: Option<&KekId>) -> String {
    needed
        .map(|id| format!(". This installation needs the root KEK {id}"))
        .unwrap_or_default()
}

impl Failure {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn store(path: impl Into<PathBuf>) -> impl FnOnce(StoreError) -> Self {
        let path = path.into();
        move |source| Self::Store { path, source }
    }

    pub(crate) fn damaged(path: impl Into<PathBuf>) -> impl FnOnce(&dyn std::fmt::Display) -> Self {
        let path = path.into();
        move |reason| Self::Damaged {
            path,
            reason: reason.to_string(),
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "the shape that map_err takes"
    )]
    pub(crate) fn crypto(error: impl ToString) -> Self {
        Self::Crypto(error.to_string())
    }

    /// The exit code that a script can act on.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::Telemetry(_)
            | Self::Usage(_)
            | Self::Lines(_)
            | Self::NoRegistrant => Exit::Usage,
            Self::Locked { .. } | Self::RegisterInUse { .. } => Exit::Locked,
            Self::Audit(_) | Self::AuditGap { .. } => Exit::Tampered,
            Self::NoInstallation(_)
            | Self::NoRootKey(_)
            | Self::NotOurs(_)
            | Self::Io { .. }
            | Self::SecretFile(_)
            | Self::Damaged { .. }
            | Self::Kek { .. }
            | Self::OtherKek { .. }
            | Self::Store { .. }
            | Self::Service { .. }
            | Self::OperatorExists
            | Self::Hsm(_)
            | Self::Tls(_)
            | Self::Listen { .. } => Exit::Unavailable,
            Self::Wrap(_)
            | Self::Crypto(_)
            | Self::Build(_)
            | Self::Serve(_)
            | Self::Cut
            | Self::System(_) => Exit::Internal,
        }
    }
}
