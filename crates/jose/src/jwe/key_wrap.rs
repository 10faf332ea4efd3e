//! AES key wrap of content keys (RFC 3394; RFC 7518 section 4.4).

use aes_kw::{KeyInit as _, KwAes128, KwAes256};
use kleis_types::SecretBytes;
use zeroize::Zeroizing;

/// The length of the integrity check that wrapping adds, in bytes.
const CHECK_LEN: usize = 8;

/// Wraps a key whose length is a multiple of 8 bytes, at least 16, under a key of 16 or 32 bytes.
/// `None` for other lengths.
pub(crate) fn wrap(kek: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    if key.len() < 2 * CHECK_LEN {
        return None;
    }
    let mut wrapped = vec![0; key.len() + CHECK_LEN];
    match kek.len() {
        16 => KwAes128::new_from_slice(kek)
            .ok()?
            .wrap_key(key, &mut wrapped)
            .ok()?,
        32 => KwAes256::new_from_slice(kek)
            .ok()?
            .wrap_key(key, &mut wrapped)
            .ok()?,
        _ => return None,
    };
    Some(wrapped)
}

/// Unwraps. `None` when the lengths or the integrity check are wrong.
pub(crate) fn unwrap(kek: &[u8], wrapped: &[u8]) -> Option<SecretBytes> {
    let length = wrapped
        .len()
        .checked_sub(CHECK_LEN)
        .filter(|length| *length >= 2 * CHECK_LEN)?;
    let mut key = Zeroizing::new(vec![0; length]);
    match kek.len() {
        16 => KwAes128::new_from_slice(kek)
            .ok()?
            .unwrap_key(wrapped, &mut key)
            .ok()?,
        32 => KwAes256::new_from_slice(kek)
            .ok()?
            .unwrap_key(wrapped, &mut key)
            .ok()?,
        _ => return None,
    };
    Some(SecretBytes::from(key))
}
