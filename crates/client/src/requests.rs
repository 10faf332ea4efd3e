//! Certificates that others decide about: a request is submitted now, and its certificate is fetched later.

use kleis_jose::Jwk;
use kleis_pki::Csr;
use kleis_proto::method::registration as method;
use kleis_proto::registration::v1::{
    EnrolResult, GetCertificateRequestOrder, GetCertificateRequestRequest,
    GetCertificateRequestResult, GetContractRequest, SubmitCertificateRequestOrder,
    SubmitCertificateRequestRequest, SubmitCertificateRequestResult,
    ValidateCertificateRequestOrder, ValidateCertificateRequestRequest,
    ValidateCertificateRequestResult, WithdrawCertificateRequestOrder,
    WithdrawCertificateRequestRequest, WithdrawCertificateRequestResult,
};
use kleis_trust::order::{self, Draft, SignedOrder};
use kleis_types::{DeviceId, Identifier, RequestState, Service, Timestamp, base64url};
use serde::{Deserialize, Serialize};

use crate::enrol::csr_for;
use crate::home::Pending;
use crate::{ClientError, HomeError, IdentityFile, Kleis};

/// A contract that whoever asks for a certificate accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// SHA-256 of its bytes, base64url: what an order that accepts it names.
    pub digest: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub text: Vec<u8>,
}

/// A request for a certificate without a proof of identity.
#[derive(Debug)]
pub struct RequestDraft {
    /// The identity.
    pub identifier: Identifier,
    /// The device.
    pub device: DeviceId,
    /// The PKCS#10 request; `None` makes one for the home's authentication key.
    pub csr: Option<Csr>,
    /// The digest of the contract that is accepted; empty where there is none.
    pub contract: String,
}

/// The request that this home waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenRequest {
    /// Its id.
    pub request: String,
    /// The identity.
    pub identifier: Identifier,
    /// The device.
    pub device: DeviceId,
}

/// Where a request stands.
#[derive(Debug, Clone)]
pub struct RequestStatus {
    /// What was asked for.
    pub request: OpenRequest,
    /// The thumbprint of the key, which approvers compare.
    pub jkt: String,
    /// Its state.
    pub state: RequestState,
    /// Until when it can be decided about.
    pub expires_at: Timestamp,
    /// Why it was rejected; empty otherwise.
    pub reason: String,
    /// How many must approve it; known when it is submitted.
    pub approvals_needed: Option<u32>,
    /// The certificate, which the home has kept.
    pub identity: Option<IdentityFile>,
}

impl Kleis {
    /// The contract of an identifier type, if it has one.
    ///
    /// # Errors
    /// [`ClientError::NotVerified`] when the text is not the one of the digest that came with it.
    pub async fn contract(&self, type_name: &str) -> Result<Option<Contract>, ClientError> {
        let request = GetContractRequest {
            r#type: type_name.to_owned(),
        };
        let answer = self.registration().get_contract(request).await?;
        let answer = answer.into_inner();
        if answer.digest.is_empty() {
            return Ok(None);
        }
        let digest = base64url::encode(&kleis_jose::digest::sha256(&answer.text));
        if digest != answer.digest {
            let (what, detail) = ("the contract", "it is not the text of its digest");
            return Err(ClientError::not_verified(what, "OTHER_TEXT", detail));
        }
        Ok(Some(Contract {
            digest,
            media_type: answer.media_type,
            text: answer.text,
        }))
    }

