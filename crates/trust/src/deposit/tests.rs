//! Deposits: what belongs to which order.

use kleis_jose::{ContentEncryption, KeyType, jwe};
use kleis_types::SeededRandom;
use serde_json::{Value, json};

use super::*;

const POLICY: [u8; 32] = [3; 32];

fn keys() -> Vec<SecretBytes> {
    vec![vec![1; 16].into(), vec![2; 64].into()]
}

struct Custody {
    random: SeededRandom,
    key: Jwk,
    depositor: Identifier,
    jti: Jti,
}

impl Custody {
    fn new(seed: u64) -> Self {
        let random = SeededRandom::new(seed);
        Self {
            key: Jwk::generate(KeyType::X25519, &random).unwrap(),
            depositor: "NIHII:18749704".parse().unwrap(),
            jti: Jti::random(&random),
            random,
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            jti: self.jti,
            depositor: &self.depositor,
            policy_hash: &POLICY,
        }
    }

    fn sealed(&self) -> String {
        seal(&self.key.public(), &self.context(), &keys(), &self.random).unwrap()
    }
}

#[test]
fn custody_reads_what_was_deposited() {
    let custody = Custody::new(1);
    assert_eq!(
        open(&custody.key, &custody.sealed(), &custody.context()),
        Ok(keys())
    );
}

#[test]
fn a_deposit_in_another_order_is_refused() {
    let custody = Custody::new(2);
    let sealed = custody.sealed();
    let stranger: Identifier = "NIHII:11530231".parse().unwrap();
    let good = custody.context();
    let cases = [
        (
            Context {
                jti: Jti::from([0; 16]),
                ..good
            },
            DepositError::OtherOrder,
        ),
        (
            Context {
                depositor: &stranger,
                ..good
            },
            DepositError::OtherDepositor,
        ),
        (
            Context {
                policy_hash: &[4; 32],
                ..good
            },
            DepositError::OtherPolicy,
        ),
    ];
    for (context, expected) in cases {
        assert_eq!(open(&custody.key, &sealed, &context), Err(expected));
    }
}

#[test]
fn another_form_is_refused() {
    let custody = Custody::new(3);
    let context = custody.context();
    let claims = json!({
        "jti": custody.jti,
        "depositor": custody.depositor,
        "policyHash": base64url::encode(&POLICY),
        "keys": ["AAAA"],
    });
    let read = |typ: &str, header: jwe::Header, claims: &Value| {
        let algorithm = jwe::default_algorithm(&custody.key).unwrap();
        let (header, plaintext) = (header.with_typ(typ), claims.to_string());
        let plaintext = plaintext.as_bytes();
        let encryption = ContentEncryption::A256Gcm;
        let random = &custody.random;
        let sealed = jwe::encrypt(
            &custody.key,
            algorithm,
            encryption,
            &header,
            plaintext,
            random,
        );
        open(&custody.key, &sealed.unwrap(), &context)
    };
    let header = jwe::Header::default;
    assert_eq!(read(typ::DEPOSIT, header(), &claims).unwrap().len(), 1);
    assert_eq!(
        read(typ::CODE, header(), &claims),
        Err(DepositError::WrongType)
    );
    let extra = header().with_cty("json");
    assert_eq!(
        read(typ::DEPOSIT, extra, &claims),
        Err(DepositError::HeaderForbidden)
    );
    for (name, value) in [
        ("keys", json!(["AAA="])),
        ("keys", json!("AAAA")),
        ("more", json!(1)),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        let outcome = read(typ::DEPOSIT, header(), &claims);
        assert_eq!(outcome, Err(DepositError::ClaimsMalformed), "{name}");
    }
    assert_eq!(
        open(&custody.key, "a.b", &context),
        Err(DepositError::Malformed)
    );
    let other = Custody::new(4);
    let outcome = open(&other.key, &custody.sealed(), &context);
    assert_eq!(outcome, Err(DepositError::Unreadable));
}
