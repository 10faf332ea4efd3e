//! A key withdrawn by its owner.

use kleis_proto::registration::v1::RevokeKeyResult;
use kleis_store::registry::RegistryTx;
use kleis_types::NoticeKind;

use super::{Ledger, Verdict, Work, encryption_key, life, notices, publish::publish, signer};
use crate::{RegistrationError, admission::Evidence, command};

/// Revokes a key, by any device of its owner.
pub(crate) struct RevokeKey {
    pub(crate) command: command::RevokeKey,
}

impl Work for RevokeKey {
    const NAME: &'static str = "registration.revoke_key";
    const VERSIONED: bool = true;
    type Result = RevokeKeyResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<RevokeKeyResult>, RegistrationError> {
        let certificate = signer::in_use(ledger, evidence).await?;
        let key = encryption_key::own(ledger, &self.command.kid, &certificate).await?;
        evidence.expect(key.version)?;
        let key = life::revoke_key(ledger, key, self.command.reason).await?;
        notices::of_key(ledger, NoticeKind::KeyRevoked, &key).await?;
        publish(ledger, &key.owner).await?;
        Ok(Verdict::Done(RevokeKeyResult {
            kid: key.kid,
            state: key.state.to_string(),
        }))
    }
}
