//! Orders and enrolments (formats.md section 4).

use kleis_jose::{Jwk, KeyType, jws::Header};
use kleis_trust::{
    Signer, SignerError,
    order::{self, Draft, OrderError, SignedOrder},
    status::Status,
    test_util::{World, claims_of, forge, private_key, reforge},
    typ,
};
use serde_json::{Value, json};

use crate::cases::{accepted, b64u, damaged, identifiers, refused};

pub(crate) const METHOD: &str = "kleis.custody.v1.CustodyService/GetKey";

pub(crate) fn sign(world: &World, signer: &Signer) -> SignedOrder {
    let body = json!({"keyId": "AAAAAAAAAAAAAAAAAAAAAA"});
    let draft = Draft::new(METHOD, body).with_version(3);
    order::sign(
        signer,
        world.installation(),
        &draft,
        world.now(),
        world.random(),
    )
    .unwrap()
}

pub(crate) fn cases(world: &mut World) -> Vec<Value> {
    let alice = world.certify_all(&["NIHII:18749704", "SSIN:85073003328"], "main");
    let order = sign(world, &alice);
    let good = order.compact();
    let mut cases = vec![accepted("an order", &input(good), &output(&order, &alice))];
    for (name, key_type) in [
        ("an order by a P-384 key", KeyType::P384),
        ("an order by an Ed25519 key", KeyType::Ed25519),
        ("an order by an RSA key", KeyType::Rsa { bits: 2048 }),
    ] {
        let key = world.key(key_type);
        let signer = world.certify_key(&key, &["CBE:0809394427/KGSS"], "main");
        let order = sign(world, &signer);
        cases.push(accepted(
            name,
            &input(order.compact()),
            &output(&order, &signer),
        ));
    }
    cases.extend(signers(world, good));
    cases.extend(claims(world, &alice, good));
    cases.extend(headers(&alice, good));
    cases.extend(enrolments(world));
    cases
}

fn input(compact: &str) -> Value {
    json!({ "type": typ::ORDER, "method": METHOD, "compact": compact })
}

fn output(order: &SignedOrder, signer: &Signer) -> Value {
    let claims = claims_of(order.compact());
    json!({
        "jti": order.jti(),
        "digest": b64u(order.digest()),
        "version": claims["version"],
        "body": claims["body"],
        "identifiers": identifiers(signer),
        "device": signer.identity().device(),
    })
}

fn signers(world: &mut World, good: &str) -> Vec<Value> {
    let by = |signer: &Signer| input(&reforge(signer, typ::ORDER, good, |_| ()));
    let mut cases = Vec::new();
    for (name, status, refusal) in [
        ("a revoked signer", Status::Invalid, SignerError::Revoked),
        (
            "a suspended signer",
            Status::Suspended,
            SignerError::Suspended,
        ),
        ("a superseded signer", Status::Other, SignerError::NotInUse),
    ] {
        let signer = world.certify("NIHII:18749704", "phone");
        world.set_status(signer.identity().status_index(), status);
        cases.push(refused(name, &by(&signer), refusal.reason()));
    }
    let impostor = World::impostor_of(world, 1).certify("NIHII:18749704", "main");
    cases.push(refused(
        "a foreign CA",
        &by(&impostor),
        SignerError::ForeignCa.reason(),
    ));
    let alice = world.certify("NIHII:18749704", "tablet");
    let mallory = world.certify("NIHII:11530231", "main");
    let header = Header::default()
        .with_typ(typ::ORDER)
        .with_x5c(alice.chain().to_vec());
    let forged = forge(private_key(&mallory), &header, &claims_of(good));
    let reason = OrderError::SignatureInvalid.reason();
    cases.push(refused("another's certificate", &input(&forged), reason));
    cases.push(refused(
        "a changed signature",
        &input(&damaged(good)),
        reason,
    ));
    cases
}

