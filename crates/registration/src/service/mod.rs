//! The entry points, without transport.

mod admin;
mod notices;
mod public;
mod published;
mod reads;
mod requests;
mod roles;
mod upkeep;

use std::sync::Arc;

use kleis_jose::Jwk;
use kleis_pki::WeakModuli;
use kleis_store::{
    Actor,
    registry::{RegistryRead as _, RegistryStore},
};
use kleis_trust::{
    Anchors, Signer,
    order::{Enrolment, Order},
};
use kleis_types::{Clock, Identifier, Problem, Random, Timestamp, TypeTable};
use kleis_wrap::RootKek;
use serde::de::DeserializeOwned;
use tracing::Instrument as _;

pub use notices::{Due, NOTICE_OF_END, Sent};
pub use reads::RegistrantPage;
pub use requests::{CodePage, ListedCode, ListedRequest, RequestPage};
pub use roles::{ListedGrant, RolePage};
pub use upkeep::Swept;

use crate::{
    Admission, Behind, Call, RegistrantSource, RegistrationConfig, RegistrationError, SourceError,
    StatusBoard,
    acts::{
        Answer, Carried, Issuer, OrderSeal, Replies, Work, approvals::Approvals, roles::RoleSeal,
    },
    admission::{self, Evidence},
    authorities::Authorities,
    command,
    revocation::{Lists, Responders},
    serials::Serials,
    status,
};

/// How often an order is run that needs a serial number, while others take those that are reserved.
const SERIAL_ATTEMPTS: usize = 16;

/// The registration service over a registry's database. Clones are the same service.
#[derive(Clone, Debug)]
pub struct Registration<S> {
    pub(crate) store: S,
    pub(crate) parts: Arc<Parts>,
}

