//! Certificate requests that others decide about, and enrolment codes as they are listed.

use kleis_proto::{method::registration as method, registration::v1 as wire};
use kleis_store::{
    Actor,
    registry::{
        CertificateRequest, EnrolmentCode, RegistryRead as _, RegistryStore, RequestFilter,
    },
};
use kleis_trust::order::Enrolment;
use kleis_types::{RequestState, Timestamp, base64url, random_array};

use super::{Parts, Registration};
use crate::{
    AdmissionError, Behind, Call, Contract, RegistrationError,
    acts::{
        self,
        approvals::{APPROVERS, count},
        codes,
    },
    admission::{self, Evidence},
    command,
    config::Desk,
};

/// A certificate request as those who decide about it see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRequest {
    /// The request.
    pub request: CertificateRequest,
    /// The name of the active registrant behind the identity.
    pub registrant: Option<String>,
    /// Whether the owner has, or had, other devices.
    pub recovers: bool,
    /// How many have approved it, by the rows that say so.
    pub approvals: u32,
    /// How many must.
    pub approvals_needed: u32,
}

/// A page of the certificate requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPage {
    /// The requests, the newest first.
    pub requests: Vec<ListedRequest>,
    /// The place of the last one, if there may be more.
    pub next: Option<u64>,
}

/// An enrolment code as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCode {
    /// The code, of which only a wrapped verifier is known.
    pub code: EnrolmentCode,
    /// `PENDING_APPROVAL`, `ACTIVE`, `USED`, `REVOKED`, `EXPIRED` or `EXHAUSTED`.
    pub state: &'static str,
    /// How many have approved it, by the rows that say so.
    pub approvals: u32,
    /// How many must.
    pub approvals_needed: u32,
}

/// A page of the enrolment codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodePage {
    /// The codes, in the order of their ids.
    pub codes: Vec<ListedCode>,
    /// The id of the last one, if there may be more.
    pub next: Option<String>,
}

impl<S: RegistryStore> Registration<S> {
    /// The contract of an identifier type, and its digest.
    pub fn contract(&self, type_name: &str) -> Option<&(String, Contract)> {
        self.parts.admission.contracts.of(type_name)
    }

    /// Keeps a request until somebody decides about it. Answers the signed reply.
    pub async fn submit_certificate_request(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        let Parts {
            admission,
            types,
            random,
            request_lifetime,
            ..
        } = &*self.parts;
        let method = method::SUBMIT_CERTIFICATE_REQUEST;
        self.newcomer(order, method, call, |order, _| {
            let (body, key, contracts) = (order.body(), order.key(), &admission.contracts);
            let command = command::SubmitRequest::parse(body, key, types, contracts)?;
            self.parts
                .refuse_shared_factor(command.csr.public_key(), "csr")?;
            let work = acts::requests::SubmitRequest {
                command,
                id: base64url::encode(&random_array::<16>(&**random)),
                desk: Desk::new(*request_lifetime),
                approvals: self.parts.approvals(),
            };
            Ok((work, Actor::Unknown))
        })
        .await
    }

    /// Takes a request back, by the key that submitted it. Answers the signed reply.
    pub async fn withdraw_certificate_request(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        let method = method::WITHDRAW_CERTIFICATE_REQUEST;
        self.newcomer(order, method, call, |order, _| {
            let command = command::OwnRequest::parse_withdrawal(order.body(), order.key())?;
            Ok((acts::requests::WithdrawRequest { command }, Actor::Unknown))
        })
        .await
    }

    /// Issues what a request asks for, on proof of identity by a login. Answers the signed reply.
    pub async fn validate_certificate_request(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        let Parts { issuer, types, .. } = &*self.parts;
        let method = method::VALIDATE_CERTIFICATE_REQUEST;
        let read = |order: &Enrolment<_>, _| {
            let command = command::OwnRequest::parse_validation(order.body(), order.key())?;
            let token = self.login(call, order);
            let token = token.ok_or(AdmissionError::LoginRequired)?;
            let actor = token.identifiers.first();
            let actor = actor.map_or(Actor::Unknown, |identifier| Actor::of(identifier, types));
            Ok(((command, token), actor))
        };
        let ((command, token), evidence) = self.admit_newcomer(order, method, call, read)?;
        let request = self
            .store
            .read()
            .await?
            .certificate_request(&command.id)
            .await?;
        let named = request
            .map(|request| request.identifier)
            .filter(|identifier| token.identifiers.contains(identifier));
        let behind = match named {
            Some(identifier) => self.source_says(&identifier).await,
            // The act will refuse it.
            None => Ok(Behind::Register),
        };
        let work = acts::requests::ValidateRequest {
            command,
            token,
            issuer: issuer.clone(),
            types: types.clone(),
            behind,
        };
        self.carry_out(evidence, work).await
    }

