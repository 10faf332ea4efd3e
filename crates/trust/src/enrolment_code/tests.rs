//! Codes, verifiers, proofs and their announcement.

use kleis_jose::{ContentEncryption, Jwk, KeyType, jwe};
use kleis_types::SeededRandom;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Jti, typ};

fn code(seed: u64) -> EnrolmentCode {
    EnrolmentCode::generate(&SeededRandom::new(seed))
}

fn installation(seed: u64) -> InstallationId {
    InstallationId::random(&SeededRandom::new(seed))
}

#[test]
fn a_code_is_45_symbols_in_groups_of_five() {
    let text = code(1).to_text();
    assert_eq!(text.len(), 45 + 8);
    let groups: Vec<_> = text.split('-').collect();
    assert_eq!(groups.len(), 9);
    assert!(groups.iter().all(|group| group.len() == 5));
}

#[test]
fn a_code_is_read_as_people_type_it() {
    let code = code(2);
    let text = code.to_text();
    let sloppy = text
        .to_lowercase()
        .replace('-', "  ")
        .replace('0', "o")
        .replace('1', "L");
    for text in [
        text.as_str(),
        &sloppy,
        &text.replace('-', ""),
        &text.replace('1', "i"),
    ] {
        let read: EnrolmentCode = text.parse().unwrap();
        assert!(read == code);
    }
}

#[test]
fn what_is_no_code_is_refused() {
    let text = code(3).to_text();
    let long = format!("{}0", *text);
    let with_u = format!("U{}", &text[1..]);
    let last_bit = format!("{}1", &text[..text.len() - 1]);
    for text in ["", "-", &text[1..], &long, &with_u, &last_bit] {
        assert_eq!(
            text.parse::<EnrolmentCode>().map(|_| ()),
            Err(EnrolmentCodeError)
        );
    }
}

#[test]
fn a_code_is_not_shown_by_debug() {
    let code = code(4);
    let shown = format!("{code:?}");
    assert_eq!(shown, format!("EnrolmentCode({}, ..)", code.id()));
    assert_eq!(code.id().to_string().len(), 11);
    assert_eq!(code.id().to_string().parse(), Ok(code.id()));
    assert!("AAAA".parse::<CodeId>().is_err());
}

#[test]
fn a_verifier_is_for_one_identity_of_one_installation() {
    let code = code(5);
    let verifier = code.verifier(&installation(1), "NIHII:18749704");
    assert_eq!(verifier.len(), 32);
    assert!(verifier == code.verifier(&installation(1), "NIHII:18749704"));
    assert!(verifier != code.verifier(&installation(1), "NIHII:11530231"));
    assert!(verifier != code.verifier(&installation(1), BOOTSTRAP));
    assert!(verifier != code.verifier(&installation(2), "NIHII:18749704"));
    assert!(verifier != self::code(6).verifier(&installation(1), "NIHII:18749704"));
}

#[test]
fn a_proof_is_for_one_request() {
    let (here, there) = (installation(1), installation(2));
    let identity: Identifier = "NIHII:18749704".parse().unwrap();
    let other: Identifier = "NIHII:11530231".parse().unwrap();
    let (main, phone) = (DeviceId::main(), "phone".parse().unwrap());
    let verifier = code(7).verifier(&here, BOOTSTRAP);
    let made = proof(&verifier, b"csr", &identity, &main, &here);
    let holds = |verifier, csr: &[u8], identity, device, installation| {
        verify_proof(verifier, csr, identity, device, installation, &made)
    };
    assert!(holds(&verifier, b"csr", &identity, &main, &here));
    assert!(!holds(&verifier, b"another", &identity, &main, &here));
    assert!(!holds(&verifier, b"csr", &other, &main, &here));
    assert!(!holds(&verifier, b"csr", &identity, &phone, &here));
    assert!(!holds(&verifier, b"csr", &identity, &main, &there));
    let wrong = code(8).verifier(&here, BOOTSTRAP);
    assert!(!holds(&wrong, b"csr", &identity, &main, &here));
    for proof in [&made[..31], &[], &[0; 32]] {
        assert!(!verify_proof(
            &verifier, b"csr", &identity, &main, &here, proof
        ));
    }
}

