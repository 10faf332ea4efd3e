//! The devices of one owner.

use kleis_jose::{Jwk, Thumbprint};
use kleis_proto::method;
use kleis_proto::registration::v1::{
    ListCertificatesRequest, RevokeCertificateOrder, RevokeCertificateRequest,
    RevokeCertificateResult,
};
use kleis_trust::endorsement;
use kleis_trust::order::Draft;
use kleis_types::{DeviceId, Identifier, RevocationReason, Service};
use serde::{Deserialize, Serialize};

use crate::{ClientError, Kleis};

pub use kleis_proto::registration::v1::CertificateSummary;

/// What a new device shows to a sibling: no secret, but it must come from the device itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRequest {
    /// Whose device it will be.
    pub identifier: Identifier,
    /// Its name.
    pub device: DeviceId,
    /// The thumbprint of its authentication key.
    pub jkt: Thumbprint,
}

impl DeviceRequest {
    /// The request of a device with this authentication key.
    pub fn new(identifier: Identifier, device: DeviceId, key: &Jwk) -> Self {
        Self {
            identifier,
            device,
            jkt: key.thumbprint(),
        }
    }
}

impl Kleis {
    /// Endorses a new device of ours: it may enrol with this within a day.
    ///
    /// # Errors
    /// [`ClientError::Input`] when it is not ours, or is this device itself.
    pub fn endorse(&self, request: &DeviceRequest) -> Result<String, ClientError> {
        endorsement::sign(
            self.signer()?,
            &request.identifier,
            &request.device,
            &request.jkt,
            self.now(),
            endorsement::MAX_LIFETIME,
        )
        .map_err(|error| ClientError::Input(error.to_string()))
    }

    /// Our certificates, one for each device and generation, newest first.
    pub async fn certificates(&self) -> Result<Vec<CertificateSummary>, ClientError> {
        self.signer()?;
        let answer = self
            .registration()
            .list_certificates(ListCertificatesRequest {})
            .await?;
        Ok(answer.into_inner().certificates)
    }

    /// Revokes a certificate of ours, of this device or of a sibling, and all keys that it binds.
    pub async fn revoke_certificate(
        &self,
        serial: &str,
        reason: RevocationReason,
    ) -> Result<RevokeCertificateResult, ClientError> {
        let body = RevokeCertificateOrder {
            serial: serial.to_owned(),
            reason: reason.to_string(),
        };
        let draft = Draft::new(method::registration::REVOKE_CERTIFICATE, body);
        let client = self.registration();
        self.order(Service::Registration, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = RevokeCertificateRequest { order };
                Ok(client.revoke_certificate(request).await?.into_inner().reply)
            }
        })
        .await
    }
}
