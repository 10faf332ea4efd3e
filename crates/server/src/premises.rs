//! An installation that is there, and this process' hold on it.

use std::{fs, sync::Arc};

use data_encoding::HEXLOWER;
use kleis_pki::{IssuingCa, Publication, TrustAnchors};
use kleis_runtime::{Config, Pkcs11Key};
use kleis_trust::Anchors;
use kleis_types::{InstallationId, Timestamp, strict_json};
use kleis_wrap::{KekId, RootKek};
use serde::{Deserialize, Serialize};

use crate::{data_dir::DataDir, failure::Failure, issuing, kek::KekPlace, sealed::Vault};

pub(crate) const MAX_FILE: usize = 64 * 1024;
const FORMAT: u32 = 1;
pub(crate) const ISSUING: &str = "issuing";
pub(crate) const ROOT: &str = "root";

/// `installation.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Record {
    /// The version of this format: 1.
    format: u32,
    installation: InstallationId,
    created: String,
    /// The root KEK that everything is wrapped under.
    kek: String,
}

impl Record {
    pub(crate) fn new(installation: InstallationId, created: Timestamp, kek: &KekId) -> Self {
        Self {
            format: FORMAT,
            installation,
            created: created.rfc3339(),
            kek: kek.to_string(),
        }
    }

    /// Reads the record of a directory.
    pub(crate) fn read(data_dir: &DataDir) -> Result<Self, Failure> {
        let path = data_dir.installation();
        if !path.exists() {
            return Err(Failure::NoInstallation(data_dir.root().to_owned()));
        }
        let bytes = fs::read(&path).map_err(Failure::io(&path))?;
        let record: Self = strict_json::from_slice(&bytes, MAX_FILE)
            .map_err(|error| Failure::damaged(&path)(&error))?;
        if record.format != FORMAT {
            let reason = format!("its format {} is unknown to this program", record.format);
            return Err(Failure::Damaged { path, reason });
        }
        Ok(record)
    }

    pub(crate) fn to_json(&self) -> Result<Vec<u8>, Failure> {
        serde_json::to_vec_pretty(self).map_err(Failure::crypto)
    }

    pub(crate) fn installation(&self) -> &InstallationId {
        &self.installation
    }

    pub(crate) fn kek(&self, data_dir: &DataDir) -> Result<KekId, Failure> {
        self.kek
            .parse()
            .map_err(|error| Failure::damaged(data_dir.installation())(&error))
    }
}

/// Where the CA's key is, and where it publishes.
#[derive(Clone, Debug, Default)]
pub(crate) struct CaSettings {
    /// Where the key is, if not in the data directory.
    pub(crate) pkcs11: Option<Pkcs11Key>,
    /// Where the CA publishes, if it does.
    pub(crate) publication: Option<Publication>,
}

impl CaSettings {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            pkcs11: config.ca.pkcs11.clone(),
            publication: config.pki.base_url.clone(),
        }
    }
}

/// An installation, opened by its KEK. Whoever opens it has the lock.
#[derive(Debug)]
pub(crate) struct Premises {
    pub(crate) data_dir: DataDir,
    pub(crate) installation: InstallationId,
    pub(crate) kek_place: KekPlace,
    pub(crate) vault: Vault,
    pub(crate) anchors: Anchors,
    pub(crate) ca: Arc<IssuingCa>,
    /// Those before it, which issue no more.
    pub(crate) former_cas: Vec<Arc<IssuingCa>>,
}

impl Premises {
    /// Opens the installation in a directory. What it certifies tells where the CA publishes, if it
    /// does.
    pub(crate) fn open(
        data_dir: DataDir,
        kek_place: KekPlace,
        settings: &CaSettings,
    ) -> Result<Self, Failure> {
        let record = Record::read(&data_dir)?;
        let kek = kek_place.load(&record.kek(&data_dir)?)?;
        let vault = Vault::new(kek, record.installation.clone());
        Self::assemble(data_dir, record.installation, kek_place, vault, settings)
    }

    /// Puts together what lies in a directory, whether or not its record is written yet.
    pub(crate) fn assemble(
        data_dir: DataDir,
        installation: InstallationId,
        kek_place: KekPlace,
        vault: Vault,
        settings: &CaSettings,
    ) -> Result<Self, Failure> {
        issuing::settle(&data_dir)?;
        let ca = issuing::present(&data_dir, &vault, settings)?;
        let former_cas = issuing::former(&data_dir, &vault, settings, &ca)?;
        Ok(Self {
            anchors: anchors(&data_dir, &installation)?,
            installation,
            ca: Arc::new(ca),
            former_cas,
            data_dir,
            kek_place,
            vault,
        })
    }

    /// SHA-256 of the root certificate's DER, hexadecimal.
    pub(crate) fn root_sha256(&self) -> String {
        let root = self.anchors.roots().roots().first();
        let digest = root.map(|root| kleis_jose::digest::sha256(root.der()));
        HEXLOWER.encode(&digest.unwrap_or_default())
    }

    /// A further copy of the root KEK, for a service that keeps one of its own.
    pub(crate) fn another_kek(&self) -> Result<RootKek, Failure> {
        self.kek_place.load(self.vault.kek().id())
    }
}

/// What everybody pins who deals with the installation in a directory.
pub(crate) fn anchors(
    data_dir: &DataDir,
    installation: &InstallationId,
) -> Result<Anchors, Failure> {
    let root = certificate(&data_dir.root_certificate())?;
    let roots = TrustAnchors::from_ders(vec![root])
        .map_err(|error| Failure::damaged(data_dir.root_certificate())(&error))?;
    Ok(Anchors::new(roots, installation.clone()))
}

/// The one certificate of a PEM file, in DER.
pub(crate) fn certificate(path: &std::path::Path) -> Result<Vec<u8>, Failure> {
    let text = fs::read(path).map_err(Failure::io(path))?;
    let parsed = pem::parse(text).map_err(|error| Failure::damaged(path)(&error))?;
    if parsed.tag() != "CERTIFICATE" {
        return Err(Failure::damaged(path)(&"it holds no certificate"));
    }
    Ok(parsed.into_contents())
}
