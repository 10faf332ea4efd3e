//! Nothing signed for one purpose serves another: tokens, proofs, assertions and orders against each
//! other's readers.

use kleis_access::{
    assertion,
    dpop::{self, DpopError},
    token::{self, IssuerRules, TokenError},
};
use kleis_jose::{Jwk, SignatureAlgorithm, jws::Header};
use kleis_trust::{
    Signer,
    order::{self, Draft, OrderError},
    status::StatusList,
    test_util::{World, forge, private_key},
    typ,
};
use kleis_types::Timestamp;
use serde_json::{Value, json};

const CLIENT: &str = "NIHII:18749704";
const ISSUER: &str = "https://sts.example.be";
const URL: &str = "https://api.example.be/kleis.custody.v1.CustodyService/GetKey";
const METHOD: &str = "kleis.custody.v1.CustodyService/GetKey";
const ACCESS_TOKEN: &str = "an.access.token";

/// One key for everything, as the caller's certified key is.
struct Stage {
    world: World,
    list: StatusList,
    caller: Signer,
}

impl Stage {
    fn new() -> Self {
        let mut world = World::new(1);
        let caller = world.certify(CLIENT, "main");
        let list = world.status_list();
        Self {
            world,
            list,
            caller,
        }
    }

    fn key(&self) -> &Jwk {
        private_key(&self.caller)
    }

    fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// The claims that every one of the readers but that of orders asks for, all at once.
    fn claims(&self) -> Value {
        json!({
            "iss": CLIENT,
            "sub": CLIENT,
            "aud": ISSUER,
            "client_id": CLIENT,
            "iat": self.now().unix(),
            "exp": self.now().plus_seconds(60).unix(),
            "jti": "AAAAAAAAAAAAAAAAAAAAAA",
            "htm": "POST",
            "htu": URL,
            "ath": order::access_token_hash(ACCESS_TOKEN),
        })
    }

    fn header(&self) -> Header {
        Header::default()
            .with_jwk(self.key())
            .with_kid(self.key().thumbprint().as_str())
    }

    fn token(&self, text: &str) -> Result<(), TokenError> {
        let rules = IssuerRules {
            issuer: CLIENT.to_owned(),
            audiences: vec![ISSUER.to_owned()],
            algorithms: SignatureAlgorithm::ALL.to_vec(),
            types: vec![token::TYP.to_owned()],
            max_lifetime: 300,
        };
        let key = self.key().public().with_thumbprint_kid();
        token::Unverified::parse(text)?
            .verify(&[key], &rules, self.now())
            .map(drop)
    }

    fn proof(&self, text: &str) -> Result<(), DpopError> {
        dpop::verify(text, "POST", URL, Some(ACCESS_TOKEN), self.now()).map(drop)
    }

    fn assertion(&self, text: &str) -> Result<(), assertion::AssertionError> {
        assertion::Unverified::parse(text)?
            .verify(&self.key().public(), ISSUER, self.now())
            .map(drop)
    }

    fn order(&self, text: &str) -> Result<(), OrderError> {
        let anchors = self.world.anchors();
        order::verify::<Value>(
            text,
            order::MAX_SIZE,
            METHOD,
            anchors,
            &self.list,
            self.now(),
        )
        .map(drop)
    }

    fn enrolment(&self, text: &str) -> Result<(), OrderError> {
        let anchors = self.world.anchors();
        let max = order::MAX_SIZE;
        order::verify_enrolment::<Value>(text, max, METHOD, anchors, self.now()).map(drop)
    }
}

#[test]
fn the_type_alone_decides_what_a_signature_is_good_for() {
    let stage = Stage::new();
    // Whether it passes for: a token, a proof, an assertion.
    for (typ, expected) in [
        (Some(typ::ACCESS_TOKEN), [true, false, false]),
        (Some(typ::DPOP_PROOF), [false, true, false]),
        (Some(typ::CLIENT_ASSERTION), [false, false, true]),
        (Some("JWT"), [false, false, true]),
        (None, [false, false, true]),
        (Some(typ::ORDER), [false; 3]),
        (Some(typ::ENROLMENT), [false; 3]),
        (Some(typ::REPLY), [false; 3]),
        (Some(typ::BINDING), [false; 3]),
        (Some(typ::ENDORSEMENT), [false; 3]),
        (Some(typ::STATUS_LIST), [false; 3]),
        (Some(typ::DOCUMENT), [false; 3]),
        (Some(typ::CHECKPOINT), [false; 3]),
        (Some(typ::SEGMENT), [false; 3]),
    ] {
        let header = match typ {
            Some(typ) => stage.header().with_typ(typ),
            None => stage.header(),
        };
        let text = forge(stage.key(), &header, &stage.claims());
        let passes = [
            stage.token(&text).is_ok(),
            stage.proof(&text).is_ok(),
            stage.assertion(&text).is_ok(),
        ];
        assert_eq!(passes, expected, "{typ:?}");
    }
}

#[test]
fn an_order_is_no_token_no_proof_and_no_assertion() {
    let stage = Stage::new();
    let (installation, now) = (stage.world.installation().clone(), stage.now());
    let draft = Draft::new(METHOD, json!({})).with_access_token(ACCESS_TOKEN);
    let random = stage.world.random();
    let signed = order::sign(&stage.caller, &installation, &draft, now, random).unwrap();
    let enrolment = order::sign_enrolment(stage.key(), &installation, &draft, now, random).unwrap();
    assert_eq!(stage.order(signed.compact()), Ok(()));
    assert_eq!(stage.enrolment(enrolment.compact()), Ok(()));
    for text in [signed.compact(), enrolment.compact()] {
        // An order names no issuer, so it is not even read as a token.
        assert_eq!(stage.token(text), Err(TokenError::ClaimsMalformed));
        assert_eq!(stage.proof(text), Err(DpopError::WrongType));
        let refused = stage.assertion(text).unwrap_err();
        assert_eq!(refused, assertion::AssertionError::WrongType);
    }
}

#[test]
fn a_token_a_proof_and_an_assertion_are_no_orders() {
    let stage = Stage::new();
    let claims = json!({
        "aud": stage.world.installation().audience(),
        "method": METHOD,
        "iat": stage.now().unix(),
        "exp": stage.now().plus_seconds(60).unix(),
        "jti": "AAAAAAAAAAAAAAAAAAAAAA",
        "body": {},
    });
    let certified = Header::default().with_x5c(stage.caller.chain().to_vec());
    let bare = Header::default().with_jwk(stage.key());
    // The claims are those of an order: under its type they are one.
    let as_order = forge(
        stage.key(),
        &certified.clone().with_typ(typ::ORDER),
        &claims,
    );
    assert_eq!(stage.order(&as_order), Ok(()));
    let as_enrolment = forge(stage.key(), &bare.clone().with_typ(typ::ENROLMENT), &claims);
    assert_eq!(stage.enrolment(&as_enrolment), Ok(()));
    for typ in [typ::ACCESS_TOKEN, typ::DPOP_PROOF, typ::CLIENT_ASSERTION] {
        let text = forge(stage.key(), &certified.clone().with_typ(typ), &claims);
        assert_eq!(stage.order(&text), Err(OrderError::WrongType), "{typ}");
        let text = forge(stage.key(), &bare.clone().with_typ(typ), &claims);
        assert_eq!(stage.enrolment(&text), Err(OrderError::WrongType), "{typ}");
    }
}
