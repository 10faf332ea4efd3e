//! What somebody in between sees: no key, no code, no document.

use kleis_e2e::{Installation, Proxy, people};
use kleis_jose::Jwk;
use kleis_trust::enrolment_code::EnrolmentCode;
use kleis_types::{SecretBytes, base64url};

use super::policy;

/// The private value of a key.
fn private_value(key: &Jwk) -> Vec<u8> {
    let json: serde_json::Value = serde_json::from_slice(key.to_private_json().expose()).unwrap();
    base64url::decode(json["d"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn api_no_secret_passes_in_clear() {
    let installation = Installation::new();
    let party = installation.enrolled("party", people::DOCTOR);
    let proxy = Proxy::start(&installation, &party).await;
    let tapped = party.at(proxy.address());
    let client = tapped.client();

    // Keys that custody makes, takes and releases.
    let made = client.create_keys(&policy(), 3).await.unwrap();
    let own = SecretBytes::from((0..48).map(|n| n * 5 + 1).collect::<Vec<u8>>());
    let deposited = client
        .deposit_keys(&policy(), std::slice::from_ref(&own))
        .await
        .unwrap();
    let released = client.custody_key(&deposited[0]).await.unwrap();
    assert_eq!(released.key.jwk.oct_bytes().unwrap(), own.expose());
    for key in &made {
        let secret = key.jwk.oct_bytes().unwrap();
        assert!(!proxy.has_seen(secret));
        assert!(proxy.has_seen(key.key_id.as_bytes()) || !proxy.has_seen(&secret[..16]));
    }
    assert!(!proxy.has_seen(own.expose()));

    // The keys of the party's own.
    client.publish_key(super::HELD).await.unwrap();
    let home = tapped.open_home();
    for kid in home.decryption_kids().unwrap() {
        let key = home.decryption_key(&kid).unwrap().unwrap();
        assert!(
            proxy.has_seen(kid.as_str().as_bytes()),
            "the public part passes"
        );
        assert!(!proxy.has_seen(&private_value(&key)));
    }
    assert!(!proxy.has_seen(&private_value(&tapped.auth_key())));
}

#[tokio::test]
async fn api_an_enrolment_code_does_not_pass() {
    let installation = Installation::new();
    // Somebody has to be let in; the one who enrols has no certificate yet.
    let somebody = installation.enrolled("somebody", people::DOCTOR);
    let proxy = Proxy::start(&installation, &somebody).await;
    let text = installation.code(people::PATIENT);
    let code: EnrolmentCode = text.parse().unwrap();
    let patient = installation
        .stranger("patient", people::PATIENT, "main")
        .at(proxy.address());
    let home = patient.open_home();
    let random = kleis_types::OsRandom;
    home.make_auth_key(kleis_jose::KeyType::P256, None, &random)
        .unwrap();
    let enrolment = kleis_client::Enrolment {
        contract: String::new(),
        identifier: people::PATIENT.parse().unwrap(),
        device: kleis_types::DeviceId::main(),
        csr: None,
        proof: kleis_client::Proof::Code(code),
    };
    patient.client().enrol(enrolment).await.unwrap();
    let code: EnrolmentCode = text.parse().unwrap();
    let id = installation.facts().installation.parse().unwrap();
    let verifier = code.verifier(&id, people::PATIENT);
    assert!(proxy.has_seen(code.id().to_string().as_bytes()));
    assert!(!proxy.has_seen(verifier.expose()));
    assert!(!proxy.has_seen(text.as_bytes()));
    assert!(!proxy.has_seen(text.replace('-', "").as_bytes()));
}
