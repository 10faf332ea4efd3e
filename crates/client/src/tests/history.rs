//! Signatures looked back at: good then, or not, or nobody knows.

use kleis_proto::method::registration::DESCRIBE_CERTIFICATE;
use kleis_proto::registration::v1::DescribeCertificateResult;
use kleis_trust::standing::Standing;
use kleis_trust::test_util::RegisteredDevice;
use kleis_types::{RevocationReason, Timestamp};

use super::scene::{ALICE, BOB, Scene};
use super::{assert_not_verified, reason_of};
use crate::{Kleis, named_certificate};

const HOUR: i64 = 3600;

fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.unix()).unwrap()
}

/// Bob holds what Alice signed an hour ago.
struct Past {
    scene: Scene,
    alice: RegisteredDevice,
    bob: Kleis,
    signed: String,
    then: Timestamp,
}

impl Past {
    fn new(seed: u64) -> Self {
        let scene = Scene::new(seed);
        let (alice, bob) = (scene.register(ALICE, "main"), scene.register(BOB, "main"));
        let signed = scene.open(&alice).sign_document(b"Goeiedag", None, None);
        let then = scene.installation().world.now();
        scene.advance(HOUR);
        let bob = scene.open(&bob);
        let signed = signed.unwrap();
        Self {
            scene,
            alice,
            bob,
            signed,
            then,
        }
    }

    /// Registration knows of Alice's certificate that it is active, but for the change.
    fn knows(&self, change: impl FnOnce(&mut DescribeCertificateResult)) {
        let certificate = self.alice.signer().certificate();
        let mut history = DescribeCertificateResult {
            x5t: certificate.x5t_s256().to_owned(),
            state: "ACTIVE".to_owned(),
            not_before: seconds(certificate.not_before()),
            not_after: seconds(certificate.not_after()),
            as_of: seconds(self.scene.installation().world.now()),
            ..DescribeCertificateResult::default()
        };
        change(&mut history);
        self.scene.installation().history = Some(history);
    }

    fn revoked(&self, reason: &str, at: Timestamp) {
        self.knows(|history| {
            history.state = "REVOKED".to_owned();
            history.reason = reason.to_owned();
            history.revoked_at = seconds(at);
        });
    }

    async fn standing(&self, at: Timestamp) -> Result<Standing, crate::ClientError> {
        let document = self.bob.verify_document_at(&self.signed, at, None).await?;
        assert_eq!(document.content, b"Goeiedag");
        assert_eq!(document.identifier.to_string(), ALICE);
        Ok(document.standing)
    }
}

#[tokio::test]
async fn what_was_good_then_stays_good_unless_its_key_was_stolen() {
    let past = Past::new(71);
    past.knows(|_| ());
    assert_eq!(past.standing(past.then).await.unwrap(), Standing::Good);
    let change = past.then.plus_seconds(HOUR / 2);
    past.knows(|history| {
        history.state = "SUPERSEDED".to_owned();
        history.superseded_at = seconds(change);
    });
    let superseded = Standing::SupersededSince(change);
    assert_eq!(past.standing(past.then).await.unwrap(), superseded);
    assert_not_verified(past.standing(change).await, "STANDING_SUPERSEDED");
    past.revoked("affiliationChanged", change);
    let revoked = Standing::RevokedSince(change, RevocationReason::AffiliationChanged);
    assert_eq!(past.standing(past.then).await.unwrap(), revoked);
    assert_not_verified(past.standing(change).await, "STANDING_REVOKED");
    past.revoked("keyCompromise", change);
    let compromised = "STANDING_KEY_COMPROMISED";
    assert_not_verified(past.standing(past.then).await, compromised);
}

