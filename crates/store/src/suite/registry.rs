//! Certificates, encryption keys, and what belongs to an owner.

use kleis_types::{CertificateState, Identifier, KeyState, RevocationReason};

use super::{
    Backend,
    fixture::{
        DOCTOR, PERSON, PLATFORM, PLATFORM_KGSS, allocate, at, certificate, encryption_key, event,
        id, key_session, put_certificate, put_encryption_key,
    },
    perform::act,
};
use crate::{
    EvidenceTx, Store, StoreError,
    registry::{
        Certificate, EncryptionKey, KeySession, KeyUse, PublicKeyClaim, RegistryRead,
        RegistryStore, RegistryTx,
    },
};

/// A registry with a status list of 10 entries.
async fn registry<B: Backend>() -> B {
    let backend = B::fresh().await;
    allocate(backend.registry(), 10).await;
    backend
}

pub async fn certificates_come_back_as_stored<B: Backend>() {
    let backend = registry::<B>().await;
    let store = backend.registry();
    let revoked = Certificate {
        owner: id(PLATFORM_KGSS),
        registrant: id(PLATFORM),
        device: "server-2.old".parse().unwrap(),
        chain: Vec::new(),
        endorsement: "e30.e30.AA".to_owned(),
        recovered: true,
        state: CertificateState::Revoked,
        reason: Some(RevocationReason::KeyCompromise),
        revoked_at: Some(at(70)),
        ..certificate("02", 1)
    };
    for one in [&certificate("01", 0), &revoked] {
        put_certificate(store, one).await.unwrap();
        let mut reader = store.read().await.unwrap();
        assert_eq!(reader.certificate(&one.serial).await, Ok(Some(one.clone())));
        assert_eq!(
            reader.certificate_by_x5t(&one.x5t).await,
            Ok(Some(one.clone()))
        );
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.certificate("03").await, Ok(None));
    assert_eq!(reader.certificate_by_x5t("01").await, Ok(None));
}

pub async fn certificates_change_by_version<B: Backend>() {
    let backend = registry::<B>().await;
    let store = backend.registry();
    put_certificate(store, &certificate("01", 0)).await.unwrap();
    let same_serial = Certificate {
        device: "other".parse().unwrap(),
        ..certificate("01", 1)
    };
    let twice = put_certificate(store, &same_serial).await;
    assert!(
        matches!(twice, Err(StoreError::AlreadyExists(_))),
        "{twice:?}"
    );

    let revoked = Certificate {
        state: CertificateState::Revoked,
        reason: Some(RevocationReason::CessationOfOperation),
        revoked_at: Some(at(5)),
        version: 2,
        ..certificate("01", 0)
    };
    put_certificate(store, &revoked).await.unwrap();
    for version in [2, 4] {
        let old = put_certificate(
            store,
            &Certificate {
                version,
                ..revoked.clone()
            },
        )
        .await;
        assert_eq!(old, Err(StoreError::VersionConflict), "{version}");
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.certificate("01").await, Ok(Some(revoked)));
}

pub async fn a_device_has_one_active_certificate_in_each_place<B: Backend>() {
    let backend = registry::<B>().await;
    let store = backend.registry();
    put_certificate(store, &certificate("01", 0)).await.unwrap();
    let second = put_certificate(store, &certificate("02", 1)).await;
    assert!(
        matches!(second, Err(StoreError::AlreadyExists(_))),
        "{second:?}"
    );
    // One more stands beside it while it is replaced, and no third one.
    let beside = Certificate {
        place: 1,
        ..certificate("06", 5)
    };
    put_certificate(store, &beside).await.unwrap();
    let third = Certificate {
        place: 1,
        ..certificate("07", 6)
    };
    let third = put_certificate(store, &third).await;
    assert!(matches!(third, Err(StoreError::AlreadyExists(_))));
    // Another device, or another application, has its own.
    let other_device = Certificate {
        device: "laptop".parse().unwrap(),
        ..certificate("03", 2)
    };
    put_certificate(store, &other_device).await.unwrap();
    for (serial, index, owner) in [("04", 3, PLATFORM), ("05", 4, PLATFORM_KGSS)] {
        let other_owner = Certificate {
            owner: id(owner),
            ..certificate(serial, index)
        };
        put_certificate(store, &other_owner).await.unwrap();
    }
    // The next one comes when the one before is superseded, in the same act.
    act!(store, tx, [] {
        let old = Certificate {
            state: CertificateState::Superseded,
            version: 2,
            ..certificate("01", 0)
        };
        for one in [old, certificate("02", 1)] {
            tx.put_certificate(&one).await?;
            tx.append_audit(&event().about(&one)).await?;
        }
        Ok(())
    })
    .unwrap();
}

