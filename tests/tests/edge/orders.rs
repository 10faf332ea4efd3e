//! Orders and their answers, with every part made false in turn: each is refused, under a stable reason.

use kleis_client::ClientError;

use kleis_e2e::Way;

use crate::{cast::Cast, deeds::Deed, falsify::falsify};

/// Tries everything on these deeds; none may be told anything but a refusal.
async fn refuse_all(deeds: &[Deed], way: Way, at_least: usize) {
    let cast = Cast::new().await;
    let mut tried = 0;
    for deed in deeds {
        let attempts = Box::pin(falsify(&cast, *deed, way)).await.attempts;
        for attempt in &attempts {
            let said = format!("{deed:?} {way:?} {}: {:?}", attempt.form, attempt.told);
            match &attempt.told {
                Err(error @ ClientError::Refused { .. }) => {
                    assert_ne!(error.reason(), "INTERNAL", "{said}");
                }
                Err(ClientError::NotVerified { .. }) => {}
                _ => panic!("{said}"),
            }
        }
        assert!(
            attempts.len() > 40,
            "{deed:?} {way:?}: only {}",
            attempts.len()
        );
        tried += attempts.len();
    }
    crate::report(&format!("{way:?} {deeds:?}"), tried);
    assert!(tried >= at_least, "only {tried} were tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_no_false_order_to_registration_is_carried_out() {
    Box::pin(refuse_all(&Deed::REGISTRATION, Way::There, 500)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_no_false_answer_of_registration_is_believed() {
    Box::pin(refuse_all(&Deed::REGISTRATION, Way::Back, 500)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_no_false_order_to_custody_is_carried_out() {
    Box::pin(refuse_all(&Deed::CUSTODY, Way::There, 400)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_no_false_answer_of_custody_is_believed() {
    Box::pin(refuse_all(&Deed::CUSTODY, Way::Back, 300)).await;
}
