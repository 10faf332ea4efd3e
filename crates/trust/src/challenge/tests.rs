//! Challenges: who may answer which.

use kleis_jose::{ContentEncryption, KeyAlgorithm, KeyType, jwe};
use kleis_types::SeededRandom;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// What a device is registering.
struct Registration {
    random: SeededRandom,
    key: Jwk,
    installation: InstallationId,
    owner: Identifier,
    device: DeviceId,
}

impl Registration {
    fn new(seed: u64, key_type: KeyType) -> Self {
        let random = SeededRandom::new(seed);
        Self {
            key: Jwk::generate(key_type, &random).unwrap(),
            installation: InstallationId::random(&random),
            owner: "NIHII:18749704".parse().unwrap(),
            device: DeviceId::main(),
            random,
        }
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            installation: &self.installation,
            session: "session",
            owner: &self.owner,
            device: &self.device,
        }
    }

    fn claims(&self) -> Value {
        json!({
            "aud": self.installation.audience(),
            "session": "session",
            "owner": self.owner,
            "device": self.device,
            "jkt": self.key.thumbprint(),
            "nonce": base64url::encode(&[7; 32]),
        })
    }

    fn seal(&self, header: &jwe::Header, claims: &Value) -> String {
        let algorithm = jwe::default_algorithm(&self.key).unwrap();
        let encryption = ContentEncryption::A256Gcm;
        let plaintext = claims.to_string();
        jwe::encrypt(
            &self.key,
            algorithm,
            encryption,
            header,
            plaintext.as_bytes(),
            &self.random,
        )
        .unwrap()
    }

    fn open(&self, compact: &str) -> Result<Nonce, ChallengeError> {
        open(&self.key, compact, &self.subject())
    }
}

fn header() -> jwe::Header {
    jwe::Header::default().with_typ(TYP)
}

#[test]
fn the_holder_of_the_key_reads_the_nonce() {
    let types = [
        KeyType::X25519,
        KeyType::P256,
        KeyType::P384,
        KeyType::Rsa { bits: 2048 },
    ];
    for (seed, key_type) in (1..).zip(types) {
        let registration = Registration::new(seed, key_type);
        let nonce = Nonce::random(&registration.random);
        let public = registration.key.public();
        let sealed = seal(
            &public,
            &registration.subject(),
            &nonce,
            &registration.random,
        )
        .unwrap();
        let opened = registration.open(&sealed).unwrap();
        assert_eq!(opened, nonce);
        assert_eq!(
            Nonce::from_text(&opened.to_text()),
            Some(nonce),
            "{key_type}"
        );
    }
}

#[test]
fn nothing_is_sealed_to_a_key_that_does_not_decrypt() {
    for (seed, key_type) in [(5, KeyType::Ed25519), (6, KeyType::Oct { bytes: 32 })] {
        let registration = Registration::new(seed, key_type);
        let nonce = Nonce::random(&registration.random);
        let (key, subject) = (&registration.key, registration.subject());
        let outcome = seal(key, &subject, &nonce, &registration.random);
        assert_eq!(outcome, Err(SealingError::KeyType));
    }
}

#[test]
fn a_challenge_about_something_else_is_not_answered() {
    let registration = Registration::new(7, KeyType::X25519);
    let elsewhere = InstallationId::random(&registration.random).audience();
    let other = Registration::new(8, KeyType::X25519);
    let cases: [(&str, Value, ChallengeError); 8] = [
        ("aud", elsewhere.into(), ChallengeError::OtherInstallation),
        ("session", "another".into(), ChallengeError::OtherSession),
        ("owner", "NIHII:11530231".into(), ChallengeError::OtherOwner),
        ("device", "phone".into(), ChallengeError::OtherOwner),
        (
            "jkt",
            other.key.thumbprint().as_str().into(),
            ChallengeError::OtherKey,
        ),
        (
            "nonce",
            base64url::encode(&[7; 31]).into(),
            ChallengeError::ClaimsMalformed,
        ),
        ("nonce", "=".into(), ChallengeError::ClaimsMalformed),
        ("extra", 1.into(), ChallengeError::ClaimsMalformed),
    ];
    assert!(
        registration
            .open(&registration.seal(&header(), &registration.claims()))
            .is_ok()
    );
    for (claim, value, expected) in cases {
        let mut claims = registration.claims();
        claims[claim] = value;
        let sealed = registration.seal(&header(), &claims);
        assert_eq!(registration.open(&sealed), Err(expected), "{claim}");
    }
}

#[test]
fn another_header_is_refused_before_the_key_is_used() {
    let registration = Registration::new(9, KeyType::X25519);
    let cases = [
        (jwe::Header::default(), ChallengeError::WrongType),
        (
            header().with_typ("kleis-release+jwe"),
            ChallengeError::WrongType,
        ),
        (
            header().with_typ("application/kleis-challenge+jwe"),
            ChallengeError::WrongType,
        ),
        (header().with_cty("JWT"), ChallengeError::HeaderForbidden),
        (header().with_apu(vec![1]), ChallengeError::HeaderForbidden),
        (
            header().with_member("x", 1.into()),
            ChallengeError::HeaderForbidden,
        ),
    ];
    for (header, expected) in cases {
        let sealed = registration.seal(&header, &registration.claims());
        assert_eq!(registration.open(&sealed), Err(expected));
    }
}

#[test]
fn a_challenge_to_another_key_or_damaged_is_refused() {
    let registration = Registration::new(10, KeyType::X25519);
    let other = Registration::new(11, KeyType::X25519);
    let sealed = registration.seal(&header(), &registration.claims());
    assert_eq!(other.open(&sealed), Err(ChallengeError::Unreadable));
    for text in ["", "a.b.c.d.e", &"x".repeat(20_000)] {
        assert_eq!(registration.open(text), Err(ChallengeError::Malformed));
    }
    proptest!(|(at: prop::sample::Index, byte: u8)| {
        let mut bytes = sealed.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = (bytes[at] ^ (byte | 1)) & 0x7f;
        let text = String::from_utf8(bytes).unwrap();
        prop_assume!(text != sealed);
        prop_assert!(registration.open(&text).is_err());
    });
}

#[test]
fn a_symmetric_algorithm_is_not_accepted_for_a_public_key() {
    let registration = Registration::new(12, KeyType::P256);
    let shared = Jwk::generate(KeyType::Oct { bytes: 32 }, &registration.random).unwrap();
    let sealed = jwe::encrypt(
        &shared,
        KeyAlgorithm::Dir,
        ContentEncryption::A256Gcm,
        &header(),
        registration.claims().to_string().as_bytes(),
        &registration.random,
    );
    assert_eq!(
        registration.open(&sealed.unwrap()),
        Err(ChallengeError::Unreadable)
    );
}

#[test]
fn a_nonce_is_not_shown() {
    let nonce = Nonce::random(&SeededRandom::new(13));
    assert_eq!(format!("{nonce:?}"), "Nonce(..)");
    assert_eq!(nonce.as_bytes().len(), 32);
    assert_eq!(Nonce::from_text(&base64url::encode(&[0; 33])), None);
}
