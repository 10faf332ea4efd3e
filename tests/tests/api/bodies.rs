//! What is wrong with the body of a sound order: the field and the reason are named, and nothing is written.

use kleis_e2e::{Caller, Forge, Installation, NOTHING, Party, people};
use kleis_jose::{Jwk, KeyType};
use kleis_pki::Csr;
use kleis_proto::method::{custody, registration, registration_admin};
use kleis_types::{OsRandom, base64url};
use serde_json::{Value, json};

use super::{encoded, now, own_policy, public_key};

/// Sends bodies that are sound but for one member, and expects each to be refused at that member.
struct Bench<'a> {
    installation: &'a Installation,
    party: &'a Party,
    caller: Caller,
}

impl<'a> Bench<'a> {
    fn new(installation: &'a Installation, party: &'a Party) -> Self {
        Self {
            installation,
            party,
            caller: Caller::of(installation, party),
        }
    }

    async fn refuses(&self, method: &str, sound: &Value, faults: &[(&str, Value, &str)]) {
        let before = self.installation.databases().contents();
        for (member, value, reason) in faults {
            let order = Forge::order(self.installation, self.party, method, sound.clone());
            let order = order.with_body(member, value.clone()).sign();
            let refused = self.caller.order(method, &order).await.unwrap_err();
            let field = refused.field.split(['.', '[']).next().unwrap_or_default();
            let said = (refused.reason.as_str(), field);
            assert_eq!(
                said,
                (*reason, *member),
                "{method}: {member} = {value}: {refused:?}"
            );
        }
        assert_eq!(
            self.installation.databases().changes_since(&before),
            NOTHING,
            "{method}"
        );
    }
}

fn private_key() -> String {
    let key = Jwk::generate(KeyType::X25519, &OsRandom).unwrap();
    String::from_utf8(key.to_private_json().expose().to_vec()).unwrap()
}

/// Public keys that nobody should be encrypted to, and what is said to each.
fn bad_keys(field: &'static str) -> Vec<(&'static str, Value, &'static str)> {
    let zeros = json!({"kty": "OKP", "crv": "X25519", "x": base64url::encode(&[0; 32])});
    let off_curve = json!({
        "kty": "EC", "crv": "P-256",
        "x": base64url::encode(&[1; 32]), "y": base64url::encode(&[2; 32]),
    });
    let short_rsa = json!({"kty": "RSA", "e": "AQAB", "n": base64url::encode(&[0xff; 128])});
    let exponent_three = json!({"kty": "RSA", "e": "Aw", "n": base64url::encode(&[0xff; 256])});
    vec![
        (field, json!(""), "JWK_INVALID"),
        (field, json!("{}"), "JWK_INVALID"),
        (field, json!("[]"), "JWK_INVALID"),
        (field, json!(private_key()), "JWK_INVALID"),
        (field, json!(zeros.to_string()), "JWK_INVALID"),
        (field, json!(off_curve.to_string()), "JWK_INVALID"),
        (
            field,
            json!(public_key(KeyType::Ed25519)),
            "KEY_ALGORITHM_UNSUPPORTED",
        ),
        (field, json!(short_rsa.to_string()), "JWK_INVALID"),
        (field, json!(exponent_three.to_string()), "KEY_WEAK"),
    ]
}

/// Policies that custody does not take.
fn bad_policies() -> Vec<(&'static str, Value, &'static str)> {
    let reader = json!({"namespace": "n", "name": "m"});
    let sound = json!({"readers": [{"allOf": [reader]}], "expiresAt": now() + 3600});
    let with = |member: &str, value: Value| {
        let mut policy = sound.clone();
        policy[member] = value;
        json!(encoded(&policy))
    };
    let invalid = [
        json!("%%%"),
        json!(base64url::encode(b"not JSON")),
        json!(base64url::encode(b"{\"readers\":[],\"readers\":[]}")),
        json!(base64url::encode(&vec![b' '; 16_385])),
        json!(encoded(&json!({}))),
        with("readers", json!([])),
        with("readers", json!([{"allOf": []}])),
        with("excluded", json!([])),
        with("expiresAt", json!(now() - 1)),
        with("expiresAt", json!(now() + 1_828 * 86_400)),
        with("expiresAt", json!(null)),
        with("notBefore", json!(now() + 7200)),
        with("maxReads", json!(0)),
        with("nonsense", json!(true)),
    ];
    invalid
        .into_iter()
        .map(|policy| ("policy", policy, "POLICY_INVALID"))
        .collect()
}

