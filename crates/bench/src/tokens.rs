//! Access tokens beside the one signature check that they cannot do without.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use kleis_access::{
    dpop,
    token::{self, IssuerRules, NewToken, Unverified},
};
use kleis_jose::{Jwk, KeyType, SignatureAlgorithm};
use kleis_types::{Clock as _, Timestamp};
use kleis_types::{Confirmation, OsRandom, Scope, SystemClock, base64url};
use serde_json::Map;

use crate::contest::{Contest, Contestant};

const ISSUER: &str = "https://sts.example";
const AUDIENCE: &str = "urn:kleis:installation:AAAAAAAAAAAAAAAAAAAAAA";
const URL: &str = "https://kleis.example/kleis.registration.v1.RegistrationService/ListKeys";

/// A token whose issuer's keys are at hand, with and without the proof of its key.
pub(crate) fn contest() -> Contest {
    let now = SystemClock.now();
    let (issuer, holder) = (key(), key());
    let text = issue(&issuer, &holder, now);
    let request = dpop::Request {
        method: "POST",
        url: URL,
        access_token: Some(&text),
        nonce: Some("a-nonce-of-the-server"),
    };
    // Unwrap safety: here and below, a benchmark that cannot do what it measures must not go on.
    let proof = dpop::make(&holder, &request, now, &OsRandom).expect("a proof is made");
    let verify = verifier(&issuer, text.clone(), now);
    let verify_both = verifier(&issuer, text.clone(), now);
    Contest {
        name: "an ES256 access token of a cached issuer",
        fewer: 1,
        contestants: vec![
            Contestant {
                name: "its signature check alone (aws-lc-rs)",
                call: primitive(&issuer, &text),
            },
            Contestant {
                name: "the token, verified",
                call: Box::new(verify),
            },
            Contestant {
                name: "the token and its DPoP proof, verified",
                call: Box::new(move || {
                    verify_both();
                    dpop::verify(&proof, "POST", URL, Some(&text), now).expect("the proof holds");
                }),
            },
        ],
    }
}

fn key() -> Jwk {
    Jwk::generate(KeyType::P256, &OsRandom).expect("a key is made")
}

fn issue(issuer: &Jwk, holder: &Jwk, now: Timestamp) -> String {
    let token = NewToken {
        issuer: ISSUER,
        subject: "CBE:0123456749/MAILBOX",
        client_id: "CBE:0123456749/MAILBOX",
        audience: AUDIENCE,
        scope: Scope::ALL.iter().copied().collect(),
        confirmation: Some(Confirmation::Key(holder.thumbprint().to_string())),
        jti: "AAAAAAAAAAAAAAAAAAAAAA",
        issued_at: now,
        lifetime: 300,
        extra: Map::new(),
    };
    token::sign(issuer, &token).expect("a token is signed")
}

fn verifier(issuer: &Jwk, text: String, now: Timestamp) -> impl Fn() + 'static {
    let keys = [issuer.public().with_thumbprint_kid()];
    let rules = IssuerRules {
        issuer: ISSUER.to_owned(),
        audiences: vec![AUDIENCE.to_owned()],
        algorithms: vec![SignatureAlgorithm::Es256],
        types: vec![token::TYP.to_owned()],
        max_lifetime: 300,
    };
    move || {
        let unverified = Unverified::parse(&text).expect("the token is read");
        unverified
            .verify(&keys, &rules, now)
            .expect("the token holds");
    }
}

fn primitive(issuer: &Jwk, text: &str) -> Box<dyn FnMut()> {
    let member = |name: &str| {
        let value = issuer.to_value();
        let text = value[name].as_str().unwrap_or_default().to_owned();
        base64url::decode(&text).expect("a coordinate")
    };
    let point = [&[4][..], &member("x"), &member("y")].concat();
    let (input, signature) = text.rsplit_once('.').expect("a JWS has three parts");
    let signature = base64url::decode(signature).expect("a signature");
    let input = input.to_owned();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    Box::new(move || {
        key.verify(input.as_bytes(), &signature)
            .expect("the signature holds");
    })
}
