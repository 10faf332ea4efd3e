//! Starting, and refusing to.

use std::sync::Arc;

use kleis_custody::{Custody, CustodyConfig, OpenError};
use kleis_jose::KeyType;
use kleis_types::{SeededRandom, Service};

use crate::fixture::{OWNER, Office, config, kek, policy};

async fn open(office: &Office, config: CustodyConfig) -> Result<(), OpenError> {
    let (store, board) = (office.store.clone(), office.board.clone());
    let random = Arc::new(SeededRandom::new(3));
    Custody::open(store, config, board, office.clock.clone(), random)
        .await
        .map(drop)
}

#[tokio::test]
async fn another_kek_is_refused_and_the_needed_one_named() {
    let mut office = Office::open().await;
    assert!(office.start(2).await.is_ok(), "nothing is wrapped yet");
    let owner = office.caller(OWNER);
    office.key(&owner, &policy()).await;
    let refused = office.start(2).await.unwrap_err();
    let (needed, loaded) = (kek(1).id().to_string(), kek(2).id().to_string());
    assert!(matches!(
        &refused,
        OpenError::OtherKek { needed: n, loaded: l } if *n == needed && *l == loaded
    ));
    assert!(
        refused
            .to_string()
            .contains(&format!("start with the KEK {needed}"))
    );
    assert!(office.start(1).await.is_ok());
}

#[tokio::test]
async fn the_parts_must_fit() {
    let mut office = Office::open().await;
    let good = |office: &Office| config(&office.world, &office.signer, &office.transport, 1);
    assert!(open(&office, good(&office)).await.is_ok());

    let signer = office.world.service(Service::Registration);
    let refused = open(
        &office,
        CustodyConfig {
            signer,
            ..good(&office)
        },
    )
    .await;
    assert!(matches!(refused, Err(OpenError::Signer)));

    let mut other = kleis_trust::test_util::World::new(8);
    let signer = other.service(Service::Custody);
    let refused = open(
        &office,
        CustodyConfig {
            signer,
            ..good(&office)
        },
    )
    .await;
    assert!(matches!(refused, Err(OpenError::Signer)));

    let begun = office.now().unix();
    let end = office.signer.certificate().not_after().unix();
    office.clock.set(end + 61);
    assert!(
        matches!(open(&office, good(&office)).await, Err(OpenError::Signer)),
        "expired"
    );
    office.clock.set(begun);

    let symmetric = kleis_jose::Jwk::oct(vec![1; 32].into()).unwrap();
    let signing = office.world.key(KeyType::Ed25519);
    for transport_key in [office.transport.public(), symmetric, signing] {
        let refused = open(
            &office,
            CustodyConfig {
                transport_key,
                ..good(&office)
            },
        )
        .await;
        assert!(matches!(refused, Err(OpenError::TransportKey)));
    }
}
