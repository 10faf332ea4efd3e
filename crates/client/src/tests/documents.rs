//! Documents are opened by those they were written to, and by nobody else.

use kleis_jose::jwe::{self, Recipient};
use kleis_jose::{ContentEncryption, Jwk, KeyAlgorithm, KeyType};
use kleis_trust::challenge::{self, Nonce};
use kleis_trust::sealed::{self, Addressee};
use kleis_trust::status::Status;
use kleis_trust::test_util::{CERTIFICATE_LIFE, RegisteredDevice};
use kleis_types::{Identifier, SecretBytes, SeededRandom};
use serde_json::{Value, json};

use super::scene::{ALICE, BOB, KEY_ID, Scene};
use super::{assert_not_verified, reason_of};
use crate::{ClientError, Readers, Sealed};

const CAROL: &str = "NIHII:19997341";

/// Alice writes to Bob.
async fn written(scene: &Scene) -> (RegisteredDevice, RegisteredDevice, Sealed) {
    let (alice, bob) = (scene.register(ALICE, "main"), scene.register(BOB, "main"));
    scene.publish(&[&bob]);
    let client = scene.open(&alice);
    let to: Identifier = BOB.parse().unwrap();
    let to = client.recipient(&to).await.unwrap();
    let sealed = client.seal(b"Goeiedag", "text/plain", &[to], None).await;
    (alice, bob, sealed.unwrap())
}

/// What somebody may seal to a key, whatever it is.
fn seal_to(key: &Jwk, algorithm: KeyAlgorithm, header: &jwe::Header, plaintext: &str) -> String {
    let to = [Recipient {
        key,
        alg: algorithm,
    }];
    let (enc, random) = (ContentEncryption::A256Gcm, SeededRandom::new(9));
    jwe::encrypt_json(&to, enc, header, plaintext.as_bytes(), &random).unwrap()
}

fn signed_to(sender: &RegisteredDevice, readers: &[&str]) -> String {
    let names: Vec<Addressee> = readers.iter().map(|name| name.parse().unwrap()).collect();
    sealed::sign(sender.signer(), "text/plain", &names, b"Goeiedag").unwrap()
}

fn signed_document() -> jwe::Header {
    jwe::Header::default().with_cty("JWT")
}

#[tokio::test]
async fn each_device_of_the_recipient_opens_what_was_sealed() {
    let scene = Scene::new(61);
    let (alice, bob) = (scene.register(ALICE, "main"), scene.register(BOB, "main"));
    let phone = scene
        .installation()
        .world
        .register_endorsed("phone", bob.signer());
    scene.publish(&[&bob, &phone]);
    let client = scene.open(&alice);
    let to = client.recipient(&BOB.parse().unwrap()).await.unwrap();
    let sealed = client
        .seal(b"Goeiedag", "text/plain", &[to], None)
        .await
        .unwrap();
    assert_eq!(sealed.keys.len(), 2);
    for device in [&bob, &phone] {
        let opened = scene
            .open(device)
            .open_document(sealed.jwe.as_bytes())
            .await
            .unwrap();
        assert_eq!(
            (opened.content.as_slice(), opened.media_type.as_str()),
            (&b"Goeiedag"[..], "text/plain")
        );
        assert_eq!(opened.sender.identifier.to_string(), ALICE);
        assert_eq!(opened.sender.status, Status::Valid);
        assert_eq!(opened.addressees, [BOB.parse::<Addressee>().unwrap()]);
        assert!(
            !format!("{opened:?}").contains("111, 101"),
            "the content is shown"
        );
    }
    let outcome = client.open_document(sealed.jwe.as_bytes()).await;
    assert!(matches!(outcome, Err(ClientError::NotFound(_))));
}

#[tokio::test]
async fn a_document_written_to_somebody_else_is_refused() {
    let scene = Scene::new(62);
    let (alice, bob, carol) = (
        scene.register(ALICE, "main"),
        scene.register(BOB, "main"),
        scene.register(CAROL, "main"),
    );
    // Bob passes on to Carol what Alice wrote to him.
    let passed_on = seal_to(
        carol.key(),
        KeyAlgorithm::EcdhEsA256Kw,
        &signed_document(),
        &signed_to(&alice, &[BOB]),
    );
    let outcome = scene.open(&carol).open_document(passed_on.as_bytes()).await;
    assert_not_verified(outcome, "DOCUMENT_NOT_FOR_READER");
    drop(bob);
}

