use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use kleis_types::{SeededRandom, Timestamp};
use proptest::prelude::*;
use yasna::Tag;

use super::*;
use crate::crl::CrlReason;
use crate::der::{self, DerError};
use crate::oid;
use crate::profile::{self, ProfileViolation};
use crate::serial::SerialNumber;
use crate::signature;
use crate::spki::Spki;
use crate::test_support::{INSTALLATION, Installation, NOW};
use crate::{Certificate, IssueError};

const DAY: i64 = 86_400;

/// A request as a client would write it, whose parts can be changed.
struct Question {
    version: bool,
    requestor: bool,
    ids: Vec<Vec<u8>>,
    single: Vec<Vec<u8>>,
    extensions: Vec<Vec<u8>>,
    signature: bool,
}

impl Question {
    fn about(ids: Vec<Vec<u8>>) -> Self {
        Self {
            version: false,
            requestor: false,
            ids,
            single: Vec::new(),
            extensions: Vec::new(),
            signature: false,
        }
    }

    fn to_der(&self) -> Vec<u8> {
        let tagged = |number, content: &[u8]| {
            yasna::construct_der(|it| {
                it.write_tagged(Tag::context(number), |it| it.write_der(content));
            })
        };
        let sequence = |parts: &[Vec<u8>]| {
            yasna::construct_der(|it| {
                it.write_sequence(|it| parts.iter().for_each(|part| it.next().write_der(part)));
            })
        };
        let requests = self.ids.iter().map(|id| {
            let mut parts = vec![id.clone()];
            if !self.single.is_empty() {
                parts.push(tagged(0, &sequence(&self.single)));
            }
            sequence(&parts)
        });
        let requests: Vec<_> = requests.collect();
        let mut parts = Vec::new();
        if self.version {
            parts.push(tagged(0, &[0x02, 0x01, 0x01]));
        }
        if self.requestor {
            parts.push(tagged(1, b"\x82\x04edge"));
        }
        parts.push(sequence(&requests));
        if !self.extensions.is_empty() {
            parts.push(tagged(2, &sequence(&self.extensions)));
        }
        let mut outer = vec![sequence(&parts)];
        if self.signature {
            outer.push(tagged(0, &[0x30, 0x00]));
        }
        sequence(&outer)
    }
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            oid::write(writer.next(), oid);
            if critical {
                writer.next().write_bool(true);
            }
            writer.next().write_bytes(value);
        });
    })
}

fn nonce(octets: &[u8]) -> Vec<u8> {
    let value = yasna::construct_der(|writer| writer.write_bytes(octets));
    extension(oid::OCSP_NONCE, false, &value)
}

fn cert_id(ca: &Certificate, sha1: bool, null: bool, serial: &[u8]) -> Vec<u8> {
    let (kind, algorithm) = if sha1 {
        (oid::SHA1, &SHA1_FOR_LEGACY_USE_ONLY)
    } else {
        (oid::SHA256, &SHA256)
    };
    let key = Spki::parse(ca.spki_der()).unwrap().key.to_vec();
    let hash = |data: &[u8]| digest::digest(algorithm, data).as_ref().to_vec();
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_sequence(|writer| {
                oid::write(writer.next(), kind);
                if null {
                    writer.next().write_null();
                }
            });
            writer.next().write_bytes(&hash(ca.as_issuer().subject_der));
            writer.next().write_bytes(&hash(&key));
            writer.next().write_bigint_bytes(serial, true);
        });
    })
}

fn issuing() -> &'static Certificate {
    INSTALLATION.ca.chain_certificate()
}

fn responder() -> OcspResponder {
    let random = SeededRandom::new(12);
    let serial = SerialNumber::random(&random);
    let end = NOW.plus_seconds(7 * DAY);
    OcspResponder::certify(&INSTALLATION.ca, &serial, NOW, end, &random).unwrap()
}

/// The parts of a successful answer: what is signed, the signature, the certificates.
fn split(response: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    der::check(response).unwrap();
    let [status, bytes] = der::sequence::<2>(response).unwrap();
    assert_eq!(status.raw, [0x0a, 0x01, 0x00]);
    let [kind, basic] = der::sequence::<2>(bytes.value).unwrap();
    assert_eq!(kind.value, oid::OCSP_BASIC);
    der::check(basic.value).unwrap();
    let [tbs, algorithm, signature, certificates] = der::sequence::<4>(basic.value).unwrap();
    let [algorithm] = der::sequence::<1>(algorithm.raw).unwrap();
    assert_eq!(algorithm.value, oid::ECDSA_WITH_SHA256);
    let [certificate] = der::sequence::<1>(certificates.value).unwrap();
    (
        tbs.raw.to_vec(),
        signature.value[1..].to_vec(),
        certificate.raw.to_vec(),
    )
}