/// What all clones share.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) anchors: Anchors,
    pub(crate) issuer: Issuer,
    pub(crate) authorities: Authorities,
    replies: Arc<Replies>,
    status_signer: Signer,
    transport_key: Jwk,
    kek: Arc<RootKek>,
    pub(crate) types: Arc<TypeTable>,
    bootstrap_lifetime: i64,
    request_lifetime: i64,
    admission: Admission,
    source: Arc<dyn RegistrantSource>,
    pub(crate) board: Arc<StatusBoard>,
    weak_moduli: WeakModuli,
    pub(crate) lists: Lists,
    pub(crate) responders: Responders,
    clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl Parts {
    /// Refuses a new key whose modulus is not its owner's alone.
    fn refuse_shared_factor(&self, key: &Jwk, field: &'static str) -> Result<(), Problem> {
        let checked = self.weak_moduli.check(key);
        checked.map_err(|error| Problem::new(error.code(), error.to_string()).at(field))
    }

    fn role_seal(&self) -> RoleSeal {
        RoleSeal {
            kek: Arc::clone(&self.kek),
            installation: self.issuer.installation.clone(),
        }
    }

    fn order_seal(&self) -> OrderSeal {
        OrderSeal {
            kek: Arc::clone(&self.kek),
            installation: self.issuer.installation.clone(),
        }
    }

    fn approvals(&self) -> Approvals {
        Approvals {
            wanted: self.admission.approvals,
            seal: self.order_seal(),
            roles: self.role_seal(),
            anchors: self.anchors.clone(),
            types: Arc::clone(&self.types),
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
        let ca_id = config.ca.id();
        let authorities = Authorities::new(Arc::clone(&config.ca), config.former_cas);
        let issuer = Issuer {
            ca: config.ca,
            installation: config.anchors.installation().clone(),
            profiles: config.lifetimes.profiles(config.profiles),
            serials: Arc::new(Serials::new(ca_id, Arc::clone(&random))),
        };
        let parts = Parts {
            anchors: config.anchors,
            replies: Arc::new(Replies {
                signer: config.signer,
                installation: issuer.installation.clone(),
            }),
            issuer,
            authorities,
            status_signer: config.status_signer,
            transport_key: config.transport_key,
            kek: config.kek,
            types: Arc::new(config.types),
            bootstrap_lifetime: config.lifetimes.bootstrap_code,
            request_lifetime: config.lifetimes.request,
            admission: config.admission,
            source: config.source,
            board: Arc::new(StatusBoard::new(status::entries(&entries))),
            weak_moduli: config.weak_moduli,
            lists: Lists::default(),
            responders: Responders::default(),
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

    pub(crate) fn now(&self) -> Timestamp {
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
        self.admit_newcomer(compact, method, call, |order, now| {
            let Parts { anchors, types, .. } = &*self.parts;
            let token = self.login(call, order);
            let command = command::Enrol::parse(order, token, types, anchors, now)?;
            self.parts
                .refuse_shared_factor(command.csr.public_key(), "csr")?;
            let actor = Actor::of(&command.identifier, types);
            Ok((command, actor))
        })
    }

    /// Carries out the order of a key that has no certificate yet: `work` makes of it what is to be
    /// done, and in whose name.
    async fn newcomer<B: DeserializeOwned, W: Work>(
        &self,
        compact: &str,
        method: &'static str,
        call: &Call,
        work: impl FnOnce(&Enrolment<B>, Timestamp) -> Result<(W, Actor), RegistrationError>,
    ) -> Result<String, RegistrationError> {
        let (work, evidence) = self.admit_newcomer(compact, method, call, work)?;
        self.carry_out(evidence, work).await
    }

    /// Verifies and reads the order of a key that has no certificate yet.
    fn admit_newcomer<B: DeserializeOwned, T>(
        &self,
        compact: &str,
        method: &'static str,
        call: &Call,
        read: impl FnOnce(&Enrolment<B>, Timestamp) -> Result<(T, Actor), RegistrationError>,
    ) -> Result<(T, Evidence), RegistrationError> {
        let now = self.now();
        let anchors = &self.parts.anchors;
        let order: Enrolment<B> = admission::admit_enrolment(compact, method, anchors, now)?;
        let (read, actor) = read(&order, now)?;
        let signer = order.key().thumbprint().to_string();
        let evidence = Evidence::new(&order, method, signer, actor, call, now);
        Ok((read, evidence))
    }

    /// The login on this call that proves an identity to us: by an issuer that may enrol, bound to
    /// the key that signed the order, and named in it.
    fn login<B>(&self, call: &Call, order: &Enrolment<B>) -> Option<command::TokenProof> {
        command::TokenProof::of(call.principal(), order.access_token(), order.key())
            .filter(|token| self.parts.admission.issuers.contains(&token.issuer))
    }

    /// What the source of registrants says of somebody. To be asked outside of any transaction.
    async fn source_says(&self, identifier: &Identifier) -> Result<Behind, SourceError> {
        let identifier = identifier.with_application(None);
        self.parts.source.who_is(&identifier).await
    }

    /// Runs the act, shows its statuses, and gives the signed reply.
    async fn carry_out<W: Work>(
        &self,
        evidence: Evidence,
        work: W,
    ) -> Result<String, RegistrationError> {
        let act = Arc::new(Carried {
            evidence,
            work,
            board: Arc::clone(&self.parts.board),
            seal: self.parts.order_seal(),
            replies: Arc::clone(&self.parts.replies),
        });
        for _ in 0..SERIAL_ATTEMPTS {
            match self.commit(Arc::clone(&act)).await {
                // It left nothing behind. Only now are numbers reserved: a refusal needs none.
                Err(RegistrationError::NoSerial) => {
                    let serials = &self.parts.issuer.serials;
                    serials.fill(&self.store, self.now()).await?;
                }
                ended => return Ok(ended??),
            }
        }
        Err(RegistrationError::NoSerial)
    }

    /// Runs an act to its end. A caller who hangs up takes nothing with them: what is committed is
    /// also shown on the board.
    async fn commit<W: Work>(&self, act: Arc<Carried<W>>) -> Result<Answer, RegistrationError> {
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