#[tokio::test]
async fn what_nobody_can_tell_is_refused() {
    let past = Past::new(72);
    assert_eq!(reason_of(past.standing(past.then).await), "NOT_FOUND");
    past.knows(|history| history.incomplete = true);
    assert_not_verified(past.standing(past.then).await, "STANDING_UNKNOWN");
    past.knows(|history| history.state = "FINE".to_owned());
    assert_not_verified(past.standing(past.then).await, "HISTORY_MALFORMED");
    past.revoked("because", past.then);
    assert_not_verified(past.standing(past.then).await, "HISTORY_MALFORMED");
    past.knows(|history| history.x5t = "A".repeat(43));
    assert_not_verified(past.standing(past.then).await, "OTHER_CERTIFICATE");
    past.knows(|history| history.not_after += 1);
    let other = "STANDING_OTHER_CERTIFICATE";
    assert_not_verified(past.standing(past.then).await, other);
    past.knows(|_| ());
    let early = past.then.plus_seconds(-10 * HOUR);
    assert_not_verified(past.standing(early).await, "CERTIFICATE_NOT_YET_VALID");
    let future = past.then.plus_seconds(2 * HOUR);
    assert_not_verified(past.standing(future).await, "STANDING_BEYOND_HISTORY");
}

#[tokio::test]
async fn a_kept_history_decides_without_the_server() {
    let past = Past::new(73);
    past.knows(|_| ());
    let x5t = named_certificate(&past.signed).unwrap();
    let kept = past.bob.certificate_history(&x5t).await.unwrap().reply;
    let asked = past.scene.installation().orders.len();
    past.scene.advance(1000 * HOUR);
    let read = async |kept: &str, at| {
        let document = past.bob.verify_document_at(&past.signed, at, Some(kept));
        document.await.map(|document| document.standing)
    };
    assert_eq!(read(&kept, past.then).await.unwrap(), Standing::Good);
    let later = past.then.plus_seconds(2 * HOUR);
    assert_not_verified(read(&kept, later).await, "STANDING_BEYOND_HISTORY");
    assert_eq!(past.scene.installation().orders.len(), asked);
    let document = read(&past.signed, past.then).await;
    assert_not_verified(document, "REPLY_TYPE");

    // Another method's answer, and one that was not signed when the records were asked.
    let order = past.scene.installation().orders.last().unwrap().clone();
    let digest = kleis_jose::digest::sha256(order.as_bytes());
    let jti = kleis_trust::Jti::random(&kleis_types::SeededRandom::new(3));
    let says = |method: &str| {
        let installation = past.scene.installation();
        let body = installation.history.clone().unwrap();
        installation.registration_says(method, jti, &digest, &body)
    };
    let other = read(&says("x"), past.then).await;
    assert_not_verified(other, "REPLY_METHOD");
    let other = read(&says(DESCRIBE_CERTIFICATE), past.then).await;
    assert_not_verified(other, "HISTORY_MALFORMED");
    past.knows(|history| history.x5t = "A".repeat(43));
    let other = read(&says(DESCRIBE_CERTIFICATE), past.then).await;
    assert_not_verified(other, "OTHER_CERTIFICATE");
}

#[tokio::test]
async fn an_order_that_was_kept_is_evidence_and_no_document() {
    let past = Past::new(74);
    past.knows(|_| ());
    let alice = past.scene.open(&past.alice);
    let x5t = named_certificate(&past.signed).unwrap();
    alice.certificate_history(&x5t).await.unwrap();
    let order = past.scene.installation().orders.last().unwrap().clone();
    let made = past.scene.installation().world.now();
    let read = async |at| past.bob.verify_document_at(&order, at, None).await;
    let evidence = read(made).await.unwrap();
    assert_eq!(evidence.typ.as_deref(), Some("kleis-order+jwt"));
    assert!(
        !format!("{evidence:?}").contains(ALICE),
        "a person is shown"
    );
    let early = made.plus_seconds(-61);
    assert_not_verified(read(early).await, "MADE_LATER");
    let document = past.bob.verify_document(&order).await;
    assert_not_verified(document, "RESERVED_TYPE");
}

#[tokio::test]
async fn what_is_changed_is_refused_before_anybody_is_asked() {
    let past = Past::new(75);
    past.knows(|_| ());
    let (start, _) = past.signed.rsplit_once('.').unwrap();
    let forged = format!("{start}.{}", "A".repeat(86));
    let outcome = past.bob.verify_document_at(&forged, past.then, None).await;
    assert_not_verified(outcome, "SIGNATURE_INVALID");
    let outcome = past.bob.verify_document_at("a.b", past.then, None).await;
    assert_not_verified(outcome, "SIGNATURE_MALFORMED");
    assert!(past.scene.installation().orders.is_empty());
    assert_eq!(reason_of(named_certificate("a.b")), "INPUT");
}
