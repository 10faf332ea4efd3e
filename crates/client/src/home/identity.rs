//! Who we are: the certificate and what belongs to it.

use kleis_types::{DeviceId, Identifier, base64url};
use serde::{Deserialize, Serialize};

use super::{Home, HomeError, files, key_store::AUTH_FILE};

/// The certified identity of this home.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityFile {
    /// The primary identity.
    pub identifier: Identifier,
    /// The device.
    pub device: DeviceId,
    /// The serial number of the certificate.
    pub serial: String,
    /// The chain, DER in base64url, leaf first.
    chain: Vec<String>,
    /// The endorsement of this device, empty if there is none.
    #[serde(default)]
    pub endorsement: String,
    /// Whether operators approved this device in place of an endorsement.
    #[serde(default)]
    pub recovered: bool,
    /// The file of the certified key, in the home.
    #[serde(default = "auth_file", skip_serializing_if = "is_auth_file")]
    pub(super) key_file: String,
    /// The serial number of the certificate that this one is about to replace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

fn auth_file() -> String {
    AUTH_FILE.to_owned()
}

fn is_auth_file(name: &str) -> bool {
    name == AUTH_FILE
}

impl IdentityFile {
    /// An identity as the service has certified it.
    pub fn new(
        identifier: Identifier,
        device: DeviceId,
        serial: String,
        chain: &[Vec<u8>],
        endorsement: String,
        recovered: bool,
    ) -> Self {
        let chain = chain.iter().map(|der| base64url::encode(der)).collect();
        Self {
            identifier,
            device,
            serial,
            chain,
            endorsement,
            recovered,
            key_file: auth_file(),
            replaces: None,
        }
    }

    /// The chain, DER, leaf first.
    pub fn chain(&self) -> Result<Vec<Vec<u8>>, base64url::DecodeError> {
        self.chain
            .iter()
            .map(|text| base64url::decode(text))
            .collect()
    }
}

impl Home {
    /// Whether this home has a certified identity.
    pub fn is_enrolled(&self) -> bool {
        self.path("identity.json").exists()
    }

    /// Who we are.
    ///
    /// # Errors
    /// [`HomeError::NotEnrolled`].
    pub fn identity(&self) -> Result<IdentityFile, HomeError> {
        let path = self.path("identity.json");
        let text = files::read(&path)?.ok_or_else(|| HomeError::NotEnrolled(self.dir.clone()))?;
        serde_json::from_str(&text).map_err(|error| HomeError::Malformed {
            path,
            detail: error.to_string(),
        })
    }

    /// Makes the next authentication key, with its certificate, the home's own, in one step: before
    /// it the home is the old one, after it the new one, which remembers what it replaces.
    pub(crate) fn adopt(
        &self,
        identity: IdentityFile,
        former: &IdentityFile,
    ) -> Result<IdentityFile, HomeError> {
        let identity = IdentityFile {
            key_file: self.keep_next_auth_key()?,
            replaces: Some(former.serial.clone()),
            ..identity
        };
        self.save_identity(&identity)?;
        self.remove_next_auth_key()?;
        Ok(identity)
    }

    /// The certificate before is out of use: its key is not needed any more.
    pub(crate) fn forget_replaced(&self) -> Result<(), HomeError> {
        let identity = IdentityFile {
            replaces: None,
            ..self.identity()?
        };
        self.save_identity(&identity)?;
        self.remove_auth_keys_but(&identity.key_file)
    }

    /// Writes who we are, and the chain for other programs.
    pub fn save_identity(&self, identity: &IdentityFile) -> Result<(), HomeError> {
        let path = self.path("identity.json");
        let malformed = |detail: String| HomeError::Malformed {
            path: path.clone(),
            detail,
        };
        let chain = identity
            .chain()
            .map_err(|error| malformed(error.to_string()))?;
        let pems: Vec<_> = chain
            .into_iter()
            .map(|der| pem::Pem::new("CERTIFICATE", der))
            .collect();
        files::replace(&self.path("chain.pem"), pem::encode_many(&pems).as_bytes())?;
        let text =
            serde_json::to_vec_pretty(identity).map_err(|error| malformed(error.to_string()))?;
        files::replace(&path, &text)
    }
}
