//! The entry points, without transport.

mod admin;
mod notices;
mod public;
mod reads;
mod roles;
mod upkeep;

use std::sync::Arc;

use kleis_jose::Jwk;
use kleis_store::{
    Actor,
    registry::{RegistryRead as _, RegistryStore},
};
use kleis_trust::{
    Anchors, Signer,
    order::{Enrolment, Order},
};
use kleis_types::{Clock, Random, Timestamp, TypeTable};
use kleis_wrap::RootKek;
use serde::de::DeserializeOwned;
use tracing::Instrument as _;

pub use notices::{Due, NOTICE_OF_END, Sent};
pub use reads::RegistrantPage;
pub use roles::{ListedGrant, RolePage};
pub use upkeep::Swept;

use crate::{
    Call, RegistrantSource, RegistrationConfig, RegistrationError, StatusBoard,
    acts::{Answer, Carried, Issuer, OrderSeal, Replies, Work, roles::RoleSeal},
    admission::{self, Evidence},
    command, status,
};

/// The registration service over a registry's database. Clones are the same service.
#[derive(Clone, Debug)]
pub struct Registration<S> {
    store: S,
    parts: Arc<Parts>,
}

/// What all clones share.
#[derive(Debug)]
struct Parts {
    anchors: Anchors,
    issuer: Issuer,
    replies: Arc<Replies>,
    status_signer: Signer,
    transport_key: Jwk,
    kek: Arc<RootKek>,
    types: Arc<TypeTable>,
    bootstrap_lifetime: i64,
    source: Arc<dyn RegistrantSource>,
    board: Arc<StatusBoard>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Parts {
    fn role_seal(&self) -> RoleSeal {
        RoleSeal {
            kek: Arc::clone(&self.kek),
            installation: self.issuer.installation.clone(),
        }
    }
}

impl<S: RegistryStore> Registration<S> {
    /// The service of this configuration. Reads the statuses of all certificates and bindings.
    ///
    /// # Errors [`RegistrationError::Config`] if the keys do not fit together,
    /// [`RegistrationError::Store`] if the database cannot be read.
    pub async fn new(
        store: S,
        config: RegistrationConfig,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, RegistrationError> {
        config.check(clock.now())?;
        let (_, entries) = store.read().await?.status_entries().await?;
        let issuer = Issuer {
            ca: config.ca,
            installation: config.anchors.installation().clone(),
            lifetime: config.lifetimes.certificate,
            random: Arc::clone(&random),
        };
        let parts = Parts {
            anchors: config.anchors,
            replies: Arc::new(Replies {
                signer: config.signer,
                installation: issuer.installation.clone(),
            }),
            issuer,
            status_signer: config.status_signer,
            transport_key: config.transport_key,
            kek: config.kek,
            types: Arc::new(config.types),
            bootstrap_lifetime: config.lifetimes.bootstrap_code,
            source: config.source,
            board: Arc::new(StatusBoard::new(status::entries(&entries))),
            clock,
            random,
        };
        Ok(Self {
            store,
            parts: Arc::new(parts),
        })
    }

    /// The table that identifiers are read by.
    pub fn types(&self) -> &TypeTable {
        &self.parts.types
    }

    fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Carries out the order of a certified caller: `work` makes of it what is to be done.
    async fn certified<B: DeserializeOwned, W: Work>(
        &self,
        compact: &str,
        method: &'static str,
        call: &Call,
        work: impl FnOnce(&Order<B>) -> Result<W, RegistrationError>,
    ) -> Result<String, RegistrationError> {
        let (work, evidence) = self.admit_certified(compact, method, call, work)?;
        self.carry_out(evidence, work).await
    }

    /// Verifies the order of a certified caller; `read` makes of it what is needed.
    fn admit_certified<B: DeserializeOwned, T>(
        &self,
        compact: &str,
        method: &'static str,
        call: &Call,
        read: impl FnOnce(&Order<B>) -> Result<T, RegistrationError>,
    ) -> Result<(T, Evidence), RegistrationError> {
        let now = self.now();
        let Parts {
            anchors,
            board,
            types,
            ..
        } = &*self.parts;
        let order = admission::admit(compact, method, anchors, &**board, call, now)?;
        let read = read(&order)?;
        let signer = order.signer();
        let x5t = signer.certificate().x5t_s256().to_owned();
        let actor = Actor::of(signer.identity().primary(), types);
        let evidence = Evidence::new(&order, method, x5t, actor, call, now);
        Ok((read, evidence))
    }

    /// Carries out the request for a first certificate.
    async fn enrolment<W: Work>(
        &self,
        compact: &str,
        method: &'static str,
        call: &Call,
        work: impl FnOnce(command::Enrol, &Parts) -> Result<W, RegistrationError>,
    ) -> Result<String, RegistrationError> {
        let (command, evidence) = self.admit_enrolment(compact, method, call)?;
        self.carry_out(evidence, work(command, &self.parts)?).await
    }

    /// Verifies and reads the request for a first certificate.
    fn admit_enrolment(
        &self,
        compact: &str,
        method: &'static str,
        call: &Call,
    ) -> Result<(command::Enrol, Evidence), RegistrationError> {
        let now = self.now();
        let Parts { anchors, types, .. } = &*self.parts;
        let order: Enrolment<_> = admission::admit_enrolment(compact, method, anchors, now)?;
        let command = command::Enrol::parse(order.body(), order.key(), types, anchors, now)?;
        let actor = Actor::of(&command.identifier, types);
        let signer = order.key().thumbprint().to_string();
        let evidence = Evidence::new(&order, method, signer, actor, call, now);
        Ok((command, evidence))
    }

    /// Runs the act, shows its statuses, and gives the signed reply.
    async fn carry_out<W: Work>(
        &self,
        evidence: Evidence,
        work: W,
    ) -> Result<String, RegistrationError> {
        let Parts {
            issuer,
            replies,
            kek,
            board,
            ..
        } = &*self.parts;
        let act = Carried {
            evidence,
            work,
            board: Arc::clone(board),
            seal: OrderSeal {
                kek: Arc::clone(kek),
                installation: issuer.installation.clone(),
            },
            replies: Arc::clone(replies),
        };
        Ok(self.commit(act).await??)
    }

    /// Runs an act to its end. A caller who hangs up takes nothing with them: what is committed is
    /// also shown on the board.
    async fn commit<W: Work>(&self, act: Carried<W>) -> Result<Answer, RegistrationError> {
        let (store, board) = (self.store.clone(), Arc::clone(&self.parts.board));
        let work = async move {
            let (answer, changes) = store.run(act).await??;
            board.post(changes);
            Ok(answer)
        };
        let ended = tokio::spawn(work.in_current_span()).await;
        ended.map_err(|error| RegistrationError::Interrupted(error.to_string()))?
    }
}
