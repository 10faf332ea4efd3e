//! A pending key, published.

use kleis_proto::registration::v1::ActivateKeyResult;
use kleis_store::registry::RegistryTx;

use super::{Ledger, Verdict, Work, encryption_key, life, publish::publish, signer};
use crate::{RegistrationError, admission::Evidence, command};

/// Publishes a key in place of the device's former one.
pub(crate) struct ActivateKey {
    pub(crate) command: command::ActivateKey,
}

impl Work for ActivateKey {
    const NAME: &'static str = "registration.activate_key";
    const VERSIONED: bool = true;
    type Result = ActivateKeyResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<ActivateKeyResult>, RegistrationError> {
        let certificate = signer::in_use(ledger, evidence).await?;
        let mut key = encryption_key::own(ledger, &self.command.kid, &certificate).await?;
        if key.device != certificate.device {
            // Only the device that holds the private key knows that it is ready.
            return Err(RegistrationError::SignerMismatch { field: "kid" });
        }
        evidence.expect(key.version)?;
        let state = key.state.activate()?;
        if key.expires_at <= ledger.at() {
            return Err(RegistrationError::BindingEnded);
        }
        let mut superseded = Vec::new();
        let former = encryption_key::active_of_device(ledger, &key.owner, &key.device).await?;
        for key in former {
            let state = key.state.supersede()?;
            superseded.push(life::turn_key(ledger, key, state, true).await?.kid);
        }
        key.activated_at = Some(ledger.at());
        let key = life::turn_key(ledger, key, state, true).await?;
        publish(ledger, &key.owner).await?;
        Ok(Verdict::Done(ActivateKeyResult {
            kid: key.kid,
            state: key.state.to_string(),
            superseded,
            version: u32::try_from(key.version).unwrap_or(u32::MAX),
        }))
    }
}
