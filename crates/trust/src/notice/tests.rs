//! Notices: one test for each refusal.

use kleis_jose::jws::Header;
use serde_json::Value;

use super::*;
use crate::{
    SignerError,
    test_util::{World, claims_of, forge, private_key, reforge},
};

fn notice() -> Notice {
    Notice {
        jti: Jti::from([7; 16]),
        kind: NoticeKind::CertificateRevoked,
        at: Timestamp::from_unix(1_800_000_000),
        owner: Some("CBE:0123456749".parse().unwrap()),
        device: Some(DeviceId::main()),
        certificate: Some("0a0b".to_owned()),
        key: None,
        reason: Some(RevocationReason::KeyCompromise),
        ends_at: None,
    }
}

struct Sent {
    world: World,
    registration: Signer,
    compact: String,
}

impl Sent {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let registration = world.service(Service::Registration);
        let compact = sign(&registration, &notice(), world.now()).unwrap();
        Self {
            world,
            registration,
            compact,
        }
    }

    fn read(&self, compact: &str) -> Result<Notice, NoticeError> {
        verify(compact, self.world.anchors())
    }

    fn with_claims(&self, change: impl FnOnce(&mut Value)) -> Result<Notice, NoticeError> {
        self.read(&reforge(
            &self.registration,
            typ::NOTICE,
            &self.compact,
            change,
        ))
    }
}

#[test]
fn a_notice_comes_back_and_has_no_member_for_what_it_does_not_say() {
    let sent = Sent::new(1);
    assert_eq!(sent.read(&sent.compact), Ok(notice()));
    let claims = claims_of(&sent.compact);
    let members: Vec<&String> = claims["notice"].as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "at",
            "certificate",
            "device",
            "jti",
            "kind",
            "owner",
            "reason"
        ]
    );
}

#[test]
fn another_service_issuer_installation_or_key_is_refused() {
    let mut sent = Sent::new(2);
    let custody = sent.world.service(Service::Custody);
    let by = |signer: &Signer| reforge(signer, typ::NOTICE, &sent.compact, |_| ());
    assert_eq!(sent.read(&by(&custody)), Err(NoticeError::WrongSigner));
    let foreign = World::impostor_of(&sent.world, 3).service(Service::Registration);
    assert_eq!(sent.read(&by(&foreign)), Err(SignerError::ForeignCa.into()));
    let iss = |claims: &mut Value| claims["iss"] = "SERVICE:custody".into();
    assert_eq!(sent.with_claims(iss), Err(NoticeError::WrongIssuer));
    let elsewhere = World::new(4).installation().audience();
    let aud = |claims: &mut Value| claims["aud"] = elsewhere.into();
    assert_eq!(sent.with_claims(aud), Err(NoticeError::OtherInstallation));
    let header = Header::default()
        .with_typ(typ::NOTICE)
        .with_x5c(sent.registration.chain().to_vec());
    let forged = forge(private_key(&custody), &header, &claims_of(&sent.compact));
    assert_eq!(sent.read(&forged), Err(NoticeError::SignatureInvalid));
}

#[test]
fn what_is_no_notice_is_refused() {
    let sent = Sent::new(5);
    assert_eq!(sent.read("x"), Err(NoticeError::Malformed));
    assert_eq!(
        sent.read(&"x".repeat(MAX_SIZE + 1)),
        Err(NoticeError::TooLarge)
    );
    let other = reforge(&sent.registration, typ::SEGMENT, &sent.compact, |_| ());
    assert_eq!(sent.read(&other), Err(NoticeError::WrongType));
    let header = Header::default()
        .with_typ(typ::NOTICE)
        .with_kid("k")
        .with_x5c(sent.registration.chain().to_vec());
    let forged = forge(
        private_key(&sent.registration),
        &header,
        &claims_of(&sent.compact),
    );
    assert_eq!(sent.read(&forged), Err(NoticeError::HeaderForbidden));
    for change in [
        |claims: &mut Value| claims["notice"]["kind"] = "SOMETHING".into(),
        |claims: &mut Value| claims["notice"]["more"] = 1.into(),
        |claims: &mut Value| claims["more"] = 1.into(),
        |claims: &mut Value| drop(claims.as_object_mut().unwrap().remove("notice")),
    ] {
        assert_eq!(sent.with_claims(change), Err(NoticeError::ClaimsMalformed));
    }
}