#[tokio::test]
async fn api_custody_names_the_field_that_it_refuses() {
    let installation = Installation::new();
    let owner = installation.enrolled("owner", people::DOCTOR);
    let bench = Bench::new(&installation, &owner);
    let reply_to = public_key(KeyType::X25519);
    let create = json!({"count": 1, "policy": own_policy(), "replyTo": reply_to});
    let counts = [0, 101].map(|count| ("count", json!(count), "ORDER_BODY_INVALID"));
    let mut faults = counts.to_vec();
    faults.extend(bad_policies());
    faults.extend(bad_keys("replyTo"));
    bench.refuses(custody::CREATE_KEYS, &create, &faults).await;

    let deposit = json!({"count": 1, "policy": own_policy(), "sealed": "x"});
    let mut faults = counts.to_vec();
    faults.extend(bad_policies());
    faults
        .extend(["", "x", "a.b.c.d.e"].map(|sealed| ("sealed", json!(sealed), "DEPOSIT_INVALID")));
    bench
        .refuses(custody::DEPOSIT_KEYS, &deposit, &faults)
        .await;

    let ids = [
        "",
        "x",
        "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAB",
        "AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    let ids = ids.map(|id| ("keyId", json!(id), "ORDER_BODY_INVALID"));
    let key_id = "AAAAAAAAAAAAAAAAAAAAAA";
    let mut faults = ids.to_vec();
    faults.extend(bad_keys("replyTo"));
    let get = json!({"keyId": key_id, "replyTo": reply_to});
    bench.refuses(custody::GET_KEY, &get, &faults).await;
    for method in [custody::DESCRIBE_KEY, custody::SHRED_KEY] {
        bench.refuses(method, &json!({"keyId": key_id}), &ids).await;
    }
    let mut faults = ids.to_vec();
    faults.push(("read", json!("x"), "ORDER_BODY_INVALID"));
    bench
        .refuses(
            custody::CONFIRM_READ,
            &json!({"keyId": key_id, "read": key_id}),
            &faults,
        )
        .await;
}

#[tokio::test]
async fn api_registration_names_the_field_that_it_refuses() {
    let installation = Installation::new();
    let owner = installation.enrolled("owner", people::APPLICATION);
    let bench = Bench::new(&installation, &owner);
    let begin = json!({
        "identifier": people::APPLICATION,
        "jwk": public_key(KeyType::X25519),
    });
    let signing = json!({"use": "sig"});
    let mut marked: Value = serde_json::from_str(&public_key(KeyType::P256)).unwrap();
    marked
        .as_object_mut()
        .unwrap()
        .extend(signing.as_object().unwrap().clone());
    let mut faults = bad_keys("jwk");
    faults.push(("jwk", json!(marked.to_string()), "JWK_INVALID"));
    let own = owner.auth_key().public().to_value().to_string();
    faults.push(("jwk", json!(own), "KEY_IN_USE"));
    faults.extend([
        (
            "identifier",
            json!("CBE:0425222333"),
            "IDENTIFIER_CHECK_DIGIT",
        ),
        ("identifier", json!("NOPE:1"), "IDENTIFIER_TYPE_UNKNOWN"),
        ("identifier", json!("x"), "IDENTIFIER_INVALID"),
        ("identifier", json!("SERVICE:custody"), "IDENTIFIER_INVALID"),
        ("identifier", json!(people::ORGANISATION), "SIGNER_MISMATCH"),
        ("identifier", json!(people::DOCTOR), "SIGNER_MISMATCH"),
    ]);
    bench
        .refuses(registration::BEGIN_KEY, &begin, &faults)
        .await;

    let session = "AAAAAAAAAAAAAAAAAAAAAA";
    let complete = json!({"session": session, "nonce": base64url::encode(&[1; 32]), "binding": ""});
    let faults = [
        ("session", json!("x"), "ORDER_BODY_INVALID"),
        ("nonce", json!("x"), "ORDER_BODY_INVALID"),
    ];
    bench
        .refuses(registration::COMPLETE_KEY, &complete, &faults)
        .await;

    let kid = "M0nc0bPJKgbg4mkVXvDrgvHNTYKs5MRtd3u7rDv7jjQ";
    let faults = [
        ("kid", json!("x"), "ORDER_BODY_INVALID"),
        ("kid", json!(""), "ORDER_BODY_INVALID"),
    ];
    bench
        .refuses(registration::ACTIVATE_KEY, &json!({"kid": kid}), &faults)
        .await;
    let revoke = json!({"kid": kid, "reason": "keyCompromise"});
    let faults = [
        ("kid", json!("x"), "ORDER_BODY_INVALID"),
        ("reason", json!("because"), "ORDER_BODY_INVALID"),
        ("reason", json!(""), "ORDER_BODY_INVALID"),
    ];
    bench
        .refuses(registration::REVOKE_KEY, &revoke, &faults)
        .await;
    let revoke = json!({"serial": "01", "reason": "keyCompromise"});
    let faults = [
        ("serial", json!("XYZ"), "ORDER_BODY_INVALID"),
        ("serial", json!(""), "ORDER_BODY_INVALID"),
        ("reason", json!("because"), "ORDER_BODY_INVALID"),
    ];
    bench
        .refuses(registration::REVOKE_CERTIFICATE, &revoke, &faults)
        .await;
    let faults = [
        ("x5t", json!("x"), "ORDER_BODY_INVALID"),
        ("x5t", json!(""), "ORDER_BODY_INVALID"),
    ];
    bench
        .refuses(
            registration::DESCRIBE_CERTIFICATE,
            &json!({"x5t": kid}),
            &faults,
        )
        .await;
}

#[tokio::test]
async fn api_admin_names_the_field_that_it_refuses() {
    let installation = Installation::new();
    let bench = Bench::new(&installation, installation.operator());
    let code = json!({
        "codeId": base64url::encode(&[1; 8]),
        "identifier": people::PATIENT,
        "sealed": "x",
        "lifetime": 3600,
    });
    let faults = [
        ("codeId", json!("x"), "ORDER_BODY_INVALID"),
        (
            "identifier",
            json!("SSIN:12345678901"),
            "IDENTIFIER_CHECK_DIGIT",
        ),
        ("identifier", json!("SERVICE:status"), "IDENTIFIER_INVALID"),
        ("lifetime", json!(59), "ORDER_BODY_INVALID"),
        ("lifetime", json!(2_592_001), "ORDER_BODY_INVALID"),
    ];
    bench
        .refuses(registration_admin::CREATE_ENROLMENT_CODE, &code, &faults)
        .await;
    let grant = json!({"identifier": people::PATIENT, "role": "operator"});
    let faults = [
        ("role", json!("king"), "ORDER_BODY_INVALID"),
        (
            "identifier",
            json!(people::ORGANISATION),
            "IDENTIFIER_INVALID",
        ),
        (
            "identifier",
            json!("SSIN:12345678901"),
            "IDENTIFIER_CHECK_DIGIT",
        ),
    ];
    bench
        .refuses(registration_admin::GRANT_ROLE, &grant, &faults)
        .await;
    let line = |name: &str, identifiers: &[&str]| json!([{"name": name, "identifiers": identifiers, "active": true}]);
    let faults = [
        ("registrants", json!([]), "ORDER_BODY_INVALID"),
        ("registrants", line("X", &[]), "ORDER_BODY_INVALID"),
        (
            "registrants",
            line("", &["CBE:0999999922"]),
            "ORDER_BODY_INVALID",
        ),
        (
            "registrants",
            line("X", &["CBE:0425222333"]),
            "IDENTIFIER_CHECK_DIGIT",
        ),
        (
            "registrants",
            line("X", &["SERVICE:custody"]),
            "IDENTIFIER_INVALID",
        ),
    ];
    let import = json!({"registrants": line("X", &["CBE:0999999922"])});
    bench
        .refuses(registration_admin::IMPORT_REGISTRANTS, &import, &faults)
        .await;
}

#[tokio::test]
async fn api_enrolment_names_the_field_that_it_refuses() {
    let installation = Installation::new();
    let caller = Caller::anonymous(&installation);
    let key = Jwk::generate(KeyType::P256, &OsRandom).unwrap();
    let csr = |key: &Jwk| base64url::encode(Csr::create(key).unwrap().der());
    let other = Jwk::generate(KeyType::P256, &OsRandom).unwrap();
    let mut torn = Csr::create(&key).unwrap().der().to_vec();
    *torn.last_mut().unwrap() ^= 1;
    let sound = json!({
        "identifier": people::PATIENT,
        "csr": csr(&key),
        "codeId": base64url::encode(&[1; 8]),
        "proof": base64url::encode(&[2; 32]),
    });
    let faults = [
        (
            "identifier",
            json!("SSIN:12345678901"),
            "IDENTIFIER_CHECK_DIGIT",
        ),
        ("identifier", json!("SERVICE:custody"), "IDENTIFIER_INVALID"),
        (
            "identifier",
            json!("SSIN:85073003328/APP"),
            "APPLICATION_INVALID",
        ),
        ("device", json!("Big Phone"), "DEVICE_INVALID"),
        ("csr", json!("x"), "ORDER_BODY_INVALID"),
        ("csr", json!("AAAA"), "CSR_MALFORMED"),
        (
            "csr",
            json!(base64url::encode(&torn)),
            "CSR_SIGNATURE_INVALID",
        ),
        ("csr", json!(csr(&other)), "SIGNER_MISMATCH"),
        ("codeId", json!("x"), "ORDER_BODY_INVALID"),
        ("proof", json!("AAAA"), "ORDER_BODY_INVALID"),
        ("endorsement", json!("x.y.z"), "ORDER_BODY_INVALID"),
    ];
    let before = installation.databases().contents();
    for method in [registration::ENROL, registration_admin::BOOTSTRAP_OPERATOR] {
        for (member, value, reason) in &faults {
            let order = Forge::enrolment(&installation, &key, method, sound.clone());
            let order = order.with_body(member, value.clone()).sign();
            let refused = caller.order(method, &order).await.unwrap_err();
            assert_eq!(
                refused.named(),
                (*reason, *member),
                "{method} {value}: {refused:?}"
            );
        }
    }
    assert_eq!(installation.databases().changes_since(&before), NOTHING);
}
