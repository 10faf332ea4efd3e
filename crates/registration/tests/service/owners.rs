//! What owners do with their keys and certificates.

use kleis_jose::{Jwk, KeyType, jwe};
use kleis_proto::{method, registration::v1 as wire};
use kleis_trust::{
    binding::{self, BindingClaims},
    challenge,
};
use kleis_types::Problem;

use crate::{
    house::{DAY, House},
    people::{Begun, Device},
};

impl House {
    pub(crate) async fn begin(&self, device: &Device, key: &Jwk) -> Result<Begun, Problem> {
        let body = wire::BeginKeyOrder {
            jwk: key.public().to_value().to_string(),
            identifier: device.owner().to_string(),
        };
        let result = self
            .order(&device.signer, method::registration::BEGIN_KEY, body)
            .await?;
        Ok(Begun {
            key: key.clone(),
            result,
        })
    }

    pub(crate) async fn begin_fresh(&self, device: &Device) -> Begun {
        self.begin(device, &self.key(KeyType::X25519))
            .await
            .unwrap()
    }

    /// What the device says of the key, as it should.
    pub(crate) fn claims(&self, device: &Device, begun: &Begun) -> BindingClaims {
        let algorithm = jwe::default_algorithm(&begun.key).unwrap();
        let end = self.now().plus_seconds(365 * DAY);
        let claims = BindingClaims::new(
            &begun.key,
            vec![algorithm],
            begun.result.sequence.into(),
            begun.result.status_index,
            self.now(),
            end.min(device.signer.certificate().not_after()),
        );
        match (begun.result.endorsement.as_str(), begun.result.recovered) {
            ("", false) => claims,
            ("", true) => claims.recovered(),
            (endorsement, _) => claims.with_endorsement(endorsement),
        }
    }

    /// The answer to the challenge, with a binding of these claims.
    pub(crate) fn answer(
        &self,
        device: &Device,
        begun: &Begun,
        claims: &BindingClaims,
    ) -> wire::CompleteKeyOrder {
        let subject = challenge::Subject {
            installation: &self.installation,
            session: &begun.result.session,
            owner: device.owner(),
            device: device.signer.identity().device(),
        };
        let nonce = challenge::open(&begun.key, &begun.result.challenge, &subject).unwrap();
        wire::CompleteKeyOrder {
            session: begun.result.session.clone(),
            nonce: nonce.to_text().to_string(),
            binding: binding::sign(&device.signer, claims).unwrap(),
            hold: false,
        }
    }

    pub(crate) async fn complete(
        &self,
        device: &Device,
        body: wire::CompleteKeyOrder,
    ) -> Result<wire::CompleteKeyResult, Problem> {
        self.order(&device.signer, method::registration::COMPLETE_KEY, body)
            .await
    }

    /// Begin, answer, complete: a key registered.
    pub(crate) async fn publish(&self, device: &Device) -> wire::CompleteKeyResult {
        let begun = self.begin_fresh(device).await;
        let body = self.answer(device, &begun, &self.claims(device, &begun));
        self.complete(device, body).await.unwrap()
    }

    pub(crate) async fn activate(
        &self,
        device: &Device,
        kid: &str,
    ) -> Result<wire::ActivateKeyResult, Problem> {
        let body = wire::ActivateKeyOrder {
            kid: kid.to_owned(),
        };
        self.order(&device.signer, method::registration::ACTIVATE_KEY, body)
            .await
    }

    pub(crate) async fn revoke_key(
        &self,
        device: &Device,
        kid: &str,
    ) -> Result<wire::RevokeKeyResult, Problem> {
        let reason = "keyCompromise".to_owned();
        let body = wire::RevokeKeyOrder {
            kid: kid.to_owned(),
            reason,
        };
        self.order(&device.signer, method::registration::REVOKE_KEY, body)
            .await
    }

    pub(crate) async fn revoke(
        &self,
        by: &Device,
        serial: &str,
    ) -> Result<wire::RevokeCertificateResult, Problem> {
        let reason = "keyCompromise".to_owned();
        let body = wire::RevokeCertificateOrder {
            serial: serial.to_owned(),
            reason,
        };
        self.order(&by.signer, method::registration::REVOKE_CERTIFICATE, body)
            .await
    }

    pub(crate) async fn revoke_as_operator(
        &self,
        operator: &Device,
        serial: &str,
    ) -> Result<wire::RevokeCertificateAsOperatorResult, Problem> {
        let reason = "affiliationChanged".to_owned();
        let body = wire::RevokeCertificateAsOperatorOrder {
            serial: serial.to_owned(),
            reason,
        };
        let method = method::registration_admin::REVOKE_CERTIFICATE_AS_OPERATOR;
        self.order(&operator.signer, method, body).await
    }
}
