//! Several at once: one wins, the others are told, and nothing is done twice.

use std::sync::Arc;

use kleis_jose::KeyType;
use kleis_proto::{method, registration::v1 as wire};
use kleis_registration::Call;
use kleis_trust::order::SignedOrder;
use kleis_types::{ErrorCode, Problem};

use crate::{
    house::{House, JOHN, MARY, call_of},
    people::at,
};

type Reply = Result<String, Problem>;

/// Sends orders of one method at the same time.
async fn at_once(
    house: &Arc<House>,
    method: &'static str,
    orders: Vec<(SignedOrder, Call)>,
) -> (Vec<String>, Vec<Problem>) {
    let tasks: Vec<_> = orders
        .into_iter()
        .map(|(order, call)| {
            let service = house.registration.clone();
            tokio::spawn(async move {
                let text = order.compact();
                let reply = match method {
                    method::registration::ENROL => service.enrol(text, &call).await,
                    _ => service.complete_key(text, &call).await,
                };
                crate::house::told(reply)
            })
        })
        .collect();
    let (mut replies, mut refusals) = (Vec::new(), Vec::new());
    for task in tasks {
        match task.await.unwrap() {
            Reply::Ok(reply) => replies.push(reply),
            Err(problem) => refusals.push(problem),
        }
    }
    (replies, refusals)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_spent_once_by_however_many() {
    let house = Arc::new(House::new().await);
    let operator = house.bootstrap().await;
    house.register(&operator, &[JOHN], true).await.unwrap();
    let code = house.code(&operator, JOHN).await.unwrap();
    let orders = (0..8)
        .map(|index| {
            let key = house.key(KeyType::P256);
            let body = house.enrolment(&code, JOHN, &format!("device-{index}"), &key);
            let order = house.sign_enrolment(method::registration::ENROL, &key, body);
            (order, Call::default())
        })
        .collect();
    let (replies, refusals) = at_once(&house, method::registration::ENROL, orders).await;
    assert_eq!((replies.len(), refusals.len()), (1, 7));
    assert!(
        refusals
            .iter()
            .all(|one| one.code() == ErrorCode::EnrolmentRefused)
    );
    house.status_list().await;
    house.check_audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_order_sent_many_times_at_once_is_one_order() {
    let house = Arc::new(House::new().await);
    let operator = house.bootstrap().await;
    let device = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let begun = house.begin_fresh(&device).await;
    let body = house.answer(&device, &begun, &house.claims(&device, &begun));
    let order = house.sign(&device.signer, method::registration::COMPLETE_KEY, body);
    let orders = (0..8)
        .map(|_| (order.clone(), call_of(&device.signer)))
        .collect();
    let (replies, refusals) = at_once(&house, method::registration::COMPLETE_KEY, orders).await;
    assert_eq!((replies.len(), refusals.len()), (8, 0));
    let keys = house
        .registration
        .keys(&call_of(&device.signer))
        .await
        .unwrap();
    assert_eq!(keys.len(), 1);
    house.check_audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_proves_possession_first_has_the_key() {
    let house = Arc::new(House::new().await);
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    let key = house.key(KeyType::P256);
    let mut orders = Vec::new();
    for device in [&john, &mary] {
        let begun = house.begin(device, &key).await.unwrap();
        let body: wire::CompleteKeyOrder =
            house.answer(device, &begun, &house.claims(device, &begun));
        let order = house.sign(&device.signer, method::registration::COMPLETE_KEY, body);
        orders.push((order, call_of(&device.signer)));
    }
    let (replies, refusals) = at_once(&house, method::registration::COMPLETE_KEY, orders).await;
    assert_eq!((replies.len(), refusals.len()), (1, 1));
    let refused = (refusals[0].code(), refusals[0].field().map(str::to_owned));
    assert_eq!(refused, at(ErrorCode::KeyInUse, "jwk"));
    house.status_list().await;
    house.check_audit().await;
}
