//! Identities that are proved by a login: an access token, bound to the key to be certified.

use std::{collections::BTreeSet, sync::Arc};

use kleis_jose::{Jwk, KeyType};
use kleis_pki::Csr;
use kleis_proto::{method::registration as method, registration::v1 as wire};
use kleis_registration::{Admission, Call};
use kleis_trust::order::Draft;
use kleis_types::{
    CertificateProof, Confirmation, ErrorCode, Identifier, Principal, Problem, Scope, Shown,
    TokenProof, base64url,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{
    house::{House, JOHN, MARY, id},
    people::{Device, at, device, plain},
};

const ISSUER: &str = "https://idp.example/realms/persons";
const OTHER_ISSUER: &str = "https://idp.example/realms/everybody";
const TOKEN: &str = "the.access.token";

/// A person who has a number for foreigners and nothing else.
const FOREIGNER: &str = "SSIN:98472899765";

async fn house() -> (House, Device) {
    let house = House::with(Admission {
        issuers: BTreeSet::from([ISSUER.to_owned()]),
        ..Admission::default()
    })
    .await;
    let jane = house.bootstrap().await;
    for who in [JOHN, FOREIGNER] {
        house.register(&jane, &[who], true).await.unwrap();
    }
    (house, jane)
}

/// What a call shows of a login.
#[derive(Clone)]
struct Login {
    issuer: &'static str,
    identifiers: Vec<Identifier>,
    confirmation: Option<Confirmation>,
    proven: bool,
    certificate: bool,
}

impl Login {
    fn of(who: &str, key: &Jwk) -> Self {
        Self {
            issuer: ISSUER,
            identifiers: vec![id(who)],
            confirmation: Some(Confirmation::Key(key.thumbprint().to_string())),
            proven: true,
            certificate: false,
        }
    }

    fn call(&self) -> Call {
        let token = TokenProof {
            issuer: self.issuer.to_owned(),
            client_id: "app".to_owned(),
            scopes: BTreeSet::from([Scope::Registration]),
            hash: kleis_trust::order::access_token_hash(TOKEN),
            confirmation: self.confirmation.clone(),
            proven: self.proven,
        };
        let shown = Arc::new(Shown::default());
        let principal = Principal::new(&self.identifiers, Vec::new(), shown).unwrap();
        let mut principal = principal.with_token(Arc::new(token));
        if self.certificate {
            principal = principal.with_certificate(CertificateProof {
                thumbprint: "x5t".to_owned(),
                device: None,
                forwarded: false,
            });
        }
        Call::new(Some(principal), None)
    }
}

fn enrolment(who: &str, name: &str, key: &Jwk) -> wire::EnrolOrder {
    wire::EnrolOrder {
        identifier: who.to_owned(),
        device: name.to_owned(),
        csr: base64url::encode(Csr::create(key).unwrap().der()),
        ..wire::EnrolOrder::default()
    }
}

async fn send<B: Serialize, R: DeserializeOwned>(
    house: &House,
    (method, key): (&str, &Jwk),
    body: B,
    login: &Login,
) -> Result<R, Problem> {
    let draft = Draft::new(method, body).with_access_token(TOKEN);
    let order = house.sign_enrolment_draft(key, &draft);
    house.send(method, &order, &login.call()).await
}

async fn enrol(
    house: &House,
    key: &Jwk,
    body: wire::EnrolOrder,
    login: &Login,
) -> Result<Device, Problem> {
    let result: wire::EnrolResult = send(house, (method::ENROL, key), body, login).await?;
    Ok(device(key, &result))
}

#[tokio::test]
async fn a_login_gives_the_first_certificate() {
    let (house, _) = house().await;
    let key = house.key(KeyType::P256);
    let login = Login::of(JOHN, &key);
    let john = enrol(&house, &key, enrolment(JOHN, "main", &key), &login)
        .await
        .unwrap();
    assert!(!john.recovered && john.endorsement.is_empty());
    house.publish(&john).await;
    // A further device is for a sibling, or for the operators.
    let phone = house.key(KeyType::P256);
    let login = Login::of(JOHN, &phone);
    let refused = enrol(&house, &phone, enrolment(JOHN, "phone", &phone), &login);
    assert_eq!(
        house.refuses(refused).await,
        plain(ErrorCode::StateConflict)
    );
    house.revoke(&john, &john.serial()).await.unwrap();
    let refused = enrol(&house, &phone, enrolment(JOHN, "phone", &phone), &login);
    assert_eq!(
        house.refuses(refused).await,
        plain(ErrorCode::StateConflict)
    );
    house.check_audit().await;
}

#[tokio::test]
async fn a_login_that_proves_something_else_proves_nothing() {
    let (house, _) = house().await;
    let key = house.key(KeyType::P256);
    let other = house.key(KeyType::P256);
    let good = Login::of(JOHN, &key);
    let body = || enrolment(JOHN, "main", &key);
    // Without a login that counts, the order lacks a code.
    let no_proof = at(ErrorCode::OrderBodyInvalid, "codeId");
    let cases = [
        Login {
            issuer: OTHER_ISSUER,
            ..good.clone()
        },
        Login {
            confirmation: None,
            ..good.clone()
        },
        Login {
            confirmation: Login::of(JOHN, &other).confirmation,
            ..good.clone()
        },
        Login {
            confirmation: Some(Confirmation::Certificate("x5t".to_owned())),
            ..good.clone()
        },
        Login {
            proven: false,
            ..good.clone()
        },
        Login {
            certificate: true,
            ..good.clone()
        },
    ];
    for login in cases {
        let refused = house.refuses(enrol(&house, &key, body(), &login)).await;
        assert_eq!(refused, no_proof);
    }
    // An order that does not name its token: somebody else may have put the token beside it.
    let order = house.sign_enrolment(method::ENROL, &key, body());
    let call = good.call();
    let refused = house.send::<wire::EnrolResult>(method::ENROL, &order, &call);
    assert_eq!(house.refuses(refused).await, no_proof);
    // Of somebody else.
    let marys = Login::of(MARY, &key);
    let refused = house.refuses(enrol(&house, &key, body(), &marys)).await;
    assert_eq!(refused, at(ErrorCode::SignerMismatch, "identifier"));
    // Of somebody whom the register does not know.
    let unknown = enrol(&house, &key, enrolment(MARY, "main", &key), &marys);
    assert_eq!(
        house.refuses(unknown).await,
        plain(ErrorCode::RegistrantInactive)
    );
    enrol(&house, &key, body(), &good).await.unwrap();
}

#[tokio::test]
async fn a_foreigner_submits_now_and_logs_in_later() {
    let (house, _) = house().await;
    let key = house.key(KeyType::P256);
    let request = house.submit(FOREIGNER, &key).await.unwrap();
    let body = || wire::ValidateCertificateRequestOrder {
        request: request.clone(),
    };
    let validate = async |key: &Jwk,
                          login: &Login|
           -> Result<wire::ValidateCertificateRequestResult, Problem> {
        send(
            &house,
            (method::VALIDATE_CERTIFICATE_REQUEST, key),
            body(),
            login,
        )
        .await
    };
    let nobodys = Login {
        issuer: OTHER_ISSUER,
        ..Login::of(FOREIGNER, &key)
    };
    let refused = house.refuses(validate(&key, &nobodys)).await;
    assert_eq!(refused, plain(ErrorCode::TokenInvalid));
    let refused = house.refuses(validate(&key, &Login::of(JOHN, &key))).await;
    assert_eq!(refused, at(ErrorCode::SignerMismatch, "request"));
    let other = house.key(KeyType::P256);
    let login = Login::of(FOREIGNER, &other);
    let refused = house.refuses(validate(&other, &login));
    assert_eq!(refused.await, at(ErrorCode::NotFound, "request"));

    let login = Login::of(FOREIGNER, &key);
    let result = validate(&key, &login).await.unwrap();
    let told = house.told_of(&key, &request).await.unwrap();
    assert_eq!(
        (told.state.as_str(), &told.serial),
        ("ISSUED", &result.serial)
    );
    let refused = house.refuses(validate(&key, &login)).await;
    assert_eq!(refused, plain(ErrorCode::StateConflict));
    house.check_audit().await;
}
