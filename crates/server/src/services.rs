//! The services, put together from what the installation has.

use std::sync::Arc;

use kleis_custody::{Custody, CustodyConfig};
use kleis_directory::Directory;
use kleis_registration::{
    Authority, Lifetimes, Registration, RegistrationConfig, RegistrationError, ServiceKeys,
    provision_service,
};
use kleis_runtime::{Config, RegistrantSourceConfig};
use kleis_store_sqlite::{CustodySqlite, RegistrySqlite, StsSqlite};
use kleis_sts::{DirectoryClients, Sts, StsConfig};
use kleis_trust::Signer;
use kleis_types::{Clock, CredentialMap, OsRandom, Random, Service, SystemClock, TypeTable};
use tonic::transport::Channel;

use crate::{failure::Failure, premises::Premises, service_keys, status::RemoteStatus};

/// What every service takes.
#[derive(Clone, Debug)]
pub(crate) struct Basics {
    pub(crate) types: TypeTable,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    /// Who is asked about registrants, if anybody is.
    pub(crate) registrants: Option<RegistrantSourceConfig>,
}

impl Basics {
    /// The identifier types of a configuration, the machine's clock and the system's randomness.
    pub(crate) fn new(config: &Config) -> Result<Self, Failure> {
        Ok(Self {
            types: config
                .type_table()
                .map_err(|error| Failure::Usage(error.to_string()))?,
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            registrants: config.registrants.source.clone(),
        })
    }
}

/// The certified keys of all services.
pub(crate) struct Certified {
    registration: (Signer, ServiceKeys),
    status: Signer,
    custody: (Signer, ServiceKeys),
    sts: Signer,
}

impl Certified {
    /// Sees to it that every service's keys stand certified and published in the registry. Does
    /// nothing where they do, and have time left.
    pub(crate) async fn provision(
        premises: &Premises,
        registry: &RegistrySqlite,
        basics: &Basics,
    ) -> Result<Self, Failure> {
        let (data_dir, vault) = (&premises.data_dir, &premises.vault);
        service_keys::make_missing(data_dir, Service::Sts, vault, &*basics.random)?;
        let provided = async |service| provision(premises, registry, basics, service).await;
        let certified = Self {
            status: provided(Service::Status).await?.0,
            registration: provided(Service::Registration).await?,
            custody: provided(Service::Custody).await?,
            sts: provided(Service::Sts).await?.0,
        };
        // It signs nothing yet; callers can already tell it by its certificate.
        provided(Service::Directory).await?;
        Ok(certified)
    }
}

impl Certified {
    /// What registration signs with.
    pub(crate) fn registration_signer(&self) -> &Signer {
        &self.registration.0
    }

    /// What the token service signs with, but for tokens.
    pub(crate) fn sts_signer(&self) -> &Signer {
        &self.sts
    }

    /// What custody signs with.
    pub(crate) fn custody_signer(&self) -> &Signer {
        &self.custody.0
    }
}

async fn provision(
    premises: &Premises,
    registry: &RegistrySqlite,
    basics: &Basics,
    service: Service,
) -> Result<(Signer, ServiceKeys), Failure> {
    let keys = service_keys::load(&premises.data_dir, service, &premises.vault)?;
    match try_certify(premises, registry, basics, service, &keys).await {
        Ok(signer) => Ok((signer, keys)),
        Err(RegistrationError::ServiceKeyRevoked) => {
            tracing::warn!(%service, "a key of this service was revoked; making new ones");
            let keys = service_keys::generate(service, &*basics.random)?;
            let path = premises.data_dir.service(service);
            service_keys::save(&path, service, &keys, &premises.vault, &*basics.random)?;
            let signer = certify(premises, registry, basics, service, &keys).await?;
            Ok((signer, keys))
        }
        Err(error) => Err(refused(service, &error)),
    }
}

/// Sees to it that these keys of a service stand certified and published in the registry.
pub(crate) async fn certify(
    premises: &Premises,
    registry: &RegistrySqlite,
    basics: &Basics,
    service: Service,
    keys: &ServiceKeys,
) -> Result<Signer, Failure> {
    let certified = try_certify(premises, registry, basics, service, keys).await;
    certified.map_err(|error| refused(service, &error))
}

