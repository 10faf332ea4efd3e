//! Requests for certificates that wait for approval, and approvals.

use kleis_types::{DeviceId, Identifier, RequestState, Timestamp};

use super::model::{integer, time};
use crate::{Audited, shown::shows, state_digest};

/// A request for a certificate that came without a proof of identity.
#[derive(Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The id, b64u of 16 bytes, the primary key.
    pub id: String,
    /// The identity that is asked for.
    pub identifier: Identifier,
    /// The device.
    pub device: DeviceId,
    /// The PKCS#10 request, DER.
    pub csr: Vec<u8>,
    /// The thumbprint of its public key.
    pub jkt: String,
    /// SHA-256 of the contract that was accepted, b64u; empty if there was none.
    pub contract: String,
    /// When it came.
    pub submitted_at: Timestamp,
    /// Until when it can be decided about.
    pub expires_at: Timestamp,
    /// Where it is in its life.
    pub state: RequestState,
    /// When it came to its end.
    pub decided_at: Option<Timestamp>,
    /// Why it was rejected, for whoever asked; else empty.
    pub reason: String,
    /// The serial number of the certificate; empty if none was issued.
    pub serial: String,
    /// The version, from 1.
    pub version: u64,
}

impl CertificateRequest {
    /// The name in the audit of the request with this id.
    pub fn resource_of(id: &str) -> String {
        format!("request:{id}")
    }
}

impl Audited for CertificateRequest {
    fn resource(&self) -> String {
        Self::resource_of(&self.id)
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn digest(&self) -> [u8; 32] {
        state_digest(&[
            self.id.as_bytes(),
            self.identifier.to_string().as_bytes(),
            self.device.as_str().as_bytes(),
            &self.csr,
            self.jkt.as_bytes(),
            self.contract.as_bytes(),
            &time(Some(self.submitted_at)),
            &time(Some(self.expires_at)),
            self.state.as_str().as_bytes(),
            &time(self.decided_at),
            self.reason.as_bytes(),
            self.serial.as_bytes(),
            &integer(self.version),
        ])
    }
}

shows!(CertificateRequest {
    id,
    identifier,
    device,
    state,
    version
});

/// Which requests are wanted: all where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Those in this state.
    pub state: Option<RequestState>,
    /// Those for this identity.
    pub identifier: Option<Identifier>,
}

/// A request with its place in the order of submission, from 1.
pub type PlacedRequest = (u64, CertificateRequest);

/// Where the order stands by which somebody has approved something. The order counts, not this.
#[derive(Clone, PartialEq, Eq)]
pub struct Approval {
    /// What is approved, by its name in the audit.
    pub resource: String,
    /// The approver: the registrant's id.
    pub person: Identifier,
    /// The `jti` of the order.
    pub jti: String,
    /// When it was given.
    pub at: Timestamp,
}

shows!(Approval {
    resource,
    person,
    jti,
    at
});
