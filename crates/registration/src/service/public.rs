//! What the edge may reach: the orders of owners.

use kleis_jose::Jwk;
use kleis_proto::{method::registration as method, registration::v1 as wire};
use kleis_store::registry::RegistryStore;
use kleis_trust::{
    VerifiedSigner,
    challenge::{self, Nonce},
    order::Order,
};
use kleis_types::{base64url, random_array};

use super::{Parts, Registration};
use crate::{Behind, Call, RegistrationError, SourceError, acts, acts::sourcing, command};

impl<S: RegistryStore> Registration<S> {
    /// Issues a certificate, on proof by code, endorsement or login. Answers the signed reply.
    pub async fn enrol(&self, order: &str, call: &Call) -> Result<String, RegistrationError> {
        let (command, evidence) = self.admit_enrolment(order, method::ENROL, call)?;
        let Parts {
            issuer,
            kek,
            types,
            admission,
            ..
        } = &*self.parts;
        let contracts = &admission.contracts;
        contracts.check(&command.identifier, &command.contract)?;
        let behind = self.who_is_behind(&command).await?;
        let work = acts::enrol::Enrol {
            command,
            issuer: issuer.clone(),
            approvals: self.parts.approvals(),
            kek: kek.clone(),
            types: types.clone(),
            behind,
        };
        self.carry_out(evidence, work).await
    }

    /// Asks the source of registrants about somebody who seems to prove an identity. What it says
    /// counts once the act has seen the proof.
    async fn who_is_behind(
        &self,
        command: &command::Enrol,
    ) -> Result<Result<Behind, SourceError>, RegistrationError> {
        let Parts { issuer, kek, .. } = &*self.parts;
        let mut reader = self.store.read().await?;
        let (installation, approvals) = (&issuer.installation, self.parts.approvals());
        let now = self.now();
        let looks_proved =
            sourcing::looks_proved(&mut reader, command, installation, (kek, &approvals), now);
        if !looks_proved.await? {
            return Ok(Ok(Behind::Register));
        }
        // The snapshot is not held while somebody else is asked.
        drop(reader);
        Ok(self.source_says(&command.identifier).await)
    }

    /// Issues the certificate that follows the signer's. Answers the signed reply.
    pub async fn renew_certificate(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        let Parts {
            admission,
            anchors,
            issuer,
            types,
            ..
        } = &*self.parts;
        let now = self.now();
        let read = |order: &Order<_>| {
            let (body, signer, contracts) = (order.body(), order.signer(), &admission.contracts);
            let command = command::RenewCertificate::parse(body, signer, contracts, anchors, now)?;
            self.parts
                .refuse_shared_factor(command.csr.public_key(), "csr")?;
            Ok((command, signer.identity().primary().clone()))
        };
        let method = method::RENEW_CERTIFICATE;
        let ((command, owner), evidence) = self.admit_certified(order, method, call, read)?;
        let behind = self.source_says(&owner).await;
        let work = acts::renew::RenewCertificate {
            command,
            issuer: issuer.clone(),
            types: types.clone(),
            behind,
        };
        self.carry_out(evidence, work).await
    }

    /// Gives out the challenge to an encryption key. Answers the signed reply.
    pub async fn begin_key(&self, order: &str, call: &Call) -> Result<String, RegistrationError> {
        self.certified(order, method::BEGIN_KEY, call, |order| {
            let signer = order.signer();
            let command = command::BeginKey::parse(order.body(), signer, &self.parts.types)?;
            self.parts.refuse_shared_factor(&command.key, "jwk")?;
            self.challenge(command, signer)
        })
        .await
    }

    fn challenge(
        &self,
        command: command::BeginKey,
        signer: &VerifiedSigner,
    ) -> Result<acts::begin_key::BeginKey, RegistrationError> {
        let random = &*self.parts.random;
        let session = base64url::encode(&random_array::<16>(random));
        let nonce = Nonce::random(random);
        let subject = challenge::Subject {
            installation: &self.parts.issuer.installation,
            session: &session,
            owner: signer.identity().primary(),
            device: signer.identity().device(),
        };
        let key: &Jwk = &command.key;
        let challenge = challenge::seal(key, &subject, &nonce, random)?;
        Ok(acts::begin_key::BeginKey {
            command,
            session,
            nonce,
            challenge,
        })
    }

    /// Takes the answer to a challenge, and the binding. Answers the signed reply.
    pub async fn complete_key(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        self.certified(order, method::COMPLETE_KEY, call, |order| {
            let command = command::CompleteKey::parse(order.body())?;
            let anchors = self.parts.anchors.clone();
            Ok(acts::complete_key::CompleteKey { command, anchors })
        })
        .await
    }

    /// Publishes a pending key. Answers the signed reply.
    pub async fn activate_key(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        self.certified(order, method::ACTIVATE_KEY, call, |order| {
            let command = command::ActivateKey::parse(order.body())?;
            Ok(acts::activate_key::ActivateKey { command })
        })
        .await
    }

    /// Revokes an encryption key, by its owner. Answers the signed reply.
    pub async fn revoke_key(&self, order: &str, call: &Call) -> Result<String, RegistrationError> {
        self.certified(order, method::REVOKE_KEY, call, |order| {
            let command = command::RevokeKey::parse(order.body())?;
            Ok(acts::revoke_key::RevokeKey { command })
        })
        .await
    }

    /// Revokes a certificate and all that it binds, by itself or a sibling. Answers the signed
    /// reply.
    pub async fn revoke_certificate(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        self.certified(order, method::REVOKE_CERTIFICATE, call, |order| {
            let body: &wire::RevokeCertificateOrder = order.body();
            let command = command::RevokeCertificate::parse(body)?;
            Ok(acts::revoke_certificate::RevokeCertificate { command })
        })
        .await
    }

    /// Tells how a certificate has stood, whosever it is. Answers the signed reply.
    pub async fn describe_certificate(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        self.certified(order, method::DESCRIBE_CERTIFICATE, call, |order| {
            let command = command::DescribeCertificate::parse(order.body())?;
            Ok(acts::describe_certificate::DescribeCertificate { command })
        })
        .await
    }
}
