//! Enrolment: from a key and a proof of identity to a certificate.

use kleis_jose::{Jwk, KeyType};
use kleis_pki::Csr;
use kleis_proto::method;
use kleis_proto::registration::v1::{
    BootstrapOperatorRequest, EnrolOrder, EnrolRequest, EnrolResult,
};
use kleis_trust::enrolment_code::{self, BOOTSTRAP, EnrolmentCode};
use kleis_trust::order::{Draft, SignedOrder};
use kleis_types::{DeviceId, Identifier, SecretBytes, Service, base64url};

use crate::home::Pending;
use crate::{ClientError, Home, HomeError, IdentityFile, Kleis};

/// What proves that the identity is ours.
#[derive(Debug)]
pub enum Proof {
    /// A code from the operators.
    Code(EnrolmentCode),
    /// The one-time code of the first operator.
    Bootstrap(EnrolmentCode),
    /// The endorsement of a sibling device, a compact JWS.
    Endorsement(String),
    /// The access token that the client shows, of an issuer that may enrol, bound to the key to be certified.
    Login,
}

/// What is to be certified, and by which call.
struct Subject<'a> {
    identifier: &'a Identifier,
    device: &'a DeviceId,
    key: &'a Jwk,
    bootstrap: bool,
}

impl Subject<'_> {
    fn method(&self) -> &'static str {
        if self.bootstrap {
            method::registration_admin::BOOTSTRAP_OPERATOR
        } else {
            method::registration::ENROL
        }
    }

    /// The name of the order that waits for its answer.
    fn purpose(&self) -> String {
        let (method, thumbprint) = (self.method(), self.key.thumbprint());
        format!("{method}:{}:{}:{thumbprint}", self.identifier, self.device)
    }
}

/// A request for a first certificate.
#[derive(Debug)]
pub struct Enrolment {
    /// The identity.
    pub identifier: Identifier,
    /// The device.
    pub device: DeviceId,
    /// The PKCS#10 request; `None` makes one for the home's authentication key.
    pub csr: Option<Csr>,
    /// What proves the identity.
    pub proof: Proof,
    /// The digest of the contract that is accepted; empty where there is none.
    pub contract: String,
}

impl Home {
    /// Makes the authentication key of this home, encrypted under a passphrase where one is given. If there is one already (an enrolment that
    /// has not succeeded yet), it stays.
    pub fn make_auth_key(
        &self,
        key_type: KeyType,
        passphrase: Option<&SecretBytes>,
        random: &dyn kleis_types::Random,
    ) -> Result<Jwk, ClientError> {
        if self.is_enrolled() {
            return Err(HomeError::AlreadyEnrolled(self.dir().to_owned()).into());
        }
        if let Some(key) = self.find_auth_key()? {
            return Ok(key);
        }
        let key = Jwk::generate(key_type, random)
            .map_err(|error| ClientError::Input(error.to_string()))?;
        self.save_auth_key(&key, passphrase, random)?;
        Ok(key)
    }
}

impl Kleis {
    /// Asks for a certificate for the home's authentication key and keeps it. An order whose answer was lost, even by an earlier process, is sent
    /// again in the same bytes: a code is good once, and a certificate that nobody received would stand in the way of the next one.
    ///
    /// # Errors
    /// [`ClientError::Refused`]; [`ClientError::NotVerified`] when the certificate that came is not the one asked for.
    pub async fn enrol(&self, enrolment: Enrolment) -> Result<IdentityFile, ClientError> {
        if self.home.is_enrolled() {
            return Err(HomeError::AlreadyEnrolled(self.home.dir().to_owned()).into());
        }
        let key = self.home.auth_key()?;
        let subject = Subject {
            identifier: &enrolment.identifier,
            device: &enrolment.device,
            key: &key,
            bootstrap: matches!(enrolment.proof, Proof::Bootstrap(_)),
        };
        let purpose = subject.purpose();
        if let Some(pending) = self.home.pending(&purpose)?
            && let Ok(order) = SignedOrder::restore(&pending.order)
        {
            let result = self.certificate(&order, &subject).await;
            if !result.as_ref().is_err_and(ClientError::is_refusal) {
                return self.settle_enrolment(&purpose, result);
            }
            // Too old to be answered again, or refused: asked anew below.
            self.home.settle_pending(&purpose)?;
        }
        let order = self.sign_enrolment(&enrolment, &subject).await?;
        let pending = Pending {
            order: order.compact().to_owned(),
            reply_key: None,
        };
        self.home
            .save_pending(&purpose, &pending, self.random.as_ref())?;
        let result = self.certificate(&order, &subject).await;
        self.settle_enrolment(&purpose, result)
    }

