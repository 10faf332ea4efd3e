//! The services, put together from what the installation has.

use std::{collections::BTreeMap, fs, num::NonZeroU32, path::Path, sync::Arc};

use kleis_custody::{Custody, CustodyConfig};
use kleis_pki::WeakModuli;
use kleis_registration::{
    Admission, Authority, Contract, Contracts, Lifetimes, Profile, Registration,
    RegistrationConfig, RegistrationError, ServiceKeys, provision_service,
};
use kleis_runtime::{Config, RegistrantSourceConfig};
use kleis_store_sqlite::{CustodySqlite, RegistrySqlite, StsSqlite};
use kleis_sts::{DirectoryClients, Sts, StsConfig};
use kleis_trust::Signer;
use kleis_types::{Clock, CredentialMap, OsRandom, Random, Service, SystemClock, TypeTable};
use tonic::transport::Channel;

use crate::{
    failure::Failure,
    premises::{CaSettings, Premises},
    service_keys,
    status::RemoteStatus,
};

/// What every service takes.
#[derive(Clone, Debug)]
pub(crate) struct Basics {
    pub(crate) types: TypeTable,
    /// Where the CA's key is, and where it publishes.
    pub(crate) ca: CaSettings,
    /// Moduli that no key may share a factor with.
    pub(crate) weak_moduli: WeakModuli,
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
            ca: CaSettings::new(config),
            weak_moduli: match &config.pki.weak_moduli {
                Some(path) => read_weak_moduli(path)?,
                None => WeakModuli::default(),
            },
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            registrants: config.registrants.source.clone(),
        })
    }
}

fn read_weak_moduli(path: &Path) -> Result<WeakModuli, Failure> {
    let text = std::fs::read_to_string(path).map_err(Failure::io(path))?;
    let read = WeakModuli::parse(&text);
    read.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
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
    let clock = &*basics.clock;
    Box::pin(provision_service(
        registry, &authority, service, keys, clock, random,
    ))
    .await
}

/// Registration over its database.
pub(crate) async fn registration(
    config: &Config,
    premises: &Premises,
    registry: &RegistrySqlite,
    certified: &Certified,
    basics: &Basics,
) -> Result<Registration<RegistrySqlite>, Failure> {
    let admission = admission(config, &basics.types)?;
    let lifetimes = Lifetimes {
        certificate: days(config.registration.certificate_days),
        request: days(config.registration.request_days),
        replacement: days(config.registration.replacement_days),
        ..Lifetimes::default()
    };
    let (signer, keys) = &certified.registration;
    let config = RegistrationConfig {
        anchors: premises.anchors.clone(),
        ca: Arc::clone(&premises.ca),
        former_cas: premises.former_cas.clone(),
        signer: signer.clone(),
        status_signer: certified.status.clone(),
        transport_key: transport_key(Service::Registration, keys)?,
        kek: Arc::new(premises.another_kek()?),
        types: basics.types.clone(),
        weak_moduli: basics.weak_moduli.clone(),
        lifetimes,
        profiles: profiles(config, &basics.types),
        admission,
        source: crate::source::of(basics.registrants.as_ref(), basics)?,
    };
    let (clock, random) = (Arc::clone(&basics.clock), Arc::clone(&basics.random));
    let service = Registration::new(registry.clone(), config, clock, random).await;
    service.map_err(|error| refused(Service::Registration, &error))
}

/// What holds for certificates of the types that have a profile of their own.
fn profiles(config: &Config, types: &TypeTable) -> BTreeMap<String, Profile> {
    let named = config.profiles.iter().flat_map(|profile| {
        let replacement = profile.replacement_days;
        let found = Profile {
            certificate: days(profile.certificate_days),
            replacement: days(replacement.unwrap_or(config.registration.replacement_days)),
        };
        let names = profile.types.iter();
        names.map(move |name| (proper(types, name), found))
    });
    named.collect()
}

fn days(days: NonZeroU32) -> i64 {
    i64::from(days.get()) * 86_400
}

/// The proper name of a type, whichever it was called by.
fn proper(types: &TypeTable, name: &str) -> String {
    types
        .get(name)
        .map_or(name, |known| known.name())
        .to_owned()
}

/// How identities are proved, with the contracts read.
fn admission(config: &Config, types: &TypeTable) -> Result<Admission, Failure> {
    let mut contracts = Vec::new();
    for contract in &config.contracts {
        let text = read_contract(&contract.file)?;
        for name in &contract.types {
            let contract = Contract {
                media_type: contract.media_type.as_str().to_owned(),
                text: text.clone(),
            };
            contracts.push((proper(types, name), contract));
        }
    }
    let enrols = config.issuers.iter().filter(|issuer| issuer.enrols);
    Ok(Admission {
        approvals: config.registration.approvals.get(),
        issuers: enrols.map(|issuer| issuer.issuer.clone()).collect(),
        contracts: Contracts::new(contracts),
    })
}

/// The text of a contract: UTF-8, not empty, at most so long.
fn read_contract(path: &Path) -> Result<Vec<u8>, Failure> {
    const MOST: usize = 256 * 1024;
    let unfit = |what: &str| Failure::Usage(format!("{}: {what}", path.display()));
    let text = fs::read(path).map_err(|error| unfit(&error.to_string()))?;
    if text.is_empty() || text.len() > MOST || std::str::from_utf8(&text).is_err() {
        return Err(unfit("a contract is 1 byte to 256 KiB of UTF-8"));
    }
    Ok(text)
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

/// A code for the first operator, in the form in which people type it; none if there is an
/// operator.
pub(crate) async fn bootstrap_code(
    registration: &Registration<RegistrySqlite>,
) -> Result<Option<String>, Failure> {
    let code = registration.bootstrap_code().await;
    let code = code.map_err(|error| refused(Service::Registration, &error))?;
    Ok(code.map(|code| code.to_text().as_str().to_owned()))
}

/// Gives back what registration has reserved and not used, before the process ends.
pub(crate) async fn release_serials(
    registration: &Registration<RegistrySqlite>,
) -> Result<(), Failure> {
    let released = registration.release_serials().await;
    released.map_err(|error| refused(Service::Registration, &error))
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
