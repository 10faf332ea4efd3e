//! What clients do: codes, enrolments, keys.

use kleis_jose::{Jwk, KeyType};
use kleis_pki::Csr;
use kleis_proto::{method, registration::v1 as wire};
use kleis_registration::Call;
use kleis_trust::{
    Jti, Signer, endorsement,
    enrolment_code::{self, Announcement, EnrolmentCode},
    order::{self, Draft, SignedOrder},
    reply,
};
use kleis_types::{DeviceId, ErrorCode, Identifier, Problem, Service, base64url};
use serde::{Serialize, de::DeserializeOwned};

use crate::house::{DAY, House, JANE, call_of, id, told};

/// A device with a certificate.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) signer: Signer,
    pub(crate) endorsement: String,
    pub(crate) recovered: bool,
}

impl Device {
    pub(crate) fn owner(&self) -> &Identifier {
        self.signer.identity().primary()
    }

    pub(crate) fn serial(&self) -> String {
        self.signer.certificate().serial().to_string()
    }

    pub(crate) fn status_index(&self) -> u32 {
        self.signer.identity().status_index()
    }
}

/// An encryption key under registration, or registered.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) key: Jwk,
    pub(crate) result: wire::BeginKeyResult,
}

impl House {
    // --- orders ----------------------------------------------------------------------------------

    pub(crate) fn sign<B: Serialize>(&self, signer: &Signer, method: &str, body: B) -> SignedOrder {
        self.sign_draft(signer, &Draft::new(method, body))
    }

    pub(crate) fn sign_draft<B: Serialize>(
        &self,
        signer: &Signer,
        draft: &Draft<'_, B>,
    ) -> SignedOrder {
        order::sign(signer, &self.installation, draft, self.now(), &*self.random).unwrap()
    }

    /// Sends an order over a connection, and verifies the reply.
    pub(crate) async fn send<R: DeserializeOwned>(
        &self,
        method: &str,
        order: &SignedOrder,
        call: &Call,
    ) -> Result<R, Problem> {
        let (service, text) = (&self.registration, order.compact());
        let reply = match method {
            method::registration::ENROL => service.enrol(text, call).await,
            method::registration::SUBMIT_CERTIFICATE_REQUEST => {
                service.submit_certificate_request(text, call).await
            }
            method::registration::GET_CERTIFICATE_REQUEST => {
                service.certificate_request(text, call).await
            }
            method::registration::WITHDRAW_CERTIFICATE_REQUEST => {
                service.withdraw_certificate_request(text, call).await
            }
            method::registration::VALIDATE_CERTIFICATE_REQUEST => {
                service.validate_certificate_request(text, call).await
            }
            method::registration::RENEW_CERTIFICATE => service.renew_certificate(text, call).await,
            method::registration::BEGIN_KEY => service.begin_key(text, call).await,
            method::registration::COMPLETE_KEY => service.complete_key(text, call).await,
            method::registration::ACTIVATE_KEY => service.activate_key(text, call).await,
            method::registration::REVOKE_KEY => service.revoke_key(text, call).await,
            method::registration::REVOKE_CERTIFICATE => {
                service.revoke_certificate(text, call).await
            }
            method::registration::DESCRIBE_CERTIFICATE => {
                service.describe_certificate(text, call).await
            }
            method::registration_admin::BOOTSTRAP_OPERATOR => {
                service.bootstrap_operator(text, call).await
            }
            method::registration_admin::IMPORT_REGISTRANTS => {
                service.import_registrants(text, call).await
            }
            method::registration_admin::CREATE_ENROLMENT_CODE => {
                service.create_enrolment_code(text, call).await
            }
            method::registration_admin::APPROVE_ENROLMENT_CODE => {
                service.approve_enrolment_code(text, call).await
            }
            method::registration_admin::REVOKE_ENROLMENT_CODE => {
                service.revoke_enrolment_code(text, call).await
            }
            method::registration_admin::APPROVE_CERTIFICATE_REQUEST => {
                service.approve_certificate_request(text, call).await
            }
            method::registration_admin::REJECT_CERTIFICATE_REQUEST => {
                service.reject_certificate_request(text, call).await
            }
            method::registration_admin::REVOKE_CERTIFICATE_AS_OPERATOR => {
                service.revoke_certificate_as_operator(text, call).await
            }
            method::registration_admin::GRANT_ROLE => service.grant_role(text, call).await,
            method::registration_admin::WITHDRAW_ROLE => service.withdraw_role(text, call).await,
            other => panic!("no such order: {other}"),
        };
        let reply = told(reply)?;
        let status = self.status_list().await;
        let (anchors, now) = (&self.anchors, self.now());
        let body = reply::verify(
            &reply,
            anchors,
            &status,
            Service::Registration,
            method,
            order,
            now,
        );
        Ok(body.expect("a reply that verifies"))
    }

