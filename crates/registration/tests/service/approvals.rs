//! Decisions that two persons make: requests, codes and roles under four eyes.

use kleis_jose::{Jwk, KeyType};
use kleis_pki::Csr;
use kleis_proto::{method::registration_admin as admin, registration::v1 as wire};
use kleis_registration::Admission;
use kleis_store::{
    Store as _,
    registry::{CertificateRequest, RegistryRead as _},
};
use kleis_store_sqlite::test_util;
use kleis_trust::enrolment_code::EnrolmentCode;
use kleis_types::{ErrorCode, Problem};

use crate::{
    house::{DAY, House, JANE, JOHN, MARY, call_of, id},
    pending::{approval, issued},
    people::{Device, at, plain},
};

const ANNA: &str = "SSIN:17073003384";

async fn grant(house: &House, by: &Device, who: &str, role: &str) -> Result<u32, Problem> {
    let body = wire::GrantRoleOrder {
        identifier: who.into(),
        role: role.into(),
    };
    let result: wire::GrantRoleResult = house.order(&by.signer, admin::GRANT_ROLE, body).await?;
    assert_eq!(
        result.roles.contains(&role.to_owned()),
        result.approvals_missing == 0
    );
    Ok(result.approvals_missing)
}

async fn withdraw(house: &House, by: &Device, who: &str, role: &str) -> Result<u32, Problem> {
    let body = wire::WithdrawRoleOrder {
        identifier: who.into(),
        role: role.into(),
    };
    let method = admin::WITHDRAW_ROLE;
    let result: wire::WithdrawRoleResult = house.order(&by.signer, method, body).await?;
    assert_eq!(
        result.roles.contains(&role.to_owned()),
        result.approvals_missing > 0
    );
    Ok(result.approvals_missing)
}

async fn approve_code(
    house: &House,
    by: &Device,
    code: &EnrolmentCode,
    who: &str,
) -> Result<u32, Problem> {
    let body = wire::ApproveEnrolmentCodeOrder {
        code_id: code.id().to_string(),
        identifier: who.into(),
    };
    let method = admin::APPROVE_ENROLMENT_CODE;
    let result: wire::ApproveEnrolmentCodeResult = house.order(&by.signer, method, body).await?;
    assert_eq!(result.approvals_needed, 2);
    assert_eq!(result.state == "ACTIVE", result.approvals >= 2);
    Ok(result.approvals)
}

async fn revoke_code(house: &House, by: &Device, code: &EnrolmentCode) -> Result<(), Problem> {
    let body = wire::RevokeEnrolmentCodeOrder {
        code_id: code.id().to_string(),
    };
    let method = admin::REVOKE_ENROLMENT_CODE;
    let result: wire::RevokeEnrolmentCodeResult = house.order(&by.signer, method, body).await?;
    assert_eq!(result.state, "REVOKED");
    Ok(())
}

async fn code_state(house: &House, by: &Device, code: &EnrolmentCode) -> &'static str {
    let call = call_of(&by.signer);
    let page = house
        .registration
        .enrolment_codes(&call, "", 100)
        .await
        .unwrap();
    let id = code.id().to_string();
    let mut found = page.codes.iter().filter(|one| one.code.id == id);
    found.next().unwrap().state
}

/// Four eyes: Jane and John are operators, Anna is an approver, Mary is in the register.
async fn four_eyes() -> (House, Device, Device, Device) {
    let house = House::with(Admission {
        approvals: 2,
        ..Admission::default()
    })
    .await;
    // As long as Jane is the only one who could, she is enough.
    let jane = house.bootstrap().await;
    let anna = house.welcome(&jane, &[ANNA], ANNA, "main").await;
    let john = house.welcome(&jane, &[JOHN], JOHN, "main").await;
    // Whoever has not come yet is nobody to wait for.
    house.register(&jane, &[MARY], true).await.unwrap();
    assert_eq!(grant(&house, &jane, MARY, "approver").await, Ok(0));
    let code = house.code(&jane, MARY).await.unwrap();
    assert_eq!(code_state(&house, &jane, &code).await, "ACTIVE");
    assert_eq!(withdraw(&house, &jane, MARY, "approver").await, Ok(0));
    revoke_code(&house, &jane, &code).await.unwrap();
    assert_eq!(grant(&house, &jane, ANNA, "approver").await, Ok(0));
    assert_eq!(grant(&house, &jane, JOHN, "operator").await, Ok(0));
    (house, jane, john, anna)
}

async fn submitted(house: &House, who: &str) -> (Jwk, String) {
    let key = house.key(KeyType::P256);
    let request = house.submit(who, &key).await.unwrap();
    (key, request)
}

