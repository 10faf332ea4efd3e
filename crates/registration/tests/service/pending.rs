//! Certificate requests that wait for a decision.

use kleis_jose::{Jwk, KeyType};
use kleis_pki::Csr;
use kleis_proto::{
    method::{registration as method, registration_admin as admin},
    registration::v1 as wire,
};
use kleis_registration::{Admission, Call, Contract, Contracts};
use kleis_store::registry::RequestFilter;
use kleis_trust::test_util::private_key;
use kleis_types::{ErrorCode, Problem, RequestState, base64url};

use crate::{
    house::{DAY, House, JOHN, MARY, call_of, id},
    people::{Device, at, device, plain},
    roles::grant,
};

/// The order that asks for a certificate of `identity` for `key`.
pub(crate) fn submission(
    identity: &str,
    name: &str,
    key: &Jwk,
) -> wire::SubmitCertificateRequestOrder {
    wire::SubmitCertificateRequestOrder {
        identifier: identity.to_owned(),
        device: name.to_owned(),
        csr: base64url::encode(Csr::create(key).unwrap().der()),
        contract: String::new(),
    }
}

/// What an approver orders who has read the request and compared the key.
pub(crate) fn approval(
    request: &str,
    identity: &str,
    name: &str,
    key: &Jwk,
) -> wire::ApproveCertificateRequestOrder {
    wire::ApproveCertificateRequestOrder {
        request: request.to_owned(),
        identifier: identity.to_owned(),
        device: name.to_owned(),
        jkt: key.thumbprint().to_string(),
    }
}

impl House {
    pub(crate) async fn submit(&self, identity: &str, key: &Jwk) -> Result<String, Problem> {
        let body = submission(identity, "main", key);
        let result: wire::SubmitCertificateRequestResult = self
            .newcomer(key, method::SUBMIT_CERTIFICATE_REQUEST, body)
            .await?;
        assert_eq!(result.state, "PENDING_APPROVAL");
        assert!((1..=self.admission.approvals).contains(&result.approvals_needed));
        Ok(result.request)
    }

    pub(crate) async fn approve(
        &self,
        approver: &Device,
        body: wire::ApproveCertificateRequestOrder,
    ) -> Result<wire::ApproveCertificateRequestResult, Problem> {
        let method = admin::APPROVE_CERTIFICATE_REQUEST;
        self.order(&approver.signer, method, body).await
    }

    async fn reject(&self, by: &Device, request: &str, reason: &str) -> Result<(), Problem> {
        let body = wire::RejectCertificateRequestOrder {
            request: request.to_owned(),
            reason: reason.to_owned(),
        };
        let method = admin::REJECT_CERTIFICATE_REQUEST;
        let result: wire::RejectCertificateRequestResult =
            self.order(&by.signer, method, body).await?;
        assert_eq!(result.state, "REJECTED");
        Ok(())
    }

    async fn withdraw_request(&self, key: &Jwk, request: &str) -> Result<(), Problem> {
        let body = wire::WithdrawCertificateRequestOrder {
            request: request.to_owned(),
        };
        let method = method::WITHDRAW_CERTIFICATE_REQUEST;
        let result: wire::WithdrawCertificateRequestResult =
            self.newcomer(key, method, body).await?;
        assert_eq!(result.state, "WITHDRAWN");
        Ok(())
    }

    /// What has become of a request, as the key that asked is told.
    pub(crate) async fn told_of(
        &self,
        key: &Jwk,
        request: &str,
    ) -> Result<wire::GetCertificateRequestResult, Problem> {
        let body = wire::GetCertificateRequestOrder {
            request: request.to_owned(),
        };
        self.newcomer(key, method::GET_CERTIFICATE_REQUEST, body)
            .await
    }
}

/// The device of a request that was issued.
pub(crate) fn issued(key: &Jwk, told: &wire::GetCertificateRequestResult) -> Device {
    assert_eq!(told.state, "ISSUED");
    let result = wire::EnrolResult {
        chain: told.chain.clone(),
        serial: told.serial.clone(),
        endorsement: String::new(),
        recovered: told.recovered,
    };
    device(key, &result)
}

