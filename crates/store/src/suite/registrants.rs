//! Registrants, roles and enrolment codes.

use kleis_types::{Contact, GrantState};

use super::{
    Backend,
    fixture::{
        DOCTOR, PERSON, PLATFORM, PLATFORM_KGSS, at, code, id, put_enrolment_code, put_registrant,
        put_role_grant, registrant, role_grant,
    },
};
use crate::{
    Audited, Store, StoreError,
    registry::{Registrant, RegistryRead, Role, RoleGrant},
};

pub async fn registrants_come_back_as_stored<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let mut doctor = registrant(DOCTOR);
    doctor.identifiers.push(id(PERSON));
    doctor.active = false;
    put_registrant(store, &doctor).await.unwrap();
    put_registrant(store, &registrant(PLATFORM)).await.unwrap();
    let mut reader = store.read().await.unwrap();
    for known_by in [DOCTOR, PERSON] {
        assert_eq!(
            reader.registrant(&id(known_by)).await,
            Ok(Some(doctor.clone()))
        );
    }
    // The application does not matter.
    let platform = reader.registrant(&id(PLATFORM_KGSS)).await;
    assert_eq!(platform, Ok(Some(registrant(PLATFORM))));
    assert_eq!(reader.registrant(&id("CBE:0823257311")).await, Ok(None));
}

pub async fn registrants_change_by_version<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let mut doctor = registrant(DOCTOR);
    doctor.version = 2;
    let unknown = put_registrant(store, &doctor).await;
    assert_eq!(unknown, Err(StoreError::VersionConflict));
    put_registrant(store, &registrant(DOCTOR)).await.unwrap();
    let twice = put_registrant(store, &registrant(DOCTOR)).await;
    assert!(
        matches!(twice, Err(StoreError::AlreadyExists(_))),
        "{twice:?}"
    );

    "DOE".clone_into(&mut doctor.name);
    doctor.active = false;
    doctor.contact = Contact::parse("doe@practice.example", "https://practice.example/h").unwrap();
    doctor.identifiers = vec![id(DOCTOR), id(PERSON)];
    put_registrant(store, &doctor).await.unwrap();
    for version in [0, 2, 4] {
        let old = put_registrant(
            store,
            &Registrant {
                version,
                ..doctor.clone()
            },
        )
        .await;
        assert_eq!(old, Err(StoreError::VersionConflict), "{version}");
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(
        reader.registrant(&id(PERSON)).await,
        Ok(Some(doctor.clone()))
    );

    // An identifier that is given up is free again.
    doctor.version = 3;
    doctor.identifiers = vec![id(DOCTOR)];
    doctor.contact.mail = None;
    put_registrant(store, &doctor).await.unwrap();
    put_registrant(store, &registrant(PERSON)).await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.registrant(&id(DOCTOR)).await, Ok(Some(doctor)));
}

pub async fn an_identifier_belongs_to_one_registrant<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    put_registrant(store, &registrant(DOCTOR)).await.unwrap();
    put_registrant(store, &registrant(PLATFORM)).await.unwrap();
    let mut greedy = registrant(PLATFORM);
    greedy.version = 2;
    greedy.identifiers.push(id(DOCTOR));
    let refused = put_registrant(store, &greedy).await;
    assert!(
        matches!(refused, Err(StoreError::AlreadyExists(_))),
        "{refused:?}"
    );
    let mut reader = store.read().await.unwrap();
    assert_eq!(
        reader.registrant(&id(DOCTOR)).await,
        Ok(Some(registrant(DOCTOR)))
    );
    assert_eq!(
        reader.registrant(&id(PLATFORM)).await,
        Ok(Some(registrant(PLATFORM)))
    );
}

pub async fn registrants_are_paged<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    for identifier in [PERSON, PLATFORM, DOCTOR] {
        put_registrant(store, &registrant(identifier))
            .await
            .unwrap();
    }
    let mut reader = store.read().await.unwrap();
    let first = reader.registrants("", 2).await.unwrap();
    assert_eq!(first, [registrant(PLATFORM), registrant(DOCTOR)]);
    assert_eq!(
        reader.registrants(DOCTOR, 2).await,
        Ok(vec![registrant(PERSON)])
    );
    assert_eq!(reader.registrants(PERSON, 2).await, Ok(Vec::new()));
}