#[tokio::test]
async fn a_request_takes_two_persons() {
    let (house, jane, john, anna) = four_eyes().await;
    let (key, request) = submitted(&house, MARY).await;
    let good = || approval(&request, MARY, "main", &key);
    let first = house.approve(&jane, good()).await.unwrap();
    assert_eq!(
        (first.state.as_str(), first.approvals),
        ("PENDING_APPROVAL", 1)
    );
    // The same person again is the same person.
    let again = house.approve(&jane, good()).await.unwrap();
    assert_eq!(
        (again.state.as_str(), again.approvals),
        ("PENDING_APPROVAL", 1)
    );
    let second = house.approve(&anna, good()).await.unwrap();
    assert_eq!((second.state.as_str(), second.approvals), ("ISSUED", 2));
    let mary = issued(&key, &house.told_of(&key, &request).await.unwrap());
    house.publish(&mary).await;
    let late = house.refuses(house.approve(&john, good())).await;
    assert_eq!(late, plain(ErrorCode::StateConflict));
    house.check_audit().await;
}

#[tokio::test]
async fn an_approval_counts_as_long_as_its_giver_may_give_it() {
    let (house, jane, john, anna) = four_eyes().await;
    // A role that is gone.
    let (key, request) = submitted(&house, MARY).await;
    let good = || approval(&request, MARY, "main", &key);
    house.approve(&anna, good()).await.unwrap();
    assert_eq!(withdraw(&house, &jane, ANNA, "approver").await, Ok(1));
    assert_eq!(withdraw(&house, &john, ANNA, "approver").await, Ok(0));
    let result = house.approve(&jane, good()).await.unwrap();
    assert_eq!(
        (result.state.as_str(), result.approvals),
        ("PENDING_APPROVAL", 1)
    );
    // A certificate that was revoked since: perhaps it was not she who approved.
    house.revoke(&jane, &jane.serial()).await.unwrap();
    let result = house.approve(&john, good()).await.unwrap();
    assert_eq!(
        (result.state.as_str(), result.approvals),
        ("PENDING_APPROVAL", 1)
    );
    house.check_audit().await;
}

#[tokio::test]
async fn whoever_edits_the_database_approves_nothing() {
    let (house, jane, john, _) = four_eyes().await;
    let (key, request) = submitted(&house, MARY).await;
    let (other_key, other) = submitted(&house, MARY).await;
    house
        .approve(&jane, approval(&request, MARY, "main", &key))
        .await
        .unwrap();
    // Jane's approval of one request, entered for another; and in John's name for the same.
    let resource = CertificateRequest::resource_of(&request);
    let mut reader = house.store.read().await.unwrap();
    let row = reader.approvals(&resource).await.unwrap().remove(0);
    drop(reader);
    let mut moved = row.clone();
    moved.resource = CertificateRequest::resource_of(&other);
    test_util::overwrite_approval(&house.path(), &moved).await;
    let mut renamed = row.clone();
    renamed.person = id(MARY);
    test_util::overwrite_approval(&house.path(), &renamed).await;
    let mut invented = row;
    invented.person = id(JOHN);
    invented.jti = "AAAAAAAAAAAAAAAAAAAAAA".to_owned();
    test_util::overwrite_approval(&house.path(), &invented).await;

    let result = house
        .approve(&john, approval(&other, MARY, "main", &other_key))
        .await
        .unwrap();
    assert_eq!(
        (result.state.as_str(), result.approvals),
        ("PENDING_APPROVAL", 1)
    );
    let result = house
        .approve(&jane, approval(&request, MARY, "main", &key))
        .await
        .unwrap();
    assert_eq!(
        (result.state.as_str(), result.approvals),
        ("PENDING_APPROVAL", 1)
    );
}

#[tokio::test]
async fn another_key_in_the_row_is_not_the_one_that_was_approved() {
    let (house, jane, john, _) = four_eyes().await;
    let (key, request) = submitted(&house, MARY).await;
    let (thief, _) = submitted(&house, MARY).await;
    house
        .approve(&jane, approval(&request, MARY, "main", &key))
        .await
        .unwrap();
    let csr = Csr::create(&thief).unwrap();
    test_util::overwrite_csr(&house.path(), &request, csr.der()).await;
    // John sees the thief's key, and approves it: Jane has not.
    let result = house
        .approve(&john, approval(&request, MARY, "main", &thief))
        .await
        .unwrap();
    assert_eq!(
        (result.state.as_str(), result.approvals),
        ("PENDING_APPROVAL", 1)
    );
}