    /// Keeps the certificate, and forgets the order that was answered. An answer that does not stand up to verification is none.
    fn settle_enrolment(
        &self,
        purpose: &str,
        result: Result<IdentityFile, ClientError>,
    ) -> Result<IdentityFile, ClientError> {
        if let Ok(identity) = &result {
            self.home.save_identity(identity)?;
        }
        self.settled(purpose, result)
    }

    async fn sign_enrolment(
        &self,
        enrolment: &Enrolment,
        subject: &Subject<'_>,
    ) -> Result<SignedOrder, ClientError> {
        let csr = csr_for(subject.key, enrolment.csr.as_ref())?;
        let body = self.body(enrolment, subject, &csr);
        let mut draft = Draft::new(subject.method(), body);
        if matches!(enrolment.proof, Proof::Login) {
            draft = self.naming_token(draft).await?;
        }
        self.sign_as_newcomer(subject.key, &draft)
    }

    /// Sends the order, and verifies the certificate that comes.
    async fn certificate(
        &self,
        order: &SignedOrder,
        subject: &Subject<'_>,
    ) -> Result<IdentityFile, ClientError> {
        let reply = self.send_enrolment(order, subject.bootstrap).await?;
        let result: EnrolResult = self
            .verify_reply(&reply, Service::Registration, subject.method(), order)
            .await?;
        self.accept(subject.identifier, subject.device, subject.key, result)
    }

    async fn send_enrolment(
        &self,
        order: &SignedOrder,
        bootstrap: bool,
    ) -> Result<String, ClientError> {
        if bootstrap {
            let client = self.operators()?;
            return self
                .send(order, |order| {
                    let mut client = client.clone();
                    async move {
                        let request = BootstrapOperatorRequest { order };
                        Ok(client.bootstrap_operator(request).await?.into_inner().reply)
                    }
                })
                .await;
        }
        let client = self.registration();
        self.send(order, |order| {
            let mut client = client.clone();
            async move {
                Ok(client
                    .enrol(EnrolRequest { order })
                    .await?
                    .into_inner()
                    .reply)
            }
        })
        .await
    }

    fn body(&self, enrolment: &Enrolment, subject: &Subject<'_>, csr: &Csr) -> EnrolOrder {
        let Subject {
            identifier, device, ..
        } = subject;
        let mut body = EnrolOrder {
            identifier: identifier.to_string(),
            device: device.to_string(),
            csr: base64url::encode(csr.der()),
            contract: enrolment.contract.clone(),
            ..EnrolOrder::default()
        };
        let installation = self.anchors.installation();
        let (code, identity) = match &enrolment.proof {
            Proof::Login => return body,
            Proof::Endorsement(endorsement) => {
                body.endorsement.clone_from(endorsement);
                return body;
            }
            Proof::Code(code) => (code, identifier.to_string()),
            Proof::Bootstrap(code) => (code, BOOTSTRAP.to_owned()),
        };
        let verifier = code.verifier(installation, &identity);
        let proof = enrolment_code::proof(&verifier, csr.der(), identifier, device, installation);
        body.code_id = code.id().to_string();
        body.proof = base64url::encode(&proof);
        body
    }

    /// Checks that the certificate is ours, for what we asked for, from this installation.
    pub(crate) fn accept(
        &self,
        identifier: &Identifier,
        device: &DeviceId,
        key: &Jwk,
        result: EnrolResult,
    ) -> Result<IdentityFile, ClientError> {
        let refuse = |reason, detail: &dyn std::fmt::Display| {
            ClientError::not_verified("the certificate that came", reason, detail)
        };
        let chain = result.chain.iter().map(|text| base64url::decode(text));
        let chain = chain
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| refuse("CERTIFICATE_MALFORMED", &error))?;
        let signer = self
            .anchors
            .verify(&chain, self.now())
            .map_err(|error| refuse(error.reason(), &error))?;
        if signer.certificate().public_key().thumbprint() != key.thumbprint() {
            return Err(refuse("OTHER_KEY", &"it is for another key"));
        }
        if signer.identity().primary() != identifier || signer.identity().device() != device {
            return Err(refuse(
                "OTHER_IDENTITY",
                &"it is for another identity or device",
            ));
        }
        Ok(IdentityFile::new(
            identifier.clone(),
            device.clone(),
            result.serial,
            &chain,
            result.endorsement,
            result.recovered,
        ))
    }
}

/// The certificate request that was given, if it is for this key, or one that is made.
pub(crate) fn csr_for(key: &Jwk, given: Option<&Csr>) -> Result<Csr, ClientError> {
    let Some(csr) = given else {
        return Csr::create(key).map_err(|error| ClientError::Input(error.to_string()));
    };
    if csr.public_key().thumbprint() == key.thumbprint() {
        return Ok(csr.clone());
    }
    let detail = "the certificate request is not for the key that was given with it";
    Err(ClientError::Input(detail.to_owned()))
}
