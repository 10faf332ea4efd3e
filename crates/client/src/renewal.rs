//! The next certificate of this device, for a new key, and the encryption keys bound anew with it.

use kleis_jose::{Jwk, KeyType, jwe, jws::Compact};
use kleis_pki::Csr;
use kleis_proto::method::registration as method;
use kleis_proto::registration::v1::{
    EnrolResult, RenewCertificateOrder, RenewCertificateRequest, RenewCertificateResult,
};
use kleis_trust::endorsement;
use kleis_trust::order::{Draft, SignedOrder};
use kleis_types::{ErrorCode, KeyState, RevocationReason, Service, Timestamp, base64url};

use crate::home::Pending;
use crate::{ClientError, IdentityFile, KeySummary, Kleis};

/// The longest binding that is read, in bytes.
const MAX_BINDING: usize = 64 * 1024;

/// How a certificate is to be renewed.
#[derive(Debug, Clone)]
pub struct RenewOptions {
    /// The kind of the new authentication key.
    pub key_type: KeyType,
    /// The digest of the contract that is accepted; empty where there is none.
    pub contract: String,
    /// The endorsement of the new key by a sibling, where the device cannot endorse itself any more: for the key that
    /// [`crate::Home::next_auth_key`] has made.
    pub endorsement: Option<String>,
}

/// What the end of a renewal has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebound {
    /// The serial number of the certificate that is out of use now.
    pub replaced: String,
    /// The encryption keys that the new certificate binds.
    pub kids: Vec<String>,
}

impl Kleis {
    /// Gets the certificate that follows this home's, for a new key, and makes it the home's own. The one before stays in use until
    /// [`Kleis::finish_renewal`] of a client that was opened after this.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with `RENEWAL_NOT_DUE` before the replacement period; [`ClientError::NotVerified`] when the certificate that
    /// came is not the one asked for; [`ClientError::Input`] while a renewal is not finished.
    pub async fn renew_certificate(
        &self,
        options: RenewOptions,
    ) -> Result<IdentityFile, ClientError> {
        let former = self.home.identity()?;
        if former.replaces.is_some() {
            let detail = "the renewal before this one is not finished: finish it first";
            return Err(ClientError::Input(detail.to_owned()));
        }
        let key = self
            .home
            .next_auth_key(options.key_type, self.random.as_ref())?;
        let purpose = format!("{}:{}", method::RENEW_CERTIFICATE, key.thumbprint());
        let order = match self.home.pending(&purpose)? {
            Some(pending) => SignedOrder::restore(&pending.order).ok(),
            None => None,
        };
        let mut result = None;
        if let Some(order) = order {
            let answer = self.send_renewal(&order).await;
            if answer.as_ref().is_err_and(ClientError::is_refusal) {
                // Too old to be answered again: asked anew below.
                self.home.settle_pending(&purpose)?;
            } else {
                result = Some(answer?);
            }
        }
        let result = match result {
            Some(result) => result,
            None => self.ask_renewal(&former, &key, options, &purpose).await?,
        };
        if result.replaces != former.serial {
            let (what, detail) = (
                "the reply of registration",
                "it replaces another certificate",
            );
            return Err(ClientError::not_verified(what, "OTHER_CERTIFICATE", detail));
        }
        let issued = EnrolResult {
            chain: result.chain,
            serial: result.serial,
            endorsement: result.endorsement,
            recovered: result.recovered,
        };
        let identity = self.accept(&former.identifier, &former.device, &key, issued)?;
        let identity = self.home.adopt(identity, &former)?;
        self.home.settle_pending(&purpose)?;
        Ok(identity)
    }

    async fn ask_renewal(
        &self,
        former: &IdentityFile,
        key: &Jwk,
        options: RenewOptions,
        purpose: &str,
    ) -> Result<RenewCertificateResult, ClientError> {
        let endorsement = match options.endorsement {
            Some(sibling) => sibling,
            None if former.endorsement.is_empty() => String::new(),
            None => self.endorse_next(former, key)?,
        };
        let certificate = self.signer()?.certificate();
        // Named, for the order is signed by the key before: nobody else's order carries it.
        let csr = certificate
            .subject_for(&former.identifier)
            .map_err(|error| ClientError::Input(error.to_string()))
            .and_then(|subject| {
                Csr::create_for(key, &subject)
                    .map_err(|error| ClientError::Input(error.to_string()))
            })?;
        let body = RenewCertificateOrder {
            csr: base64url::encode(csr.der()),
            endorsement,
            contract: options.contract,
        };
        let order = self
            .sign(Draft::new(method::RENEW_CERTIFICATE, body))
            .await?;
        let pending = Pending {
            order: order.compact().to_owned(),
            reply_key: None,
        };
        self.home
            .save_pending(purpose, &pending, self.random.as_ref())?;
        let result = self.send_renewal(&order).await;
        if result.as_ref().is_err_and(ClientError::is_refusal) {
            self.home.settle_pending(purpose)?;
        }
        result
    }

