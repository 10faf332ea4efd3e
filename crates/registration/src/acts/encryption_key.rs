//! Look-ups of encryption keys that several acts have.

use kleis_jose::{Jwk, Thumbprint};
use kleis_store::registry::{Certificate, EncryptionKey, RegistryTx};
use kleis_types::{DeviceId, Identifier, KeyState};

use super::Ledger;
use crate::RegistrationError;

/// The key of this `kid`, if it is the owner's; to others it does not exist.
pub(super) async fn own<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    kid: &Thumbprint,
    signer: &Certificate,
) -> Result<EncryptionKey, RegistrationError> {
    let key = ledger.tx.encryption_key(kid.as_str()).await?;
    key.filter(|key| key.owner == signer.owner)
        .ok_or(RegistrationError::NotFound("key"))
}

/// The record of a key that this certificate may bind anew: one of the same device, not at its end,
/// that another certificate of it has bound.
pub(super) async fn to_rebind<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    key: &Jwk,
    signer: &Certificate,
) -> Result<Option<EncryptionKey>, RegistrationError> {
    let known = ledger.tx.encryption_key(key.thumbprint().as_str()).await?;
    Ok(known.filter(|known| {
        known.owner == signer.owner
            && known.device == signer.device
            && known.certificate != signer.serial
            && matches!(known.state, KeyState::Active | KeyState::PendingActivation)
    }))
}

/// The active keys of a device.
pub(super) async fn active_of_device<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    owner: &Identifier,
    device: &DeviceId,
) -> Result<Vec<EncryptionKey>, RegistrationError> {
    let mut keys = ledger.tx.encryption_keys_of(owner).await?;
    keys.retain(|key| &key.device == device && key.state == KeyState::Active);
    Ok(keys)
}
