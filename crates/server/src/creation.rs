//! An installation from nothing: whole, or not at all.
//!
//! Everything is made in `DIR/.new` and brought to the disk, `installation.json` last. Then it is
//! moved into `DIR`, entry by entry, `installation.json` last again. Whoever comes after a process
//! that was killed on the way sees by that file how far it had come: without one in `.new`, what is
//! there is half made and is made anew; with one, only the moving is left to do.

use std::fs;

use kleis_pki::{CaMaterial, Certificate, ca::CaCredential};
use kleis_store_sqlite::{CustodySqlite, RegistrySqlite, StsSqlite};
use kleis_types::{InstallationId, SecretBytes, Service};

use crate::{
    data_dir::{DataDir, INSTALLATION, LOCK, NURSERY},
    databases::Databases,
    durable,
    failure::Failure,
    hsm::HsmKey,
    kek::KekPlace,
    premises::{ISSUING, Premises, ROOT, Record},
    sealed::{Purpose, Vault},
    service_keys,
    services::{Basics, Certified},
};

/// What a file system may put into an empty directory.
const NOT_OURS_BUT_HARMLESS: &str = "lost+found";
const SERVICES: [Service; 5] = [
    Service::Registration,
    Service::Custody,
    Service::Directory,
    Service::Status,
    Service::Sts,
];

/// Whether an installation was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    There,
    /// This call has made it, or has finished the making.
    Made,
}

/// Makes an installation in `data_dir`, whose lock the caller has, if there is none.
pub(crate) async fn ensure(
    data_dir: &DataDir,
    kek: &KekPlace,
    basics: &Basics,
) -> Result<Found, Failure> {
    let nursery = data_dir.nursery();
    if data_dir.installation().exists() {
        return Ok(Found::There);
    }
    if !nursery.installation().exists() {
        refuse_strangers(data_dir)?;
        if nursery.root().exists() {
            fs::remove_dir_all(nursery.root()).map_err(Failure::io(nursery.root()))?;
        }
        make(&nursery, kek, basics).await?;
    }
    publish(&nursery, data_dir)?;
    Ok(Found::Made)
}

fn refuse_strangers(data_dir: &DataDir) -> Result<(), Failure> {
    let known = [LOCK, NURSERY, NOT_OURS_BUT_HARMLESS];
    let is_known = |path: &std::path::PathBuf| {
        path.file_name()
            .is_some_and(|name| known.iter().any(|known| name == *known))
    };
    if durable::entries(data_dir.root())?.iter().all(is_known) {
        Ok(())
    } else {
        Err(Failure::NotOurs(data_dir.root().to_owned()))
    }
}

/// Makes everything in the nursery.
async fn make(nursery: &DataDir, kek: &KekPlace, basics: &Basics) -> Result<(), Failure> {
    for directory in [
        nursery.root().to_owned(),
        nursery.ca(),
        nursery.tls(),
        nursery.services(),
    ] {
        durable::make_dir(&directory)?;
    }
    let kek_place = match kek {
        KekPlace::DataDir(_) => KekPlace::DataDir(nursery.kek()),
        elsewhere => elsewhere.clone(),
    };
    let (random, now) = (&*basics.random, basics.clock.now());
    let installation = InstallationId::random(random);
    let vault = Vault::new(kek_place.load_or_create(random)?, installation.clone());
    make_ca(nursery, &installation, &vault, basics)?;
    for service in SERVICES {
        let keys = service_keys::generate(service, random)?;
        service_keys::save(&nursery.service(service), service, &keys, &vault, random)?;
    }
    let record = Record::new(installation.clone(), now, vault.kek().id());
    let premises = Premises::assemble(nursery.clone(), installation, kek_place, vault, &basics.ca)?;
    Box::pin(make_databases(&premises, basics)).await?;
    durable::sync_tree(nursery.root())?;
    durable::write_private(&nursery.installation(), &record.to_json()?)?;
    durable::sync_dir(nursery.root())
}

/// Makes the databases. The registry is never without the services' certificates, by which it is
/// known to be this installation's.
async fn make_databases(premises: &Premises, basics: &Basics) -> Result<(), Failure> {
    let (registry, custody) = (premises.data_dir.registry(), premises.data_dir.custody());
    RegistrySqlite::migrate(&registry)
        .await
        .map_err(Failure::store(&registry))?;
    CustodySqlite::migrate(&custody)
        .await
        .map_err(Failure::store(&custody))?;
    let sts = premises.data_dir.sts();
    StsSqlite::migrate(&sts)
        .await
        .map_err(Failure::store(&sts))?;
    let databases = Databases::open(&premises.data_dir, &premises.installation, basics).await?;
    let certified = Certified::provision(premises, &databases.registry, basics).await;
    databases.close().await;
    certified.map(drop)
}

/// Makes root and issuing CA; the key of the latter in a token, where one is named.
fn make_ca(
    nursery: &DataDir,
    installation: &InstallationId,
    vault: &Vault,
    basics: &Basics,
) -> Result<(), Failure> {
    let (random, now) = (&*basics.random, basics.clock.now());
    if let Some(place) = &basics.ca.pkcs11 {
        let key = HsmKey::generate(place)?;
        let made = CaMaterial::generate_above(installation, now, random, &key);
        let (root, issuing) = made.map_err(Failure::crypto)?;
        return write_ca(nursery, &root, &issuing, None, vault);
    }
    let material = CaMaterial::generate(installation, now, random).map_err(Failure::crypto)?;
    let issuing = material.intermediate();
    let (certificate, key) = (issuing.certificate(), issuing.key_pkcs8());
    write_ca(nursery, material.root(), certificate, Some(key), vault)
}

/// The key of the issuing CA is written where it is not in a token.
fn write_ca(
    nursery: &DataDir,
    root: &CaCredential,
    issuing: &Certificate,
    issuing_key: Option<&SecretBytes>,
    vault: &Vault,
) -> Result<(), Failure> {
    let pem = |der: &[u8]| pem::encode(&pem::Pem::new("CERTIFICATE", der)).into_bytes();
    durable::write_public(&nursery.root_certificate(), &pem(root.certificate().der()))?;
    durable::write_public(&nursery.issuing_certificate(), &pem(issuing.der()))?;
    let sealed = |name, key: &SecretBytes| {
        let sealed = vault.seal(Purpose::Ca, name, key)?;
        serde_json::to_vec_pretty(&sealed).map_err(Failure::crypto)
    };
    durable::write_private(&nursery.root_key(), &sealed(ROOT, root.key_pkcs8())?)?;
    match issuing_key {
        Some(key) => durable::write_private(&nursery.issuing_key(), &sealed(ISSUING, key)?),
        None => Ok(()),
    }
}

/// Moves a complete nursery into its place, or the rest of it.
fn publish(nursery: &DataDir, data_dir: &DataDir) -> Result<(), Failure> {
    let destination =
        |from: &std::path::Path| data_dir.root().join(from.file_name().unwrap_or_default());
    for from in durable::entries(nursery.root())? {
        if !from.ends_with(INSTALLATION) {
            fs::rename(&from, destination(&from)).map_err(Failure::io(&from))?;
        }
    }
    durable::sync_dir(data_dir.root())?;
    let last = nursery.installation();
    fs::rename(&last, destination(&last)).map_err(Failure::io(&last))?;
    durable::sync_dir(data_dir.root())?;
    // Empty now. If it stays because we are killed here, it does no harm.
    fs::remove_dir(nursery.root()).map_err(Failure::io(nursery.root()))
}

#[cfg(test)]
mod tests;
