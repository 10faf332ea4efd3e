//! AES-256 key wrapping: KW (RFC 3394) and KWP (RFC 5649), over the `aes-kw` crate.
//!
//! Both are deterministic and authenticate what they wrap. Which of the two a secret is under
//! follows from its length, which its algorithm fixes: never from the wrapped bytes.

use aes_kw::{KeyInit as _, KwAes256, KwpAes256};
use kleis_types::SecretBytes;
use zeroize::Zeroizing;

use crate::derive::Key;

/// Both modes work on half blocks of AES and add one of them.
const SEMIBLOCK: usize = 8;

/// The bytes did not come out of a wrap under this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IntegrityFailed;

/// The length of a secret of `plain` bytes once wrapped, in either mode.
pub(crate) const fn wrapped_len(plain: usize) -> usize {
    plain.next_multiple_of(SEMIBLOCK) + SEMIBLOCK
}

/// Whether KW takes a secret of this length: whole half blocks, and at least two.
const fn fits_kw(plain: usize) -> bool {
    plain.is_multiple_of(SEMIBLOCK) && plain >= 2 * SEMIBLOCK
}

/// Wraps by KW where the length allows it, else by KWP. Fails on an empty secret.
pub(crate) fn wrap(key: &Key, secret: &[u8]) -> Result<Vec<u8>, IntegrityFailed> {
    if fits_kw(secret.len()) {
        wrap_kw(key, secret)
    } else {
        wrap_kwp(key, secret)
    }
}

/// Unwraps what [`wrap`] made of a secret of `plain` bytes.
pub(crate) fn unwrap(
    key: &Key,
    wrapped: &[u8],
    plain: usize,
) -> Result<SecretBytes, IntegrityFailed> {
    let secret = if fits_kw(plain) {
        unwrap_kw(key, wrapped)?
    } else {
        unwrap_kwp(key, wrapped)?
    };
    if secret.len() == plain {
        Ok(secret)
    } else {
        Err(IntegrityFailed)
    }
}

/// AES-256-KW: RFC 3394 section 2.2.1.
pub(crate) fn wrap_kw(key: &Key, secret: &[u8]) -> Result<Vec<u8>, IntegrityFailed> {
    if !fits_kw(secret.len()) {
        return Err(IntegrityFailed);
    }
    let mut wrapped = vec![0; wrapped_len(secret.len())];
    let cipher = KwAes256::new(key.bytes().into());
    cipher
        .wrap_key(secret, &mut wrapped)
        .map_err(|_| IntegrityFailed)?;
    Ok(wrapped)
}

/// AES-256-KW: RFC 3394 section 2.2.2.
pub(crate) fn unwrap_kw(key: &Key, wrapped: &[u8]) -> Result<SecretBytes, IntegrityFailed> {
    let plain = wrapped
        .len()
        .checked_sub(SEMIBLOCK)
        .ok_or(IntegrityFailed)?;
    if !fits_kw(plain) {
        return Err(IntegrityFailed);
    }
    let mut secret = Zeroizing::new(vec![0; plain]);
    let cipher = KwAes256::new(key.bytes().into());
    cipher
        .unwrap_key(wrapped, &mut secret)
        .map_err(|_| IntegrityFailed)?;
    Ok(SecretBytes::from(secret))
}

/// AES-256-KWP: RFC 5649 section 4.1.
pub(crate) fn wrap_kwp(key: &Key, secret: &[u8]) -> Result<Vec<u8>, IntegrityFailed> {
    if secret.is_empty() {
        return Err(IntegrityFailed);
    }
    let mut wrapped = vec![0; wrapped_len(secret.len())];
    let cipher = KwpAes256::new(key.bytes().into());
    cipher
        .wrap_key(secret, &mut wrapped)
        .map_err(|_| IntegrityFailed)?;
    Ok(wrapped)
}

/// AES-256-KWP: RFC 5649 section 4.2.
pub(crate) fn unwrap_kwp(key: &Key, wrapped: &[u8]) -> Result<SecretBytes, IntegrityFailed> {
    let padded = wrapped
        .len()
        .checked_sub(SEMIBLOCK)
        .ok_or(IntegrityFailed)?;
    if padded == 0 || !padded.is_multiple_of(SEMIBLOCK) {
        return Err(IntegrityFailed);
    }
    let mut secret = Zeroizing::new(vec![0; padded]);
    let cipher = KwpAes256::new(key.bytes().into());
    let plain = cipher
        .unwrap_key(wrapped, &mut secret)
        .map_err(|_| IntegrityFailed)?
        .len();
    // Only the padding is cut off, and it is zero.
    secret.truncate(plain);
    Ok(SecretBytes::from(secret))
}

#[cfg(test)]
mod tests;
