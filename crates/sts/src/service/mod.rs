//! The entry points: authenticate, decide, run the act, sign.

mod introspect;
mod revoke;
mod token;
mod upkeep;

use std::fmt;
use std::sync::Arc;

use kleis_access::{nonce::Nonces, token::IssuerRules};
use kleis_jose::Jwk;
use kleis_store::sts::{StsRead as _, StsStore};
use kleis_trust::status::StatusSource;
use kleis_types::{Call, Clock, Random, Timestamp};

use crate::acts::Refuse;
use crate::binding::Proof;
use crate::client::Client;
use crate::config::{OpenError, Settings, StsConfig};
use crate::error::Refusal;
use crate::evidence::Evidence;
use crate::form::Form;
use crate::keys::{Keeper, KeyFault, Keys, Ring};
use crate::revoked::Revoked;
use crate::{Clients, StsError};

/// The token service over a database, a directory of clients and a source of status lists. Clones are the
/// same service.
pub struct Sts<S, D, V>(pub(crate) Arc<Inner<S, D, V>>);

pub(crate) struct Inner<S, D, V> {
    store: S,
    clients: D,
    status: V,
    pub(crate) settings: Settings,
    keeper: Keeper,
    keys: Keys,
    revoked: Revoked,
    nonces: Nonces,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl<S: StsStore, D: Clients, V: StatusSource + 'static> Sts<S, D, V> {
    /// Opens the signing keys in `store`, makes those that are missing, and with them the service.
    ///
    /// # Errors
    /// If the keys do not open under the root KEK, or a part of the configuration is not sound: then
    /// nothing is served.
    pub async fn new(
        store: S,
        config: StsConfig,
        clients: D,
        status: V,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, OpenError> {
        let (settings, kek) = config.into_parts()?;
        let keeper = Keeper::new(kek, settings.anchors.installation().clone());
        let rows = store.read().await?.signing_keys().await?;
        Ring::open(&keeper, &rows).map_err(|fault| open_error(fault, &keeper))?;
        let sts = Self(Arc::new(Inner {
            store,
            clients,
            status,
            settings,
            keeper,
            keys: Keys::default(),
            revoked: Revoked::default(),
            nonces: Nonces::new(&*random),
            clock,
            random,
        }));
        let now = sts.0.clock.now();
        sts.rotate(now).await.map_err(start_error)?;
        sts.refresh(now).await.map_err(start_error)?;
        Ok(sts)
    }

    /// The public keys that verify the tokens of this installation, the current one first.
    pub fn keys(&self) -> Arc<[Jwk]> {
        Arc::clone(self.0.keys.ring().published())
    }

    /// Whether the token of this `jti` was revoked. It is asked in memory: a revocation by this process is
    /// heeded at once, one by another process after the next [`Sts::refresh`].
    pub fn is_revoked(&self, jti: &str) -> bool {
        self.0.revoked.contains(jti)
    }

    /// What holds of every token of this service.
    pub fn rules(&self) -> &IssuerRules {
        &self.0.settings.rules
    }
}

fn open_error(fault: KeyFault, keeper: &Keeper) -> OpenError {
    match fault {
        KeyFault::OtherKek(needed) => OpenError::OtherKek {
            needed,
            loaded: keeper.kek().to_owned(),
        },
        KeyFault::Tampered(kid) => OpenError::SigningKey(kid),
        KeyFault::Generation(_) | KeyFault::Wrap(_) => OpenError::Generation,
    }
}

/// What can go wrong with keys that open.
fn start_error(error: StsError) -> OpenError {
    match error {
        StsError::Store(error) => error.into(),
        StsError::Keys(kid) => OpenError::SigningKey(kid),
        _ => OpenError::Generation,
    }
}

/// A request of a client that has proved who it is.
pub(crate) struct Asked {
    pub(crate) client: Client,
    pub(crate) at: Timestamp,
    evidence: Evidence,
    action: &'static str,
}

impl<S: StsStore, D: Clients, V: StatusSource> Inner<S, D, V> {
    /// Authenticates the client. The assertion, and the proof that came with it, are used up by the act that the
    /// request ends in.
    pub(crate) async fn ask(
        &self,
        action: &'static str,
        form: &Form,
        proof: Option<&Proof>,
        call: &Call,
    ) -> Result<Asked, StsError> {
        let at = self.clock.now();
        let (settings, clients) = (&self.settings, &self.clients);
        let client = Client::authenticate(form, settings, clients, &self.status, at).await?;
        let mut uses = vec![client.assertion().clone()];
        uses.extend(proof.map(|proof| proof.used().clone()));
        let (who, trace) = (client.identifier(), call.trace_text());
        let evidence = Evidence::new(who, &settings.types, at, trace, uses);
        Ok(Asked {
            client,
            at,
            evidence,
            action,
        })
    }

    /// Refuses what an authenticated client asks for; that is in the audit.
    async fn refuse(&self, asked: &Asked, refusal: Refusal) -> Result<StsError, StsError> {
        let act = Refuse {
            evidence: asked.evidence.clone(),
            action: asked.action,
            refusal,
        };
        Ok(self.store.run(act).await?.into())
    }

    /// The value, or the refusal written into the audit.
    async fn settle<T>(&self, asked: &Asked, result: Result<T, Refusal>) -> Result<T, StsError> {
        match result {
            Ok(value) => Ok(value),
            Err(refusal) => Err(self.refuse(asked, refusal).await?),
        }
    }

    /// A nonce for the next DPoP proof.
    pub(crate) fn nonce(&self) -> String {
        self.nonces.current(self.clock.now())
    }
}

impl<S, D, V> Clone for Sts<S, D, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S, D, V> fmt::Debug for Sts<S, D, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sts")
            .field("issuer", &self.0.settings.issuer)
            .finish_non_exhaustive()
    }
}
