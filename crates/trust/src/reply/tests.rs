//! Replies: one test for each refusal.

use kleis_jose::jws::Header;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    SignerError,
    order::{self, Draft},
    status::Status,
    test_util::{CERTIFICATE_LIFE, World, claims_of, forge, private_key, reforge},
};

const METHOD: &str = "kleis.custody.v1.CustodyService/GetKey";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outcome {
    answer: u32,
}

/// A caller who sent an order, and the service that answers it.
struct Exchange {
    world: World,
    custody: Signer,
    order: SignedOrder,
    reply: String,
}

impl Exchange {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let alice = world.certify("NIHII:18749704", "main");
        let custody = world.service(Service::Custody);
        let draft = Draft::new(METHOD, json!({}));
        let (now, random) = (world.now(), world.random());
        let order = order::sign(&alice, world.installation(), &draft, now, random).unwrap();
        let reply = sign(
            &custody,
            world.installation(),
            METHOD,
            order.jti(),
            order.digest(),
            &Outcome { answer: 42 },
            now,
        );
        Self {
            custody,
            order,
            reply: reply.unwrap(),
            world,
        }
    }

    fn read(&self, compact: &str) -> Result<Outcome, ReplyError> {
        let (anchors, status) = (self.world.anchors(), self.world.status_list());
        let now = self.world.now();
        verify(
            compact,
            anchors,
            &status,
            Service::Custody,
            METHOD,
            &self.order,
            now,
        )
    }

    fn with_claims(&self, change: impl FnOnce(&mut Value)) -> Result<Outcome, ReplyError> {
        self.read(&reforge(&self.custody, typ::REPLY, &self.reply, change))
    }
}

#[test]
fn a_reply_is_read_as_it_was_signed() {
    let exchange = Exchange::new(1);
    assert_eq!(exchange.read(&exchange.reply), Ok(Outcome { answer: 42 }));
    assert_eq!(exchange.with_claims(|_| ()), Ok(Outcome { answer: 42 }));
}

#[test]
fn a_body_that_is_no_object_is_not_signed() {
    let Exchange {
        world,
        custody,
        order,
        ..
    } = Exchange::new(2);
    let (installation, now) = (world.installation(), world.now());
    let outcome = sign(
        &custody,
        installation,
        METHOD,
        order.jti(),
        order.digest(),
        &1,
        now,
    );
    assert_eq!(outcome, Err(SigningError::Body));
}

#[test]
fn a_reply_by_another_service_or_by_a_caller_is_refused() {
    let mut exchange = Exchange::new(3);
    for signer in [
        exchange.world.service(Service::Directory),
        exchange.world.service(Service::Status),
        exchange.world.certify("NIHII:18749704", "phone"),
    ] {
        let forged = reforge(&signer, typ::REPLY, &exchange.reply, |_| ());
        assert_eq!(exchange.read(&forged), Err(ReplyError::WrongSigner));
    }
    let iss = |claims: &mut Value| claims["iss"] = "SERVICE:directory".into();
    assert_eq!(exchange.with_claims(iss), Err(ReplyError::WrongIssuer));
}

#[test]
fn a_reply_under_a_foreign_ca_is_refused() {
    let exchange = Exchange::new(4);
    let custody = World::impostor_of(&exchange.world, 5).service(Service::Custody);
    let forged = reforge(&custody, typ::REPLY, &exchange.reply, |_| ());
    assert_eq!(exchange.read(&forged), Err(SignerError::ForeignCa.into()));
}

#[test]
fn a_reply_by_a_revoked_service_key_is_refused() {
    let mut exchange = Exchange::new(6);
    let index = exchange.custody.identity().status_index();
    exchange.world.set_status(index, Status::Invalid);
    assert_eq!(
        exchange.read(&exchange.reply),
        Err(SignerError::Revoked.into())
    );
}

#[test]
fn a_reply_to_another_order_is_refused() {
    let exchange = Exchange::new(7);
    let other = Exchange::new(8);
    let jti = |claims: &mut Value| claims["jti"] = other.order.jti().to_string().into();
    assert_eq!(exchange.with_claims(jti), Err(ReplyError::OtherOrder));
    let digest = base64url::encode(other.order.digest());
    let req = |claims: &mut Value| claims["req"] = digest.into();
    assert_eq!(exchange.with_claims(req), Err(ReplyError::OtherOrder));
}

#[test]
fn a_reply_of_another_method_or_installation_is_refused() {
    let exchange = Exchange::new(9);
    let method = |claims: &mut Value| claims["method"] = "x".into();
    assert_eq!(exchange.with_claims(method), Err(ReplyError::WrongMethod));
    let elsewhere = World::new(10).installation().audience();
    let aud = |claims: &mut Value| claims["aud"] = elsewhere.into();
    assert_eq!(
        exchange.with_claims(aud),
        Err(ReplyError::OtherInstallation)
    );
}

#[test]
fn a_reply_from_the_future_is_refused() {
    let exchange = Exchange::new(11);
    let now = exchange.world.now().unix();
    let iat = |claims: &mut Value| claims["iat"] = (now + 60).into();
    assert!(exchange.with_claims(iat).is_ok());
    let iat = |claims: &mut Value| claims["iat"] = (now + 61).into();
    assert_eq!(exchange.with_claims(iat), Err(ReplyError::NotYetValid));
}

