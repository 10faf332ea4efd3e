//! `kleisd edge certify`

use std::path::Path;

use kleis_registration::ServiceKeys;
use kleis_runtime::Config;
use kleis_types::Service;

use super::say;
use crate::{
    data_dir::DataDir,
    databases::Databases,
    durable,
    failure::Failure,
    kek::KekPlace,
    lock::Lock,
    premises::{Premises, Record},
    service_keys,
    services::{self, Basics},
};

const KEY: &str = "edge.key";
const CHAIN: &str = "edge.pem";

/// Makes a key for the edge and certifies it, in an installation that is not running. The key is
/// kept nowhere but in the file; a former certificate of the edge holds no more.
pub(super) async fn certify(
    data_dir: &DataDir,
    out: &Path,
    config: &Config,
    kek: KekPlace,
) -> Result<(), Failure> {
    Record::read(data_dir)?;
    let _lock = Lock::take(data_dir)?;
    let basics = Basics::new(config)?;
    let premises = Premises::open(data_dir.clone(), kek, &basics.ca)?;
    let keys = service_keys::generate(Service::Edge, &*basics.random)?;
    durable::make_dir(out)?;
    // The key first: a certificate without it would be of no use, and could not be made again.
    write_key(&out.join(KEY), &keys)?;
    let databases = Databases::open(&premises.data_dir, &premises.installation, &basics).await?;
    let certified = async {
        databases
            .recognise(&premises.data_dir, &premises.installation)
            .await?;
        services::certify(
            &premises,
            &databases.registry,
            &basics,
            Service::Edge,
            &keys,
        )
        .await
    }
    .await;
    databases.close().await;
    let chain: Vec<_> = certified?
        .chain()
        .iter()
        .map(|der| pem::Pem::new("CERTIFICATE", der.clone()))
        .collect();
    durable::write_public(&out.join(CHAIN), pem::encode_many(&chain).as_bytes())?;
    durable::sync_dir(out)?;
    say(&format!(
        "the edge's key and certificate are in {} and {}",
        out.join(KEY).display(),
        out.join(CHAIN).display()
    ))
}

fn write_key(path: &Path, keys: &ServiceKeys) -> Result<(), Failure> {
    let der = keys.signing.to_pkcs8_der().map_err(Failure::crypto)?;
    let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", der.expose()));
    durable::write_private(path, pem.as_bytes())
}
