//! What has ended by itself.

use std::{collections::BTreeSet, sync::Arc};

use kleis_store::{Act, registry::RegistryTx};
use kleis_types::KeyState;

use super::{Account, Ledger, life, publish::publish, requests};
use crate::{RegistrationError, StatusBoard, status::StatusChanges};

/// Moves certificates, keys and requests whose end has come to their last state: at most so many of
/// each.
pub(crate) struct Expire {
    pub(crate) account: Account,
    pub(crate) limit: u32,
    pub(crate) board: Arc<StatusBoard>,
}

/// How many ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) certificates: u64,
    pub(crate) keys: u64,
    pub(crate) requests: u64,
}

impl<Tx: RegistryTx> Act<Tx> for Expire {
    const NAME: &'static str = "registration.expire";
    type Output = (Ended, StatusChanges);
    type Error = RegistrationError;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Output, RegistrationError> {
        let mut ledger = Ledger::new(tx, self.account.clone());
        let (certificates, keys) = ledger.tx.ended(ledger.at(), self.limit).await?;
        let (mut ended, mut owners) = (Ended::default(), BTreeSet::new());
        for certificate in certificates {
            owners.insert(certificate.owner.clone());
            ended.certificates += 1;
            // Its keys go with it, even those for which there was no room in this round: a set with
            // a key whose certificate is gone is refused whole.
            let gone = life::expire_certificate(&mut ledger, certificate).await?;
            ended.keys += u64::try_from(gone.len()).unwrap_or(u64::MAX);
        }
        for key in keys {
            // It may have gone with its certificate.
            let present = ledger.tx.encryption_key(&key.kid).await?;
            if let Some(key) = present.filter(|key| key.state == KeyState::Active) {
                owners.insert(key.owner.clone());
                ended.keys += 1;
                let state = key.state.expire()?;
                life::turn_key(&mut ledger, key, state, true).await?;
            }
        }
        for request in ledger.tx.overdue_requests(ledger.at(), self.limit).await? {
            requests::expire(&mut ledger, request).await?;
            ended.requests += 1;
        }
        for owner in &owners {
            publish(&mut ledger, owner).await?;
        }
        let changes = ledger.into_status_changes();
        Ok((ended, self.board.stamp(changes)))
    }
}
