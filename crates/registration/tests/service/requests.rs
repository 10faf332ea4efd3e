//! Certificate requests by other software than ours.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use kleis_jose::Jwk;
use kleis_pki::{Csr, SubjectName};
use kleis_proto::registration::v1 as wire;
use kleis_trust::enrolment_code::{self, EnrolmentCode};
use kleis_types::{SecretBytes, base64url};

use crate::house::{House, id};

/// ecdsa-with-SHA256 (RFC 5758 section 3.2).
const ECDSA_WITH_SHA256: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];

/// A request for a P-256 key that fills in the subject.
pub(crate) fn named_csr(key: &Jwk, subject: &SubjectName) -> Csr {
    let spki = key.to_spki_der().unwrap();
    let info = tlv(
        0x30,
        &[
            &[0x02, 0x01, 0x00],
            &subject.to_der()[..],
            &spki,
            &[0xa0, 0x00],
        ]
        .concat(),
    );
    let pkcs8 = key.to_pkcs8_der().unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.expose()).unwrap();
    let signature = pair.sign(&SystemRandom::new(), &info).unwrap();
    let signature = tlv(0x03, &[&[0x00], signature.as_ref()].concat());
    Csr::parse(&tlv(0x30, &[&info, ECDSA_WITH_SHA256, &signature].concat())).unwrap()
}

/// The order of somebody who knows a code, for a request made elsewhere.
pub(crate) fn enrolment_of(
    house: &House,
    code: &EnrolmentCode,
    identifier: &str,
    csr: &Csr,
) -> wire::EnrolOrder {
    let verifier = code.verifier(&house.installation, &id(identifier).to_string());
    enrolment_under(house, code, &verifier, identifier, csr)
}

/// The same, with a verifier for another identity.
pub(crate) fn enrolment_under(
    house: &House,
    code: &EnrolmentCode,
    verifier: &SecretBytes,
    identifier: &str,
    csr: &Csr,
) -> wire::EnrolOrder {
    let (identifier, device) = (id(identifier), "main".parse().unwrap());
    let (der, installation) = (csr.der(), &house.installation);
    let proof = enrolment_code::proof(verifier, der, &identifier, &device, installation);
    wire::EnrolOrder {
        identifier: identifier.to_string(),
        csr: base64url::encode(der),
        code_id: code.id().to_string(),
        proof: base64url::encode(&proof),
        ..wire::EnrolOrder::default()
    }
}

/// One DER element with a length in its shortest form.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..=127 => out.push(u8::try_from(length).unwrap()),
        128..=255 => out.extend([0x81, u8::try_from(length).unwrap()]),
        _ => {
            out.push(0x82);
            out.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    out.extend_from_slice(content);
    out
}
