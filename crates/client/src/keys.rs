//! Our encryption keys.

use kleis_jose::{Jwk, KeyAlgorithm, KeyType, Thumbprint, jwe};
use kleis_proto::method;
use kleis_proto::registration::v1::{
    ActivateKeyOrder, ActivateKeyRequest, ActivateKeyResult, BeginKeyOrder, BeginKeyRequest,
    BeginKeyResult, CompleteKeyOrder, CompleteKeyRequest, CompleteKeyResult, ListKeysRequest,
    RevokeKeyOrder, RevokeKeyRequest, RevokeKeyResult,
};
use kleis_trust::binding::{self, BindingClaims};
use kleis_trust::challenge;
use kleis_trust::order::Draft;
use kleis_types::{RevocationReason, Service, Timestamp};

use crate::{ClientError, Kleis};

pub use kleis_proto::registration::v1::KeySummary;

/// How a key is to be published.
#[derive(Debug, Clone, Copy)]
pub struct PublishOptions {
    /// The kind of key.
    pub key_type: KeyType,
    /// True: wait for [`Kleis::activate_key`] in any case.
    pub hold: bool,
    /// How long the binding is good, in days; the certificate's end comes first.
    pub days: u32,
}

/// A registered key.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its id.
    pub kid: Thumbprint,
    /// `ACTIVE` or `PENDING_ACTIVATION`.
    pub state: String,
    /// The owner's sequence in its binding.
    pub sequence: u64,
}

impl Kleis {
    /// Makes a key, proves possession of it, binds it and registers it. The private key is on disk before the first message is sent.
    pub async fn publish_key(&self, options: PublishOptions) -> Result<Published, ClientError> {
        let key = Jwk::generate(options.key_type, self.random.as_ref())
            .map_err(|error| ClientError::Input(error.to_string()))?;
        let algorithm = jwe::default_algorithm(&key).ok_or_else(|| {
            ClientError::Input("this kind of key cannot be encrypted to".to_owned())
        })?;
        self.home.save_decryption_key(&key, self.random.as_ref())?;
        let begun = match self.begin_key(&key).await {
            // Nothing was begun, so nobody will ever encrypt to it.
            Err(error @ ClientError::Refused { .. }) => {
                self.home.remove_decryption_key(&key.thumbprint())?;
                return Err(error);
            }
            begun => begun?,
        };
        let end = self.now().plus_seconds(i64::from(options.days) * 86_400);
        self.complete_key(&key, algorithm, begun, end, options.hold)
            .await
    }

    /// Proves possession of a key, binds it until `end` at the latest, and registers it, or binds it anew.
    pub(crate) async fn register_key(
        &self,
        key: &Jwk,
        algorithm: KeyAlgorithm,
        end: Timestamp,
        hold: bool,
    ) -> Result<Published, ClientError> {
        let begun = self.begin_key(key).await?;
        self.complete_key(key, algorithm, begun, end, hold).await
    }

    async fn complete_key(
        &self,
        key: &Jwk,
        algorithm: KeyAlgorithm,
        begun: BeginKeyResult,
        end: Timestamp,
        hold: bool,
    ) -> Result<Published, ClientError> {
        let nonce = self.answer_challenge(key, &begun)?;
        let binding = self.bind(key, algorithm, &begun, end)?;
        let body = CompleteKeyOrder {
            session: begun.session,
            nonce,
            binding,
            hold,
        };
        let client = self.registration();
        let draft = Draft::new(method::registration::COMPLETE_KEY, body);
        let done: CompleteKeyResult = self
            .order(Service::Registration, draft, |order| {
                let mut client = client.clone();
                async move {
                    let request = CompleteKeyRequest { order };
                    Ok(client.complete_key(request).await?.into_inner().reply)
                }
            })
            .await?;
        if done.kid != key.thumbprint().as_str() {
            let what = "the reply of registration";
            return Err(ClientError::not_verified(
                what,
                "OTHER_KEY",
                "it is about another key",
            ));
        }
        Ok(Published {
            kid: key.thumbprint(),
            state: done.state,
            sequence: begun.sequence.into(),
        })
    }

    /// Publishes a pending key: senders use it from now on, and no longer the device's former one.
    pub async fn activate_key(&self, kid: &Thumbprint) -> Result<ActivateKeyResult, ClientError> {
        let body = ActivateKeyOrder {
            kid: kid.to_string(),
        };
        let client = self.registration();
        let draft = Draft::new(method::registration::ACTIVATE_KEY, body);
        self.order(Service::Registration, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = ActivateKeyRequest { order };
                Ok(client.activate_key(request).await?.into_inner().reply)
            }
        })
        .await
    }

    /// Revokes a key of ours, of any device.
    pub async fn revoke_key(
        &self,
        kid: &Thumbprint,
        reason: RevocationReason,
    ) -> Result<RevokeKeyResult, ClientError> {
        let body = RevokeKeyOrder {
            kid: kid.to_string(),
            reason: reason.to_string(),
        };
        let client = self.registration();
        let draft = Draft::new(method::registration::REVOKE_KEY, body);
        self.order(Service::Registration, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = RevokeKeyRequest { order };
                Ok(client.revoke_key(request).await?.into_inner().reply)
            }
        })
        .await
    }

    /// Our encryption keys, of all devices and states, newest first.
    pub async fn keys(&self) -> Result<Vec<KeySummary>, ClientError> {
        self.signer()?;
        Ok(self
            .registration()
            .list_keys(ListKeysRequest {})
            .await?
            .into_inner()
            .keys)
    }

    async fn begin_key(&self, key: &Jwk) -> Result<BeginKeyResult, ClientError> {
        let jwk = key
            .public()
            .with_member("use", "enc".into())
            .to_value()
            .to_string();
        let body = BeginKeyOrder {
            jwk,
            identifier: self.identifier()?.to_string(),
        };
        let client = self.registration();
        let draft = Draft::new(method::registration::BEGIN_KEY, body);
        self.order(Service::Registration, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = BeginKeyRequest { order };
                Ok(client.begin_key(request).await?.into_inner().reply)
            }
        })
        .await
    }

    fn answer_challenge(&self, key: &Jwk, begun: &BeginKeyResult) -> Result<String, ClientError> {
        let identity = self.signer()?.identity();
        let subject = challenge::Subject {
            installation: self.anchors.installation(),
            session: &begun.session,
            owner: identity.primary(),
            device: identity.device(),
        };
        let nonce = challenge::open(key, &begun.challenge, &subject)
            .map_err(|error| ClientError::not_verified("the challenge", error.reason(), error))?;
        Ok(nonce.to_text().to_string())
    }

    fn bind(
        &self,
        key: &Jwk,
        algorithm: KeyAlgorithm,
        begun: &BeginKeyResult,
        end: Timestamp,
    ) -> Result<String, ClientError> {
        let signer = self.signer()?;
        let now = self.now();
        let end = end.min(signer.certificate().not_after());
        let sequence = begun.sequence.into();
        let mut claims =
            BindingClaims::new(key, vec![algorithm], sequence, begun.status_index, now, end);
        // Our own record, not the service's word, says what vouches for this device.
        let identity = self.home.identity()?;
        if !identity.endorsement.is_empty() {
            claims = claims.with_endorsement(identity.endorsement);
        } else if identity.recovered {
            claims = claims.recovered();
        }
        binding::sign(signer, &claims).map_err(|error| ClientError::Input(error.to_string()))
    }
}
