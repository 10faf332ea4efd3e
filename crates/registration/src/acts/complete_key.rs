//! An encryption key whose possession is proved and whose owner has bound it.

use kleis_jose::{Jwk, digest};
use kleis_pki::Certificate as X509;
use kleis_proto::registration::v1::CompleteKeyResult;
use kleis_store::{
    AuditOutcome,
    registry::{Certificate, EncryptionKey, KeySession, RegistryTx},
};
use kleis_trust::{
    Anchors,
    binding::{self, Binding},
    status::Status,
};
use kleis_types::{ErrorCode, KeyState, Problem};
use subtle::ConstantTimeEq;

use super::{
    Ledger, Refusal, Verdict, Work, encryption_key, issue, life,
    publish::{encryption_entry, publish},
    signer,
};
use crate::{RegistrationError, admission::Evidence, command};

/// Takes the answer to a challenge, and the binding.
pub(crate) struct CompleteKey {
    pub(crate) command: command::CompleteKey,
    pub(crate) anchors: Anchors,
}

impl Work for CompleteKey {
    const NAME: &'static str = "registration.complete_key";
    type Result = CompleteKeyResult;

    async fn run<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        evidence: &Evidence,
    ) -> Result<Verdict<CompleteKeyResult>, RegistrationError> {
        let certificate = signer::in_use(ledger, evidence).await?;
        let mut session = self.session(ledger, &certificate).await?;
        if !self.is_answered(&session) {
            session.attempts_left = session.attempts_left.saturating_sub(1);
            ledger.tx.put_key_session(&session).await?;
            let resource = format!("key:{}", session.kid);
            ledger
                .note(AuditOutcome::Refused, &resource, "wrong answer")
                .await?;
            return Ok(Verdict::Refused(Refusal::Challenge));
        }
        let key = Jwk::from_slice(session.jwk.as_bytes())?;
        let binding = self.binding(ledger, &certificate, &session, &key).await?;
        let former = encryption_key::to_rebind(ledger, &key, &certificate).await?;
        session.used = true;
        ledger.tx.put_key_session(&session).await?;
        let record = if let Some(former) = former {
            self.bind_anew(ledger, former, (&certificate, &session), &key, &binding)
                .await?
        } else {
            issue::claim_encryption_key(ledger, &key, &certificate.owner).await?;
            self.register(ledger, &certificate, &session, &key, &binding)
                .await?
        };
        Ok(Verdict::Done(CompleteKeyResult {
            kid: record.kid,
            state: record.state.to_string(),
            version: u32::try_from(record.version).unwrap_or(u32::MAX),
        }))
    }
}

impl CompleteKey {
    /// The session, if this certificate began it and it can still be completed.
    async fn session<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        certificate: &Certificate,
    ) -> Result<KeySession, RegistrationError> {
        let found = ledger.tx.key_session(&self.command.session).await?;
        let now = ledger.at();
        let usable = found.filter(|session| {
            session.owner == certificate.owner
                && session.device == certificate.device
                && session.certificate == certificate.serial
                && !session.used
                && session.attempts_left > 0
                && now < session.expires_at
        });
        usable.ok_or(RegistrationError::ChallengeFailed)
    }

    fn is_answered(&self, session: &KeySession) -> bool {
        let answer = digest::sha256(self.command.nonce.as_bytes().expose());
        answer.ct_eq(&session.nonce_hash).into()
    }

    /// The binding, if it says what was agreed when the registration began.
    async fn binding<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        certificate: &Certificate,
        session: &KeySession,
        key: &Jwk,
    ) -> Result<Binding, RegistrationError> {
        let leaf = X509::from_der(certificate.chain.first().map_or(&[][..], Vec::as_slice))?;
        let identity = leaf.identity()?;
        let now = ledger.at();
        let binding = binding::verify(&self.command.binding, &leaf, &identity, &self.anchors, now)?;
        binding.covers(key)?;
        let differs = RegistrationError::BindingDiffers;
        if binding.owner() != &certificate.owner || binding.device() != &certificate.device {
            return Err(differs("owner"));
        }
        if binding.status_index() != session.status_index {
            return Err(differs("status index"));
        }
        if binding.endorsement().unwrap_or_default() != certificate.endorsement {
            return Err(differs("endorsement"));
        }
        if binding.is_recovered() != certificate.recovered {
            return Err(differs("mark of recovery"));
        }
        if binding.expires_at() <= now {
            return Err(differs("end"));
        }
        let former = ledger.tx.owner_sequence(&certificate.owner).await?;
        if binding.sequence() <= u64::from(former) {
            return Err(differs("sequence"));
        }
        Ok(binding)
    }

    async fn register<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        certificate: &Certificate,
        session: &KeySession,
        key: &Jwk,
        binding: &Binding,
    ) -> Result<EncryptionKey, RegistrationError> {
        let (owner, device) = (&certificate.owner, &certificate.device);
        let sequence = u32::try_from(binding.sequence())
            .map_err(|_| RegistrationError::BindingDiffers("sequence"))?;
        let others = encryption_key::active_of_device(ledger, owner, device).await?;
        let publish_now = others.is_empty() && !self.command.hold;
        let state = if publish_now {
            KeyState::Active
        } else {
            KeyState::PendingActivation
        };
        let record = EncryptionKey {
            kid: session.kid.clone(),
            owner: owner.clone(),
            device: device.clone(),
            jwk: encryption_entry(key, binding.algorithm(), &self.command.binding)?,
            sequence,
            status_index: session.status_index,
            certificate: certificate.serial.clone(),
            created_at: ledger.at(),
            activated_at: publish_now.then(|| ledger.at()),
            superseded_at: None,
            revoked_at: None,
            expires_at: binding.expires_at(),
            state,
            reason: None,
            version: 1,
        };
        ledger.tx.put_owner_sequence(owner, sequence).await?;
        ledger.put_key(&record).await?;
        ledger
            .put_status(record.status_index, life::key_status(state, true))
            .await?;
        if publish_now {
            publish(ledger, owner).await?;
        }
        Ok(record)
    }

    /// Gives a key of the same device the binding by its next certificate, in the place of the
    /// former one.
    async fn bind_anew<Tx: RegistryTx>(
        &self,
        ledger: &mut Ledger<'_, Tx>,
        former: EncryptionKey,
        (certificate, session): (&Certificate, &KeySession),
        key: &Jwk,
        binding: &Binding,
    ) -> Result<EncryptionKey, RegistrationError> {
        if self.command.hold {
            let what = "a key that is bound anew stays as it is: pending or published";
            return Err(Problem::new(ErrorCode::OrderBodyInvalid, what)
                .at("hold")
                .into());
        }
        let sequence = u32::try_from(binding.sequence())
            .map_err(|_| RegistrationError::BindingDiffers("sequence"))?;
        let replaced = former.status_index;
        let record = EncryptionKey {
            jwk: encryption_entry(key, binding.algorithm(), &self.command.binding)?,
            sequence,
            status_index: session.status_index,
            certificate: certificate.serial.clone(),
            expires_at: binding.expires_at(),
            version: former.version + 1,
            ..former
        };
        ledger
            .tx
            .put_owner_sequence(&record.owner, sequence)
            .await?;
        ledger.put_key(&record).await?;
        // The former binding is in use no more; the key is, under the new one.
        ledger.put_status(replaced, Status::Other).await?;
        ledger
            .put_status(record.status_index, life::key_status(record.state, true))
            .await?;
        if record.state.is_published() {
            publish(ledger, &record.owner).await?;
        }
        Ok(record)
    }
}
