//! Operators: the first one, what they may do, and who is none.

use kleis_jose::KeyType;
use kleis_pki::SubjectName;
use kleis_proto::{
    method::registration_admin as method,
    registration::v1::{self as wire},
};
use kleis_trust::{
    Jti,
    enrolment_code::{BOOTSTRAP, EnrolmentCode},
    order::Draft,
};
use kleis_types::{ErrorCode, Problem, base64url};

use crate::{
    house::{DAY, DOCTOR, House, JANE, JOHN, MARY, call_of, id},
    people::{Device, at, plain},
    requests::{enrolment_under, named_csr},
};

#[tokio::test]
async fn the_first_operator_comes_by_the_printed_code_and_no_second_one_does() {
    let house = House::new().await;
    let one = house.registration.bootstrap_code().await.unwrap().unwrap();
    let other = house.registration.bootstrap_code().await.unwrap().unwrap();
    let key = house.key(KeyType::P256);
    let enrol = |code: &EnrolmentCode, identity: &str| {
        let verifier = code.verifier(&house.installation, BOOTSTRAP);
        house.enrolment_with(code, &verifier, &id(identity), "main", &key)
    };
    let send = |body| house.enrol_with(method::BOOTSTRAP_OPERATOR, &key, body);

    // Not by guessing, not for an organisation, not on the public side.
    let wrong = wire::EnrolOrder {
        proof: base64url::encode(&[1; 32]),
        ..enrol(&one, JANE)
    };
    assert_eq!(
        send(wrong).await.unwrap_err().code(),
        ErrorCode::EnrolmentRefused
    );
    let refused = house.refuses(send(enrol(&one, "CBE:0809394427"))).await;
    assert_eq!(refused, at(ErrorCode::IdentifierInvalid, "identifier"));
    let refused = house.refuses(house.enrol(&key, enrol(&one, JANE))).await;
    assert_eq!(refused, plain(ErrorCode::EnrolmentRefused));
    let endorsed = wire::EnrolOrder {
        code_id: String::new(),
        proof: String::new(),
        endorsement: "a.b.c".into(),
        ..enrol(&one, JANE)
    };
    assert!(send(endorsed).await.is_err());

    let operator = send(enrol(&one, JANE)).await.unwrap();
    assert!(!operator.recovered);
    let refused = house.refuses(send(enrol(&other, JOHN))).await;
    assert_eq!(refused, plain(ErrorCode::StateConflict));
    assert!(house.registration.bootstrap_code().await.unwrap().is_none());
    house.check_audit().await;
}

#[tokio::test]
async fn a_bootstrap_code_ends_after_a_day() {
    let house = House::new().await;
    let code = house.registration.bootstrap_code().await.unwrap().unwrap();
    let key = house.key(KeyType::P256);
    let verifier = code.verifier(&house.installation, BOOTSTRAP);
    let body = || house.enrolment_with(&code, &verifier, &id(JANE), "main", &key);
    house.clock.advance(DAY);
    let refused = house
        .refuses(house.enrol_with(method::BOOTSTRAP_OPERATOR, &key, body()))
        .await;
    assert_eq!(refused, plain(ErrorCode::EnrolmentRefused));
    house.clock.advance(-1);
    house
        .enrol_with(method::BOOTSTRAP_OPERATOR, &key, body())
        .await
        .unwrap();
}

#[tokio::test]
async fn the_first_operator_may_bring_their_name() {
    for (subject, expected) in [(Some("Doe Jane"), "DOE JANE"), (None, JANE)] {
        let house = House::new().await;
        let code = house.registration.bootstrap_code().await.unwrap().unwrap();
        let verifier = code.verifier(&house.installation, BOOTSTRAP);
        let key = house.key(KeyType::P256);
        let csr = match subject {
            Some(name) => named_csr(&key, &SubjectName::new(&id(JANE), name).unwrap()),
            None => kleis_pki::Csr::create(&key).unwrap(),
        };
        let body = enrolment_under(&house, &code, &verifier, JANE, &csr);
        let operator = house
            .enrol_with(method::BOOTSTRAP_OPERATOR, &key, body)
            .await
            .unwrap();
        let call = call_of(&operator.signer);
        let page = house.registration.registrants(&call, "", 10).await.unwrap();
        assert_eq!(page.registrants[0].name, expected);
    }
}

async fn with_john() -> (House, Device, Device) {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    (house, operator, john)
}

async fn grant(
    house: &House,
    by: &Device,
    identifier: &str,
    role: &str,
) -> Result<Vec<String>, Problem> {
    let body = wire::GrantRoleOrder {
        identifier: identifier.into(),
        role: role.into(),
    };
    let result: wire::GrantRoleResult = house.order(&by.signer, method::GRANT_ROLE, body).await?;
    Ok(result.roles)
}

