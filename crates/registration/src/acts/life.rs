//! What becomes of certificates and keys, and what the status list says of each state.

use kleis_store::{
    StoreError,
    registry::{Certificate, EncryptionKey, RegistryRead, RegistryTx},
};
use kleis_trust::status::Status;
use kleis_types::{CertificateState, Identifier, KeyState, NoticeKind, RevocationReason};

use super::{Ledger, notices};
use crate::RegistrationError;

/// The entry of a certificate whose registrant is active or not.
pub(super) fn certificate_status(state: CertificateState, active: bool) -> Status {
    match state {
        CertificateState::Active if active => Status::Valid,
        CertificateState::Active => Status::Suspended,
        CertificateState::Revoked => Status::Invalid,
        CertificateState::Superseded | CertificateState::Expired => Status::Other,
    }
}

/// The entry of a binding whose registrant is active or not.
pub(super) fn key_status(state: KeyState, active: bool) -> Status {
    match state {
        KeyState::Active if active => Status::Valid,
        KeyState::Active => Status::Suspended,
        KeyState::Revoked => Status::Invalid,
        KeyState::PendingActivation | KeyState::Superseded | KeyState::Expired => Status::Other,
    }
}

/// Whether keys of this owner are published at all: its registrant is active. Kleis' own services
/// are registrants of nobody.
pub(super) async fn is_active<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    owner: &Identifier,
) -> Result<bool, RegistrationError> {
    Ok(is_active_now(ledger.tx, owner).await?)
}

/// The same, for whoever only reads.
pub(crate) async fn is_active_now<R: RegistryRead>(
    reader: &mut R,
    owner: &Identifier,
) -> Result<bool, StoreError> {
    if owner.as_service().is_some() {
        return Ok(true);
    }
    let registrant = reader.registrant(owner).await?;
    Ok(registrant.is_some_and(|registrant| registrant.active))
}

/// Stores a key's next state, with its entry in the list.
pub(super) async fn turn_key<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    mut key: EncryptionKey,
    state: KeyState,
    active: bool,
) -> Result<EncryptionKey, RegistrationError> {
    let at = Some(ledger.at());
    match state {
        KeyState::Superseded => key.superseded_at = at,
        KeyState::Revoked => key.revoked_at = at,
        KeyState::PendingActivation | KeyState::Active | KeyState::Expired => {}
    }
    key.state = state;
    key.version += 1;
    ledger.put_key(&key).await?;
    ledger
        .put_status(key.status_index, key_status(state, active))
        .await?;
    Ok(key)
}

/// Stores a certificate's next state, with its entry in the list.
pub(super) async fn turn_certificate<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    mut certificate: Certificate,
    state: CertificateState,
    active: bool,
) -> Result<Certificate, RegistrationError> {
    certificate.state = state;
    certificate.version += 1;
    ledger.put_certificate(&certificate).await?;
    ledger
        .put_status(certificate.status_index, certificate_status(state, active))
        .await?;
    Ok(certificate)
}

/// Revokes a key.
pub(super) async fn revoke_key<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    mut key: EncryptionKey,
    reason: RevocationReason,
) -> Result<EncryptionKey, RegistrationError> {
    let state = key.state.revoke()?;
    key.reason = Some(reason);
    turn_key(ledger, key, state, true).await
}

/// Revokes a certificate and every key that was bound with it. Answers the `kid`s of those.
pub(super) async fn revoke_certificate<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    mut certificate: Certificate,
    reason: RevocationReason,
) -> Result<Vec<String>, RegistrationError> {
    let state = certificate.state.revoke()?;
    certificate.reason = Some(reason);
    certificate.revoked_at = Some(ledger.at());
    let certificate = turn_certificate(ledger, certificate, state, true).await?;
    // One notice for all that goes with it.
    notices::of_certificate(ledger, NoticeKind::CertificateRevoked, &certificate).await?;
    let mut revoked = Vec::new();
    for key in bound_by(ledger, &certificate).await? {
        revoked.push(revoke_key(ledger, key, reason).await?.kid);
    }
    Ok(revoked)
}

/// Ends a certificate and every key that was bound with it.
pub(super) async fn expire_certificate<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    certificate: Certificate,
) -> Result<Vec<String>, RegistrationError> {
    let state = certificate.state.expire()?;
    let certificate = turn_certificate(ledger, certificate, state, true).await?;
    let mut expired = Vec::new();
    for key in bound_by(ledger, &certificate).await? {
        let state = key.state.expire()?;
        expired.push(turn_key(ledger, key, state, true).await?.kid);
    }
    Ok(expired)
}

/// Replaces a certificate and every published key that was bound with it.
pub(super) async fn supersede_certificate<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    certificate: Certificate,
) -> Result<(), RegistrationError> {
    let state = certificate.state.supersede()?;
    let certificate = turn_certificate(ledger, certificate, state, true).await?;
    for key in bound_by(ledger, &certificate).await? {
        if key.state == KeyState::Active {
            let state = key.state.supersede()?;
            turn_key(ledger, key, state, true).await?;
        }
    }
    Ok(())
}

/// The keys that were bound with a certificate and have not reached their last state.
async fn bound_by<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    certificate: &Certificate,
) -> Result<Vec<EncryptionKey>, RegistrationError> {
    let mut keys = ledger.tx.encryption_keys_of(&certificate.owner).await?;
    keys.retain(|key| key.certificate == certificate.serial && !key.state.is_final());
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_active_and_not_suspended_is_valid() {
        for state in CertificateState::ALL {
            let valid = certificate_status(*state, true) == Status::Valid;
            assert_eq!(valid, *state == CertificateState::Active);
            assert_ne!(certificate_status(*state, false), Status::Valid);
        }
        for state in KeyState::ALL {
            assert_eq!(
                key_status(*state, true) == Status::Valid,
                state.is_published()
            );
            assert_ne!(key_status(*state, false), Status::Valid);
        }
    }

    #[test]
    fn what_is_revoked_stays_invalid_when_its_registrant_is_suspended() {
        for active in [true, false] {
            let revoked = certificate_status(CertificateState::Revoked, active);
            assert_eq!(revoked, Status::Invalid);
            assert_eq!(key_status(KeyState::Revoked, active), Status::Invalid);
        }
    }
}
