//! A home keeps what it is given, alone and whole.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use kleis_jose::{Jwk, KeyType};
use kleis_trust::recipient::Seen;
use kleis_trust::status::{Status, StatusView};
use kleis_types::{Identifier, SecretBytes, SeededRandom, Timestamp};

use super::{Home, HomeError, Passphrase, Pending};

fn passphrase(text: &'static str) -> Passphrase {
    Arc::new(move || Ok(SecretBytes::from(text.as_bytes())))
}

fn no_passphrase() -> Passphrase {
    Arc::new(|| Err(HomeError::NoPassphrase("in a test".into())))
}

fn home(dir: &tempfile::TempDir, passphrase: Passphrase) -> Home {
    Home::open(dir.path().join("home"), passphrase).unwrap()
}

#[test]
fn what_is_missing_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let home = home(&dir, no_passphrase());
    assert!(matches!(home.config(), Err(HomeError::NotInitialised(_))));
    assert!(matches!(home.identity(), Err(HomeError::NotEnrolled(_))));
    assert!(matches!(home.auth_key(), Err(HomeError::NotEnrolled(_))));
    assert!(home.decryption_kids().unwrap().is_empty());
}

#[test]
fn keys_come_back_and_are_ours_alone() {
    let dir = tempfile::tempdir().unwrap();
    let home = home(&dir, no_passphrase());
    let random = SeededRandom::new(1);
    let auth = Jwk::generate(KeyType::P256, &random).unwrap();
    home.save_auth_key(&auth, None, &random).unwrap();
    let key = Jwk::generate(KeyType::X25519, &random).unwrap();
    home.save_decryption_key(&key, &random).unwrap();
    assert!(home.auth_key().unwrap().is_same_key(&auth));
    assert_eq!(home.decryption_kids().unwrap(), [key.thumbprint()]);
    assert!(
        home.decryption_key(&key.thumbprint())
            .unwrap()
            .unwrap()
            .is_private()
    );
    let mode = |path: &str| {
        std::fs::metadata(home.dir().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("auth.jwk"), 0o600);
    assert_eq!(mode("keys"), 0o700);
}

#[test]
fn under_a_passphrase_all_keys_are_encrypted() {
    let dir = tempfile::tempdir().unwrap();
    let random = SeededRandom::new(2);
    let auth = Jwk::generate(KeyType::P256, &random).unwrap();
    let key = Jwk::generate(KeyType::X25519, &random).unwrap();
    let secret = SecretBytes::from(b"correct horse".as_slice());
    let owner = home(&dir, passphrase("correct horse"));
    owner.save_auth_key(&auth, Some(&secret), &random).unwrap();
    owner.save_decryption_key(&key, &random).unwrap();
    let file = owner
        .dir()
        .join("keys")
        .join(format!("{}.jwk", key.thumbprint()));
    assert!(!std::fs::read_to_string(file).unwrap().contains("\"d\""));
    assert!(owner.auth_key().unwrap().is_same_key(&auth));
    let thief = home(&dir, passphrase("wrong horse"));
    assert!(matches!(thief.auth_key(), Err(HomeError::Passphrase(_))));
    assert!(matches!(
        thief.decryption_key(&key.thumbprint()),
        Err(HomeError::Passphrase(_))
    ));
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let home = home(&dir, no_passphrase());
    let random = SeededRandom::new(3);
    let auth = Jwk::generate(KeyType::P256, &random).unwrap();
    home.save_auth_key(&auth, None, &random).unwrap();
    let path = home.dir().join("auth.jwk");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(home.auth_key(), Err(HomeError::Permissions(_))));
}

/// Entry 7 of the status list is withdrawn, all others are valid.
struct Withdrawn7;

impl StatusView for Withdrawn7 {
    fn status(&self, index: u32) -> Status {
        if index == 7 {
            Status::Invalid
        } else {
            Status::Valid
        }
    }
    fn is_fresh(&self, _: Timestamp) -> bool {
        true
    }
}

#[test]
fn what_was_seen_falls_only_for_a_reason_and_is_no_address_book() {
    let dir = tempfile::tempdir().unwrap();
    let home = home(&dir, no_passphrase());
    let someone: Identifier = "NIHII:18749704".parse().unwrap();
    let see = |sequence, index| {
        let newest = Seen::new(sequence, index);
        home.remember_recipient(&someone, newest, &Withdrawn7)
            .unwrap();
        home.memory().unwrap().seen(&someone).unwrap().sequence()
    };
    assert_eq!(home.memory().unwrap().seen(&someone), None);
    assert_eq!(see(5, 1), 5);
    assert_eq!(see(3, 2), 5);
    assert_eq!(see(9, 7), 9);
    assert_eq!(see(6, 3), 6);
    let text = std::fs::read_to_string(home.dir().join("memory.json")).unwrap();
    assert!(!text.contains("18749704"));
}

#[test]
fn a_damaged_memory_is_not_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let home = home(&dir, no_passphrase());
    std::fs::write(home.dir().join("memory.json"), "{").unwrap();
    assert!(matches!(home.memory(), Err(HomeError::Malformed { .. })));
    let someone: Identifier = "NIHII:18749704".parse().unwrap();
    assert!(
        home.remember_recipient(&someone, Seen::new(1, 1), &Withdrawn7)
            .is_err()
    );
}

#[test]
fn a_pending_order_waits_until_it_is_settled() {
    let dir = tempfile::tempdir().unwrap();
    let home = home(&dir, no_passphrase());
    let random = SeededRandom::new(4);
    let key = Jwk::generate(KeyType::X25519, &random).unwrap();
    assert!(home.pending("get:a").unwrap().is_none());
    let pending = Pending {
        order: "a.b.c".into(),
        reply_key: Some(key.clone()),
    };
    home.save_pending("get:a", &pending, &random).unwrap();
    assert!(home.pending("get:b").unwrap().is_none());
    let found = home.pending("get:a").unwrap().unwrap();
    assert_eq!(found.order, "a.b.c");
    assert!(found.reply_key.unwrap().is_same_key(&key));
    home.settle_pending("get:a").unwrap();
    assert!(home.pending("get:a").unwrap().is_none());
}

#[test]
fn keys_of_another_store_are_found_by_their_aliases() {
    let dir = tempfile::tempdir().unwrap();
    let home = home(&dir, no_passphrase());
    let random = SeededRandom::new(9);
    let [one, other] = [(); 2].map(|()| Jwk::generate(KeyType::P256, &random).unwrap());
    let by = |alias: &str| {
        let found = home.decryption_key_by_alias(alias).unwrap();
        found.map(|key| key.thumbprint())
    };
    assert_eq!(by("1234"), None);
    assert!(
        home.adopt_decryption_key(&one, Some("1234"), &random)
            .unwrap()
    );
    assert!(
        !home
            .adopt_decryption_key(&one, Some("1234"), &random)
            .unwrap()
    );
    // An alias goes on leading where it led.
    assert!(
        home.adopt_decryption_key(&other, Some("1234"), &random)
            .unwrap()
    );
    assert!(
        !home
            .adopt_decryption_key(&other, Some("99"), &random)
            .unwrap()
    );
    assert_eq!(by("1234"), Some(one.thumbprint()));
    assert_eq!(by("99"), Some(other.thumbprint()));
    std::fs::write(home.dir().join("aliases.json"), "{\"1\":\"nothing\"}").unwrap();
    let broken = home.decryption_key_by_alias("1");
    assert!(matches!(broken, Err(HomeError::Malformed { .. })));
}
