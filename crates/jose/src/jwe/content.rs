//! Content encryption (RFC 7518 section 5).

use crate::algorithm::ContentEncryption;
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_128, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use kleis_types::SecretBytes;
use zeroize::{Zeroize as _, Zeroizing};

/// Something about key, initialisation vector, ciphertext or tag is wrong; what is not told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ContentError;

/// Ciphertext and authentication tag.
pub(crate) struct Sealed {
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) tag: Vec<u8>,
}

/// Encrypts under a key and an initialisation vector of the algorithm's lengths, never used before
/// together.
pub(crate) fn encrypt(
    encryption: ContentEncryption,
    cek: &[u8],
    iv: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Sealed, ContentError> {
    check_lengths(encryption, cek, iv)?;
    match encryption {
        ContentEncryption::A128Gcm => gcm_encrypt(&AES_128_GCM, cek, iv, aad, plaintext),
        ContentEncryption::A256Gcm => gcm_encrypt(&AES_256_GCM, cek, iv, aad, plaintext),
        ContentEncryption::A128CbcHs256 | ContentEncryption::A256CbcHs512 => {
            CbcHmac::new(encryption, cek).encrypt(iv, aad, plaintext)
        }
    }
}

/// Verifies the tag and decrypts.
pub(crate) fn decrypt(
    encryption: ContentEncryption,
    cek: &[u8],
    iv: &[u8],
    aad: &[u8],
    sealed: &Sealed,
) -> Result<SecretBytes, ContentError> {
    check_lengths(encryption, cek, iv)?;
    if sealed.tag.len() != encryption.tag_len() {
        return Err(ContentError);
    }
    match encryption {
        ContentEncryption::A128Gcm => gcm_decrypt(&AES_128_GCM, cek, iv, aad, sealed),
        ContentEncryption::A256Gcm => gcm_decrypt(&AES_256_GCM, cek, iv, aad, sealed),
        ContentEncryption::A128CbcHs256 | ContentEncryption::A256CbcHs512 => {
            CbcHmac::new(encryption, cek).decrypt(iv, aad, sealed)
        }
    }
}

fn check_lengths(encryption: ContentEncryption, cek: &[u8], iv: &[u8]) -> Result<(), ContentError> {
    let fit = cek.len() == encryption.key_len() && iv.len() == encryption.iv_len();
    if fit { Ok(()) } else { Err(ContentError) }
}

fn gcm_encrypt(
    algorithm: &'static Algorithm,
    cek: &[u8],
    iv: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Sealed, ContentError> {
    let (key, nonce) = gcm(algorithm, cek, iv)?;
    let mut ciphertext = plaintext.to_vec();
    if let Ok(tag) = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut ciphertext) {
        Ok(Sealed {
            ciphertext,
            tag: tag.as_ref().to_vec(),
        })
    } else {
        ciphertext.zeroize();
        Err(ContentError)
    }
}

fn gcm_decrypt(
    algorithm: &'static Algorithm,
    cek: &[u8],
    iv: &[u8],
    aad: &[u8],
    sealed: &Sealed,
) -> Result<SecretBytes, ContentError> {
    let (key, nonce) = gcm(algorithm, cek, iv)?;
    let mut plaintext = Zeroizing::new(vec![0; sealed.ciphertext.len()]);
    let aad = Aad::from(aad);
    key.open_separate_gather(nonce, aad, &sealed.ciphertext, &sealed.tag, &mut plaintext)
        .map_err(|_| ContentError)?;
    Ok(SecretBytes::from(plaintext))
}

fn gcm(
    algorithm: &'static Algorithm,
    cek: &[u8],
    iv: &[u8],
) -> Result<(LessSafeKey, Nonce), ContentError> {
    let key = UnboundKey::new(algorithm, cek).map_err(|_| ContentError)?;
    let nonce = Nonce::try_assume_unique_for_key(iv).map_err(|_| ContentError)?;
    Ok((LessSafeKey::new(key), nonce))
}

/// AES-CBC and HMAC, encrypt then MAC (RFC 7518 section 5.2.2). The first half of the key is for
/// the MAC.
struct CbcHmac<'a> {
    mac: hmac::Key,
    tag_len: usize,
    cipher: &'static aws_lc_rs::cipher::Algorithm,
    key: &'a [u8],
}

