//! The databases of an installation.

use std::{sync::Arc, time::Duration};

use kleis_pki::Certificate as X509;
use kleis_store::{
    Store as _, StoreError,
    registry::{Certificate, RegistryRead as _},
};
use kleis_store_sqlite::{CustodySqlite, RegistrySqlite, StsSqlite};
use kleis_types::{Identifier, InstallationId, Service, random_array};

use crate::{data_dir::DataDir, failure::Failure, services::Basics};

/// How long the last commits may take.
const CLOSING: Duration = Duration::from_secs(10);

/// All databases, open.
#[derive(Clone)]
pub(crate) struct Databases {
    pub(crate) registry: RegistrySqlite,
    pub(crate) custody: CustodySqlite,
    pub(crate) sts: StsSqlite,
}

impl Databases {
    /// Opens all; refuses one whose schema is not that of this program.
    pub(crate) async fn open(
        data_dir: &DataDir,
        installation: &InstallationId,
        basics: &Basics,
    ) -> Result<Self, Failure> {
        let now = basics.clock.now().unix();
        let chain = |service| {
            // A process start is told from others also where two of them read the same time.
            let start = u64::from_be_bytes(random_array(&*basics.random));
            format!("{installation}/{service}/{now}/{start:016x}")
        };
        let (registry, custody, sts) = (data_dir.registry(), data_dir.custody(), data_dir.sts());
        let random = || Arc::clone(&basics.random);
        Ok(Self {
            registry: RegistrySqlite::open(&registry, &chain("registry"), random())
                .await
                .map_err(Failure::store(&registry))?,
            custody: CustodySqlite::open(&custody, &chain("custody"), random())
                .await
                .map_err(Failure::store(&custody))?,
            sts: StsSqlite::open(&sts, &chain("sts"), random())
                .await
                .map_err(Failure::store(&sts))?,
        })
    }

    /// Refuses a registry that is another installation's, or that has forgotten everything. It is
    /// known by the certificate of its own service, which stands in it from the beginning.
    /// (Custody's records and the token service's keys are under keys that name the installation:
    /// these services refuse another's themselves.)
    pub(crate) async fn recognise(
        &self,
        data_dir: &DataDir,
        installation: &InstallationId,
    ) -> Result<(), Failure> {
        let path = data_dir.registry();
        let service = Identifier::service(Service::Registration);
        let certificates: Result<_, StoreError> =
            async { self.registry.read().await?.certificates_of(&service).await }.await;
        let certificates = certificates.map_err(Failure::store(&path))?;
        let is_ours = |record: &Certificate| {
            let leaf = record
                .chain
                .first()
                .and_then(|der| X509::from_der(der).ok());
            let identity = leaf.and_then(|leaf| leaf.identity().ok());
            identity.is_some_and(|identity| identity.installation() == installation)
        };
        if certificates.is_empty() || !certificates.iter().all(is_ours) {
            return Err(Failure::Damaged {
                path,
                reason: "it is not the database of this installation".to_owned(),
            });
        }
        Ok(())
    }

    /// Finishes what is queued, and leaves everything in one file each.
    pub(crate) async fn close(&self) {
        let Self {
            registry,
            custody,
            sts,
        } = self;
        let all = async { tokio::join!(registry.close(), custody.close(), sts.close()) };
        if tokio::time::timeout(CLOSING, all).await.is_err() {
            // Nothing is lost: what was answered is on the disk, and the next start reads the log.
            tracing::warn!("the databases did not close in time");
        }
    }
}
