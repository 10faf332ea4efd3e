//! A device with a certified key and a bound one.

use kleis_jose::{Jwk, jwe};
use kleis_types::{Identifier, Timestamp};
use serde_json::Value;

use crate::{
    Signer,
    binding::{self, BindingClaims},
    recipient::BINDING_MEMBER,
};

/// A device as registration knows it.
#[derive(Clone, Debug)]
pub struct RegisteredDevice {
    signer: Signer,
    key: Jwk,
    sequence: u64,
    status_index: u32,
    iat: Timestamp,
    binding: String,
}

impl RegisteredDevice {
    pub(super) fn new(
        signer: Signer,
        key: Jwk,
        sequence: u64,
        status_index: u32,
        iat: Timestamp,
    ) -> Self {
        let binding = String::new();
        let device = Self {
            signer,
            key,
            sequence,
            status_index,
            iat,
            binding,
        };
        let claims = device.claims();
        device.with_binding(&claims)
    }

    /// The claims of the device's binding as they are by default: for the whole life of the
    /// certificate, neither endorsed nor recovered.
    pub fn claims(&self) -> BindingClaims {
        let algorithm = jwe::default_algorithm(&self.key).unwrap();
        let end = self.signer.certificate().not_after();
        let (sequence, index) = (self.sequence, self.status_index);
        BindingClaims::new(&self.key, vec![algorithm], sequence, index, self.iat, end)
    }

    /// The same device with a binding of these claims.
    #[must_use]
    pub fn with_binding(mut self, claims: &BindingClaims) -> Self {
        self.binding = binding::sign(&self.signer, claims).unwrap();
        self
    }

    /// The same device with whatever stands for its binding.
    #[must_use]
    pub fn with_raw_binding(mut self, binding: impl Into<String>) -> Self {
        self.binding = binding.into();
        self
    }

    /// The same device, endorsed.
    #[must_use]
    pub fn with_endorsement(self, endorsement: &str) -> Self {
        let claims = self.claims().with_endorsement(endorsement);
        self.with_binding(&claims)
    }

    /// The same device, approved by operators.
    #[must_use]
    pub fn recovered(self) -> Self {
        let claims = self.claims().recovered();
        self.with_binding(&claims)
    }

    /// The owner: the certificate's primary identity.
    pub fn identifier(&self) -> &Identifier {
        self.signer.identity().primary()
    }

    /// The certified authentication key.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The private encryption key.
    pub fn key(&self) -> &Jwk {
        &self.key
    }

    /// The binding, a compact JWS.
    pub fn binding(&self) -> &str {
        &self.binding
    }

    /// The binding's sequence.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The binding's entry in the status list.
    pub fn status_index(&self) -> u32 {
        self.status_index
    }

    /// The authentication key as it is published.
    pub fn signature_jwk(&self) -> Jwk {
        let key = self.signer.public_key().public();
        let algorithm = key.signature_algorithm().unwrap();
        key.with_thumbprint_kid()
            .with_member("use", "sig".into())
            .with_member("alg", algorithm.as_str().into())
            .with_x5c(self.signer.chain())
            .with_member("x5t#S256", self.signer.certificate().x5t_s256().into())
    }

    /// The encryption key as it is published.
    pub fn encryption_jwk(&self) -> Jwk {
        let algorithm = jwe::default_algorithm(&self.key).unwrap();
        self.key
            .public()
            .with_thumbprint_kid()
            .with_member("use", "enc".into())
            .with_member("alg", algorithm.as_str().into())
            .with_member(BINDING_MEMBER, Value::from(self.binding.clone()))
    }
}