#[tokio::test]
async fn a_revoked_sender_is_refused_and_a_former_one_is_told() {
    let scene = Scene::new(63);
    let (alice, bob, sealed) = written(&scene).await;
    let index = alice.signer().identity().status_index();
    let open = async || {
        scene.advance(60);
        scene.open(&bob).open_document(sealed.jwe.as_bytes()).await
    };
    for (status, expected) in [
        (Status::Invalid, "CERTIFICATE_REVOKED"),
        (Status::Suspended, "CERTIFICATE_SUSPENDED"),
    ] {
        scene.installation().world.set_status(index, status);
        assert_not_verified(open().await, expected);
    }
    scene.installation().world.set_status(index, Status::Other);
    assert_eq!(open().await.unwrap().sender.status, Status::Other);
    // Mail stays readable when its sender's certificate has ended.
    scene.installation().world.set_status(index, Status::Valid);
    scene.advance(CERTIFICATE_LIFE);
    assert_eq!(open().await.unwrap().sender.status, Status::Other);
}

#[tokio::test]
async fn what_is_no_document_is_not_opened() {
    let scene = Scene::new(64);
    let (alice, bob) = (scene.register(ALICE, "main"), scene.register(BOB, "main"));
    let client = scene.open(&bob);
    let seal = |header: jwe::Header, plaintext: &str| {
        seal_to(bob.key(), KeyAlgorithm::EcdhEsA256Kw, &header, plaintext)
    };
    let good = signed_to(&alice, &[BOB]);
    let reserved = signed_document().with_typ("kleis-release+jwe");
    let cases = [
        (seal(jwe::Header::default(), &good), "NOT_A_DOCUMENT"),
        (seal(reserved, &good), "NOT_A_DOCUMENT"),
        (seal(signed_document(), "a.b.c"), "DOCUMENT_MALFORMED"),
        (seal(signed_document(), ""), "DOCUMENT_MALFORMED"),
    ];
    for (document, expected) in cases {
        assert_not_verified(client.open_document(document.as_bytes()).await, expected);
    }
    let mut damaged: Value = serde_json::from_str(&seal(signed_document(), &good)).unwrap();
    damaged["tag"] = json!("AAAAAAAAAAAAAAAAAAAAAA");
    let outcome = client.open_document(damaged.to_string().as_bytes()).await;
    assert_not_verified(outcome, "NOT_DECRYPTED");
    for text in ["", "{}", "[]", "a.b.c.d.e"] {
        let outcome = client.open_document(text.as_bytes()).await;
        assert!(
            matches!(reason_of(outcome), "INPUT" | "NOT_FOUND"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn nobody_is_made_to_answer_a_challenge_by_opening_a_document() {
    let scene = Scene::new(65);
    let bob = scene.register(BOB, "main");
    let challenge = {
        let installation = scene.installation();
        let world = &installation.world;
        let subject = challenge::Subject {
            installation: world.installation(),
            session: "1",
            owner: bob.identifier(),
            device: bob.signer().identity().device(),
        };
        let nonce = Nonce::random(world.random());
        challenge::seal(&bob.key().public(), &subject, &nonce, world.random()).unwrap()
    };
    // The compact challenge in the JSON serialisation: the same message in another dress.
    let parts: Vec<&str> = challenge.split('.').collect();
    let dressed = json!({
        "protected": parts[0],
        "header": {},
        "encrypted_key": parts[1],
        "iv": parts[2],
        "ciphertext": parts[3],
        "tag": parts[4],
    });
    let named = json!({
        "protected": parts[0],
        "recipients": [{"encrypted_key": parts[1]}],
        "iv": parts[2],
        "ciphertext": parts[3],
        "tag": parts[4],
    });
    let client = scene.open(&bob);
    for document in [dressed, named] {
        let outcome = client.open_document(document.to_string().as_bytes()).await;
        assert!(matches!(outcome, Err(ClientError::NotFound(_))));
    }
}

#[tokio::test]
async fn unknown_readers_open_with_a_key_from_custody() {
    let scene = Scene::new(66);
    let (alice, carol) = (scene.register(ALICE, "main"), scene.register(CAROL, "main"));
    let secret = SecretBytes::from(scene.installation().secret.clone());
    let key = Jwk::oct(secret).unwrap().with_member("kid", KEY_ID.into());
    let client = scene.open(&alice);
    let sealed = client
        .seal(
            b"Goeiedag",
            "text/plain",
            &[],
            Some(Readers::Key(key.clone())),
        )
        .await
        .unwrap();
    assert_eq!(sealed.custody_key.as_deref(), Some(KEY_ID));
    let opened = scene
        .open(&carol)
        .open_document(sealed.jwe.as_bytes())
        .await
        .unwrap();
    assert_eq!(opened.content, b"Goeiedag");
    assert_eq!(opened.receipt.unwrap().key.key_id, KEY_ID);
    // A key of custody opens what was written for its readers alone.
    let other = seal_to(
        &key,
        KeyAlgorithm::A256Kw,
        &signed_document(),
        &signed_to(&alice, &[CAROL]),
    );
    let outcome = scene.open(&carol).open_document(other.as_bytes()).await;
    assert_not_verified(outcome, "DOCUMENT_NOT_FOR_READER");
}

#[tokio::test]
async fn no_read_is_spent_while_the_sender_cannot_be_judged() {
    let scene = Scene::new(67);
    let carol = scene.register(CAROL, "main");
    let secret = SecretBytes::from(scene.installation().secret.clone());
    let key = Jwk::oct(secret).unwrap().with_member("kid", KEY_ID.into());
    let document = seal_to(
        &key,
        KeyAlgorithm::A256Kw,
        &signed_document(),
        &signed_to(&carol, &[&format!("custody:{KEY_ID}")]),
    );
    scene.installation().listless = true;
    let client = scene.open(&carol);
    assert!(
        client
            .open_document(document.as_bytes())
            .await
            .unwrap_err()
            .is_transient()
    );
    assert!(scene.installation().orders.is_empty());
    scene.installation().listless = false;
    assert!(client.open_document(document.as_bytes()).await.is_ok());
}

#[tokio::test]
async fn a_document_has_a_reader() {
    let scene = Scene::new(68);
    let client = scene.open(&scene.register(ALICE, "main"));
    assert_eq!(
        reason_of(client.seal(b"", "text/plain", &[], None).await),
        "INPUT"
    );
}

#[tokio::test]
async fn signatures_name_their_signer_and_are_never_orders() {
    let scene = Scene::new(69);
    let (alice, bob) = (scene.register(ALICE, "main"), scene.register(BOB, "main"));
    let client = scene.open(&alice);
    let signed = client
        .sign_document(b"Goeiedag", None, Some("text/plain"))
        .unwrap();
    let verified = scene.open(&bob).verify_document(&signed).await.unwrap();
    assert_eq!(verified.content, b"Goeiedag");
    assert_eq!(verified.signer.identifier.to_string(), ALICE);
    for typ in [
        "kleis-order+jwt",
        "Application/KLEIS-binding+jwt",
        "statuslist+jwt",
    ] {
        assert_eq!(
            reason_of(client.sign_document(b"{}", Some(typ), None)),
            "INPUT"
        );
    }
    let list = scene.installation().world.signed_status_list();
    let reader = scene.open(&bob);
    assert_not_verified(reader.verify_document(&list).await, "RESERVED_TYPE");
    let mut changed = signed.clone();
    changed.replace_range(signed.len() - 4.., "AAAA");
    assert_not_verified(reader.verify_document(&changed).await, "SIGNATURE_INVALID");
    assert_not_verified(reader.verify_document("a.b").await, "SIGNATURE_MALFORMED");
    let index = alice.signer().identity().status_index();
    scene
        .installation()
        .world
        .set_status(index, Status::Invalid);
    scene.advance(60);
    assert_not_verified(reader.verify_document(&signed).await, "CERTIFICATE_REVOKED");
}

/// Messages of the time before: sealed to a key that came along from another key store.
#[tokio::test]
async fn what_was_sealed_to_an_adopted_key_is_opened_by_thumbprint_and_by_alias() {
    let scene = Scene::new(67);
    let (alice, bob) = (scene.register(ALICE, "main"), scene.register(BOB, "main"));
    let client = scene.open(&bob);
    let random = SeededRandom::new(3);
    let old = Jwk::generate(KeyType::Rsa { bits: 2048 }, &random).unwrap();
    let serial = "24197857161011715162171839636988778104";
    let letter = |kid: &str| {
        let key = old.public().with_member("kid", kid.into());
        let signed = signed_to(&alice, &[BOB]);
        seal_to(&key, KeyAlgorithm::RsaOaep256, &signed_document(), &signed)
    };
    let letters = [letter(old.thumbprint().as_str()), letter(serial)];
    for letter in &letters {
        let outcome = client.open_document(letter.as_bytes()).await;
        assert_eq!(reason_of(outcome), "NOT_FOUND");
    }
    let home = client.home();
    assert!(
        home.adopt_decryption_key(&old, Some(serial), &random)
            .unwrap()
    );
    for letter in &letters {
        let opened = client.open_document(letter.as_bytes()).await.unwrap();
        assert_eq!(opened.content, b"Goeiedag");
    }
    let outcome = client.open_document(letter("42").as_bytes()).await;
    assert_eq!(reason_of(outcome), "NOT_FOUND");
}