impl<'a> CbcHmac<'a> {
    fn new(encryption: ContentEncryption, cek: &'a [u8]) -> Self {
        let (mac_key, key) = cek.split_at(cek.len() / 2);
        let (hash, cipher) = match encryption {
            ContentEncryption::A256CbcHs512 => (hmac::HMAC_SHA512, &AES_256),
            _ => (hmac::HMAC_SHA256, &AES_128),
        };
        let mac = hmac::Key::new(hash, mac_key);
        Self {
            mac,
            tag_len: encryption.tag_len(),
            cipher,
            key,
        }
    }

    fn encrypt(&self, iv: &[u8], aad: &[u8], plaintext: &[u8]) -> Result<Sealed, ContentError> {
        // Room for the padding, so that growing leaves no copy of the plaintext behind.
        let mut ciphertext = Vec::with_capacity(plaintext.len() + 16);
        ciphertext.extend_from_slice(plaintext);
        let context = FixedLength::try_from(iv).map_err(|_| ContentError)?;
        let encrypted = UnboundCipherKey::new(self.cipher, self.key)
            .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
            .and_then(|key| {
                key.less_safe_encrypt(&mut ciphertext, EncryptionContext::Iv128(context))
            });
        if encrypted.is_err() {
            ciphertext.zeroize();
            return Err(ContentError);
        }
        let tag = self.tag(iv, aad, &ciphertext);
        Ok(Sealed {
            tag: tag.as_ref()[..self.tag_len].to_vec(),
            ciphertext,
        })
    }

    fn decrypt(&self, iv: &[u8], aad: &[u8], sealed: &Sealed) -> Result<SecretBytes, ContentError> {
        let tag = self.tag(iv, aad, &sealed.ciphertext);
        verify_slices_are_equal(&tag.as_ref()[..self.tag_len], &sealed.tag)
            .map_err(|_| ContentError)?;
        let context = FixedLength::try_from(iv).map_err(|_| ContentError)?;
        let mut plaintext = Zeroizing::new(sealed.ciphertext.clone());
        let key = UnboundCipherKey::new(self.cipher, self.key)
            .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
            .map_err(|_| ContentError)?;
        let length = key
            .decrypt(&mut plaintext, DecryptionContext::Iv128(context))
            .map_err(|_| ContentError)?
            .len();
        plaintext.truncate(length);
        Ok(SecretBytes::from(plaintext))
    }

    fn tag(&self, iv: &[u8], aad: &[u8], ciphertext: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.mac);
        for part in [aad, iv, ciphertext] {
            context.update(part);
        }
        context.update(&(aad.len() as u64 * 8).to_be_bytes());
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use serde_json::Value;

    #[test]
    fn rfc_7518_appendix_b() {
        let text = include_str!("../../../../tests/vectors/rfc7518/aes_cbc_hmac.json");
        let vectors = serde_json::from_str::<Value>(text).unwrap();
        for vector in vectors["examples"].as_array().unwrap() {
            let bytes = |name: &str| {
                HEXLOWER
                    .decode(vector[name].as_str().unwrap().as_bytes())
                    .unwrap()
            };
            let encryption = vector["enc"].as_str().unwrap().parse().unwrap();
            let (key, iv, aad) = (bytes("key"), bytes("iv"), bytes("aad"));
            let sealed = encrypt(encryption, &key, &iv, &aad, &bytes("plaintext"))
                .ok()
                .unwrap();
            assert_eq!(sealed.ciphertext, bytes("ciphertext"));
            assert_eq!(sealed.tag, bytes("tag"));
            let opened = decrypt(encryption, &key, &iv, &aad, &sealed).unwrap();
            assert_eq!(opened.expose(), bytes("plaintext"));
        }
    }

    #[test]
    fn lengths_are_exact() {
        for encryption in ContentEncryption::ALL {
            let (key, iv) = (vec![1; encryption.key_len()], vec![2; encryption.iv_len()]);
            let sealed = encrypt(*encryption, &key, &iv, b"", b"text").ok().unwrap();
            assert_eq!(sealed.tag.len(), encryption.tag_len());
            assert!(encrypt(*encryption, &key[1..], &iv, b"", b"text").is_err());
            assert!(encrypt(*encryption, &key, &iv[1..], b"", b"text").is_err());
            for length in [0, 1, 12, encryption.tag_len() - 1] {
                let short = Sealed {
                    ciphertext: sealed.ciphertext.clone(),
                    tag: sealed.tag[..length].to_vec(),
                };
                assert!(decrypt(*encryption, &key, &iv, b"", &short).is_err());
            }
        }
    }
}