#[tokio::test]
async fn a_code_proves_nothing_until_a_second_person_has_approved_it() {
    let (house, jane, john, anna) = four_eyes().await;
    let code = house.code(&jane, MARY).await.unwrap();
    assert_eq!(code_state(&house, &jane, &code).await, "PENDING_APPROVAL");
    let key = house.key(KeyType::P256);
    let body = || house.enrolment(&code, MARY, "main", &key);
    let early = house.refuses(house.enrol(&key, body())).await;
    assert_eq!(early, plain(ErrorCode::EnrolmentRefused));
    assert_eq!(approve_code(&house, &jane, &code, MARY).await, Ok(1));
    let wrong = house
        .refuses(approve_code(&house, &john, &code, JANE))
        .await;
    assert_eq!(wrong, at(ErrorCode::StateConflict, "identifier"));
    assert_eq!(approve_code(&house, &anna, &code, MARY).await, Ok(2));
    assert_eq!(code_state(&house, &anna, &code).await, "ACTIVE");
    house.enrol(&key, body()).await.unwrap();
    assert_eq!(code_state(&house, &jane, &code).await, "USED");
    let late = house
        .refuses(approve_code(&house, &john, &code, MARY))
        .await;
    assert_eq!(late, at(ErrorCode::NotFound, "codeId"));
    // Nobody approves a code for themselves.
    let own = house.code(&jane, ANNA).await.unwrap();
    let refused = house.refuses(approve_code(&house, &anna, &own, ANNA)).await;
    assert_eq!(refused, plain(ErrorCode::PermissionDenied));
    house.check_audit().await;
}

#[tokio::test]
async fn a_code_that_was_taken_back_is_good_for_nothing() {
    let (house, jane, john, anna) = four_eyes().await;
    let code = house.code(&jane, MARY).await.unwrap();
    approve_code(&house, &john, &code, MARY).await.unwrap();
    let denied = house.refuses(revoke_code(&house, &anna, &code)).await;
    assert_eq!(denied, plain(ErrorCode::PermissionDenied));
    revoke_code(&house, &john, &code).await.unwrap();
    assert_eq!(code_state(&house, &jane, &code).await, "REVOKED");
    let key = house.key(KeyType::P256);
    let body = house.enrolment(&code, MARY, "main", &key);
    let refused = house.refuses(house.enrol(&key, body)).await;
    assert_eq!(refused, plain(ErrorCode::EnrolmentRefused));
    let again = house.refuses(revoke_code(&house, &john, &code)).await;
    assert_eq!(again, at(ErrorCode::NotFound, "codeId"));
    let expired = house.code(&jane, MARY).await.unwrap();
    house.clock.advance(3600);
    assert_eq!(code_state(&house, &jane, &expired).await, "EXPIRED");
    house.check_audit().await;
}

#[tokio::test]
async fn a_role_takes_two_operators_once_there_are_two() {
    let (house, jane, john, anna) = four_eyes().await;
    assert_eq!(grant(&house, &jane, MARY, "auditor").await, Ok(1));
    // Not by the same again, by no approver, and not by an order for another role.
    assert_eq!(grant(&house, &jane, MARY, "auditor").await, Ok(1));
    let denied = house.refuses(grant(&house, &anna, MARY, "auditor")).await;
    assert_eq!(denied, plain(ErrorCode::PermissionDenied));
    assert_eq!(grant(&house, &john, MARY, "approver").await, Ok(1));
    assert_eq!(grant(&house, &john, MARY, "auditor").await, Ok(0));
    // The first order does not wait for ever.
    assert_eq!(grant(&house, &jane, MARY, "operator").await, Ok(1));
    house.clock.advance(7 * DAY);
    assert_eq!(grant(&house, &john, MARY, "operator").await, Ok(1));
    assert_eq!(grant(&house, &jane, MARY, "operator").await, Ok(0));
    house.check_audit().await;
}

#[tokio::test]
async fn one_operator_does_not_make_themselves_the_only_one() {
    let (house, jane, john, _) = four_eyes().await;
    assert_eq!(withdraw(&house, &jane, JOHN, "operator").await, Ok(1));
    // Out of the register, and with the certificate revoked, John's role still counts.
    house.register(&jane, &[JOHN], false).await.unwrap();
    assert_eq!(grant(&house, &jane, MARY, "operator").await, Ok(1));
    house.register(&jane, &[JOHN], true).await.unwrap();
    house
        .revoke_as_operator(&jane, &john.serial())
        .await
        .unwrap();
    assert_eq!(grant(&house, &jane, MARY, "operator").await, Ok(1));
    // But everybody may resign.
    let (house, jane, john, _) = four_eyes().await;
    assert_eq!(withdraw(&house, &john, JOHN, "operator").await, Ok(0));
    let last = house
        .refuses(withdraw(&house, &jane, JANE, "operator"))
        .await;
    assert_eq!(last, plain(ErrorCode::StateConflict));
}
