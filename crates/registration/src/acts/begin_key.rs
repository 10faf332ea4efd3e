//! A challenge to an encryption key.

use kleis_jose::{Jwk, digest};
use kleis_proto::registration::v1::BeginKeyResult;
use kleis_store::{
    AuditOutcome,
    registry::{Certificate, KeySession, RegistryTx},
};
use kleis_trust::challenge::{self, Nonce};

use super::{Ledger, Verdict, Work, encryption_key, signer};
use crate::{RegistrationError, admission::Evidence, command};

/// Opens a registration session. The challenge is sealed before: it needs nothing of the database.
pub(crate) struct BeginKey {
    pub(crate) command: command::BeginKey,
    pub(crate) session: String,
    pub(crate) nonce: Nonce,
    pub(crate) challenge: String,
}

impl Work for BeginKey {
    const NAME: &'static str = "registration.begin_key";
    type Result = BeginKeyResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<BeginKeyResult>, RegistrationError> {
        let certificate = signer::in_use(ledger, evidence).await?;
        refuse_known(ledger, &self.command.key, &certificate).await?;
        let sequence = ledger.tx.owner_sequence(&certificate.owner).await?;
        let sequence = sequence
            .checked_add(1)
            .ok_or(RegistrationError::SequenceExhausted)?;
        let session = KeySession {
            id: self.session.clone(),
            owner: certificate.owner,
            device: certificate.device,
            certificate: certificate.serial,
            kid: self.command.key.thumbprint().to_string(),
            jwk: serde_json::to_string(&self.command.key.to_value())?,
            nonce_hash: digest::sha256(self.nonce.as_bytes().expose()),
            status_index: ledger.tx.allocate_status().await?,
            attempts_left: challenge::MAX_ATTEMPTS,
            expires_at: ledger.at().plus_seconds(challenge::LIFETIME),
            used: false,
        };
        ledger.tx.put_key_session(&session).await?;
        ledger
            .note(
                AuditOutcome::Done,
                &format!("key:{}", session.kid),
                "challenged",
            )
            .await?;
        Ok(Verdict::Done(BeginKeyResult {
            session: session.id,
            challenge: self.challenge.clone(),
            status_index: session.status_index,
            sequence,
            endorsement: certificate.endorsement,
            expires_at: u32::try_from(session.expires_at.unix()).unwrap_or(u32::MAX),
            recovered: certificate.recovered,
        }))
    }
}

/// Refuses a key that anybody has used for anything, but for a key of this very device that an
/// earlier certificate of it has bound: that one is bound anew. A key is claimed when its possession
/// is proved, not before: else one could claim the keys of others.
async fn refuse_known<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    key: &Jwk,
    signer: &Certificate,
) -> Result<(), RegistrationError> {
    let known = ledger.tx.public_key(key.thumbprint().as_str()).await?;
    if known.is_none()
        || encryption_key::to_rebind(ledger, key, signer)
            .await?
            .is_some()
    {
        Ok(())
    } else {
        Err(RegistrationError::KeyInUse { field: "jwk" })
    }
}
