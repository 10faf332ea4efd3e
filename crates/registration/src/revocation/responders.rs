//! The OCSP responders of this process, one for each issuing CA.

use std::{collections::HashMap, sync::Arc};

use kleis_pki::{IssuerId, IssuingCa, OcspResponder};
use kleis_store::{Actor, registry::RegistryStore};
use kleis_types::{Random, Service, Timestamp};

use crate::{
    RegistrationError,
    acts::{Account, serials::SettleSerial},
    serials::Serials,
};

/// How long a responder's certificate lives, in seconds: a week, because nobody can revoke it.
const LIFE: i64 = 7 * 86_400;

/// The responders, each made when it is first needed, and a new one when half of its life is over.
#[derive(Debug, Default)]
pub(crate) struct Responders(tokio::sync::Mutex<HashMap<IssuerId, Arc<OcspResponder>>>);

impl Responders {
    pub(super) async fn current<S: RegistryStore>(
        &self,
        store: &S,
        ca: &IssuingCa,
        serials: &Serials,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<Arc<OcspResponder>, RegistrationError> {
        let mut all = self.0.lock().await;
        if let Some(responder) = all.get(&ca.id()) {
            let certificate = responder.certificate();
            // One that ends with its CA has no successor.
            let last = ca.chain_certificate().not_after().plus_seconds(-1);
            if certificate.not_before() <= now
                && certificate.not_after() > now.plus_seconds(LIFE / 2).min(last)
            {
                return Ok(Arc::clone(responder));
            }
        }
        let responder = Arc::new(certify(store, ca, serials, random, now).await?);
        all.insert(ca.id(), Arc::clone(&responder));
        Ok(responder)
    }
}

/// Makes a responder: its number is reserved before it is certified, and settled before it answers.
async fn certify<S: RegistryStore>(
    store: &S,
    ca: &IssuingCa,
    serials: &Serials,
    random: &dyn Random,
    now: Timestamp,
) -> Result<OcspResponder, RegistrationError> {
    let reserved = match serials.take(now) {
        Err(RegistrationError::NoSerial) => {
            serials.fill(store, now).await?;
            serials.take(now)?
        }
        taken => taken?,
    };
    let end = now
        .plus_seconds(LIFE)
        .min(ca.chain_certificate().not_after());
    let serial = super::serial(&reserved.serial)?;
    let responder = OcspResponder::certify(ca, &serial, now, end, random)?;
    let actor = Actor::Service(Service::Registration);
    let act = SettleSerial {
        serial: reserved.serial,
        x5t: responder.certificate().x5t_s256().to_owned(),
        account: Account::unordered(now, "registration.certify_responder", actor),
    };
    store.run(act).await?;
    Ok(responder)
}