proptest! {
    #[test]
    fn any_code_is_read_back(seed: u64) {
        let code = code(seed);
        prop_assert!(code.to_text().parse::<EnrolmentCode>().unwrap() == code);
    }
}

// --- announcement -----------------------------------------------------------------------------

#[test]
fn registration_reads_the_announced_verifier() {
    let random = SeededRandom::new(10);
    let key = Jwk::generate(KeyType::P256, &random).unwrap();
    let identifier: Identifier = "NIHII:18749704".parse().unwrap();
    let stranger: Identifier = "NIHII:11530231".parse().unwrap();
    let code = code(11);
    let verifier = code.verifier(&installation(1), "NIHII:18749704");
    let good = Announcement {
        jti: Jti::random(&random),
        code: code.id(),
        identifier: &identifier,
    };
    let sealed = good.seal(&key.public(), &verifier, &random).unwrap();
    assert!(good.open(&key, &sealed).unwrap() == verifier);
    let cases = [
        (
            Announcement {
                jti: Jti::from([0; 16]),
                ..good
            },
            AnnouncementError::OtherOrder,
        ),
        (
            Announcement {
                code: self::code(12).id(),
                ..good
            },
            AnnouncementError::OtherCode,
        ),
        (
            Announcement {
                identifier: &stranger,
                ..good
            },
            AnnouncementError::OtherIdentity,
        ),
    ];
    for (announcement, expected) in cases {
        assert_eq!(announcement.open(&key, &sealed), Err(expected));
    }
    let other = Jwk::generate(KeyType::P256, &random).unwrap();
    assert_eq!(
        good.open(&other, &sealed),
        Err(AnnouncementError::Unreadable)
    );
    assert_eq!(good.open(&key, ""), Err(AnnouncementError::Malformed));
}

#[test]
fn an_announcement_of_another_form_is_refused() {
    let random = SeededRandom::new(13);
    let key = Jwk::generate(KeyType::P256, &random).unwrap();
    let identifier: Identifier = "NIHII:18749704".parse().unwrap();
    let code = code(14).id();
    let announcement = Announcement {
        jti: Jti::random(&random),
        code,
        identifier: &identifier,
    };
    let claims = |verifier: &[u8]| {
        json!({
            "jti": announcement.jti,
            "codeId": code,
            "identifier": identifier,
            "verifier": base64url::encode(verifier),
        })
    };
    let read = |header: jwe::Header, claims: serde_json::Value| {
        let algorithm = jwe::default_algorithm(&key).unwrap();
        let (encryption, plaintext) = (ContentEncryption::A256Gcm, claims.to_string());
        let plaintext = plaintext.as_bytes();
        let sealed = jwe::encrypt(&key, algorithm, encryption, &header, plaintext, &random);
        announcement.open(&key, &sealed.unwrap()).map(|_| ())
    };
    let header = || jwe::Header::default().with_typ(typ::CODE);
    assert_eq!(read(header(), claims(&[1; 32])), Ok(()));
    assert_eq!(
        read(header(), claims(&[1; 31])),
        Err(AnnouncementError::ClaimsMalformed)
    );
    let mut extra = claims(&[1; 32]);
    extra["more"] = 1.into();
    assert_eq!(
        read(header(), extra),
        Err(AnnouncementError::ClaimsMalformed)
    );
    let deposit = jwe::Header::default().with_typ(typ::DEPOSIT);
    assert_eq!(
        read(deposit, claims(&[1; 32])),
        Err(AnnouncementError::WrongType)
    );
    let apv = header().with_apv(vec![1]);
    assert_eq!(
        read(apv, claims(&[1; 32])),
        Err(AnnouncementError::HeaderForbidden)
    );
}