    /// Signs and sends an order over the signer's own connection.
    pub(crate) async fn order<B: Serialize, R: DeserializeOwned>(
        &self,
        signer: &Signer,
        method: &str,
        body: B,
    ) -> Result<R, Problem> {
        self.send(method, &self.sign(signer, method, body), &call_of(signer))
            .await
    }

    // --- enrolment -------------------------------------------------------------------------------

    /// The first operator: Jane.
    pub(crate) async fn bootstrap(&self) -> Device {
        let code = self
            .registration
            .bootstrap_code()
            .await
            .unwrap()
            .expect("a code");
        let key = self.key(KeyType::P256);
        let verifier = code.verifier(&self.installation, enrolment_code::BOOTSTRAP);
        let body = self.enrolment_with(&code, &verifier, &id(JANE), "main", &key);
        let method = method::registration_admin::BOOTSTRAP_OPERATOR;
        self.enrol_with(method, &key, body).await.unwrap()
    }

    /// A code made and announced by an operator.
    pub(crate) async fn code(
        &self,
        operator: &Device,
        identifier: &str,
    ) -> Result<EnrolmentCode, Problem> {
        let code = EnrolmentCode::generate(&*self.random);
        self.announce(operator, &code, identifier, 3600)
            .await
            .map(|()| code)
    }

    pub(crate) async fn announce(
        &self,
        operator: &Device,
        code: &EnrolmentCode,
        identifier: &str,
        lifetime: u32,
    ) -> Result<(), Problem> {
        let jti = Jti::random(&*self.random);
        let body = self
            .announcement(jti, code, &id(identifier), lifetime)
            .await;
        let method = method::registration_admin::CREATE_ENROLMENT_CODE;
        let order = self.sign_draft(&operator.signer, &Draft::new(method, body).with_jti(jti));
        let result: wire::CreateEnrolmentCodeResult = self
            .send(method, &order, &call_of(&operator.signer))
            .await?;
        assert_eq!(result.code_id, code.id().to_string());
        assert_eq!(
            i64::from(result.expires_at),
            self.now().unix() + i64::from(lifetime)
        );
        let is_active = result.state == "ACTIVE";
        assert_eq!(is_active, result.approvals_missing == 0, "{}", result.state);
        Ok(())
    }

    pub(crate) async fn announcement(
        &self,
        jti: Jti,
        code: &EnrolmentCode,
        identifier: &Identifier,
        lifetime: u32,
    ) -> wire::CreateEnrolmentCodeOrder {
        let verifier = code.verifier(&self.installation, &identifier.to_string());
        let announcement = Announcement {
            jti,
            code: code.id(),
            identifier,
        };
        let to = self.transport_key().await;
        wire::CreateEnrolmentCodeOrder {
            code_id: code.id().to_string(),
            identifier: identifier.to_string(),
            sealed: announcement.seal(&to, &verifier, &*self.random).unwrap(),
            lifetime,
        }
    }

    /// The order of somebody who knows a code.
    pub(crate) fn enrolment(
        &self,
        code: &EnrolmentCode,
        identifier: &str,
        device: &str,
        key: &Jwk,
    ) -> wire::EnrolOrder {
        let identifier = id(identifier);
        let verifier = code.verifier(&self.installation, &identifier.to_string());
        self.enrolment_with(code, &verifier, &identifier, device, key)
    }

    pub(crate) fn enrolment_with(
        &self,
        code: &EnrolmentCode,
        verifier: &kleis_types::SecretBytes,
        identifier: &Identifier,
        device: &str,
        key: &Jwk,
    ) -> wire::EnrolOrder {
        let csr = Csr::create(key).unwrap();
        let device: DeviceId = device.parse().unwrap();
        let (der, installation) = (csr.der(), &self.installation);
        let proof = enrolment_code::proof(verifier, der, identifier, &device, installation);
        wire::EnrolOrder {
            contract: String::new(),
            identifier: identifier.to_string(),
            device: device.to_string(),
            csr: base64url::encode(csr.der()),
            code_id: code.id().to_string(),
            proof: base64url::encode(&proof),
            endorsement: String::new(),
        }
    }

