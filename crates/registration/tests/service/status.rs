//! The status list that everybody is served.

use std::sync::Arc;

use kleis_trust::status::{Status, StatusList, StatusSource as _};

use crate::house::{House, JOHN};

#[tokio::test]
async fn an_unchanged_list_is_served_for_five_minutes() {
    let house = House::new().await;
    let first = house.registration.status_token().await.unwrap();
    house.clock.advance(299);
    assert!(Arc::ptr_eq(
        &house.registration.status_token().await.unwrap(),
        &first
    ));
    house.clock.advance(1);
    let second = house.registration.status_token().await.unwrap();
    assert_ne!(second, first);
    let read = |token: &str| StatusList::verify(token, &house.anchors, house.now()).unwrap();
    let (first, second) = (read(&first), read(&second));
    second.not_older_than(&first.memory()).unwrap();
    assert_eq!(second.version(), first.version());
    assert_eq!(second.issued_at(), house.now());
}

#[tokio::test]
async fn a_change_is_in_the_next_list() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let before = house.registration.current().await.unwrap();
    assert_eq!(before.entries().get(john.status_index()), Status::Valid);
    house
        .revoke_as_operator(&operator, &john.serial())
        .await
        .unwrap();
    let after = house.registration.current().await.unwrap();
    assert_eq!(after.entries().get(john.status_index()), Status::Invalid);
    assert!(after.version() > before.version());
    after.not_older_than(&before.memory()).unwrap();
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let mut house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    house
        .revoke_as_operator(&operator, &john.serial())
        .await
        .unwrap();
    let before = house.registration.current().await.unwrap();
    house.restart().await;
    let after = house.registration.current().await.unwrap();
    after.not_older_than(&before.memory()).unwrap();
    assert_eq!(after.entries().get(john.status_index()), Status::Invalid);
    assert_eq!(house.status(operator.status_index()).await, Status::Valid);
}

#[tokio::test]
async fn many_who_ask_at_once_get_one_list() {
    let house = House::new().await;
    let asked: Vec<_> = (0..16)
        .map(|_| {
            let registration = house.registration.clone();
            tokio::spawn(async move { registration.status_token().await.unwrap() })
        })
        .collect();
    let mut tokens = Vec::new();
    for one in asked {
        tokens.push(one.await.unwrap());
    }
    assert!(tokens.iter().all(|token| Arc::ptr_eq(token, &tokens[0])));
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_the_board_right() {
    use kleis_proto::{method, registration::v1 as wire};
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let body = wire::RevokeCertificateOrder {
        serial: john.serial(),
        reason: "keyCompromise".into(),
    };
    let order = house.sign(&john.signer, method::registration::REVOKE_CERTIFICATE, body);
    let call = crate::house::call_of(&john.signer);
    let mut revoking = Box::pin(
        house
            .registration
            .revoke_certificate(order.compact(), &call),
    );
    // Polled once: the act is on its way.
    assert!(futures_poll_once(&mut revoking).await.is_none());
    drop(revoking);
    // Acts are carried out one after the other: this one after that.
    house
        .register(&operator, &["SSIN:73011136173"], true)
        .await
        .unwrap();
    tokio::task::yield_now().await;
    assert_eq!(house.status(john.status_index()).await, Status::Invalid);
}

/// Polls a future once.
async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}