    /// Asks the operators and approvers for a certificate for the home's authentication key. An order whose answer was lost, even by an
    /// earlier process, is sent again in the same bytes.
    ///
    /// # Errors
    /// [`HomeError::AlreadyEnrolled`]; [`ClientError::Refused`]; [`ClientError::Input`] while another request of this home waits.
    pub async fn submit_request(&self, draft: RequestDraft) -> Result<RequestStatus, ClientError> {
        if self.home.is_enrolled() {
            return Err(HomeError::AlreadyEnrolled(self.home.dir().to_owned()).into());
        }
        if self.home.open_request()?.is_some() {
            let detail = "a certificate request of this home waits already";
            return Err(ClientError::Input(detail.to_owned()));
        }
        let key = self.home.auth_key()?;
        let csr = csr_for(&key, draft.csr.as_ref())?;
        let body = SubmitCertificateRequestOrder {
            identifier: draft.identifier.to_string(),
            device: draft.device.to_string(),
            csr: base64url::encode(csr.der()),
            contract: draft.contract,
        };
        let method = method::SUBMIT_CERTIFICATE_REQUEST;
        let purpose = format!("{method}:{}:{}", draft.identifier, draft.device);
        let kept = self.home.pending(&purpose)?;
        let kept = kept.and_then(|pending| SignedOrder::restore(&pending.order).ok());
        let order = if let Some(order) = kept {
            order
        } else {
            let order = self.sign_as_newcomer(&key, &Draft::new(method, body))?;
            let pending = Pending {
                order: order.compact().to_owned(),
                reply_key: None,
            };
            self.home
                .save_pending(&purpose, &pending, self.random.as_ref())?;
            order
        };
        let result = self.send_submission(&order).await;
        if let Ok(result) = &result {
            let open = OpenRequest {
                request: result.request.clone(),
                identifier: draft.identifier.clone(),
                device: draft.device.clone(),
            };
            self.home.save_open_request(&open)?;
        }
        let result = self.settled(&purpose, result)?;
        Ok(RequestStatus {
            request: OpenRequest {
                request: result.request,
                identifier: draft.identifier,
                device: draft.device,
            },
            jkt: key.thumbprint().to_string(),
            state: state(&result.state)?,
            expires_at: Timestamp::from_unix(result.expires_at.into()),
            reason: String::new(),
            approvals_needed: Some(result.approvals_needed),
            identity: None,
        })
    }

    async fn send_submission(
        &self,
        order: &SignedOrder,
    ) -> Result<SubmitCertificateRequestResult, ClientError> {
        let client = self.registration();
        self.newcomers(method::SUBMIT_CERTIFICATE_REQUEST, order, |order| {
            let mut client = client.clone();
            async move {
                let request = SubmitCertificateRequestRequest { order };
                let answer = client.submit_certificate_request(request).await?;
                Ok(answer.into_inner().reply)
            }
        })
        .await
    }

    /// Asks what has become of this home's request. A certificate that was issued is verified and kept, and the home is enrolled.
    ///
    /// # Errors
    /// [`ClientError::Input`] if the home has no request; [`ClientError::NotVerified`] when the certificate is not the one asked for.
    pub async fn request_status(&self) -> Result<RequestStatus, ClientError> {
        let (open, key) = self.own_request()?;
        let body = GetCertificateRequestOrder {
            request: open.request.clone(),
        };
        let order =
            self.sign_as_newcomer(&key, &Draft::new(method::GET_CERTIFICATE_REQUEST, body))?;
        let client = self.registration();
        let result: GetCertificateRequestResult = self
            .newcomers(method::GET_CERTIFICATE_REQUEST, &order, |order| {
                let mut client = client.clone();
                async move {
                    let request = GetCertificateRequestRequest { order };
                    let answer = client.get_certificate_request(request).await?;
                    Ok(answer.into_inner().reply)
                }
            })
            .await?;
        let state = state(&result.state)?;
        let identity = match state {
            RequestState::Issued => {
                let issued = EnrolResult {
                    chain: result.chain,
                    serial: result.serial,
                    endorsement: String::new(),
                    recovered: result.recovered,
                };
                Some(self.keep_issued(&open, &key, issued)?)
            }
            _ => None,
        };
        if state.is_final() {
            self.home.remove_open_request()?;
        }
        Ok(RequestStatus {
            request: open,
            jkt: key.thumbprint().to_string(),
            state,
            expires_at: Timestamp::from_unix(result.expires_at.into()),
            reason: result.reason,
            approvals_needed: None,
            identity,
        })
    }