async fn house() -> (House, Device) {
    let house = House::new().await;
    let jane = house.bootstrap().await;
    house.register(&jane, &[JOHN], true).await.unwrap();
    (house, jane)
}

#[tokio::test]
async fn a_request_waits_until_an_approver_has_read_it() {
    let (house, jane) = house().await;
    let key = house.key(KeyType::P256);
    let request = house.submit(JOHN, &key).await.unwrap();
    let waiting = house.told_of(&key, &request).await.unwrap();
    assert_eq!(waiting.state, "PENDING_APPROVAL");
    assert!(waiting.chain.is_empty() && waiting.serial.is_empty());

    let result = house
        .approve(&jane, approval(&request, JOHN, "main", &key))
        .await
        .unwrap();
    assert_eq!((result.state.as_str(), result.approvals), ("ISSUED", 1));
    let told = house.told_of(&key, &request).await.unwrap();
    let john = issued(&key, &told);
    assert_eq!(result.serial, john.serial());
    assert!(!john.recovered);
    assert_eq!(john.owner(), &id(JOHN));
    // It is a certificate like any other.
    house.publish(&john).await;
    house.check_audit().await;
}

#[tokio::test]
async fn the_answer_survives_a_restart_and_the_same_order_again() {
    let (mut house, jane) = house().await;
    let key = house.key(KeyType::P256);
    let (method, body) = (
        method::SUBMIT_CERTIFICATE_REQUEST,
        submission(JOHN, "main", &key),
    );
    let order = house.sign_enrolment(method, &key, body);
    let call = Call::default();
    let first: wire::SubmitCertificateRequestResult =
        house.send(method, &order, &call).await.unwrap();
    house.restart().await;
    let again: wire::SubmitCertificateRequestResult =
        house.send(method, &order, &call).await.unwrap();
    assert_eq!(first.request, again.request);
    let request = first.request;
    house
        .approve(&jane, approval(&request, JOHN, "main", &key))
        .await
        .unwrap();
    house.restart().await;
    issued(&key, &house.told_of(&key, &request).await.unwrap());
}

