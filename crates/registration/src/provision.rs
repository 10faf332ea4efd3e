//! The services' own certificates and keys, before the service runs.

use std::{collections::BTreeMap, sync::Arc};

use kleis_jose::Jwk;
use kleis_pki::{IssuingCa, KeyPolicy};
use kleis_store::{Actor, registry::RegistryStore};
use kleis_trust::Signer;
use kleis_types::{Clock, InstallationId, Random, Service};

use crate::{
    Lifetimes, RegistrationError,
    acts::{Account, Issuer, provision::Provision},
    serials::Serials,
};

/// A service's certificate with less than a year to live is replaced at the next start.
const RENEWAL: i64 = 365 * 86_400;

/// Who certifies.
#[derive(Clone, Debug)]
pub struct Authority {
    /// The CA that issues.
    pub ca: Arc<IssuingCa>,
    /// The installation.
    pub installation: InstallationId,
    /// How long things live.
    pub lifetimes: Lifetimes,
}

/// A service's private keys.
#[derive(Clone, Debug)]
pub struct ServiceKeys {
    /// Signs replies, or the status list.
    pub signing: Jwk,
    /// What others encrypt to, where the service is one that is encrypted to.
    pub encryption: Option<Jwk>,
}

/// Certifies and publishes a service's keys in the registry, on the authority of the local
/// administrator; answers the signer with its chain. To be called at every start, before
/// [`crate::Registration::new`] and before anything else writes to the database.
///
/// With the keys of the start before it does nothing, unless the certificate has less than a third
/// of its life (at most a year) left, or stands under another CA: then it is replaced. Other keys
/// replace the former ones.
///
/// # Errors
/// [`RegistrationError::ServiceKeyRevoked`] if one of the keys was revoked: make new ones.
/// [`RegistrationError::ServiceKeyUnfit`] if one is not a private key of a type for its use.
pub async fn provision_service<S: RegistryStore>(
    store: &S,
    authority: &Authority,
    service: Service,
    keys: &ServiceKeys,
    clock: &dyn Clock,
    random: Arc<dyn Random>,
) -> Result<Signer, RegistrationError> {
    let unfit = |policy: KeyPolicy, key: &Jwk| !key.is_private() || policy.check(key).is_err();
    let signing_unfit = unfit(KeyPolicy::signature(), &keys.signing);
    let encryption = keys.encryption.as_ref();
    if signing_unfit || encryption.is_some_and(|key| unfit(KeyPolicy::encryption(), key)) {
        return Err(RegistrationError::ServiceKeyUnfit);
    }
    let now = clock.now();
    let serials = Arc::new(Serials::new(authority.ca.id(), random));
    let provision = || Provision {
        issuer: Issuer {
            ca: Arc::clone(&authority.ca),
            installation: authority.installation.clone(),
            profiles: authority.lifetimes.profiles(BTreeMap::new()),
            serials: Arc::clone(&serials),
        },
        service,
        signing: keys.signing.clone(),
        encryption: keys.encryption.clone(),
        account: Account::unordered(now, "registration.provision_service", Actor::Local),
        renewal: RENEWAL,
    };
    match Box::pin(store.run(provision())).await {
        // Reserved only where there is something to sign: most starts have nothing.
        Err(RegistrationError::NoSerial) => {
            serials.reserve(store, 1, now).await?;
            Box::pin(store.run(provision())).await
        }
        ended => ended,
    }
}
