//! SHA-256, SHA-384, HMAC-SHA-256 and HKDF-SHA-256 for the crates above, so that they need no provider.

use aws_lc_rs::{digest, hkdf, hmac};
use kleis_types::SecretBytes;

/// The length of every output here but SHA-384's, in bytes.
pub const LEN: usize = 32;

/// SHA-256 (FIPS 180-4).
pub fn sha256(data: &[u8]) -> [u8; LEN] {
    fixed(digest::digest(&digest::SHA256, data).as_ref())
}

/// SHA-384 (FIPS 180-4), for signatures by keys that are elsewhere.
pub fn sha384(data: &[u8]) -> [u8; 48] {
    let mut out = [0; 48];
    out.copy_from_slice(digest::digest(&digest::SHA384, data).as_ref());
    out
}

/// HMAC-SHA-256 (RFC 2104).
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; LEN] {
    fixed(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref())
}

/// Whether `tag` is the HMAC-SHA-256 of `data`, in constant time. A shortened tag is not accepted.
#[must_use]
pub fn hmac_verify(key: &[u8], data: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), data, tag).is_ok()
}

/// HKDF-SHA-256 (RFC 5869) with 32 bytes of output.
pub fn hkdf_sha256(ikm: &[u8], salt: &[u8], info: &[u8]) -> SecretBytes {
    let mut out = vec![0; LEN];
    let info = [info];
    let key = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(ikm);
    key.expand(&info, OutputLength)
        .and_then(|okm| okm.fill(&mut out))
        // Unwrap safety: HKDF fails only on an output of more than 255 hashes or of another length
        // than announced; both are fixed here.
        .expect("HKDF of 32 bytes");
    SecretBytes::from(out)
}

struct OutputLength;

impl hkdf::KeyType for OutputLength {
    fn len(&self) -> usize {
        LEN
    }
}

fn fixed(output: &[u8]) -> [u8; LEN] {
    let mut fixed = [0; LEN];
    fixed.copy_from_slice(output);
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    fn hex(text: &str) -> Vec<u8> {
        HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn sha256_of_abc() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(HEXLOWER.encode(&sha256(b"abc")), expected);
    }

    #[test]
    fn hmac_rfc_4231_case_2() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let tag = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(HEXLOWER.encode(&tag), expected);
        assert!(hmac_verify(b"Jefe", b"what do ya want for nothing?", &tag));
        assert!(!hmac_verify(b"Jefe", b"what do ya want for nothing!", &tag));
        assert!(!hmac_verify(
            b"Jefe",
            b"what do ya want for nothing?",
            &tag[..16]
        ));
        assert!(!hmac_verify(b"Jefe", b"what do ya want for nothing?", &[]));
    }

    #[test]
    fn hkdf_rfc_5869_cases_1_and_3() {
        let ikm = [0x0b; 22];
        let okm = hkdf_sha256(
            &ikm,
            &hex("000102030405060708090a0b0c"),
            &hex("f0f1f2f3f4f5f6f7f8f9"),
        );
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf";
        assert_eq!(HEXLOWER.encode(okm.expose()), expected);

        let okm = hkdf_sha256(&ikm, &[], &[]);
        let expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d";
        assert_eq!(HEXLOWER.encode(okm.expose()), expected);
    }
}
