//! Where the things of an installation lie.

use std::path::{Path, PathBuf};

use kleis_types::Service;

/// A directory that holds an installation, or is to hold one.
///
/// ```text
/// installation.json   the id, and which root KEK everything is wrapped under; written last
/// lock                held by the process that has the directory
/// root.pem            the root certificate, to hand to clients
/// ca/                 the root's and the issuing CA's keys (wrapped), the issuing CA's certificate,
///                     and those of the issuing CAs before it (see [`crate::issuing`])
/// kek/root.kek        the root KEK, unless it is kept elsewhere
/// tls/server.json     the server's certificate and key (wrapped)
/// services/NAME.json  the keys of a service (wrapped)
/// registry.db         registration's database
/// custody.db          custody's database
/// sts.db              the token service's database
/// audit/              the sink of the audit's checkpoints, unless it is elsewhere
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    pub(crate) fn new(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn installation(&self) -> PathBuf {
        self.0.join(INSTALLATION)
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.0.join(LOCK)
    }

    pub(crate) fn root_certificate(&self) -> PathBuf {
        self.0.join("root.pem")
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.0.join("ca")
    }

    pub(crate) fn root_key(&self) -> PathBuf {
        self.ca().join("root.json")
    }

    pub(crate) fn issuing_certificate(&self) -> PathBuf {
        self.ca().join("issuing.pem")
    }

    pub(crate) fn issuing_key(&self) -> PathBuf {
        self.ca().join("issuing.json")
    }

    /// The certificate of the issuing CA that takes over.
    pub(crate) fn next_certificate(&self) -> PathBuf {
        self.ca().join("next.pem")
    }

    pub(crate) fn next_key(&self) -> PathBuf {
        self.ca().join("next.json")
    }

    /// Certificates and keys of the issuing CAs of before.
    pub(crate) fn former_cas(&self) -> PathBuf {
        self.ca().join("former")
    }

    pub(crate) fn kek_dir(&self) -> PathBuf {
        self.0.join("kek")
    }

    pub(crate) fn kek(&self) -> PathBuf {
        self.kek_dir().join("root.kek")
    }

    pub(crate) fn tls(&self) -> PathBuf {
        self.0.join("tls")
    }

    pub(crate) fn server_certificate(&self) -> PathBuf {
        self.tls().join("server.json")
    }

    pub(crate) fn services(&self) -> PathBuf {
        self.0.join("services")
    }

    pub(crate) fn service(&self, service: Service) -> PathBuf {
        self.services().join(format!("{service}.json"))
    }

    pub(crate) fn registry(&self) -> PathBuf {
        self.0.join("registry.db")
    }

    pub(crate) fn custody(&self) -> PathBuf {
        self.0.join("custody.db")
    }

    pub(crate) fn audit(&self) -> PathBuf {
        self.0.join("audit")
    }

    pub(crate) fn sts(&self) -> PathBuf {
        self.0.join("sts.db")
    }

    /// Where an installation is made before it is put in its place.
    pub(crate) fn nursery(&self) -> Self {
        Self(self.0.join(NURSERY))
    }
}

pub(crate) const INSTALLATION: &str = "installation.json";
pub(crate) const LOCK: &str = "lock";
pub(crate) const NURSERY: &str = ".new";
