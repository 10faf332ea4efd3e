//! The issuing CAs of an installation: the present one, and those before it.
//!
//! ```text
//! ca/issuing.pem, ca/issuing.json   the present one
//! ca/former/ID.pem, ID.json         those before it, by their names in addresses
//! ca/next.json, ca/next.pem         one that takes over; with the certificate, which is written
//!                                   last, it has
//! ```
//!
//! The `.json` is the wrapped key; it is not there where the key is in a token. A former CA signs
//! revocation lists and answers of OCSP until its end; after it, its two files can be removed.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use kleis_pki::{CaError, CaMaterial, Certificate, IssuerId, IssuingCa, ca::CaCredential};
use kleis_runtime::{Pkcs11Key, secret_file};
use kleis_types::{InstallationId, Random, SecretBytes, Timestamp, strict_json};

use crate::{
    data_dir::DataDir,
    durable,
    failure::Failure,
    hsm::{HsmError, HsmKey},
    premises::{CaSettings, ISSUING, MAX_FILE, ROOT, certificate},
    sealed::{Purpose, Sealed, Vault},
};

/// Ends what was begun: a CA whose certificate stands as the next one is the present one. To be
/// called by whoever has the lock.
pub(crate) fn settle(data_dir: &DataDir) -> Result<(), Failure> {
    let (certificate, key) = (data_dir.next_certificate(), data_dir.next_key());
    if !certificate.exists() {
        return Ok(());
    }
    // The key first: as long as the certificate waits, this is done again.
    if key.exists() {
        rename(&key, &data_dir.issuing_key())?;
        durable::sync_dir(&data_dir.ca())?;
    }
    rename(&certificate, &data_dir.issuing_certificate())?;
    durable::sync_dir(&data_dir.ca())
}

/// The CA that issues.
pub(crate) fn present(
    data_dir: &DataDir,
    vault: &Vault,
    settings: &CaSettings,
) -> Result<IssuingCa, Failure> {
    let path = data_dir.issuing_certificate();
    let ca = match &settings.pkcs11 {
        Some(place) => in_token(&path, place)?,
        None => in_file(&path, &data_dir.issuing_key(), vault)?,
    };
    Ok(publishing(ca, settings))
}

/// Those before the present one.
pub(crate) fn former(
    data_dir: &DataDir,
    vault: &Vault,
    settings: &CaSettings,
    present: &IssuingCa,
) -> Result<Vec<Arc<IssuingCa>>, Failure> {
    let mut found = Vec::new();
    for path in former_certificates(data_dir)? {
        let ca = a_former(&path, vault, settings)?;
        // It is kept before it is followed.
        if ca.id() != present.id() {
            found.push(Arc::new(publishing(ca, settings)));
        }
    }
    Ok(found)
}