#[test]
fn answers_what_was_asked_and_signs_it() {
    let other = Installation::new(2);
    let ids = vec![
        cert_id(issuing(), true, true, &[1; 16]),
        cert_id(issuing(), false, false, &[2; 16]),
        cert_id(other.ca.chain_certificate(), true, true, &[1; 16]),
    ];
    let question = Question {
        requestor: true,
        signature: true,
        extensions: vec![nonce(&[7; 32]), extension(oid::OCSP_BASIC, false, &[])],
        ..Question::about(ids)
    };
    let request = OcspRequest::parse(&question.to_der()).unwrap();
    assert_eq!(request.nonce(), Some(&[7; 32][..]));
    let named: Vec<_> = request.ids().iter().map(|id| id.names(issuing())).collect();
    assert_eq!(named, [true, true, false]);
    let serials: Vec<_> = request.ids().iter().filter_map(CertId::serial).collect();
    assert_eq!(serials[1].as_bytes(), [2; 16]);

    let responder = responder();
    let revoked = CertStatus::Revoked {
        since: NOW.plus_seconds(-5),
        reason: Some(CrlReason::CertificateHold),
    };
    let status = |id: &CertId| match id.serial().unwrap().as_bytes() {
        _ if !id.names(issuing()) => CertStatus::Unknown,
        [1, ..] => CertStatus::Good,
        _ => revoked,
    };
    let response = responder
        .answer(&request, status, NOW, NOW.plus_seconds(900))
        .unwrap();
    let (tbs, signed, certificate) = split(&response);
    assert_eq!(certificate, responder.certificate().der());
    let key = responder.certificate().spki_der();
    let algorithm = [&[0x06, 0x08][..], oid::ECDSA_WITH_SHA256].concat();
    let verified = signature::verify_request(&Spki::parse(key).unwrap(), &algorithm, &tbs, &signed);
    assert_eq!(verified, Ok(()));

    let [_, _, answers, extensions] = der::sequence::<4>(&tbs).unwrap();
    let tags: Vec<_> = der::members(answers)
        .unwrap()
        .iter()
        .map(|answer| der::sequence::<4>(answer.raw).unwrap()[1].tag)
        .collect();
    assert_eq!(tags, [0x80, 0xa1, 0x82]);
    let [repeated] = der::sequence::<1>(extensions.value).unwrap();
    assert_eq!(repeated.raw, nonce(&[7; 32]));
}

#[test]
fn failures_are_five_octets() {
    let failures = [
        (OcspFailure::MalformedRequest, 1),
        (OcspFailure::InternalError, 2),
        (OcspFailure::TryLater, 3),
        (OcspFailure::Unauthorized, 6),
    ];
    for (failure, code) in failures {
        assert_eq!(failure.to_der(), [0x30, 0x03, 0x0a, 0x01, code]);
    }
}

#[test]
fn each_thing_that_is_wrong_with_a_request_has_its_name() {
    use OcspRequestError as E;
    let id = || cert_id(issuing(), true, true, &[1; 16]);
    let about = || Question::about(vec![id()]);
    let refused = |question: &Question| OcspRequest::parse(&question.to_der()).unwrap_err();
    assert!(OcspRequest::parse(&about().to_der()).is_ok());
    let structure = E::Der(DerError::Structure);
    let version = Question {
        version: true,
        ..about()
    };
    assert_eq!(refused(&version), structure);
    assert_eq!(refused(&Question::about(Vec::new())), E::Count);
    assert_eq!(refused(&Question::about(vec![id(); 33])), E::Count);
    assert!(OcspRequest::parse(&Question::about(vec![id(); 32]).to_der()).is_ok());
    let with = |extensions: Vec<Vec<u8>>| Question {
        extensions,
        ..about()
    };
    assert_eq!(refused(&with(vec![nonce(&[])])), E::Nonce);
    assert_eq!(refused(&with(vec![nonce(&[1; 129])])), E::Nonce);
    assert_eq!(refused(&with(vec![nonce(&[1]), nonce(&[1])])), E::Nonce);
    let bare = extension(oid::OCSP_NONCE, false, &[1; 16]);
    assert_eq!(refused(&with(vec![bare])), E::Nonce);
    let longest = OcspRequest::parse(&with(vec![nonce(&[1; 128])]).to_der()).unwrap();
    assert_eq!(longest.nonce(), Some(&[1; 128][..]));
    let critical = extension(oid::OCSP_BASIC, true, &[]);
    assert_eq!(refused(&with(vec![critical.clone()])), E::CriticalExtension);
    let single = |single: Vec<Vec<u8>>| Question { single, ..about() };
    assert_eq!(refused(&single(vec![critical])), E::CriticalExtension);
    assert_eq!(
        refused(&single(vec![nonce(&[1; 16])])),
        E::CriticalExtension
    );
    let harmless = extension(oid::OCSP_BASIC, false, &[]);
    assert!(OcspRequest::parse(&single(vec![harmless]).to_der()).is_ok());
    assert_eq!(OcspRequest::parse(&[0x30; 8193]), Err(E::TooLarge));
    assert_eq!(OcspRequest::parse(&[]), Err(E::Der(DerError::Truncated)));
    let mut longer = about().to_der();
    longer.push(0);
    assert_eq!(
        OcspRequest::parse(&longer),
        Err(E::Der(DerError::TrailingData))
    );
    // A SEQUENCE of strings is no CertID.
    let strings = b"\x30\x08\x04\x00\x04\x00\x04\x00\x04\x00".to_vec();
    assert_eq!(refused(&Question::about(vec![strings])), structure);
}

