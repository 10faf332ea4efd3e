//! RSAES-OAEP with SHA-256 (RFC 7518 section 4.3).

use crate::jwk::{Jwk, RsaKey};
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use kleis_types::SecretBytes;
use zeroize::Zeroizing;

/// Encrypts a content key.
pub(crate) fn encrypt(key: &RsaKey, cek: &[u8]) -> Option<Vec<u8>> {
    let public: PublicEncryptingKey = key.components().try_into().ok()?;
    let public = OaepPublicEncryptingKey::new(public).ok()?;
    let mut encrypted = vec![0; public.ciphertext_size()];
    let length = public
        .encrypt(&OAEP_SHA256_MGF1SHA256, cek, &mut encrypted, None)
        .ok()?
        .len();
    encrypted.truncate(length);
    Some(encrypted)
}

/// Decrypts a content key with a private RSA key.
pub(crate) fn decrypt(key: &Jwk, encrypted: &[u8]) -> Option<SecretBytes> {
    let private = PrivateDecryptingKey::from_pkcs8(key.to_pkcs8_der().ok()?.expose()).ok()?;
    let private = OaepPrivateDecryptingKey::new(private).ok()?;
    if encrypted.len() != private.key_size_bytes() {
        return None;
    }
    let mut cek = Zeroizing::new(vec![0; private.min_output_size()]);
    let length = private
        .decrypt(&OAEP_SHA256_MGF1SHA256, encrypted, &mut cek, None)
        .ok()?
        .len();
    cek.truncate(length);
    Some(SecretBytes::from(cek))
}