async fn try_certify(
    premises: &Premises,
    registry: &RegistrySqlite,
    basics: &Basics,
    service: Service,
    keys: &ServiceKeys,
) -> Result<Signer, RegistrationError> {
    let authority = Authority {
        ca: Arc::clone(&premises.ca),
        installation: premises.installation.clone(),
        lifetimes: Lifetimes::default(),
    };
    let random = Arc::clone(&basics.random);
    provision_service(registry, &authority, service, keys, &*basics.clock, random).await
}

/// Registration over its database.
pub(crate) async fn registration(
    premises: &Premises,
    registry: &RegistrySqlite,
    certified: &Certified,
    basics: &Basics,
) -> Result<Registration<RegistrySqlite>, Failure> {
    let (signer, keys) = &certified.registration;
    let config = RegistrationConfig {
        anchors: premises.anchors.clone(),
        ca: Arc::clone(&premises.ca),
        signer: signer.clone(),
        status_signer: certified.status.clone(),
        transport_key: transport_key(Service::Registration, keys)?,
        kek: Arc::new(premises.another_kek()?),
        types: basics.types.clone(),
        lifetimes: Lifetimes::default(),
        source: crate::source::of(basics.registrants.as_ref(), basics)?,
    };
    let (clock, random) = (Arc::clone(&basics.clock), Arc::clone(&basics.random));
    let service = Registration::new(registry.clone(), config, clock, random).await;
    service.map_err(|error| refused(Service::Registration, &error))
}

/// Custody over its database, with the status list from where any client gets it.
pub(crate) async fn custody(
    premises: &Premises,
    database: &CustodySqlite,
    certified: &Certified,
    status: Arc<RemoteStatus>,
    basics: &Basics,
) -> Result<Custody<CustodySqlite, Arc<RemoteStatus>>, Failure> {
    let (signer, keys) = &certified.custody;
    let config = CustodyConfig {
        anchors: premises.anchors.clone(),
        signer: signer.clone(),
        transport_key: transport_key(Service::Custody, keys)?,
        root_kek: premises.another_kek()?,
        credentials: CredentialMap::belgian().clone(),
        types: basics.types.clone(),
    };
    let (clock, random) = (Arc::clone(&basics.clock), Arc::clone(&basics.random));
    let service = Custody::open(database.clone(), config, status, clock, random).await;
    service.map_err(|error| refused(Service::Custody, &error))
}

/// The token service over its database. It looks its clients up at the end of `directory`.
pub(crate) async fn sts(
    premises: &Premises,
    database: &StsSqlite,
    config: &kleis_runtime::Sts,
    issuer: String,
    (directory, status): (Channel, Arc<RemoteStatus>),
    basics: &Basics,
) -> Result<TokenService, Failure> {
    let config = StsConfig {
        anchors: premises.anchors.clone(),
        issuer,
        root_kek: premises.another_kek()?,
        types: basics.types.clone(),
        lifetimes: kleis_sts::Lifetimes {
            token: config.token_seconds.get().into(),
            ..kleis_sts::Lifetimes::default()
        },
    };
    let (clock, random) = (Arc::clone(&basics.clock), Arc::clone(&basics.random));
    let clients = DirectoryClients::new(directory);
    let service = Sts::new(database.clone(), config, clients, status, clock, random).await;
    service.map_err(|error| refused(Service::Sts, &error))
}

/// The token service as it stands in this process.
pub(crate) type TokenService = Sts<StsSqlite, DirectoryClients, Arc<RemoteStatus>>;

/// The directory over registration's database.
pub(crate) fn directory(registry: &RegistrySqlite, basics: &Basics) -> Directory<RegistrySqlite> {
    Directory::new(registry.clone(), basics.types.clone())
}

/// A code for the first operator, in the form in which people type it; none if there is an
/// operator.
pub(crate) async fn bootstrap_code(
    registration: &Registration<RegistrySqlite>,
) -> Result<Option<String>, Failure> {
    let code = registration.bootstrap_code().await;
    let code = code.map_err(|error| refused(Service::Registration, &error))?;
    Ok(code.map(|code| code.to_text().as_str().to_owned()))
}

fn transport_key(service: Service, keys: &ServiceKeys) -> Result<kleis_jose::Jwk, Failure> {
    let missing = || Failure::Service {
        service: service.as_str(),
        reason: "its file has no encryption key".to_owned(),
    };
    keys.encryption.clone().ok_or_else(missing)
}

fn refused(service: Service, error: &dyn std::fmt::Display) -> Failure {
    Failure::Service {
        service: service.as_str(),
        reason: error.to_string(),
    }
}