pub async fn certificates_are_listed_newest_first<B: Backend>() {
    let backend = registry::<B>().await;
    let store = backend.registry();
    let issued = [
        ("01", DOCTOR, "main"),
        ("02", PERSON, "main"),
        ("03", DOCTOR, "laptop"),
    ];
    for (index, (serial, owner, device)) in (0..).zip(issued) {
        let one = Certificate {
            owner: id(owner),
            device: device.parse().unwrap(),
            ..certificate(serial, index)
        };
        put_certificate(store, &one).await.unwrap();
    }
    let mut reader = store.read().await.unwrap();
    let serials = |list: Vec<Certificate>| list.into_iter().map(|c| c.serial).collect::<Vec<_>>();
    assert_eq!(
        serials(reader.certificates_of(&id(DOCTOR)).await.unwrap()),
        ["03", "01"]
    );
    assert_eq!(
        serials(reader.certificates_of(&id(PLATFORM)).await.unwrap()),
        [""; 0]
    );
    let all = reader
        .certificates_of_registrant(&id(DOCTOR))
        .await
        .unwrap();
    assert_eq!(serials(all), ["03", "02", "01"]);
    let none = reader
        .certificates_of_registrant(&id(PERSON))
        .await
        .unwrap();
    assert_eq!(serials(none), [""; 0]);
}

pub async fn encryption_keys_come_back_as_stored<B: Backend>() {
    let backend = registry::<B>().await;
    let store = backend.registry();
    let revoked = EncryptionKey {
        owner: id(PLATFORM_KGSS),
        sequence: u32::MAX,
        activated_at: Some(at(30)),
        superseded_at: Some(at(31)),
        revoked_at: Some(at(32)),
        state: KeyState::Revoked,
        reason: Some(RevocationReason::AffiliationChanged),
        ..encryption_key("b", 1)
    };
    for one in [&encryption_key("a", 0), &revoked, &encryption_key("c", 2)] {
        put_encryption_key(store, one).await.unwrap();
        let mut reader = store.read().await.unwrap();
        assert_eq!(reader.encryption_key(&one.kid).await, Ok(Some(one.clone())));
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.encryption_key("d").await, Ok(None));
    let listed = reader.encryption_keys_of(&id(DOCTOR)).await.unwrap();
    assert_eq!(listed, [encryption_key("c", 2), encryption_key("a", 0)]);
}

pub async fn encryption_keys_change_by_version<B: Backend>() {
    let backend = registry::<B>().await;
    let store = backend.registry();
    put_encryption_key(store, &encryption_key("a", 0))
        .await
        .unwrap();
    let twice = put_encryption_key(store, &encryption_key("a", 1)).await;
    assert!(
        matches!(twice, Err(StoreError::AlreadyExists(_))),
        "{twice:?}"
    );
    let active = EncryptionKey {
        state: KeyState::Active,
        activated_at: Some(at(4)),
        version: 2,
        ..encryption_key("a", 0)
    };
    put_encryption_key(store, &active).await.unwrap();
    for version in [2, 4] {
        let old = put_encryption_key(
            store,
            &EncryptionKey {
                version,
                ..active.clone()
            },
        )
        .await;
        assert_eq!(old, Err(StoreError::VersionConflict), "{version}");
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.encryption_key("a").await, Ok(Some(active)));
}