    fn endorse_next(&self, former: &IdentityFile, key: &Jwk) -> Result<String, ClientError> {
        let (signer, jkt) = (self.signer()?, key.thumbprint());
        let made = endorsement::sign_successor(signer, &former.endorsement, &jkt, self.now());
        let made = made.map_err(|error| ClientError::Input(error.to_string()))?;
        if made.len() > endorsement::MAX_SIZE {
            let detail =
                "this device has endorsed itself often enough: let a sibling endorse the next key";
            return Err(ClientError::Input(detail.to_owned()));
        }
        Ok(made)
    }

    async fn send_renewal(
        &self,
        order: &SignedOrder,
    ) -> Result<RenewCertificateResult, ClientError> {
        let client = self.registration();
        let reply = self
            .send(order, |order| {
                let mut client = client.clone();
                async move {
                    let request = RenewCertificateRequest { order };
                    Ok(client.renew_certificate(request).await?.into_inner().reply)
                }
            })
            .await?;
        let method = method::RENEW_CERTIFICATE;
        self.verify_reply(&reply, Service::Registration, method, order)
            .await
    }

    /// Binds with this home's new certificate the encryption keys that the one before has bound, and puts that one out of use. Does nothing
    /// where there is nothing to finish; what was interrupted goes on.
    pub async fn finish_renewal(&self) -> Result<Option<Rebound>, ClientError> {
        let identity = self.home.identity()?;
        let Some(replaced) = identity.replaces else {
            return Ok(None);
        };
        let own = self.signer()?.certificate().x5t_s256().to_owned();
        let certificates = self.certificates().await?;
        let former = certificates.iter().find(|one| one.serial == replaced);
        let former_end = former.map_or(i64::MAX, |former| former.not_after);
        let mut kids = Vec::new();
        for summary in self.keys().await? {
            let is_ours = summary.device == identity.device.as_str();
            let lives = [KeyState::Active, KeyState::PendingActivation]
                .iter()
                .any(|state| state.as_str() == summary.state);
            if is_ours && lives {
                if !is_bound_by(&summary, &own) {
                    self.bind_anew(&summary, former_end).await?;
                }
                kids.push(summary.kid);
            }
        }
        let reason = RevocationReason::Superseded;
        match self.revoke_certificate(&replaced, reason).await {
            // Ended by itself, or revoked in the meantime.
            Err(ClientError::Refused { problem, .. })
                if problem.code() == ErrorCode::StateConflict => {}
            revoked => drop(revoked?),
        }
        self.home.forget_replaced()?;
        Ok(Some(Rebound { replaced, kids }))
    }

    /// A key that was good as long as its certificate is good as long as the next one; one that was to end before, ends then.
    async fn bind_anew(&self, summary: &KeySummary, former_end: i64) -> Result<(), ClientError> {
        let kid = summary.kid.parse().map_err(|_| {
            let (what, detail) = ("the list of keys", "a key without a proper id");
            ClientError::not_verified(what, "KID", detail)
        })?;
        let key = self.home.decryption_key(&kid)?.ok_or_else(|| {
            let detail =
                format!("the private key {kid} is not in this home: revoke it, or put it back");
            ClientError::Input(detail)
        })?;
        let algorithm = jwe::default_algorithm(&key).ok_or_else(|| {
            ClientError::Input("this kind of key cannot be encrypted to".to_owned())
        })?;
        let end = if summary.expires_at >= former_end {
            self.signer()?.certificate().not_after()
        } else {
            Timestamp::from_unix(summary.expires_at)
        };
        self.register_key(&key, algorithm, end, false)
            .await
            .map(drop)
    }
}

/// Whether the binding of a key names this certificate. What cannot be read is bound anew.
fn is_bound_by(summary: &KeySummary, x5t: &str) -> bool {
    let key = Jwk::from_slice(summary.jwk.as_bytes()).ok();
    let binding = key
        .as_ref()
        .and_then(|key| key.member("kleis_binding"))
        .and_then(|value| value.as_str());
    binding
        .and_then(|binding| Compact::parse(binding, MAX_BINDING).ok())
        .is_some_and(|binding| binding.header().x5t_s256() == Some(x5t))
}
