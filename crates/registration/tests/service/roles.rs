//! Roles: given, taken back, and not to be forged by whoever writes to the database.

use kleis_proto::{
    method::registration_admin as method,
    registration::v1::{self as wire},
};
use kleis_store::{
    Audited as _, Store as _,
    audit::{self, Finding},
    registry::{RegistryRead as _, Role, RoleGrant},
};
use kleis_store_sqlite::test_util;
use kleis_types::{ErrorCode, GrantState, Problem};

use crate::{
    house::{House, JANE, JOHN, MARY, call_of, id},
    people::{Device, at, plain},
};

type Edit = fn(&mut RoleGrant);

pub(crate) async fn grant(
    house: &House,
    by: &Device,
    who: &str,
    role: &str,
) -> Result<Vec<String>, Problem> {
    let body = wire::GrantRoleOrder {
        identifier: who.into(),
        role: role.into(),
    };
    let result: wire::GrantRoleResult = house.order(&by.signer, method::GRANT_ROLE, body).await?;
    Ok(result.roles)
}

async fn withdraw(
    house: &House,
    by: &Device,
    who: &str,
    role: &str,
) -> Result<Vec<String>, Problem> {
    let body = wire::WithdrawRoleOrder {
        identifier: who.into(),
        role: role.into(),
    };
    let method = method::WITHDRAW_ROLE;
    let result: wire::WithdrawRoleResult = house.order(&by.signer, method, body).await?;
    Ok(result.roles)
}

async fn stored(house: &House, who: &str, role: Role) -> RoleGrant {
    let mut reader = house.store.read().await.unwrap();
    reader.role_grant(&id(who), role).await.unwrap().unwrap()
}

async fn has(house: &House, who: &Device, role: Role) -> bool {
    let call = call_of(&who.signer);
    let principal = call.principal().unwrap();
    house.registration.has_role(principal, role).await.unwrap()
}

/// Jane, who is the operator, and John, who is nobody yet.
async fn jane_and_john() -> (House, Device, Device) {
    let house = House::new().await;
    let jane = house.bootstrap().await;
    let john = house.welcome(&jane, &[JOHN], JOHN, "main").await;
    (house, jane, john)
}

/// The next thing that happens is refused, and is an alarm about this grant.
async fn alarms<T: std::fmt::Debug>(
    house: &House,
    who: &str,
    work: impl Future<Output = Result<T, Problem>>,
) {
    let rows = house.footprint().await.rows;
    let refused = work.await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::PermissionDenied);
    assert_eq!(house.footprint().await.rows, rows + 1);
    let last = house.last_row().await;
    let told = (last.outcome.as_str(), last.details.as_str());
    assert_eq!(told, ("ALARM", "ROLE_TAMPERED"));
    assert_eq!(
        last.resource,
        RoleGrant::resource_of(&id(who), Role::Operator)
    );
}

#[tokio::test]
async fn roles_are_given_and_taken_back() {
    let (house, jane, john) = jane_and_john().await;
    assert!(has(&house, &jane, Role::Operator).await);
    assert!(!has(&house, &john, Role::Operator).await);
    assert_eq!(
        grant(&house, &jane, JOHN, "auditor").await.unwrap(),
        ["auditor"]
    );
    assert_eq!(
        grant(&house, &jane, JOHN, "operator").await.unwrap(),
        ["operator", "auditor"]
    );
    let given = stored(&house, JOHN, Role::Auditor).await;
    assert_eq!(given.granted_by, jane.signer.certificate().x5t_s256());
    let first = stored(&house, JANE, Role::Operator).await;
    assert_eq!(first.granted_by, "bootstrap");
    assert!(has(&house, &john, Role::Auditor).await);
    assert!(!has(&house, &john, Role::Approver).await);

    assert_eq!(
        withdraw(&house, &jane, JOHN, "auditor").await.unwrap(),
        ["operator"]
    );
    assert!(!has(&house, &john, Role::Auditor).await);
    let refused = house
        .refuses(withdraw(&house, &jane, JOHN, "auditor"))
        .await;
    assert_eq!(refused, at(ErrorCode::NotFound, "identifier"));
    let refused = house
        .refuses(withdraw(&house, &jane, MARY, "auditor"))
        .await;
    assert_eq!(refused, at(ErrorCode::NotFound, "identifier"));
    // And given again.
    grant(&house, &jane, JOHN, "auditor").await.unwrap();
    assert!(has(&house, &john, Role::Auditor).await);
    assert_eq!(stored(&house, JOHN, Role::Auditor).await.version, 3);
    house.check_audit().await;
}

#[tokio::test]
async fn nobody_gives_themselves_a_role_and_the_last_operator_stays() {
    let (house, jane, john) = jane_and_john().await;
    let denied = plain(ErrorCode::PermissionDenied);
    let refused = house.refuses(grant(&house, &jane, JANE, "auditor")).await;
    assert_eq!(refused, denied);
    let refused = house
        .refuses(withdraw(&house, &john, JANE, "operator"))
        .await;
    assert_eq!(refused, denied);
    let last = plain(ErrorCode::StateConflict);
    let refused = house
        .refuses(withdraw(&house, &jane, JANE, "operator"))
        .await;
    assert_eq!(refused, last);

    // An operator who has left the register is no other operator.
    grant(&house, &jane, JOHN, "operator").await.unwrap();
    house.register(&jane, &[JOHN], false).await.unwrap();
    assert!(!has(&house, &john, Role::Operator).await);
    let refused = house
        .refuses(withdraw(&house, &jane, JANE, "operator"))
        .await;
    assert_eq!(refused, last);

    house.register(&jane, &[JOHN], true).await.unwrap();
    let left = withdraw(&house, &jane, JANE, "operator").await.unwrap();
    assert!(left.is_empty());
    assert_eq!(
        house.refuses(house.register(&jane, &[MARY], true)).await,
        denied
    );
    house.register(&john, &[MARY], true).await.unwrap();
    house.check_audit().await;
}