#[tokio::test]
async fn who_is_no_operator_does_nothing_on_the_admin_side() {
    let (house, _, john) = with_john().await;
    let denied = plain(ErrorCode::PermissionDenied);
    assert_eq!(
        house.refuses(house.register(&john, &[MARY], true)).await,
        denied
    );
    assert_eq!(
        house.refuses(grant(&house, &john, JOHN, "operator")).await,
        denied
    );
    assert_eq!(house.refuses(house.code(&john, JANE)).await, denied);
    assert_eq!(
        house
            .refuses(house.revoke_as_operator(&john, &john.serial()))
            .await,
        denied
    );
    let call = call_of(&john.signer);
    let refused = house
        .registration
        .registrants(&call, "", 10)
        .await
        .unwrap_err();
    assert_eq!(Problem::from(&refused).code(), ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn an_operator_makes_further_ones_of_registered_persons() {
    let (house, operator, john) = with_john().await;
    assert_eq!(
        grant(&house, &operator, JOHN, "operator").await.unwrap(),
        ["operator"]
    );
    assert_eq!(
        grant(&house, &operator, JOHN, "operator").await.unwrap(),
        ["operator"]
    );
    house.register(&john, &[MARY], true).await.unwrap();

    let refused = house
        .refuses(grant(&house, &operator, DOCTOR, "operator"))
        .await;
    assert_eq!(refused, plain(ErrorCode::RegistrantInactive));
    let refused = house
        .refuses(grant(&house, &operator, "CBE:0809394427", "operator"))
        .await;
    assert_eq!(refused, at(ErrorCode::IdentifierInvalid, "identifier"));
    let refused = house
        .refuses(grant(&house, &operator, MARY, "auditors"))
        .await;
    assert_eq!(refused, at(ErrorCode::OrderBodyInvalid, "role"));
    house.check_audit().await;
}

#[tokio::test]
async fn a_role_is_the_persons_by_whichever_identifier_they_come() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let doctor = house
        .welcome(&operator, &[JOHN, DOCTOR], DOCTOR, "main")
        .await;
    grant(&house, &operator, DOCTOR, "operator").await.unwrap();
    house.register(&doctor, &[MARY], true).await.unwrap();
    let code = house.code(&doctor, JANE).await.unwrap();
    // As themselves they are known by every identifier too.
    for own in [JOHN, DOCTOR] {
        let refused = house.refuses(house.code(&doctor, own)).await;
        assert_eq!(refused, plain(ErrorCode::PermissionDenied), "{own}");
    }
    drop(code);
}

#[tokio::test]
async fn nobody_vouches_for_themselves() {
    let (house, operator, _) = with_john().await;
    let refused = house.refuses(house.code(&operator, JANE)).await;
    assert_eq!(refused, plain(ErrorCode::PermissionDenied));
}

#[tokio::test]
async fn a_code_is_announced_once_for_a_registrant_and_a_time() {
    let (house, operator, _) = with_john().await;
    let code = house.code(&operator, JOHN).await.unwrap();
    let refused = house
        .refuses(house.announce(&operator, &code, JOHN, 3600))
        .await;
    assert_eq!(refused, at(ErrorCode::AlreadyExists, "codeId"));
    let fresh = EnrolmentCode::generate(&*house.random);
    for lifetime in [0, 59, 2_592_001, u32::MAX] {
        let refused = house
            .refuses(house.announce(&operator, &fresh, JOHN, lifetime))
            .await;
        assert_eq!(refused, at(ErrorCode::OrderBodyInvalid, "lifetime"));
    }
    let refused = house
        .refuses(house.announce(&operator, &fresh, MARY, 3600))
        .await;
    assert_eq!(refused, plain(ErrorCode::RegistrantInactive));
    house.register(&operator, &[MARY], false).await.unwrap();
    let refused = house
        .refuses(house.announce(&operator, &fresh, MARY, 3600))
        .await;
    assert_eq!(refused, plain(ErrorCode::RegistrantInactive));
    house.announce(&operator, &fresh, JOHN, 60).await.unwrap();
    house.check_audit().await;
}

#[tokio::test]
async fn the_sealed_part_belongs_to_the_order_around_it() {
    let (house, operator, _) = with_john().await;
    let (jti, code) = (
        Jti::random(&*house.random),
        EnrolmentCode::generate(&*house.random),
    );
    let good = house.announcement(jti, &code, &id(JOHN), 60).await;
    let other = EnrolmentCode::generate(&*house.random);
    let send = |body: wire::CreateEnrolmentCodeOrder, jti| {
        let draft = Draft::new(method::CREATE_ENROLMENT_CODE, body).with_jti(jti);
        let order = house.sign_draft(&operator.signer, &draft);
        let house = &house;
        let call = call_of(&operator.signer);
        async move {
            let method = method::CREATE_ENROLMENT_CODE;
            house
                .send::<wire::CreateEnrolmentCodeResult>(method, &order, &call)
                .await
        }
    };
    let sealed = at(ErrorCode::OrderBodyInvalid, "sealed");
    house.register(&operator, &[MARY], true).await.unwrap();
    let with_code = wire::CreateEnrolmentCodeOrder {
        code_id: other.id().to_string(),
        ..good.clone()
    };
    assert_eq!(house.refuses(send(with_code, jti)).await, sealed);
    let for_mary = wire::CreateEnrolmentCodeOrder {
        identifier: MARY.into(),
        ..good.clone()
    };
    assert_eq!(house.refuses(send(for_mary, jti)).await, sealed);
    assert_eq!(
        house
            .refuses(send(good.clone(), Jti::random(&*house.random)))
            .await,
        sealed
    );
    let garbage = wire::CreateEnrolmentCodeOrder {
        sealed: "a.b.c.d.e".into(),
        ..good.clone()
    };
    assert_eq!(house.refuses(send(garbage, jti)).await, sealed);
    let for_service = wire::CreateEnrolmentCodeOrder {
        identifier: "SERVICE:custody".into(),
        ..good.clone()
    };
    let refused = house.refuses(send(for_service, jti)).await;
    assert_eq!(refused, at(ErrorCode::IdentifierInvalid, "identifier"));
    let malformed = wire::CreateEnrolmentCodeOrder {
        code_id: "x".into(),
        ..good.clone()
    };
    let refused = house.refuses(send(malformed, jti)).await;
    assert_eq!(refused, at(ErrorCode::OrderBodyInvalid, "codeId"));
    send(good, jti).await.unwrap();
}