#[test]
fn another_type_header_or_shape_is_refused() {
    let exchange = Exchange::new(12);
    let Exchange { custody, reply, .. } = &exchange;
    let order = reforge(custody, typ::ORDER, reply, |_| ());
    assert_eq!(exchange.read(&order), Err(ReplyError::WrongType));
    let header = Header::default()
        .with_typ(typ::REPLY)
        .with_x5c(custody.chain().to_vec())
        .with_kid("1");
    let forged = forge(private_key(custody), &header, &claims_of(reply));
    assert_eq!(exchange.read(&forged), Err(ReplyError::HeaderForbidden));
    assert_eq!(exchange.read("a.b"), Err(ReplyError::Malformed));
    assert_eq!(
        exchange.read(&"x".repeat(MAX_SIZE + 1)),
        Err(ReplyError::TooLarge)
    );
    let extra = |claims: &mut Value| claims["exp"] = 1.into();
    assert_eq!(
        exchange.with_claims(extra),
        Err(ReplyError::ClaimsMalformed)
    );
    let body = |claims: &mut Value| claims["body"] = json!({"answer": "42"});
    assert_eq!(exchange.with_claims(body), Err(ReplyError::BodyInvalid));
}

impl Exchange {
    /// The reply as it is read years later.
    fn read_kept(&self, compact: &str, seconds: i64) -> Result<KeptReply<Outcome>, ReplyError> {
        let (anchors, now) = (self.world.anchors(), self.world.now());
        let now = now.plus_seconds(seconds);
        verify_kept(compact, anchors, Service::Custody, METHOD, now)
    }

    #[track_caller]
    fn refuses_kept(&self, compact: &str, expected: impl Into<ReplyError>) {
        let outcome = self.read_kept(compact, 0).map(KeptReply::into_body);
        assert_eq!(outcome, Err(expected.into()));
    }
}

#[test]
fn a_kept_reply_is_read_as_of_its_own_time() {
    let mut exchange = Exchange::new(14);
    let index = exchange.custody.identity().status_index();
    exchange.world.set_status(index, Status::Other);
    let kept = exchange.read_kept(&exchange.reply, 2 * CERTIFICATE_LIFE);
    let kept = kept.unwrap();
    assert_eq!(kept.body(), &Outcome { answer: 42 });
    assert_eq!(kept.issued_at(), exchange.world.now());
    let order = &exchange.order;
    assert!(kept.answers(order.jti(), order.digest()));
    assert!(!kept.answers(order.jti(), &[0; 32]));
    let other = Exchange::new(15);
    assert!(!kept.answers(other.order.jti(), order.digest()));
    // It names a time at which its signer was not certified.
    let iat = exchange.world.now().unix() - 2 * CERTIFICATE_LIFE;
    let early = |claims: &mut Value| claims["iat"] = iat.into();
    let early = reforge(&exchange.custody, typ::REPLY, &exchange.reply, early);
    exchange.refuses_kept(&early, SignerError::NotYetValid);
}

#[test]
fn a_kept_reply_is_refused_for_all_that_makes_it_another_one() {
    let mut exchange = Exchange::new(16);
    exchange.refuses_kept("a.b", ReplyError::Malformed);
    let order = reforge(&exchange.custody, typ::ORDER, &exchange.reply, |_| ());
    exchange.refuses_kept(&order, ReplyError::WrongType);
    for signer in [
        exchange.world.service(Service::Directory),
        exchange.world.certify("NIHII:18749704", "phone"),
    ] {
        let forged = reforge(&signer, typ::REPLY, &exchange.reply, |_| ());
        exchange.refuses_kept(&forged, ReplyError::WrongSigner);
    }
    let impostor = World::impostor_of(&exchange.world, 17).service(Service::Custody);
    let forged = reforge(&impostor, typ::REPLY, &exchange.reply, |_| ());
    exchange.refuses_kept(&forged, SignerError::ForeignCa);
    let later = exchange.world.now().unix() + 61;
    let elsewhere = World::new(18).installation().audience();
    let changes: [(&str, Value, ReplyError); 6] = [
        ("iss", "SERVICE:directory".into(), ReplyError::WrongIssuer),
        ("aud", elsewhere.into(), ReplyError::OtherInstallation),
        ("method", "x".into(), ReplyError::WrongMethod),
        ("iat", later.into(), ReplyError::NotYetValid),
        ("body", json!({"answer": "42"}), ReplyError::BodyInvalid),
        ("exp", 1.into(), ReplyError::ClaimsMalformed),
    ];
    for (claim, value, expected) in changes {
        let change = |claims: &mut Value| claims[claim] = value;
        let forged = reforge(&exchange.custody, typ::REPLY, &exchange.reply, change);
        exchange.refuses_kept(&forged, expected);
    }
    let (start, _) = exchange.reply.rsplit_once('.').unwrap();
    let unsigned = format!("{start}.{}", "A".repeat(86));
    exchange.refuses_kept(&unsigned, ReplyError::SignatureInvalid);
}

#[test]
fn a_changed_byte_anywhere_is_refused() {
    let exchange = Exchange::new(13);
    let Exchange {
        world,
        order,
        reply,
        ..
    } = &exchange;
    let status = world.status_list();
    proptest!(|(at: prop::sample::Index, byte: u8)| {
        let mut bytes = reply.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = (bytes[at] ^ (byte | 1)) & 0x7f;
        let text = String::from_utf8(bytes).unwrap();
        prop_assume!(&text != reply);
        let (anchors, now) = (world.anchors(), world.now());
        let outcome =
            verify::<Value>(&text, anchors, &status, Service::Custody, METHOD, order, now);
        prop_assert!(outcome.is_err());
    });
}