#[tokio::test]
async fn an_approval_is_of_what_was_read() {
    let (house, jane) = house().await;
    let (key, other) = (house.key(KeyType::P256), house.key(KeyType::P256));
    let request = house.submit(JOHN, &key).await.unwrap();
    let good = approval(&request, JOHN, "main", &key);
    let cases = [
        (
            wire::ApproveCertificateRequestOrder {
                identifier: MARY.to_owned(),
                ..good.clone()
            },
            at(ErrorCode::StateConflict, "identifier"),
        ),
        (
            wire::ApproveCertificateRequestOrder {
                device: "phone".to_owned(),
                ..good.clone()
            },
            at(ErrorCode::StateConflict, "device"),
        ),
        (
            approval(&request, JOHN, "main", &other),
            at(ErrorCode::StateConflict, "jkt"),
        ),
        (
            wire::ApproveCertificateRequestOrder {
                jkt: "x".to_owned(),
                ..good.clone()
            },
            at(ErrorCode::OrderBodyInvalid, "jkt"),
        ),
        (
            approval("x", JOHN, "main", &key),
            at(ErrorCode::OrderBodyInvalid, "request"),
        ),
        (
            approval("AAAAAAAAAAAAAAAAAAAAAA", JOHN, "main", &key),
            at(ErrorCode::NotFound, "request"),
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(house.refuses(house.approve(&jane, body)).await, expected);
    }
    // Empty means `main`, here as there.
    let by_default = wire::ApproveCertificateRequestOrder {
        device: String::new(),
        ..good
    };
    house.approve(&jane, by_default).await.unwrap();
}

#[tokio::test]
async fn only_operators_and_approvers_decide_and_not_about_themselves() {
    let (house, jane) = house().await;
    let mary = house.welcome(&jane, &[MARY], MARY, "main").await;
    let key = house.key(KeyType::P256);
    let request = house.submit(JOHN, &key).await.unwrap();
    let good = || approval(&request, JOHN, "main", &key);
    let denied = plain(ErrorCode::PermissionDenied);
    assert_eq!(house.refuses(house.approve(&mary, good())).await, denied);
    let rejected = house.reject(&mary, &request, "no");
    assert_eq!(house.refuses(rejected).await, denied);
    for role in ["auditor", "approver"] {
        grant(&house, &jane, MARY, role).await.unwrap();
        let is_approver = role == "approver";
        let (call, all) = (call_of(&mary.signer), RequestFilter::default());
        let list = house.registration.certificate_requests(&call, &all, 0, 9);
        assert_eq!(list.await.is_ok(), is_approver, "{role}");
    }
    // An approver is not an operator, and does not decide about themselves.
    assert_eq!(
        house.refuses(house.code(&mary, JOHN)).await,
        denied,
        "an approver makes no codes"
    );
    let own_key = house.key(KeyType::P256);
    let own = house.submit(MARY, &own_key).await.unwrap();
    let own_cause = house.approve(&mary, approval(&own, MARY, "main", &own_key));
    assert_eq!(house.refuses(own_cause).await, denied);
    house.approve(&mary, good()).await.unwrap();
    house.check_audit().await;
}

#[tokio::test]
async fn a_request_that_has_come_to_its_end_stays_there() {
    let (house, jane) = house().await;
    let conflict = plain(ErrorCode::StateConflict);
    for end in ["REJECTED", "WITHDRAWN", "EXPIRED", "ISSUED"] {
        let key = house.key(KeyType::P256);
        let request = house.submit(JOHN, &key).await.unwrap();
        let good = || approval(&request, JOHN, "main", &key);
        match end {
            "REJECTED" => house.reject(&jane, &request, "Not yours.").await.unwrap(),
            "WITHDRAWN" => house.withdraw_request(&key, &request).await.unwrap(),
            "EXPIRED" => {
                house.clock.advance(14 * DAY);
                // Before it is swept, and after.
                assert_eq!(house.refuses(house.approve(&jane, good())).await, conflict);
                assert_eq!(house.told_of(&key, &request).await.unwrap().state, end);
                let swept = house.registration.sweep(house.now()).await.unwrap();
                assert_eq!(swept.requests, 1);
            }
            _ => drop(house.approve(&jane, good()).await.unwrap()),
        }
        let told = house.told_of(&key, &request).await.unwrap();
        assert_eq!(told.state, end);
        assert_eq!(told.reason == "Not yours.", end == "REJECTED");
        assert_eq!(house.refuses(house.approve(&jane, good())).await, conflict);
        let rejected = house.reject(&jane, &request, "no");
        assert_eq!(house.refuses(rejected).await, conflict);
        let withdrawn = house.withdraw_request(&key, &request);
        assert_eq!(house.refuses(withdrawn).await, conflict);
    }
    house.check_audit().await;
}

#[tokio::test]
async fn a_request_is_the_business_of_the_key_that_asked() {
    let (house, _) = house().await;
    let (key, other) = (house.key(KeyType::P256), house.key(KeyType::P256));
    let request = house.submit(JOHN, &key).await.unwrap();
    let unknown = at(ErrorCode::NotFound, "request");
    assert_eq!(
        house.refuses(house.told_of(&other, &request)).await,
        unknown
    );
    let withdrawn = house.withdraw_request(&other, &request);
    assert_eq!(house.refuses(withdrawn).await, unknown);
    let nobodys = "AAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(house.refuses(house.told_of(&key, nobodys)).await, unknown);
    // A question is no write.
    let before = house.footprint().await;
    house.told_of(&key, &request).await.unwrap();
    assert_eq!(house.footprint().await, before);
}

#[tokio::test]
async fn what_cannot_become_a_certificate_is_refused_at_once_or_by_the_approval() {
    let (house, jane) = house().await;
    let key = house.key(KeyType::P256);
    let send = async |key: &Jwk, body| -> Result<wire::SubmitCertificateRequestResult, Problem> {
        let method = method::SUBMIT_CERTIFICATE_REQUEST;
        house.newcomer(key, method, body).await
    };
    let good = submission(JOHN, "main", &key);
    let other = house.key(KeyType::P256);
    let cases = [
        (
            submission(JOHN, "main", &other),
            at(ErrorCode::SignerMismatch, "csr"),
        ),
        (
            wire::SubmitCertificateRequestOrder {
                csr: "AAAA".to_owned(),
                ..good.clone()
            },
            at(ErrorCode::CsrMalformed, "csr"),
        ),
        (
            submission("SERVICE:custody", "main", &key),
            at(ErrorCode::IdentifierInvalid, "identifier"),
        ),
        (
            submission(JOHN, "a b", &key),
            at(ErrorCode::DeviceInvalid, "device"),
        ),
        (
            wire::SubmitCertificateRequestOrder {
                contract: "x".to_owned(),
                ..good.clone()
            },
            at(ErrorCode::ContractNotAccepted, "contract"),
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(house.refuses(send(&key, body)).await, expected);
    }
    // A key that was used for anything, and one that asks already.
    let used = private_key(&jane.signer).clone();
    let refused = house.refuses(send(&used, submission(JOHN, "main", &used)));
    assert_eq!(refused.await, at(ErrorCode::KeyInUse, "csr"));
    house.submit(JOHN, &key).await.unwrap();
    let refused = house.refuses(send(&key, submission(JOHN, "phone", &key)));
    assert_eq!(refused.await, at(ErrorCode::KeyInUse, "csr"));
    // Whom nobody knows may ask; the answer tells nothing, and nothing is issued.
    let stranger = house.key(KeyType::P256);
    let request = house.submit(MARY, &stranger).await.unwrap();
    let approved = house.approve(&jane, approval(&request, MARY, "main", &stranger));
    let inactive = plain(ErrorCode::RegistrantInactive);
    assert_eq!(house.refuses(approved).await, inactive);
}

#[tokio::test]
async fn so_many_wait_for_an_identity_and_no_more() {
    let (house, jane) = house().await;
    let mut requests = Vec::new();
    for _ in 0..5 {
        let key = house.key(KeyType::P256);
        requests.push((house.submit(JOHN, &key).await.unwrap(), key));
    }
    let key = house.key(KeyType::P256);
    let refused = house.refuses(house.submit(JOHN, &key)).await;
    assert_eq!(refused, plain(ErrorCode::RequestsPending));
    house.submit(MARY, &house.key(KeyType::P256)).await.unwrap();
    let (first, _) = &requests[0];
    house
        .reject(&jane, first, "Which one is it?")
        .await
        .unwrap();
    house.submit(JOHN, &key).await.unwrap();
}

#[tokio::test]
async fn an_approved_device_beside_others_is_marked_as_recovered() {
    let (house, jane) = house().await;
    let key = house.key(KeyType::P256);
    let request = house.submit(JOHN, &key).await.unwrap();
    house
        .approve(&jane, approval(&request, JOHN, "main", &key))
        .await
        .unwrap();
    // The same device again: not while it has a certificate.
    let second = house.key(KeyType::P256);
    let request = house.submit(JOHN, &second).await.unwrap();
    let good = approval(&request, JOHN, "main", &second);
    let refused = house.refuses(house.approve(&jane, good)).await;
    assert_eq!(refused, plain(ErrorCode::CertificateExists));
    let third = house.key(KeyType::P256);
    let method = method::SUBMIT_CERTIFICATE_REQUEST;
    let body = submission(JOHN, "phone", &third);
    let result: wire::SubmitCertificateRequestResult =
        house.newcomer(&third, method, body).await.unwrap();
    let good = approval(&result.request, JOHN, "phone", &third);
    house.approve(&jane, good).await.unwrap();
    let phone = issued(
        &third,
        &house.told_of(&third, &result.request).await.unwrap(),
    );
    assert!(phone.recovered);
}

#[tokio::test]
async fn requests_are_listed_in_pages_with_what_an_approver_must_know() {
    let (house, jane) = house().await;
    house.welcome(&jane, &[MARY], MARY, "phone").await;
    for identity in [JOHN, MARY, "SSIN:17073003384"] {
        house
            .submit(identity, &house.key(KeyType::P256))
            .await
            .unwrap();
    }
    let call = call_of(&jane.signer);
    let all = RequestFilter::default();
    let page = |before| {
        house
            .registration
            .certificate_requests(&call, &all, before, 2)
    };
    let first = page(0).await.unwrap();
    let second = page(first.next.unwrap()).await.unwrap();
    assert_eq!((second.requests.len(), second.next), (1, None));
    let listed: Vec<_> = first.requests.iter().chain(&second.requests).collect();
    let of = |identity: &str| {
        let mut found = listed
            .iter()
            .filter(|one| one.request.identifier == id(identity));
        found.next().unwrap()
    };
    assert_eq!(
        of(JOHN).registrant.as_deref(),
        Some(&*format!("Name of {JOHN}"))
    );
    assert!(!of(JOHN).recovers && of(MARY).recovers);
    assert_eq!(of("SSIN:17073003384").registrant, None);
    let filter = RequestFilter {
        state: Some(RequestState::Rejected),
        identifier: Some(id(JOHN)),
    };
    let none = house
        .registration
        .certificate_requests(&call, &filter, 0, 9);
    assert!(none.await.unwrap().requests.is_empty());
}

#[tokio::test]
async fn a_contract_is_accepted_with_the_request() {
    let contract = Contract {
        media_type: "text/plain; charset=utf-8".to_owned(),
        text: b"I keep my key to myself.".to_vec(),
    };
    let digest = contract.digest();
    let house = House::with(Admission {
        contracts: Contracts::new([("SSIN".to_owned(), contract)]),
        ..Admission::default()
    })
    .await;
    // The first operator has nobody to make a contract with.
    let jane = house.bootstrap().await;
    house.register(&jane, &[JOHN], true).await.unwrap();
    let key = house.key(KeyType::P256);
    let refused = house.refuses(house.submit(JOHN, &key)).await;
    assert_eq!(refused, at(ErrorCode::ContractNotAccepted, "contract"));
    let body = wire::SubmitCertificateRequestOrder {
        contract: digest.clone(),
        ..submission(JOHN, "main", &key)
    };
    let method = method::SUBMIT_CERTIFICATE_REQUEST;
    let result: wire::SubmitCertificateRequestResult =
        house.newcomer(&key, method, body).await.unwrap();
    let call = call_of(&jane.signer);
    let all = RequestFilter::default();
    let page = house.registration.certificate_requests(&call, &all, 0, 9);
    assert_eq!(page.await.unwrap().requests[0].request.contract, digest);
    house
        .approve(&jane, approval(&result.request, JOHN, "main", &key))
        .await
        .unwrap();
    // Those with a code accept it as well.
    house.register(&jane, &[MARY], true).await.unwrap();
    let code = house.code(&jane, MARY).await.unwrap();
    let key = house.key(KeyType::P256);
    let silent = house.enrolment(&code, MARY, "main", &key);
    let refused = house.refuses(house.enrol(&key, silent.clone())).await;
    assert_eq!(refused, at(ErrorCode::ContractNotAccepted, "contract"));
    let accepting = wire::EnrolOrder {
        contract: digest.clone(),
        ..silent
    };
    house.enrol(&key, accepting).await.unwrap();
    let (of_type, _) = house.registration.contract("SSIN").unwrap();
    assert_eq!(of_type, &digest);
    assert!(house.registration.contract("NIHII").is_none());
}
