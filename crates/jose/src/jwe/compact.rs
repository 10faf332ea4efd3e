//! The compact serialisation (RFC 7516 section 7.1).

use super::content::{self, Sealed};
use super::key_management::{recover, share};
use super::{Decrypted, Header, JweError, MAX_HEADER, ParsedHeader};
use crate::algorithm::{ContentEncryption, KeyAlgorithm};
use crate::jwk::{Jwk, secret};
use kleis_types::{Random, SecretBytes, base64url, strict_json};
use serde_json::{Map, Value};

/// Encrypts the plaintext to one key.
pub fn encrypt(
    key: &Jwk,
    algorithm: KeyAlgorithm,
    encryption: ContentEncryption,
    header: &Header,
    plaintext: &[u8],
    random: &dyn Random,
) -> Result<String, JweError> {
    let mut members = header.to_members()?;
    let cek = secret(encryption.key_len(), random);
    let share = share(key, algorithm, encryption, header, &cek, random)?;
    members.insert("alg".to_owned(), algorithm.as_str().into());
    if let Some(epk) = &share.epk {
        members.insert("epk".to_owned(), epk.to_value());
    }
    let cek = share.cek.as_ref().unwrap_or(&cek);
    seal(
        members,
        encryption,
        cek,
        &share.encrypted_key,
        plaintext,
        random,
    )
}

/// Encrypts the content and writes the five parts. `members` have `alg` and all it needs.
pub(crate) fn seal(
    mut members: Map<String, Value>,
    encryption: ContentEncryption,
    cek: &SecretBytes,
    encrypted_key: &[u8],
    plaintext: &[u8],
    random: &dyn Random,
) -> Result<String, JweError> {
    members.insert("enc".to_owned(), encryption.as_str().into());
    let protected = base64url::encode(&crate::json::to_bytes(&members));
    let mut iv = vec![0; encryption.iv_len()];
    random.fill(&mut iv);
    let sealed = content::encrypt(
        encryption,
        cek.expose(),
        &iv,
        protected.as_bytes(),
        plaintext,
    )
    .map_err(|_| JweError::Encryption)?;
    let parts = [encrypted_key, &iv, &sealed.ciphertext, &sealed.tag].map(base64url::encode);
    Ok(format!("{protected}.{}", parts.join(".")))
}

/// Decrypts a compact JWE of at most `max_len` bytes.
pub fn decrypt(key: &Jwk, token: &str, max_len: usize) -> Result<Decrypted, JweError> {
    let parts = Parts::read(token, max_len)?;
    let header = ParsedHeader::read(parts.members.clone())?;
    let cek = recover(key, &header, &parts.encrypted_key)?;
    let plaintext = parts.open(header.encryption(), cek)?;
    Ok(Decrypted {
        header,
        plaintext,
        aad: Vec::new(),
        recipient: key.thumbprint(),
    })
}

/// The header, of at most [`MAX_HEADER`] bytes, of a compact JWE of any length, before anything is known about it: to find the key.
pub fn header(token: &str) -> Result<ParsedHeader, JweError> {
    let (protected, _) = token.split_once('.').ok_or(JweError::Malformed(PARTS))?;
    ParsedHeader::read(read_members(protected)?)
}

const PARTS: &str = "five parts are expected";
pub(super) const TOO_LONG: &str = "the header is longer than 64 KiB";

/// The five parts, decoded.
pub(crate) struct Parts<'a> {
    protected: &'a str,
    pub(crate) members: Map<String, Value>,
    pub(crate) encrypted_key: Vec<u8>,
    iv: Vec<u8>,
    sealed: Sealed,
}

impl<'a> Parts<'a> {
    pub(crate) fn read(token: &'a str, max_len: usize) -> Result<Self, JweError> {
        if token.len() > max_len {
            return Err(JweError::TooLarge { max: max_len });
        }
        let parts = token.splitn(6, '.').collect::<Vec<_>>();
        let [protected, encrypted_key, iv, ciphertext, tag] = parts[..] else {
            return Err(JweError::Malformed(PARTS));
        };
        Ok(Self {
            protected,
            members: read_members(protected)?,
            encrypted_key: decode(encrypted_key)?,
            iv: decode(iv)?,
            sealed: Sealed {
                ciphertext: decode(ciphertext)?,
                tag: decode(tag)?,
            },
        })
    }

    pub(crate) fn open(
        &self,
        encryption: ContentEncryption,
        cek: Option<SecretBytes>,
    ) -> Result<SecretBytes, JweError> {
        open(
            encryption,
            cek,
            &self.iv,
            self.protected.as_bytes(),
            &self.sealed,
        )
    }
}

/// Decrypts the content. Without a content key the same work is done for nothing.
pub(super) fn open(
    encryption: ContentEncryption,
    cek: Option<SecretBytes>,
    iv: &[u8],
    aad: &[u8],
    sealed: &Sealed,
) -> Result<SecretBytes, JweError> {
    let recovered = cek.is_some();
    let cek = cek.unwrap_or_else(|| SecretBytes::from(vec![0; encryption.key_len()]));
    let opened = content::decrypt(encryption, cek.expose(), iv, aad, sealed);
    opened
        .ok()
        .filter(|_| recovered)
        .ok_or(JweError::Decryption)
}

pub(super) fn read_members(protected: &str) -> Result<Map<String, Value>, JweError> {
    if protected.len() > MAX_HEADER {
        return Err(JweError::Malformed(TOO_LONG));
    }
    match strict_json::value(&decode(protected)?, protected.len())? {
        Value::Object(members) => Ok(members),
        _ => Err(JweError::Malformed("the header is not an object")),
    }
}

pub(super) fn decode(part: &str) -> Result<Vec<u8>, JweError> {
    base64url::decode(part).map_err(|_| JweError::Malformed("a part is not base64url"))
}