pub async fn role_grants_come_back_as_stored<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let operators = [role_grant(PERSON), role_grant(DOCTOR)];
    let auditor = RoleGrant {
        role: Role::Auditor,
        granted_by: "x5t".to_owned(),
        mac: [0xa5; 32],
        ..role_grant(PERSON)
    };
    for grant in operators.iter().chain([&auditor]) {
        put_role_grant(store, grant).await.unwrap();
    }
    let mut reader = store.read().await.unwrap();
    let found = reader.role_grant(&id(PERSON), Role::Auditor).await;
    assert_eq!(found, Ok(Some(auditor.clone())));
    for (person, role) in [(DOCTOR, Role::Auditor), (PERSON, Role::Approver)] {
        assert_eq!(reader.role_grant(&id(person), role).await, Ok(None));
    }
    let mut sorted = operators.to_vec();
    sorted.sort_by_key(Audited::resource);
    assert_eq!(reader.role_holders(Role::Operator).await, Ok(sorted));
    assert_eq!(
        reader.role_holders(Role::Auditor).await,
        Ok(vec![auditor.clone()])
    );
    // All of them, in pages, in the order of names that tell nobody.
    let mut all = [&operators[..], &[auditor]].concat();
    all.sort_by_key(Audited::resource);
    assert_eq!(reader.role_grants("", 2).await, Ok(all[..2].to_vec()));
    let rest = reader.role_grants(&all[1].resource(), 2).await;
    assert_eq!(rest, Ok(all[2..].to_vec()));
    assert!(!all[0].resource().contains("8507"));
}

pub async fn role_grants_change_by_version<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let mut grant = role_grant(PERSON);
    grant.version = 2;
    let unknown = put_role_grant(store, &grant).await;
    assert_eq!(unknown, Err(StoreError::VersionConflict));
    put_role_grant(store, &role_grant(PERSON)).await.unwrap();
    let twice = put_role_grant(store, &role_grant(PERSON)).await;
    assert!(
        matches!(twice, Err(StoreError::AlreadyExists(_))),
        "{twice:?}"
    );
    grant.state = GrantState::Withdrawn;
    grant.mac = [5; 32];
    put_role_grant(store, &grant).await.unwrap();
    let again = put_role_grant(store, &grant).await;
    assert_eq!(again, Err(StoreError::VersionConflict));
    let mut reader = store.read().await.unwrap();
    let found = reader.role_grant(&id(PERSON), Role::Operator).await;
    assert_eq!(found, Ok(Some(grant)));
    assert_eq!(
        reader.role_holders(Role::Operator).await,
        Ok(Vec::new()),
        "what was withdrawn does not hold"
    );
}

pub async fn codes_come_back_as_stored<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    let mut bootstrap = code("bootstrap");
    bootstrap.identifier = None;
    for code in [&code("one"), &bootstrap] {
        put_enrolment_code(store, code).await.unwrap();
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.enrolment_code("one").await, Ok(Some(code("one"))));
    assert_eq!(
        reader.enrolment_code("bootstrap").await,
        Ok(Some(bootstrap))
    );
    assert_eq!(reader.enrolment_code("two").await, Ok(None));
}

pub async fn codes_change_by_version<B: Backend>() {
    let backend = B::fresh().await;
    let store = backend.registry();
    put_enrolment_code(store, &code("one")).await.unwrap();
    let twice = put_enrolment_code(store, &code("one")).await;
    assert!(
        matches!(twice, Err(StoreError::AlreadyExists(_))),
        "{twice:?}"
    );

    let mut spent = code("one");
    spent.verifier.clear();
    spent.used_at = Some(at(9));
    spent.attempts_left = 0;
    spent.version = 2;
    put_enrolment_code(store, &spent).await.unwrap();
    let old = put_enrolment_code(store, &spent).await;
    assert_eq!(old, Err(StoreError::VersionConflict));
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.enrolment_code("one").await, Ok(Some(spent)));
}
