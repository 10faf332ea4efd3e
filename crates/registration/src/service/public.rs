//! What the edge may reach: the orders of owners.

use kleis_jose::Jwk;
use kleis_proto::{method::registration as method, registration::v1 as wire};
use kleis_store::registry::RegistryStore;
use kleis_trust::{
    VerifiedSigner,
    challenge::{self, Nonce},
};
use kleis_types::{base64url, random_array};

use super::{Parts, Registration};
use crate::{Call, RegistrationError, acts, command};

impl<S: RegistryStore> Registration<S> {
    /// Issues a certificate, on proof by code, endorsement or login. Answers the signed reply.
    pub async fn enrol(&self, order: &str, call: &Call) -> Result<String, RegistrationError> {
        let work = |command: command::Enrol, parts: &Parts| {
            let contracts = &parts.admission.contracts;
            contracts.check(&command.identifier, &command.contract)?;
            Ok(acts::enrol::Enrol {
                command,
                issuer: parts.issuer.clone(),
                approvals: parts.approvals(),
                kek: parts.kek.clone(),
                types: parts.types.clone(),
            })
        };
        self.enrolment(order, method::ENROL, call, work).await
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
            replacement,
            ..
        } = &*self.parts;
        let now = self.now();
        self.certified(order, method::RENEW_CERTIFICATE, call, |order| {
            let (body, signer, contracts) = (order.body(), order.signer(), &admission.contracts);
            let command = command::RenewCertificate::parse(body, signer, contracts, anchors, now)?;
            self.parts
                .refuse_shared_factor(command.csr.public_key(), "csr")?;
            Ok(acts::renew::RenewCertificate {
                command,
                issuer: issuer.clone(),
                types: types.clone(),
                replacement: *replacement,
            })
        })
        .await
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
