//! What holds of anything a stranger may send: it is read or refused, and a signed message with any
//! change in it is refused.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::sync::LazyLock;

use kleis_access::{
    assertion,
    dpop::{self, Request},
    token::{self, IssuerRules, NewToken},
};
use kleis_jose::{
    Jwk, KeyType, SignatureAlgorithm,
    jws::{self, Header},
};
use kleis_types::{Confirmation, Scope, SeededRandom, Timestamp};
use proptest::prelude::*;
use serde_json::{Map, Value};

const NOW: Timestamp = Timestamp::from_unix(1_795_000_000);
const NAME: &str = "https://sts.example.be";
const URL: &str = "https://api.example.be/kleis.custody.v1.CustodyService/GetKey";

static KEY: LazyLock<Jwk> = LazyLock::new(|| {
    let key = Jwk::generate(KeyType::Ed25519, &SeededRandom::new(1)).unwrap();
    key.with_thumbprint_kid()
});

static GOOD: LazyLock<[String; 3]> = LazyLock::new(|| {
    let random = SeededRandom::new(2);
    let token = token::sign(
        &KEY,
        &NewToken {
            issuer: NAME,
            subject: NAME,
            client_id: NAME,
            audience: NAME,
            scope: [Scope::Custody].into(),
            confirmation: Some(Confirmation::Key(KEY.thumbprint().into())),
            jti: "a-token",
            issued_at: NOW,
            lifetime: 300,
            extra: Map::new(),
        },
    );
    let request = Request {
        method: "POST",
        url: URL,
        access_token: Some("a.b.c"),
        nonce: Some("nonce"),
    };
    [
        token.unwrap(),
        dpop::make(&KEY, &request, NOW, &random).unwrap(),
        assertion::make(&KEY, NAME, NAME, None, NOW, &random).unwrap(),
    ]
});

/// Which of the three readers accept the text.
fn accepted(text: &str) -> [bool; 3] {
    let rules = IssuerRules {
        issuer: NAME.to_owned(),
        audiences: vec![NAME.to_owned()],
        algorithms: SignatureAlgorithm::ALL.to_vec(),
        types: vec![token::TYP.to_owned(), "JWT".to_owned()],
        max_lifetime: 300,
    };
    let keys = [KEY.public()];
    let token = token::Unverified::parse(text).and_then(|it| it.verify(&keys, &rules, NOW));
    let assertion =
        assertion::Unverified::parse(text).and_then(|it| it.verify(&keys[0], NAME, NOW));
    [
        token.is_ok(),
        dpop::verify(text, "POST", URL, Some("a.b.c"), NOW).is_ok(),
        assertion.is_ok(),
    ]
}

#[test]
fn unchanged_each_has_its_one_reader() {
    assert_eq!(
        GOOD.each_ref().map(|text| accepted(text)),
        [
            [true, false, false],
            [false, true, false],
            [false, false, true],
        ]
    );
}

/// Any JSON value, not very large.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(Value::from(NAME)),
        Just(Value::from(NOW.unix())),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn anything_is_read_or_refused(text in "\\PC{0,200}", dotted in "[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}") {
        prop_assert_eq!(accepted(&text), [false; 3]);
        prop_assert_eq!(accepted(&dotted), [false; 3]);
    }

    #[test]
    fn a_changed_character_is_noticed(which in 0_usize..3, at: prop::sample::Index, to in "[A-Za-z0-9_.=-]") {
        let good = &GOOD[which];
        let at = at.index(good.len());
        let mut changed = good.clone();
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != *good);
        prop_assert_eq!(accepted(&changed), [false; 3]);
    }

    #[test]
    fn what_is_cut_off_or_added_is_noticed(which in 0_usize..3, at: prop::sample::Index, more in "[A-Za-z0-9_.-]{1,4}") {
        let good = &GOOD[which];
        prop_assert_eq!(accepted(&good[..at.index(good.len())]), [false; 3]);
        let longer = format!("{good}{more}");
        prop_assert_eq!(accepted(&longer), [false; 3]);
    }

    /// Claims of every shape under a good signature: read or refused, and never by two readers.
    #[test]
    fn any_claims_are_read_or_refused(
        which in 0_usize..3,
        name in prop::sample::select(vec!["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "azp", "scope", "cnf", "htm", "htu", "ath", "nonce", "typ"]),
        value in json(),
    ) {
        let mut claims = kleis_trust::test_util::claims_of(&GOOD[which]);
        claims[name] = value;
        let typ = [token::TYP, dpop::TYP, assertion::TYP][which];
        let header = Header::default().with_typ(typ).with_jwk(&KEY);
        let text = jws::sign(&KEY, &header, claims.to_string().as_bytes()).unwrap();
        for (reader, accepted) in accepted(&text).into_iter().enumerate() {
            prop_assert!(!accepted || reader == which);
        }
    }
}
