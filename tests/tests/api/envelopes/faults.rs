//! Everything that can be wrong with an order before its body is looked at.

use kleis_e2e::Forge;
use kleis_proto::method::{self, max_order};
use kleis_trust::typ;
use kleis_types::base64url;
use serde_json::{Value, json};

use super::{super::now, Scene};

/// A fault: its name, how an order gets it, and what is said to it.
pub(super) type Fault = (&'static str, fn(&Scene, &str) -> String, &'static str);

/// What can be wrong with an order, whatever it asks.
pub(super) const FAULTS: &[Fault] = &[
    ("nothing", |_, _| String::new(), "ORDER_MALFORMED"),
    (
        "no JWS",
        |_, _| "good morning".to_owned(),
        "ORDER_MALFORMED",
    ),
    (
        "three empty parts",
        |_, _| "..".to_owned(),
        "ORDER_MALFORMED",
    ),
    (
        "two parts",
        |s, m| cut(&s.sound(m).sign(), 2),
        "ORDER_MALFORMED",
    ),
    (
        "four parts",
        |s, m| s.sound(m).sign() + ".e30",
        "ORDER_MALFORMED",
    ),
    (
        "cut off",
        |s, m| half(&s.sound(m).sign()),
        "ORDER_MALFORMED",
    ),
    ("padding", |s, m| s.sound(m).sign() + "=", "ORDER_MALFORMED"),
    ("alg none", |s, m| unsigned(&s.sound(m)), "ORDER_MALFORMED"),
    (
        "a header member too many",
        |s, m| s.sound(m).with_header(|h| h.with_kid("x")).sign(),
        "ORDER_MALFORMED",
    ),
    (
        "another type",
        |s, m| s.sound(m).with_header(|h| h.with_typ("JWT")).sign(),
        "ORDER_TYPE",
    ),
    (
        "the type of a reply",
        |s, m| s.sound(m).with_header(|h| h.with_typ(typ::REPLY)).sign(),
        "ORDER_TYPE",
    ),
    (
        "another signature",
        |s, m| mixed(&s.sound(m)),
        "ORDER_SIGNATURE_INVALID",
    ),
    (
        "claims that are no JSON",
        |s, m| s.sound(m).sign_bytes(b"{"),
        "ORDER_MALFORMED",
    ),
    (
        "claims that are a list",
        |s, m| s.sound(m).sign_bytes(b"[]"),
        "ORDER_MALFORMED",
    ),
    (
        "a claim twice",
        |s, m| twice(&s.sound(m)),
        "ORDER_MALFORMED",
    ),
    (
        "bytes after the claims",
        |s, m| trailing(&s.sound(m)),
        "ORDER_MALFORMED",
    ),
    (
        "a claim too many",
        |s, m| s.sound(m).with("sub", "me").sign(),
        "ORDER_MALFORMED",
    ),
    (
        "no jti",
        |s, m| s.sound(m).without("jti").sign(),
        "ORDER_MALFORMED",
    ),
    (
        "a short jti",
        |s, m| s.sound(m).with("jti", "AAAA").sign(),
        "ORDER_MALFORMED",
    ),
    (
        "no body",
        |s, m| s.sound(m).without("body").sign(),
        "ORDER_MALFORMED",
    ),
    (
        "a body that is a list",
        |s, m| s.sound(m).with("body", json!([])).sign(),
        "ORDER_MALFORMED",
    ),
    (
        "a time that is text",
        |s, m| s.sound(m).with("iat", "now").sign(),
        "ORDER_MALFORMED",
    ),
    (
        "a broken time",
        |s, m| s.sound(m).with("iat", 1.5).sign(),
        "ORDER_MALFORMED",
    ),
    (
        "a version below zero",
        |s, m| s.sound(m).with("version", -1).sign(),
        "ORDER_MALFORMED",
    ),
    (
        "another installation",
        |s, m| {
            s.sound(m)
                .with("aud", "urn:kleis:installation:AAAAAAAAAAAAAAAAAAAAAA")
                .sign()
        },
        "ORDER_AUDIENCE",
    ),
    (
        "two audiences",
        |s, m| two_audiences(&s.sound(m)),
        "ORDER_MALFORMED",
    ),
    ("another method", |s, m| other_method(s, m), "ORDER_METHOD"),
    (
        "a life too long",
        |s, m| lived(&s.sound(m), 0, 301),
        "ORDER_LIFETIME",
    ),
    ("no life", |s, m| lived(&s.sound(m), 0, 0), "ORDER_LIFETIME"),
    (
        "a life backwards",
        |s, m| lived(&s.sound(m), 0, -10),
        "ORDER_LIFETIME",
    ),
    (
        "yesterday's",
        |s, m| lived(&s.sound(m), -86_400, 300),
        "ORDER_EXPIRED",
    ),
    (
        "tomorrow's",
        |s, m| lived(&s.sound(m), 86_400, 300),
        "ORDER_NOT_YET_VALID",
    ),
    (
        "a body member too many",
        |s, m| s.sound(m).with_body("x", 1).sign(),
        "ORDER_BODY_INVALID",
    ),
    (
        "too long",
        |s, m| padded(&s.sound(m), max_order(m)),
        "REQUEST_TOO_LARGE",
    ),
];

fn cut(compact: &str, parts: usize) -> String {
    compact.split('.').take(parts).collect::<Vec<_>>().join(".")
}

fn half(compact: &str) -> String {
    compact[..compact.len() / 2].to_owned()
}

/// The header says `none`, and there is no signature.
fn unsigned(order: &Forge) -> String {
    let header = json!({"alg": "none", "typ": typ::ORDER});
    let parts = [&header, &order.claims].map(|part| base64url::encode(part.to_string().as_bytes()));
    format!("{}.{}.", parts[0], parts[1])
}

/// The signature of one order on another one.
fn mixed(order: &Forge) -> String {
    let (one, other) = (order.sign(), order.clone().again().sign());
    let signature = other.rsplit('.').next().unwrap();
    format!("{}.{signature}", cut(&one, 2))
}

fn twice(order: &Forge) -> String {
    let claims = order.claims.to_string();
    order.sign_bytes(claims.replacen('{', "{\"iat\":0,", 1).as_bytes())
}

fn trailing(order: &Forge) -> String {
    order.sign_bytes((order.claims.to_string() + "{}").as_bytes())
}

fn two_audiences(order: &Forge) -> String {
    let audience = order.claims["aud"].clone();
    order
        .clone()
        .with("aud", Value::from(vec![audience.clone(), audience]))
        .sign()
}

/// An order for one method, sent to another one.
fn other_method(scene: &Scene, method: &str) -> String {
    let other = if method == method::custody::GET_KEY {
        method::custody::SHRED_KEY
    } else {
        method::custody::GET_KEY
    };
    scene.sound(method).with("method", other).sign()
}

fn lived(order: &Forge, begins: i64, lives: i64) -> String {
    let iat = now() + begins;
    order
        .clone()
        .with("iat", iat)
        .with("exp", iat + lives)
        .sign()
}

fn padded(order: &Forge, max: usize) -> String {
    order.clone().with_body("x", "x".repeat(max)).sign()
}