fn claims(world: &World, alice: &Signer, good: &str) -> Vec<Value> {
    let now = world.now().unix();
    let elsewhere = World::new(1).installation().audience();
    let cases: [(&str, Value, OrderError); 12] = [
        (
            "another installation",
            json!({"aud": elsewhere}),
            OrderError::OtherInstallation,
        ),
        (
            "another method",
            json!({"method": "x"}),
            OrderError::WrongMethod,
        ),
        (
            "a life too long",
            json!({"exp": now + 301}),
            OrderError::Lifetime,
        ),
        ("no life", json!({"exp": now}), OrderError::Lifetime),
        (
            "the future",
            json!({"iat": now + 61, "exp": now + 300}),
            OrderError::NotYetValid,
        ),
        (
            "the past",
            json!({"iat": now - 360, "exp": now - 60}),
            OrderError::Expired,
        ),
        (
            "an unknown claim",
            json!({"more": 1}),
            OrderError::ClaimsMalformed,
        ),
        (
            "a time with a fraction",
            json!({"exp": 1.5}),
            OrderError::ClaimsMalformed,
        ),
        (
            "a jti of another length",
            json!({"jti": "AAAA"}),
            OrderError::ClaimsMalformed,
        ),
        (
            "a version of null",
            json!({"version": null}),
            OrderError::ClaimsMalformed,
        ),
        (
            "a body that is no object",
            json!({"body": []}),
            OrderError::ClaimsMalformed,
        ),
        (
            "an unknown member in the body",
            json!({"body": {"x": 1}}),
            OrderError::BodyInvalid,
        ),
    ];
    let case = |(name, changes, refusal): (&str, Value, OrderError)| {
        let forged = reforge(alice, typ::ORDER, good, |claims| {
            for (claim, value) in changes.as_object().unwrap() {
                claims[claim] = value.clone();
            }
        });
        refused(name, &input(&forged), refusal.reason())
    };
    let mut cases: Vec<_> = cases.into_iter().map(case).collect();
    let claims = claims_of(good).to_string();
    let twice = claims.replacen('{', "{\"method\":\"x\",", 1);
    let header = Header::default()
        .with_typ(typ::ORDER)
        .with_x5c(alice.chain().to_vec());
    let twice = kleis_jose::jws::sign(private_key(alice), &header, twice.as_bytes()).unwrap();
    let reason = OrderError::ClaimsMalformed.reason();
    cases.push(refused("a claim given twice", &input(&twice), reason));
    cases
}

fn headers(alice: &Signer, good: &str) -> Vec<Value> {
    let chain = alice.chain().to_vec();
    let header = || {
        Header::default()
            .with_typ(typ::ORDER)
            .with_x5c(chain.clone())
    };
    let (kid, forbidden) = (alice.public_key().thumbprint(), OrderError::HeaderForbidden);
    let cases = [
        (
            "the type of a reply",
            header().with_typ(typ::REPLY),
            OrderError::WrongType,
        ),
        (
            "the type in capitals",
            header().with_typ("KLEIS-ORDER+JWT"),
            OrderError::WrongType,
        ),
        ("a kid", header().with_kid(kid.as_str()), forbidden),
        (
            "an unknown header member",
            header().with_member("x", 1.into()),
            forbidden,
        ),
        (
            "no chain",
            Header::default().with_typ(typ::ORDER),
            forbidden,
        ),
    ];
    let case = |(name, header, refusal): (&str, Header, OrderError)| {
        let forged = forge(private_key(alice), &header, &claims_of(good));
        refused(name, &input(&forged), refusal.reason())
    };
    let mut cases: Vec<_> = cases.into_iter().map(case).collect();
    let (_, rest) = good.split_once('.').unwrap();
    for (name, header) in [
        ("no algorithm", r#"{"alg":"none","typ":"kleis-order+jwt"}"#),
        ("a MAC", r#"{"alg":"HS256","typ":"kleis-order+jwt"}"#),
        (
            "a critical extension",
            r#"{"alg":"ES256","crit":["x"],"typ":"kleis-order+jwt","x":1}"#,
        ),
    ] {
        let forged = format!("{}.{rest}", b64u(header.as_bytes()));
        cases.push(refused(
            name,
            &input(&forged),
            OrderError::Malformed.reason(),
        ));
    }
    cases
}

fn enrolments(world: &World) -> Vec<Value> {
    let input =
        |compact: &str| json!({ "type": typ::ENROLMENT, "method": METHOD, "compact": compact });
    let (key, other) = (world.key(KeyType::P256), world.key(KeyType::P256));
    let draft = Draft::new(METHOD, json!({}));
    let (installation, now, random) = (world.installation(), world.now(), world.random());
    let order = order::sign_enrolment(&key, installation, &draft, now, random).unwrap();
    let output = json!({
        "jti": order.jti(),
        "digest": b64u(order.digest()),
        "version": null,
        "body": {},
        "thumbprint": key.thumbprint(),
    });
    let claims = claims_of(order.compact());
    let header = Header::default().with_typ(typ::ENROLMENT).with_jwk(&key);
    let by = |key: &Jwk, header: &Header| input(&forge(key, header, &claims));
    let as_order = header.clone().with_typ(typ::ORDER);
    let bare = Header::default().with_typ(typ::ENROLMENT);
    let invalid = OrderError::SignatureInvalid.reason();
    vec![
        accepted("an enrolment", &input(order.compact()), &output),
        refused("an enrolment by another key", &by(&other, &header), invalid),
        refused(
            "an order as enrolment",
            &by(&key, &as_order),
            OrderError::WrongType.reason(),
        ),
        refused(
            "no key",
            &by(&key, &bare),
            OrderError::HeaderForbidden.reason(),
        ),
    ]
}
