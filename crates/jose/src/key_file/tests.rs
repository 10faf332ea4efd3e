use super::*;
use crate::KeyType;
use kleis_types::SeededRandom;
use serde_json::json;

fn random() -> SeededRandom {
    SeededRandom::new(5)
}

fn passphrase() -> SecretBytes {
    SecretBytes::from(b"Thus from my lips, by yours, my sin is purged.".as_slice())
}

/// A file with other parameters than the ones we write.
fn written_with(change: impl Fn(&mut Map<String, Value>), plaintext: &[u8]) -> String {
    let salt = [3; SALT_LEN];
    let members = json!({
        "alg": ALGORITHM.as_str(),
        "cty": CONTENT_TYPE,
        "p2c": 1000,
        "p2s": base64url::encode(&salt),
    });
    let mut members = members.as_object().unwrap().clone();
    change(&mut members);
    let iterations = NonZeroU32::new(1000).unwrap();
    let kek = derive(&Derivation::HS512_A256KW, &salt, iterations, &passphrase());
    let cek = secret(ENCRYPTION.key_len(), &random());
    let wrapped = key_wrap::wrap(kek.expose(), cek.expose()).unwrap();
    seal(members, ENCRYPTION, &cek, &wrapped, plaintext, &random()).unwrap()
}

fn key_json() -> SecretBytes {
    Jwk::generate(KeyType::P256, &random())
        .unwrap()
        .to_private_json()
}

#[test]
fn a_key_survives_and_needs_its_passphrase() {
    let key = Jwk::generate(KeyType::Ed25519, &random())
        .unwrap()
        .with_thumbprint_kid();
    let file = encrypt(&key, &passphrase(), &random()).unwrap();
    assert!(is_encrypted(&file) && is_encrypted(&format!("{file}\n")));
    assert_eq!(
        crate::jwe::header(&file).unwrap().header().cty(),
        Some("jwk+json")
    );
    assert_eq!(
        crate::jwe::header(&file).unwrap().header().member("p2c"),
        Some(&json!(600_000))
    );

    let read = decrypt(&format!("{file}\n"), &passphrase()).unwrap();
    assert_eq!(read.to_private_json(), key.to_private_json());
    let wrong = SecretBytes::from(b"wrong".as_slice());
    assert_eq!(
        decrypt(&file, &wrong).unwrap_err(),
        KeyFileError::Passphrase
    );
}

#[test]
fn what_cannot_be_protected_is_not_written() {
    let key = Jwk::generate(KeyType::P256, &random()).unwrap();
    let empty = SecretBytes::from(Vec::new());
    assert_eq!(
        encrypt(&key, &empty, &random()),
        Err(KeyFileError::EmptyPassphrase)
    );
    let public = encrypt(&key.public(), &passphrase(), &random());
    assert_eq!(public, Err(KeyFileError::NotPrivate));
}

#[test]
fn parameters_out_of_range_are_refused_before_any_work() {
    let json = key_json();
    assert!(decrypt(&written_with(|_| {}, json.expose()), &passphrase()).is_ok());
    for count in [0_u64, 999, 10_000_001, u64::from(u32::MAX) + 1001] {
        let file = written_with(
            |members| {
                members.insert("p2c".to_owned(), count.into());
            },
            json.expose(),
        );
        let error = decrypt(&file, &passphrase()).unwrap_err();
        assert_eq!(error, KeyFileError::OutOfRange("p2c"), "{count}");
    }
    for (name, value, expected) in [
        ("p2s", json!("AAAAAAAAAA"), KeyFileError::OutOfRange("p2s")),
        ("cty", json!("JWT"), KeyFileError::Unsupported("cty")),
        ("alg", json!("dir"), KeyFileError::Unsupported("alg")),
    ] {
        let file = written_with(
            |members| {
                members.insert(name.to_owned(), value.clone());
            },
            json.expose(),
        );
        assert_eq!(decrypt(&file, &passphrase()).unwrap_err(), expected);
    }
    for (name, value) in [
        ("p2c", json!(-1)),
        ("p2c", json!(1000.5)),
        ("p2c", json!("1000")),
        ("p2s", json!(1)),
    ] {
        let file = written_with(
            |members| {
                members.insert(name.to_owned(), value.clone());
            },
            json.expose(),
        );
        let error = decrypt(&file, &passphrase()).unwrap_err();
        assert!(
            matches!(error, KeyFileError::Jwe(JweError::Member(_))),
            "{name}: {error:?}"
        );
    }
}

#[test]
fn what_is_inside_must_be_a_key() {
    let file = written_with(|_| {}, b"{}");
    assert!(matches!(
        decrypt(&file, &passphrase()),
        Err(KeyFileError::Key(_))
    ));
}

#[test]
fn other_texts_are_not_taken_for_key_files() {
    let json = String::from_utf8(key_json().expose().to_vec()).unwrap();
    for text in ["", "....", "-----BEGIN PRIVATE KEY-----", &json] {
        assert!(!is_encrypted(text), "{text:?}");
        assert!(decrypt(text, &passphrase()).is_err());
    }
}

/// RFC 7517 appendix C uses PBES2-HS256+A128KW, which no file of ours may; the steps are the same.
#[test]
fn rfc_7517_appendix_c() {
    let text = include_str!("../../../../tests/vectors/rfc7517/encrypted_key.json");
    let vector = serde_json::from_str::<Value>(text).unwrap();
    let token = vector["message"].as_str().unwrap();
    assert!(matches!(
        decrypt(token, &passphrase()),
        Err(KeyFileError::Jwe(JweError::Algorithm(_)))
    ));

    let rfc = Derivation {
        name: "PBES2-HS256+A128KW",
        prf: pbkdf2::PBKDF2_HMAC_SHA256,
        key_len: 16,
    };
    let plaintext = open_with(&rfc, token, ContentEncryption::A128CbcHs256, &passphrase());
    let key = Jwk::from_slice(plaintext.expose()).unwrap();
    let expected = Jwk::from_value(vector["key"].clone()).unwrap();
    assert_eq!(key.to_private_json(), expected.to_private_json());
}

/// RFC 7520 section 5.3 uses our `alg` with another `enc`.
#[test]
fn rfc_7520_section_5_3() {
    let text = include_str!("../../../../tests/vectors/rfc7520/jwe.json");
    let vectors = serde_json::from_str::<Value>(text).unwrap();
    let examples = vectors["examples"].as_array().unwrap();
    let example = examples
        .iter()
        .find(|example| example["section"] == "5.3")
        .unwrap();
    let token = example["message"].as_str().unwrap();
    let passphrase = SecretBytes::from(example["passphrase"].as_str().unwrap().as_bytes());
    assert_eq!(
        decrypt(token, &passphrase).unwrap_err(),
        KeyFileError::Unsupported("enc")
    );

    let enc = ContentEncryption::A128CbcHs256;
    let plaintext = open_with(&Derivation::HS512_A256KW, token, enc, &passphrase);
    let expected = base64url::decode(example["plaintext"].as_str().unwrap()).unwrap();
    assert_eq!(plaintext.expose(), expected);
}

fn open_with(
    derivation: &Derivation,
    token: &str,
    encryption: ContentEncryption,
    passphrase: &SecretBytes,
) -> SecretBytes {
    let parts = Parts::read(token, MAX_SIZE).unwrap();
    let (salt, iterations) = (
        salt(&parts.members).unwrap(),
        iterations(&parts.members).unwrap(),
    );
    let kek = derive(derivation, &salt, iterations, passphrase);
    let cek = key_wrap::unwrap(kek.expose(), &parts.encrypted_key);
    parts.open(encryption, cek).unwrap()
}