/// Makes another issuing CA, which takes over from the present one. Whoever calls has the lock.
///
/// A process that dies on the way leaves the one or the other, and all that is needed to say what
/// became of the certificates of both.
pub(crate) fn rotate(
    data_dir: &DataDir,
    installation: &InstallationId,
    vault: &Vault,
    settings: &CaSettings,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Certificate, Failure> {
    settle(data_dir)?;
    if !data_dir.root_key().exists() {
        return Err(Failure::NoRootKey(data_dir.root_key()));
    }
    let root = certificate(&data_dir.root_certificate())?;
    let root = CaCredential::new(&root, open_key(&data_dir.root_key(), ROOT, vault)?)
        .map_err(|error| Failure::damaged(data_dir.root_key())(&error))?;
    let kept = keep(data_dir, vault)?;
    // It must be at hand under the settings that the next start has.
    a_former(&kept, vault, settings)?;
    let number = former_certificates(data_dir)?.len() + 1;
    // Of an attempt that came to nothing.
    let (next, next_key) = (data_dir.next_certificate(), data_dir.next_key());
    if next_key.exists() {
        fs::remove_file(&next_key).map_err(Failure::io(&next_key))?;
    }
    let made = if let Some(place) = &settings.pkcs11 {
        let key = HsmKey::generate(place)?;
        CaMaterial::certify_next(&root, installation, number, now, random, &key)
            .map_err(Failure::crypto)?
    } else {
        let made = CaMaterial::generate_next(&root, installation, number, now, random)
            .map_err(Failure::crypto)?;
        let sealed = vault.seal(Purpose::Ca, ISSUING, made.key_pkcs8())?;
        let sealed = serde_json::to_vec_pretty(&sealed).map_err(Failure::crypto)?;
        durable::write_private(&next_key, &sealed)?;
        made.certificate().clone()
    };
    // At once, so that no half of it stands there as if it were whole.
    let temporary = next.with_extension("tmp");
    if temporary.exists() {
        fs::remove_file(&temporary).map_err(Failure::io(&temporary))?;
    }
    durable::write_public(&temporary, made.to_pem().as_bytes())?;
    rename(&temporary, &next)?;
    durable::sync_dir(&data_dir.ca())?;
    settle(data_dir)?;
    let stale = data_dir.issuing_key();
    if settings.pkcs11.is_some() && stale.exists() {
        // Its copy is kept with the former CA.
        fs::remove_file(&stale).map_err(Failure::io(&stale))?;
    }
    Ok(made)
}

/// Keeps the present CA among the former ones; gives the path of its certificate there.
fn keep(data_dir: &DataDir, vault: &Vault) -> Result<PathBuf, Failure> {
    let (path, key_path) = (data_dir.issuing_certificate(), data_dir.issuing_key());
    let present = Certificate::from_der(&certificate(&path)?)
        .map_err(|error| Failure::damaged(&path)(&error))?;
    let place = data_dir.former_cas();
    durable::make_dir(&place)?;
    let kept = place.join(format!("{}.pem", IssuerId::of_ca(&present)));
    let kept_key = kept.with_extension("json");
    // Where the CA's key is in a token, an older one's may lie there still.
    let is_in_file = key_path.exists() && in_file(&path, &key_path, vault).is_ok();
    if is_in_file && !kept_key.exists() {
        let sealed = secret_file::read(&key_path, MAX_FILE)?;
        durable::write_private(&kept_key, sealed.expose())?;
    }
    if !kept.exists() {
        durable::write_public(&kept, present.to_pem().as_bytes())?;
    }
    durable::sync_dir(&place)?;
    durable::sync_dir(&data_dir.ca())?;
    Ok(kept)
}

/// The certificates of the former CAs, by name.
fn former_certificates(data_dir: &DataDir) -> Result<Vec<PathBuf>, Failure> {
    let place = data_dir.former_cas();
    if !place.exists() {
        return Ok(Vec::new());
    }
    let mut found = durable::entries(&place)?;
    found.retain(|path| path.extension().is_some_and(|extension| extension == "pem"));
    Ok(found)
}

fn a_former(path: &Path, vault: &Vault, settings: &CaSettings) -> Result<IssuingCa, Failure> {
    let key = path.with_extension("json");
    if key.exists() {
        return in_file(path, &key, vault);
    }
    let Some(place) = &settings.pkcs11 else {
        return Err(HsmError::NotNamed.into());
    };
    for label in &place.former_keys {
        let place = Pkcs11Key {
            key: label.clone(),
            ..place.clone()
        };
        match in_token(path, &place) {
            Err(Failure::Hsm(HsmError::Other(_))) => {}
            found => return found,
        }
    }
    Err(HsmError::FormerNotNamed.into())
}

fn publishing(ca: IssuingCa, settings: &CaSettings) -> IssuingCa {
    match &settings.publication {
        Some(publication) => ca.publishing(publication.clone()),
        None => ca,
    }
}

fn in_token(path: &Path, place: &Pkcs11Key) -> Result<IssuingCa, Failure> {
    let issuing = certificate(path)?;
    let key = HsmKey::open(place)?;
    let ca = IssuingCa::with_signer(&issuing, Box::new(key));
    ca.map_err(|error| match error {
        CaError::KeyMismatch => HsmError::Other(place.key.clone()).into(),
        error => Failure::damaged(path)(&error),
    })
}

fn in_file(path: &Path, key_path: &Path, vault: &Vault) -> Result<IssuingCa, Failure> {
    let issuing = certificate(path)?;
    if !key_path.exists() {
        return Err(HsmError::NotNamed.into());
    }
    let key = open_key(key_path, ISSUING, vault)?;
    IssuingCa::new(&issuing, &key).map_err(|error| Failure::damaged(key_path)(&error))
}

fn open_key(path: &Path, name: &str, vault: &Vault) -> Result<SecretBytes, Failure> {
    let bytes = secret_file::read(path, MAX_FILE)?;
    let damaged = || Failure::damaged(path);
    let sealed: Sealed =
        strict_json::from_slice(bytes.expose(), MAX_FILE).map_err(|error| damaged()(&error))?;
    let opened = vault.open(Purpose::Ca, name, &sealed);
    opened.map_err(|error| damaged()(&error))
}

fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::rename(from, to).map_err(Failure::io(from))
}