pub async fn what_has_ended_is_found<B: Backend>() {
    let backend = registry::<B>().await;
    let store = backend.registry();
    let ends = [("01", 100, true), ("02", 200, true), ("03", 100, false)];
    for (index, (name, end, active)) in (0..).zip(ends) {
        let state = if active {
            CertificateState::Active
        } else {
            CertificateState::Superseded
        };
        let device = format!("device-{name}").parse().unwrap();
        let one = Certificate {
            not_after: at(end),
            state,
            device,
            ..certificate(name, index)
        };
        put_certificate(store, &one).await.unwrap();
        let state = if active {
            KeyState::Active
        } else {
            KeyState::Superseded
        };
        let one = EncryptionKey {
            expires_at: at(end),
            state,
            ..encryption_key(name, index)
        };
        put_encryption_key(store, &one).await.unwrap();
    }
    let mut reader = store.read().await.unwrap();
    let expected: [(i64, u32, &[&str]); 4] = [
        (99, 9, &[]),
        (100, 9, &["01"]),
        (200, 9, &["01", "02"]),
        (200, 1, &["01"]),
    ];
    for (now, limit, names) in expected {
        let (certificates, keys) = reader.ended(at(now), limit).await.unwrap();
        let serials: Vec<&str> = certificates.iter().map(|c| c.serial.as_str()).collect();
        let kids: Vec<&str> = keys.iter().map(|key| key.kid.as_str()).collect();
        assert_eq!(
            (serials.as_slice(), kids.as_slice()),
            (names, names),
            "{now}"
        );
    }
}

pub async fn key_sessions_are_replaced<B: Backend>() {
    let backend = registry::<B>().await;
    let store = backend.registry();
    let session = key_session("one", 1);
    let used = KeySession {
        used: true,
        attempts_left: 4,
        ..session.clone()
    };
    for session in [session, used] {
        act!(store, tx, [session] {
            tx.put_key_session(&session).await?;
            tx.append_audit(&event()).await
        })
        .unwrap();
        let mut reader = store.read().await.unwrap();
        assert_eq!(reader.key_session("one").await, Ok(Some(session)));
    }
    assert_eq!(
        store.read().await.unwrap().key_session("two").await,
        Ok(None)
    );
}

pub async fn a_public_key_belongs_to_one_owner_and_use<B: Backend>() {
    let backend = registry::<B>().await;
    let store = backend.registry();
    let claim = |owner: &str, key_use| PublicKeyClaim {
        jkt: "jkt".to_owned(),
        owner: id(owner),
        key_use,
    };
    let claimed = async |claim: &PublicKeyClaim| {
        act!(store, tx, [claim] {
            tx.claim_public_key(&claim).await?;
            tx.append_audit(&event()).await
        })
    };
    let first = claim(DOCTOR, KeyUse::Enc);
    assert_eq!(claimed(&first).await, Ok(()));
    assert_eq!(claimed(&first).await, Ok(()));
    for other in [claim(DOCTOR, KeyUse::Sig), claim(PERSON, KeyUse::Enc)] {
        let refused = claimed(&other).await;
        assert!(
            matches!(refused, Err(StoreError::AlreadyExists(_))),
            "{refused:?}"
        );
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.public_key("jkt").await, Ok(Some(first)));
    assert_eq!(reader.public_key("other").await, Ok(None));
}

pub async fn sequences_never_fall<B: Backend>() {
    let backend = registry::<B>().await;
    let store = backend.registry();
    for (sequence, largest) in [(3, 3), (2, 3), (u32::MAX, u32::MAX)] {
        act!(store, tx, [sequence] {
            tx.put_owner_sequence(&id(DOCTOR), sequence).await?;
            tx.append_audit(&event()).await
        })
        .unwrap();
        let mut reader = store.read().await.unwrap();
        assert_eq!(reader.owner_sequence(&id(DOCTOR)).await, Ok(largest));
    }
    assert_eq!(
        store
            .read()
            .await
            .unwrap()
            .owner_sequence(&id(PERSON))
            .await,
        Ok(0)
    );
}

async fn alias<S: RegistryStore>(store: &S, primary: &Identifier) -> Result<(), StoreError> {
    act!(store, tx, [primary] {
        tx.put_alias(&id(PERSON), &primary).await?;
        tx.append_audit(&event()).await
    })
}

pub async fn an_alias_stands_for_one_identity<B: Backend>() {
    let backend = registry::<B>().await;
    let store = backend.registry();
    assert_eq!(alias(store, &id(DOCTOR)).await, Ok(()));
    assert_eq!(alias(store, &id(DOCTOR)).await, Ok(()));
    let refused = alias(store, &id(PLATFORM)).await;
    assert!(
        matches!(refused, Err(StoreError::AlreadyExists(_))),
        "{refused:?}"
    );
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.alias(&id(PERSON)).await, Ok(Some(id(DOCTOR))));
    assert_eq!(reader.alias(&id(DOCTOR)).await, Ok(None));
}