#[tokio::test]
async fn an_edited_row_is_no_role_and_an_alarm() {
    let (house, jane, john) = jane_and_john().await;
    grant(&house, &jane, JOHN, "operator").await.unwrap();
    withdraw(&house, &jane, JOHN, "operator").await.unwrap();
    let good = stored(&house, JOHN, Role::Operator).await;
    let edits: [Edit; 3] = [
        |row| row.state = GrantState::Granted,
        |row| {
            row.state = GrantState::Granted;
            row.version = 1;
        },
        |row| row.mac[31] ^= 1,
    ];
    for edit in edits {
        let mut bad = good.clone();
        edit(&mut bad);
        test_util::overwrite_role_grant(&house.path(), &bad).await;
        alarms(&house, JOHN, house.register(&john, &[MARY], true)).await;
        alarms(&house, JOHN, house.code(&john, JANE)).await;
        alarms(&house, JOHN, grant(&house, &john, MARY, "operator")).await;
        alarms(&house, JOHN, withdraw(&house, &john, JANE, "operator")).await;
        let serial = jane.serial();
        alarms(&house, JOHN, house.revoke_as_operator(&john, &serial)).await;
        let call = call_of(&john.signer);
        let read = async || {
            let page = house.registration.registrants(&call, "", 10).await;
            page.map_err(|error| Problem::from(&error))
        };
        alarms(&house, JOHN, read()).await;
        assert!(!has(&house, &john, Role::Operator).await);
        assert_eq!(house.last_row().await.outcome, "ALARM");
    }
    // An operator sees it, and what they order puts it right.
    let call = call_of(&jane.signer);
    let page = house.registration.roles(&call, "", 10).await.unwrap();
    let genuine = |who: &str| {
        let mut of = page.grants.iter().filter(|one| one.grant.person == id(who));
        of.next().unwrap().is_genuine
    };
    assert!(genuine(JANE) && !genuine(JOHN));
    grant(&house, &jane, JOHN, "operator").await.unwrap();
    house.register(&john, &[MARY], true).await.unwrap();
}

#[tokio::test]
async fn a_row_is_the_persons_and_the_roles_it_was_written_for() {
    let (house, jane, john) = jane_and_john().await;
    let janes = stored(&house, JANE, Role::Operator).await;
    // Jane's own row, moved.
    let moved = RoleGrant {
        person: id(JOHN),
        ..janes.clone()
    };
    test_util::overwrite_role_grant(&house.path(), &moved).await;
    alarms(&house, JOHN, house.register(&john, &[MARY], true)).await;
    // A lesser role of John's, made an operator's.
    grant(&house, &jane, JOHN, "auditor").await.unwrap();
    let raised = RoleGrant {
        role: Role::Operator,
        ..stored(&house, JOHN, Role::Auditor).await
    };
    test_util::overwrite_role_grant(&house.path(), &raised).await;
    alarms(&house, JOHN, house.register(&john, &[MARY], true)).await;
    // A forged operator is not another one.
    let rows = house.footprint().await.rows;
    let refused = withdraw(&house, &jane, JANE, "operator").await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::StateConflict);
    assert_eq!(house.footprint().await.rows, rows);
}

#[tokio::test]
async fn forged_operators_do_not_close_the_door_to_the_first() {
    let house = House::new().await;
    let forged = RoleGrant {
        person: id(MARY),
        role: Role::Operator,
        state: GrantState::Granted,
        granted_at: house.now(),
        granted_by: "bootstrap".to_owned(),
        version: 1,
        mac: [7; 32],
    };
    test_util::overwrite_role_grant(&house.path(), &forged).await;
    let jane = house.bootstrap().await;
    assert!(has(&house, &jane, Role::Operator).await);
    assert!(house.registration.bootstrap_code().await.unwrap().is_none());
}

#[tokio::test]
async fn a_withdrawal_rolled_back_is_found_by_the_audit() {
    let (house, jane, _) = jane_and_john().await;
    grant(&house, &jane, JOHN, "operator").await.unwrap();
    let granted = stored(&house, JOHN, Role::Operator).await;
    withdraw(&house, &jane, JOHN, "operator").await.unwrap();
    house.check_audit().await;
    test_util::overwrite_role_grant(&house.path(), &granted).await;
    let mut reader = house.store.read().await.unwrap();
    let report = audit::verify(&mut reader).await.unwrap();
    let rolled_back = Finding::RolledBack {
        resource: granted.resource(),
        version: 1,
        audited: 2,
    };
    assert_eq!(report.findings, [rolled_back]);
}

#[tokio::test]
async fn roles_are_listed_in_pages_for_operators() {
    let (house, jane, john) = jane_and_john().await;
    for role in ["approver", "auditor"] {
        grant(&house, &jane, JOHN, role).await.unwrap();
    }
    let call = call_of(&jane.signer);
    let first = house.registration.roles(&call, "", 2).await.unwrap();
    let next = first.next.clone().unwrap();
    let second = house.registration.roles(&call, &next, 2).await.unwrap();
    assert_eq!((first.grants.len(), second.grants.len()), (2, 1));
    assert_eq!(second.next, None);
    assert!(first.grants.iter().all(|one| one.is_genuine));
    let john = call_of(&john.signer);
    let refused = house.registration.roles(&john, "", 2).await.unwrap_err();
    assert_eq!(Problem::from(&refused).code(), ErrorCode::PermissionDenied);
}
