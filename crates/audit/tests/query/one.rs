//! One event.

use kleis_types::ErrorCode;

use crate::fixture::{House, append};

#[tokio::test]
async fn an_event_is_found_by_its_chain_and_position() {
    let house = House::new().await;
    append(&house.registry, "r1").await;
    append(&house.registry, "r2").await;
    append(&house.custody, "c1").await;
    let told = house.get("registration", "r", 2).await.ok().unwrap();
    assert_eq!(
        (told.service.as_str(), told.details.as_str()),
        ("registration", "r2")
    );
    assert_eq!(told.previous, house.registry_rows().await[0].hash);
    let told = house.get("custody", "c", 1).await.ok().unwrap();
    assert_eq!(told.details, "c1");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let house = House::new().await;
    append(&house.registry, "r1").await;
    for (chain, seq) in [("r", 100), ("r", u64::MAX), ("c", 1), ("R", 1)] {
        let refused = house.get("registration", chain, seq).await.err().unwrap();
        assert_eq!(refused.code(), ErrorCode::NotFound, "{chain} {seq}");
    }
    for (chain, seq, field) in [("", 1, "chain"), ("r", 0, "seq")] {
        let refused = house.get("registration", chain, seq).await.err().unwrap();
        assert_eq!(refused.field(), Some(field));
    }
    let refused = house.get("sts", "r", 1).await.err().unwrap();
    assert_eq!(refused.field(), Some("service"));
}
