//! False requests: the service refuses each, and nothing is written.

use kleis_client::ClientError;
use kleis_e2e::{Exchange, Mischief, NOTHING, Nth, Way, mutation, people};

use super::{Deed, Scene};

#[tokio::test]
async fn api_no_changed_order_is_carried_out() {
    let scene = Scene::new().await;
    for deed in Deed::ALL {
        let on = deed.prepare(&scene.party).await;
        let before = scene.installation.databases().contents();
        let client = scene.tapped.client();
        let mut number = 0;
        loop {
            let method = deed.method();
            let forms = |message: &[u8]| mutation::of_message(method, true, message, &[]);
            let mischief = Nth::new(Way::There, method, number, forms);
            scene.proxy.set(mischief.clone());
            let told = deed.perform(&client, &on).await;
            if mischief.is_exhausted() {
                told.unwrap();
                break;
            }
            let refused = matches!(told, Err(ClientError::Refused { .. }));
            assert!(refused, "{deed:?} {}: {told:?}", mischief.applied());
            // Looking at the databases takes longer than the call; every tenth time will do, and the last.
            if number % 10 == 0 {
                let changes = scene.installation.databases().changes_since(&before);
                assert_eq!(changes, NOTHING, "{deed:?} {}", mischief.applied());
            }
            number += 1;
        }
        assert!(number > 8, "{deed:?}: only {number} forms");
    }
}

/// Sends what was sent before in the place of what is sent.
struct Resend(Exchange);

impl Mischief for Resend {
    fn request(&self, method: &str, message: Vec<u8>) -> Vec<u8> {
        if method == self.0.method {
            self.0.request.clone()
        } else {
            message
        }
    }
}

#[tokio::test]
async fn api_an_order_sent_again_in_the_place_of_another_does_nothing_and_fools_nobody() {
    let scene = Scene::new().await;
    for deed in Deed::ALL {
        let on = deed.prepare(&scene.party).await;
        scene.proxy.be_honest();
        deed.perform(&scene.tapped.client(), &on).await.unwrap();
        let seen = scene.proxy.seen();
        let method = deed.method();
        let earlier = seen
            .iter()
            .rev()
            .find(|exchange| exchange.method == method)
            .unwrap();
        scene.proxy.set(Resend(earlier.clone()));
        let on = deed.prepare(&scene.party).await;
        let before = scene.installation.databases().contents();
        let error = deed.perform(&scene.tapped.client(), &on).await.unwrap_err();
        assert!(
            matches!(error, ClientError::NotVerified { .. }),
            "{deed:?}: {error:?}"
        );
        // That it was asked for again, and that a key went out again, stands in the audit and nowhere else.
        let mut changes = scene.installation.databases().changes_since(&before);
        changes.retain(|change| !change.starts_with("INSERT INTO \"audit\""));
        changes.retain(|change| !change.starts_with("INSERT INTO \"sqlite_sequence\""));
        assert_eq!(changes, NOTHING, "{deed:?}");
    }
}

#[tokio::test]
async fn api_an_order_of_somebody_else_is_not_carried_out_on_our_connection() {
    let scene = Scene::new().await;
    // Somebody else's order, taken down by another tap.
    let other = scene.installation.enrolled("other", people::PHARMACY);
    let tap = kleis_e2e::Proxy::start(&scene.installation, &other).await;
    let deed = Deed::Create;
    deed.perform(&other.at(tap.address()).client(), "")
        .await
        .unwrap();
    let seen = tap.seen();
    let theirs = seen
        .iter()
        .find(|exchange| exchange.method == deed.method())
        .unwrap();
    scene.proxy.set(Resend(theirs.clone()));
    let before = scene.installation.databases().contents();
    let error = deed.perform(&scene.tapped.client(), "").await.unwrap_err();
    assert_eq!(error.reason(), "SIGNER_MISMATCH");
    assert_eq!(
        scene.installation.databases().changes_since(&before),
        NOTHING
    );
}
