//! Key derivation: HKDF-SHA-256 (RFC 5869) over a label and length-prefixed fields.

use aws_lc_rs::{hkdf, hmac};
use kleis_types::lp;
use zeroize::Zeroize as _;

/// What a derived key is for. Two purposes never share a label, so they never share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    KekId,
    WrappingKey,
    WrappingKeyMac,
    Record,
    RecordMac,
    OrderMac,
    RoleMac,
    Secret,
    /// Nothing is ever stored under this one: it stands in for keys that are not there.
    Decoy,
}

impl Label {
    const fn text(self) -> &'static str {
        match self {
            Self::KekId => "kleis-kek-id-v1",
            Self::WrappingKey => "kleis-wk-v1",
            Self::WrappingKeyMac => "kleis-wk-mac-v1",
            Self::Record => "kleis-record-v1",
            Self::RecordMac => "kleis-record-mac-v1",
            Self::OrderMac => "kleis-order-mac-v1",
            Self::RoleMac => "kleis-role-mac-v1",
            Self::Secret => "kleis-secret-v1",
            Self::Decoy => "kleis-decoy-v1",
        }
    }
}

/// 32 secret bytes on the heap, so that moving the owner copies a pointer and not the key; zeroed
/// when dropped. Without `Debug`, `Clone` or comparison, on purpose.
pub(crate) struct Key(Box<[u8; Key::LEN]>);

impl Key {
    pub(crate) const LEN: usize = 32;

    /// A key whose bytes `fill` writes in place.
    pub(crate) fn filled_by(fill: impl FnOnce(&mut [u8; Self::LEN])) -> Self {
        let mut key = Self(Box::new([0; Self::LEN]));
        fill(&mut key.0);
        key
    }

    /// A copy of `bytes`, or `None` if they are not 32.
    pub(crate) fn copied_from(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == Self::LEN).then(|| Self::filled_by(|key| key.copy_from_slice(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// HKDF of this key with an empty salt and `info` = lp(label, fields...).
    pub(crate) fn derive(&self, label: Label, fields: &[&[u8]]) -> Self {
        let mut info = vec![label.text().as_bytes()];
        info.extend_from_slice(fields);
        let info = lp::encode(&info);
        let prk = hkdf::Salt::none(hkdf::HKDF_SHA256).extract(self.0.as_slice());
        Self::filled_by(|key| {
            // Unwrap safety: HKDF-SHA-256 refuses only outputs longer than 255 * 32 bytes.
            prk.expand(&[&info], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(key))
                .expect("32 bytes of HKDF-SHA-256 output");
        })
    }

    /// HMAC-SHA-256 over lp(fields...).
    pub(crate) fn mac(&self, fields: &[&[u8]]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        let tag = hmac::sign(&key, &lp::encode(fields));
        let mut out = [0; 32];
        out.copy_from_slice(tag.as_ref());
        out
    }

    /// Whether `mac` is the MAC over lp(fields...), compared in constant time.
    pub(crate) fn verifies(&self, fields: &[&[u8]], mac: &[u8; 32]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        hmac::verify(&key, &lp::encode(fields), mac).is_ok()
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let mut out = [0; 32];
    out.copy_from_slice(digest.as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key {
        Key::filled_by(|key| key.fill(byte))
    }

    #[test]
    fn every_label_has_a_text_of_its_own() {
        let labels = [
            Label::KekId,
            Label::WrappingKey,
            Label::WrappingKeyMac,
            Label::Record,
            Label::RecordMac,
            Label::OrderMac,
            Label::RoleMac,
            Label::Secret,
            Label::Decoy,
        ];
        let texts: std::collections::BTreeSet<_> = labels.iter().map(|l| l.text()).collect();
        assert_eq!(texts.len(), labels.len());
    }

    #[test]
    fn label_fields_and_field_borders_separate_keys() {
        let base = key(1).derive(Label::Record, &[b"ab", b"c"]);
        for other in [
            key(1).derive(Label::Secret, &[b"ab", b"c"]),
            key(1).derive(Label::Record, &[b"a", b"bc"]),
            key(1).derive(Label::Record, &[b"abc"]),
            key(1).derive(Label::Record, &[b"ab", b"c", b""]),
            key(2).derive(Label::Record, &[b"ab", b"c"]),
        ] {
            assert_ne!(base.bytes(), other.bytes());
        }
        let same = key(1).derive(Label::Record, &[b"ab", b"c"]);
        assert_eq!(base.bytes(), same.bytes());
    }

    #[test]
    fn macs_verify_over_the_same_fields_only() {
        let mac = key(3).mac(&[b"a", b"b"]);
        assert!(key(3).verifies(&[b"a", b"b"], &mac));
        assert!(!key(3).verifies(&[b"ab", b""], &mac));
        assert!(!key(4).verifies(&[b"a", b"b"], &mac));
    }

    #[test]
    fn copies_are_of_32_bytes_only() {
        assert!(Key::copied_from(&[7; 32]).is_some());
        assert!(Key::copied_from(&[7; 31]).is_none());
        assert!(Key::copied_from(&[7; 33]).is_none());
    }
}