    /// Tells the key that submitted a request what has become of it. Answers a signed reply; a
    /// question changes nothing, so nothing of it is kept.
    pub async fn certificate_request(
        &self,
        order: &str,
        call: &Call,
    ) -> Result<String, RegistrationError> {
        let now = self.now();
        let (method, anchors) = (method::GET_CERTIFICATE_REQUEST, &self.parts.anchors);
        let order: Enrolment<wire::GetCertificateRequestOrder> =
            admission::admit_enrolment(order, method, anchors, now)?;
        let command = command::OwnRequest::parse_get(order.body(), order.key())?;
        let mut reader = self.store.read().await?;
        let jkt = order.key().thumbprint();
        let request = reader.certificate_request(&command.id).await?;
        let request = request
            .filter(|request| request.jkt == jkt.as_str())
            .ok_or(AdmissionError::RequestUnknown)?;
        let certificate = match request.state {
            RequestState::Issued => reader.certificate(&request.serial).await?,
            _ => None,
        };
        let result = wire::GetCertificateRequestResult {
            request: request.id.clone(),
            state: standing(&request, now).to_string(),
            expires_at: u32::try_from(request.expires_at.unix()).unwrap_or(u32::MAX),
            reason: request.reason,
            chain: certificate.as_ref().map_or_else(Vec::new, |issued| {
                issued
                    .chain
                    .iter()
                    .map(|der| base64url::encode(der))
                    .collect()
            }),
            serial: request.serial,
            recovered: certificate.is_some_and(|issued| issued.recovered),
        };
        let signer = jkt.to_string();
        let evidence = Evidence::new(&order, method, signer, Actor::Unknown, call, now);
        Ok(self.parts.replies.sign(&evidence, &result)?)
    }

    /// A page of the certificate requests before the place `before` (0: from the newest), for
    /// operators and approvers.
    pub async fn certificate_requests(
        &self,
        call: &Call,
        filter: &RequestFilter,
        before: u64,
        limit: u32,
    ) -> Result<RequestPage, RegistrationError> {
        let mut reader = self.holders_view(call, APPROVERS).await?;
        let now = self.now();
        let needed = self
            .parts
            .approvals()
            .needed(&mut reader, APPROVERS)
            .await?;
        let placed = reader.certificate_requests(filter, before, limit).await?;
        let is_full = u32::try_from(placed.len()).is_ok_and(|length| length == limit);
        let next = placed.last().filter(|_| is_full).map(|(place, _)| *place);
        let mut requests = Vec::with_capacity(placed.len());
        for (_, mut request) in placed {
            request.state = standing(&request, now);
            let resource = CertificateRequest::resource_of(&request.id);
            let registrant = reader.registrant(&request.identifier).await?;
            requests.push(ListedRequest {
                registrant: registrant.filter(|one| one.active).map(|one| one.name),
                recovers: !reader
                    .certificates_of(&request.identifier)
                    .await?
                    .is_empty(),
                approvals: count(reader.approvals(&resource).await?.len()),
                approvals_needed: needed,
                request,
            });
        }
        Ok(RequestPage { requests, next })
    }

    /// A page of the enrolment codes after the id `after` (empty: from the beginning), for
    /// operators and approvers.
    pub async fn enrolment_codes(
        &self,
        call: &Call,
        after: &str,
        limit: u32,
    ) -> Result<CodePage, RegistrationError> {
        let mut reader = self.holders_view(call, APPROVERS).await?;
        let found = reader.enrolment_codes(after, limit).await?;
        let is_full = u32::try_from(found.len()).is_ok_and(|length| length == limit);
        let next = found.last().filter(|_| is_full).map(|last| last.id.clone());
        let needed = self
            .parts
            .approvals()
            .needed(&mut reader, APPROVERS)
            .await?;
        let mut listed = Vec::with_capacity(found.len());
        for code in found {
            let resource = EnrolmentCode::resource_of(&code.id);
            let approvals = count(reader.approvals(&resource).await?.len());
            listed.push(ListedCode {
                state: code_state(&code, approvals, needed, self.now()),
                approvals,
                approvals_needed: needed,
                code,
            });
        }
        Ok(CodePage {
            codes: listed,
            next,
        })
    }
}

/// The state of a request now: one whose time is over may not have been swept yet.
fn standing(request: &CertificateRequest, now: Timestamp) -> RequestState {
    match request.state {
        RequestState::PendingApproval if request.expires_at <= now => RequestState::Expired,
        state => state,
    }
}

fn code_state(code: &EnrolmentCode, approvals: u32, needed: u32, now: Timestamp) -> &'static str {
    if code.used_at.is_some() {
        "USED"
    } else if code.revoked_at.is_some() {
        codes::REVOKED
    } else if code.expires_at <= now {
        "EXPIRED"
    } else if code.attempts_left == 0 {
        "EXHAUSTED"
    } else if code.identifier.is_some() && needed > 1 && approvals < needed {
        codes::PENDING_APPROVAL
    } else {
        codes::ACTIVE
    }
}