#[test]
fn what_no_ca_of_ours_is_named_by_is_nobodys() {
    let unknown_hash = {
        let mut id = cert_id(issuing(), false, true, &[1; 16]);
        let at = id.windows(9).position(|it| it == oid::SHA256).unwrap();
        id[at + 8] = 2;
        id
    };
    let mut another_key = cert_id(issuing(), true, true, &[1; 16]);
    let last = another_key.len() - 20;
    another_key[last] ^= 1;
    let zero = cert_id(issuing(), true, true, &[0]);
    let question = Question::about(vec![unknown_hash, another_key, zero]);
    let request = OcspRequest::parse(&question.to_der()).unwrap();
    let ids = request.ids();
    assert!(!ids[0].names(issuing()) && !ids[1].names(issuing()));
    assert!(ids[2].names(issuing()) && ids[2].serial().is_none());
}

#[test]
fn an_answer_that_is_not_what_was_asked_for_is_not_signed() {
    let ids = vec![cert_id(issuing(), true, true, &[1; 16]); 2];
    let request = OcspRequest::parse(&Question::about(ids).to_der()).unwrap();
    let [one, two] = request.ids() else {
        panic!("two")
    };
    let answers = [(one, CertStatus::Good), (two, CertStatus::Unknown)];
    let subject = responder().subject_for_tests();
    let wanted = ResponseData {
        responder_der: &subject,
        answers: &answers,
        nonce: Some(&[1; 16]),
        at: NOW,
        next_update: NOW.plus_seconds(900),
    };
    let lint = |written: &ResponseData<'_>| {
        profile::lint_ocsp(written.write().unwrap(), &wanted).map(drop)
    };
    assert_eq!(lint(&wanted), Ok(()));
    let revoked = |since: i64, reason| CertStatus::Revoked {
        since: Timestamp::from_unix(since),
        reason,
    };
    let others = [
        vec![(one, CertStatus::Good)],
        vec![(one, CertStatus::Good), (two, CertStatus::Good)],
        vec![(one, CertStatus::Good), (two, revoked(1, None))],
        vec![(one, CertStatus::Unknown), (two, CertStatus::Unknown)],
    ];
    for answers in &others {
        let written = ResponseData { answers, ..wanted };
        assert_eq!(lint(&written), Err(ProfileViolation::OcspResponse));
    }
    let other = issuing().as_issuer();
    let changed = [
        ResponseData {
            nonce: None,
            ..wanted
        },
        ResponseData {
            nonce: Some(&[2; 16]),
            ..wanted
        },
        ResponseData {
            at: NOW.plus_seconds(1),
            ..wanted
        },
        ResponseData {
            next_update: NOW.plus_seconds(901),
            ..wanted
        },
        ResponseData {
            responder_der: other.subject_der,
            ..wanted
        },
    ];
    for written in &changed {
        assert_eq!(lint(written), Err(ProfileViolation::OcspResponse));
    }
    let backwards = ResponseData {
        next_update: NOW,
        ..wanted
    };
    let refused = profile::lint_ocsp(backwards.write().unwrap(), &backwards).map(drop);
    assert_eq!(refused, Err(ProfileViolation::Validity));
}

#[test]
fn a_responder_lives_for_a_month_at_most_and_is_nobody() {
    let random = SeededRandom::new(3);
    let serial = SerialNumber::random(&random);
    let end = NOW.plus_seconds(32 * DAY);
    let refused = OcspResponder::certify(&INSTALLATION.ca, &serial, NOW, end, &random);
    let too_long = ResponderError::Issue(IssueError::Profile(ProfileViolation::TooLongLived));
    assert_eq!(refused.unwrap_err().to_string(), too_long.to_string());
    // Its certificate proves no identity, and opens no connection.
    let responder = responder();
    assert!(responder.certificate().identity().is_err());
    let chain = INSTALLATION.chain(responder.certificate());
    assert!(INSTALLATION.anchors.verify_identity(&chain, NOW).is_err());
    assert!(!format!("{responder:?}").contains("key"));
}

proptest! {
    /// No input makes the parser fall over, and what it takes it takes to the last octet.
    #[test]
    fn changed_requests_are_refused_or_read(at in 0usize..400, to: u8) {
        let ids = vec![cert_id(issuing(), true, true, &[1; 16]), cert_id(issuing(), false, false, &[2; 20])];
        let question = Question { extensions: vec![nonce(&[9; 32])], ..Question::about(ids) };
        let mut der = question.to_der();
        let at = at % der.len();
        der[at] = to;
        if let Ok(request) = OcspRequest::parse(&der) {
            prop_assert!((1..=MAX_IDS).contains(&request.ids().len()));
            for id in request.ids() {
                prop_assert!(der.windows(id.raw().len()).any(|window| window == id.raw()));
            }
        }
    }

    #[test]
    fn rubbish_is_refused(bytes: Vec<u8>) {
        prop_assume!(bytes.first() != Some(&0x30));
        prop_assert!(OcspRequest::parse(&bytes).is_err());
    }
}