    /// Takes this home's request back.
    ///
    /// # Errors
    /// As [`Kleis::request_status`].
    pub async fn withdraw_request(&self) -> Result<OpenRequest, ClientError> {
        let (open, key) = self.own_request()?;
        let body = WithdrawCertificateRequestOrder {
            request: open.request.clone(),
        };
        let method = method::WITHDRAW_CERTIFICATE_REQUEST;
        let order = self.sign_as_newcomer(&key, &Draft::new(method, body))?;
        let client = self.registration();
        let _: WithdrawCertificateRequestResult = self
            .newcomers(method, &order, |order| {
                let mut client = client.clone();
                async move {
                    let request = WithdrawCertificateRequestRequest { order };
                    let answer = client.withdraw_certificate_request(request).await?;
                    Ok(answer.into_inner().reply)
                }
            })
            .await?;
        self.home.remove_open_request()?;
        Ok(open)
    }

    /// Proves by the access token of this client, bound to the home's key, whose this home's request is. The certificate is kept.
    ///
    /// # Errors
    /// As [`Kleis::request_status`].
    pub async fn validate_request(&self) -> Result<IdentityFile, ClientError> {
        let (open, key) = self.own_request()?;
        let body = ValidateCertificateRequestOrder {
            request: open.request.clone(),
        };
        let method = method::VALIDATE_CERTIFICATE_REQUEST;
        let draft = self.naming_token(Draft::new(method, body)).await?;
        let order = self.sign_as_newcomer(&key, &draft)?;
        let client = self.registration();
        let result: ValidateCertificateRequestResult = self
            .newcomers(method, &order, |order| {
                let mut client = client.clone();
                async move {
                    let request = ValidateCertificateRequestRequest { order };
                    let answer = client.validate_certificate_request(request).await?;
                    Ok(answer.into_inner().reply)
                }
            })
            .await?;
        let issued = EnrolResult {
            chain: result.chain,
            serial: result.serial,
            endorsement: String::new(),
            recovered: result.recovered,
        };
        let identity = self.keep_issued(&open, &key, issued)?;
        self.home.remove_open_request()?;
        Ok(identity)
    }

    fn own_request(&self) -> Result<(OpenRequest, Jwk), ClientError> {
        let open = self.home.open_request()?.ok_or_else(|| {
            let detail = "this home waits for no certificate: run `kleis request submit`";
            ClientError::Input(detail.to_owned())
        })?;
        Ok((open, self.home.auth_key()?))
    }

    fn keep_issued(
        &self,
        open: &OpenRequest,
        key: &Jwk,
        issued: EnrolResult,
    ) -> Result<IdentityFile, ClientError> {
        let identity = self.accept(&open.identifier, &open.device, key, issued)?;
        self.home.save_identity(&identity)?;
        Ok(identity)
    }

    /// Signs an order by a key that has no certificate yet.
    pub(crate) fn sign_as_newcomer<B: Serialize>(
        &self,
        key: &Jwk,
        draft: &Draft<'_, B>,
    ) -> Result<SignedOrder, ClientError> {
        let (installation, now) = (self.anchors.installation(), self.now());
        order::sign_enrolment(key, installation, draft, now, self.random.as_ref())
            .map_err(|error| ClientError::Input(error.to_string()))
    }

    /// Sends the order of a key that has no certificate yet, and verifies the reply.
    async fn newcomers<R, F>(
        &self,
        method: &str,
        order: &SignedOrder,
        call: impl Fn(String) -> F + Sync,
    ) -> Result<R, ClientError>
    where
        R: serde::de::DeserializeOwned,
        F: Future<Output = Result<String, tonic::Status>>,
    {
        let reply = self.send(order, call).await?;
        self.verify_reply(&reply, Service::Registration, method, order)
            .await
    }
}

fn state(name: &str) -> Result<RequestState, ClientError> {
    name.parse().map_err(|_| {
        let (what, detail) = ("the reply of registration", "an unknown state of a request");
        ClientError::not_verified(what, "STATE", detail)
    })
}
