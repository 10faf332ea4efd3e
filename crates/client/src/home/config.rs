//! Which installation this home belongs to.

use data_encoding::HEXLOWER;
use kleis_jose::digest;
use kleis_pki::TrustAnchors;
use kleis_trust::Anchors;
use kleis_types::InstallationId;
use serde::{Deserialize, Serialize};

use super::{Home, HomeError, files};

/// The installation, where it is reached, and the root it is known by.
#[derive(Debug, Clone)]
pub struct Config {
    /// The public address, `https://HOST:PORT`.
    pub server: String,
    /// The admin address, for operators.
    pub admin: Option<String>,
    /// The installation.
    pub installation: InstallationId,
    /// The pinned root certificate, PEM.
    pub root_pem: String,
    /// How this home shows who it is.
    pub access: Access,
}

/// How a home shows who it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// By its certificate, in TLS.
    #[default]
    Certificate,
    /// By access tokens of the installation's token service: where something in between ends TLS
    /// and asks for no certificate.
    Token,
}

impl Access {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature that serde calls"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    server: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    admin: Option<String>,
    installation: InstallationId,
    root_sha256: String,
    #[serde(default, skip_serializing_if = "Access::is_default")]
    access: Access,
}

impl Config {
    /// The root certificate, DER.
    pub fn root_der(&self) -> Result<Vec<u8>, String> {
        root_der(&self.root_pem)
    }

    /// SHA-256 of the root certificate, lower-case hexadecimal.
    pub fn root_sha256(&self) -> Result<String, String> {
        Ok(sha256_hex(&self.root_der()?))
    }

    /// What everything is verified against.
    pub fn anchors(&self) -> Result<Anchors, String> {
        let roots =
            TrustAnchors::from_ders(vec![self.root_der()?]).map_err(|error| error.to_string())?;
        Ok(Anchors::new(roots, self.installation.clone()))
    }
}

/// The one certificate in a PEM text, DER.
pub(crate) fn root_der(pem: &str) -> Result<Vec<u8>, String> {
    let pem = pem::parse(pem).map_err(|error| error.to_string())?;
    if pem.tag() != "CERTIFICATE" {
        return Err("not a certificate".to_owned());
    }
    Ok(pem.into_contents())
}

/// SHA-256, lower-case hexadecimal: how people compare certificates.
pub(crate) fn sha256_hex(der: &[u8]) -> String {
    HEXLOWER.encode(&digest::sha256(der))
}

impl Home {
    /// The configuration.
    ///
    /// # Errors
    /// [`HomeError::NotInitialised`]; [`HomeError::Malformed`], also when the pinned root is not the one that was pinned.
    pub fn config(&self) -> Result<Config, HomeError> {
        let path = self.path("config.toml");
        let malformed = |detail: String| HomeError::Malformed {
            path: path.clone(),
            detail,
        };
        let missing = || HomeError::NotInitialised(self.dir.clone());
        let text = files::read(&path)?.ok_or_else(missing)?;
        let file: ConfigFile =
            toml::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        let root_pem = files::read(&self.path("root.pem"))?.ok_or_else(missing)?;
        let config = Config {
            server: file.server,
            admin: file.admin,
            installation: file.installation,
            root_pem,
            access: file.access,
        };
        if config.root_sha256().map_err(malformed)? != file.root_sha256 {
            return Err(malformed(
                "root.pem is not the root that was pinned".to_owned(),
            ));
        }
        Ok(config)
    }

    /// Writes the configuration and pins the root.
    pub fn save_config(&self, config: &Config) -> Result<(), HomeError> {
        let path = self.path("config.toml");
        let malformed = |detail: String| HomeError::Malformed {
            path: path.clone(),
            detail,
        };
        let file = ConfigFile {
            server: config.server.clone(),
            admin: config.admin.clone(),
            installation: config.installation.clone(),
            root_sha256: config.root_sha256().map_err(malformed)?,
            access: config.access,
        };
        let text = toml::to_string(&file).map_err(|error| malformed(error.to_string()))?;
        files::replace(&self.path("root.pem"), config.root_pem.as_bytes())?;
        files::replace(&path, text.as_bytes())
    }
}