    pub(crate) fn sign_enrolment<B: Serialize>(
        &self,
        method: &str,
        key: &Jwk,
        body: B,
    ) -> SignedOrder {
        self.sign_enrolment_draft(key, &Draft::new(method, body))
    }

    pub(crate) fn sign_enrolment_draft<B: Serialize>(
        &self,
        key: &Jwk,
        draft: &Draft<'_, B>,
    ) -> SignedOrder {
        let (installation, now) = (&self.installation, self.now());
        order::sign_enrolment(key, installation, draft, now, &*self.random).unwrap()
    }

    /// Signs and sends the order of a key that has no certificate yet.
    pub(crate) async fn newcomer<B: Serialize, R: DeserializeOwned>(
        &self,
        key: &Jwk,
        method: &str,
        body: B,
    ) -> Result<R, Problem> {
        let order = self.sign_enrolment(method, key, body);
        self.send(method, &order, &Call::default()).await
    }

    pub(crate) async fn enrol_with(
        &self,
        method: &str,
        key: &Jwk,
        body: wire::EnrolOrder,
    ) -> Result<Device, Problem> {
        let order = self.sign_enrolment(method, key, body);
        let result: wire::EnrolResult = self.send(method, &order, &Call::default()).await?;
        Ok(device(key, &result))
    }

    pub(crate) async fn enrol(&self, key: &Jwk, body: wire::EnrolOrder) -> Result<Device, Problem> {
        self.enrol_with(method::registration::ENROL, key, body)
            .await
    }

    /// Puts somebody into the register and gives them a certificate by code.
    pub(crate) async fn welcome(
        &self,
        operator: &Device,
        identifiers: &[&str],
        identity: &str,
        device: &str,
    ) -> Device {
        self.register(operator, identifiers, true).await.unwrap();
        let code = self.code(operator, identity).await.unwrap();
        let key = self.key(KeyType::P256);
        self.enrol(&key, self.enrolment(&code, identity, device, &key))
            .await
            .unwrap()
    }

    /// The order of a further device, endorsed.
    pub(crate) fn endorsed(&self, sibling: &Device, device: &str, key: &Jwk) -> wire::EnrolOrder {
        let (owner, name) = (sibling.owner(), device.parse().unwrap());
        let jkt = key.thumbprint();
        let endorsement =
            endorsement::sign(&sibling.signer, owner, &name, &jkt, self.now(), DAY).unwrap();
        enrolment_by(&endorsement, &owner.to_string(), device, key)
    }

    pub(crate) async fn register(
        &self,
        operator: &Device,
        identifiers: &[&str],
        active: bool,
    ) -> Result<wire::ImportRegistrantsResult, Problem> {
        let registrant = wire::Registrant {
            name: format!("Name of {}", identifiers[0]),
            identifiers: identifiers.iter().map(|text| (*text).to_owned()).collect(),
            active,
            ..wire::Registrant::default()
        };
        let body = wire::ImportRegistrantsOrder {
            registrants: vec![registrant],
        };
        let method = method::registration_admin::IMPORT_REGISTRANTS;
        self.order(&operator.signer, method, body).await
    }
}

pub(crate) fn device(key: &Jwk, result: &wire::EnrolResult) -> Device {
    let chain = result
        .chain
        .iter()
        .map(|der| base64url::decode(der).unwrap())
        .collect();
    let signer = Signer::new(key.clone(), chain).unwrap();
    assert_eq!(signer.certificate().serial().to_string(), result.serial);
    Device {
        signer,
        endorsement: result.endorsement.clone(),
        recovered: result.recovered,
    }
}

/// The order of a device that shows an endorsement.
pub(crate) fn enrolment_by(
    endorsement: &str,
    identifier: &str,
    device: &str,
    key: &Jwk,
) -> wire::EnrolOrder {
    wire::EnrolOrder {
        identifier: identifier.to_owned(),
        device: device.to_owned(),
        csr: base64url::encode(Csr::create(key).unwrap().der()),
        endorsement: endorsement.to_owned(),
        ..wire::EnrolOrder::default()
    }
}

/// The code of a refusal that names this field.
pub(crate) fn at(code: ErrorCode, field: &str) -> (ErrorCode, Option<String>) {
    (code, Some(field.to_owned()))
}

/// The code of a refusal that names no field.
pub(crate) fn plain(code: ErrorCode) -> (ErrorCode, Option<String>) {
    (code, None)
}
