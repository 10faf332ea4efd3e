//! Releases: sealed replies.

use kleis_jose::{ContentEncryption, KeyType, jwe};
use kleis_types::SeededRandom;

use super::*;

fn key(seed: u64) -> (Jwk, SeededRandom) {
    let random = SeededRandom::new(seed);
    (Jwk::generate(KeyType::X25519, &random).unwrap(), random)
}

#[test]
fn the_reader_gets_the_reply() {
    let (key, random) = key(1);
    let sealed = seal(&key.public(), "a.b.c", &random).unwrap();
    assert_eq!(*open(&key, &sealed).unwrap(), "a.b.c");
    let header = jwe::header(&sealed).unwrap();
    assert_eq!(header.header().typ(), Some(typ::RELEASE));
    assert_eq!(header.header().cty(), Some("JWT"));
    assert_eq!(header.header().kid(), Some(key.thumbprint().as_str()));
}

#[test]
fn another_form_or_key_is_refused() {
    let (key, random) = key(2);
    let read = |header: jwe::Header, plaintext: &[u8]| {
        let algorithm = jwe::default_algorithm(&key).unwrap();
        let encryption = ContentEncryption::A256Gcm;
        let sealed = jwe::encrypt(&key, algorithm, encryption, &header, plaintext, &random);
        open(&key, &sealed.unwrap()).map(|_| ())
    };
    let header = || {
        jwe::Header::default()
            .with_typ(typ::RELEASE)
            .with_cty("JWT")
    };
    assert_eq!(read(header(), b"a.b.c"), Ok(()));
    assert_eq!(read(header(), &[0xff]), Err(ReleaseError::ClaimsMalformed));
    assert_eq!(
        read(header().with_typ(typ::DEPOSIT), b"a"),
        Err(ReleaseError::WrongType)
    );
    assert_eq!(
        read(header().with_cty("jwk+json"), b"a"),
        Err(ReleaseError::HeaderForbidden)
    );
    let bare = jwe::Header::default().with_typ(typ::RELEASE);
    assert_eq!(read(bare, b"a"), Err(ReleaseError::HeaderForbidden));
    assert_eq!(open(&key, "").map(|_| ()), Err(ReleaseError::Malformed));
    let (other, _) = self::key(3);
    let sealed = seal(&key.public(), "a.b.c", &random).unwrap();
    assert_eq!(
        open(&other, &sealed).map(|_| ()),
        Err(ReleaseError::Unreadable)
    );
}
