//! How a recipient comes to the content key (RFC 7518 section 4).

use super::ecdh_es::{self, Context};
use super::{Header, JweError, ParsedHeader, key_wrap, rsa_oaep};
use crate::algorithm::{ContentEncryption, KeyAlgorithm};
use crate::jwk::{Jwk, KeyType, KeyUseError, Material, Operation};
use kleis_types::{Random, SecretBytes};

/// What a recipient is given.
pub(super) struct Share {
    /// The content key, where the algorithm fixes it (`dir`, `ECDH-ES`).
    pub(super) cek: Option<SecretBytes>,
    /// The ephemeral public key of ECDH-ES.
    pub(super) epk: Option<Jwk>,
    /// The encrypted content key; empty where there is none.
    pub(super) encrypted_key: Vec<u8>,
}

/// Makes the share of a recipient. `cek` is what the algorithms that encrypt the content key
/// encrypt.
pub(super) fn share(
    key: &Jwk,
    algorithm: KeyAlgorithm,
    encryption: ContentEncryption,
    header: &Header,
    cek: &SecretBytes,
    random: &dyn Random,
) -> Result<Share, JweError> {
    check(key, algorithm, encryption, Direction::Encrypt)?;
    let kek = match (algorithm, key.material()) {
        (KeyAlgorithm::Dir, Material::Oct(Some(key))) => {
            return Ok(Share {
                cek: Some(key.clone()),
                epk: None,
                encrypted_key: Vec::new(),
            });
        }
        (KeyAlgorithm::RsaOaep256, Material::Rsa(key)) => {
            let encrypted_key = rsa_oaep::encrypt(key, cek.expose()).ok_or(JweError::Encryption)?;
            return Ok(Share {
                cek: None,
                epk: None,
                encrypted_key,
            });
        }
        (_, Material::Oct(Some(key))) => (key.clone(), None),
        _ => {
            let ephemeral =
                Jwk::generate(key.key_type(), random).map_err(|_| JweError::Encryption)?;
            let context = context(algorithm, encryption, header);
            let agreed = ecdh_es::derive(&ephemeral, key, &context).ok_or(JweError::Encryption)?;
            (agreed, Some(ephemeral.public()))
        }
    };
    match kek {
        (agreed, epk) if algorithm == KeyAlgorithm::EcdhEs => Ok(Share {
            cek: Some(agreed),
            epk,
            encrypted_key: Vec::new(),
        }),
        (kek, epk) => {
            let wrapped = key_wrap::wrap(kek.expose(), cek.expose());
            Ok(Share {
                cek: None,
                epk,
                encrypted_key: wrapped.ok_or(JweError::Encryption)?,
            })
        }
    }
}

/// Recovers the content key from a share. `Ok(None)` when it does not come out: the caller goes on
/// with a key of zeros and fails later, so that the time taken tells less (RFC 7516 section 11.5).
pub(super) fn recover(
    key: &Jwk,
    header: &ParsedHeader,
    encrypted_key: &[u8],
) -> Result<Option<SecretBytes>, JweError> {
    let (algorithm, encryption) = (header.algorithm(), header.encryption());
    check(key, algorithm, encryption, Direction::Decrypt)?;
    if !key.is_private() {
        return Err(KeyUseError::NotPrivate.into());
    }
    if algorithm.is_direct() && !encrypted_key.is_empty() {
        return Err(JweError::Malformed(
            "there is an encrypted key where none belongs",
        ));
    }
    let cek = match (algorithm, key.material()) {
        (KeyAlgorithm::Dir, Material::Oct(key)) => key.clone(),
        (KeyAlgorithm::RsaOaep256, _) => rsa_oaep::decrypt(key, encrypted_key),
        (_, Material::Oct(Some(kek))) => key_wrap::unwrap(kek.expose(), encrypted_key),
        _ => {
            let epk = header
                .epk()
                .ok_or(JweError::Malformed("there is no ephemeral key"))?;
            let context = context(algorithm, encryption, header.header());
            let agreed = ecdh_es::derive(key, epk, &context);
            match agreed {
                Some(kek) if algorithm != KeyAlgorithm::EcdhEs => {
                    key_wrap::unwrap(kek.expose(), encrypted_key)
                }
                agreed => agreed,
            }
        }
    };
    Ok(cek.filter(|cek| cek.len() == encryption.key_len()))
}

fn context(algorithm: KeyAlgorithm, encryption: ContentEncryption, header: &Header) -> Context<'_> {
    let (name, key_len) = match algorithm {
        KeyAlgorithm::EcdhEsA128Kw => (algorithm.as_str(), 16),
        KeyAlgorithm::EcdhEsA256Kw => (algorithm.as_str(), 32),
        _ => (encryption.as_str(), encryption.key_len()),
    };
    Context {
        algorithm: name,
        key_len,
        party_u: header.apu(),
        party_v: header.apv(),
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Encrypt,
    Decrypt,
}

/// The key's type, size and own members must allow the algorithm.
fn check(
    key: &Jwk,
    algorithm: KeyAlgorithm,
    encryption: ContentEncryption,
    direction: Direction,
) -> Result<(), JweError> {
    if algorithm == KeyAlgorithm::Pbes2Hs512A256Kw {
        return Err(JweError::Passphrase);
    }
    if !suits(key.key_type(), algorithm, encryption) {
        return Err(KeyUseError::KeyType(key.key_type()).into());
    }
    let operation = match (algorithm, direction) {
        (KeyAlgorithm::Dir, Direction::Encrypt) => Operation::Encrypt,
        (KeyAlgorithm::Dir, Direction::Decrypt) => Operation::Decrypt,
        (KeyAlgorithm::RsaOaep256 | KeyAlgorithm::A128Kw | KeyAlgorithm::A256Kw, _) => {
            match direction {
                Direction::Encrypt => Operation::WrapKey,
                Direction::Decrypt => Operation::UnwrapKey,
            }
        }
        _ => Operation::DeriveKey,
    };
    // A key for `dir` may name what it encrypts content with (RFC 7520 section 5.6).
    let names: &[&str] = match algorithm {
        KeyAlgorithm::Dir => &[algorithm.as_str(), encryption.as_str()],
        _ => &[algorithm.as_str()],
    };
    Ok(key.permits(operation, names)?)
}

/// Whether a key of this type and size can be used with the algorithm at all.
pub(super) fn suits(
    key_type: KeyType,
    algorithm: KeyAlgorithm,
    encryption: ContentEncryption,
) -> bool {
    match algorithm {
        KeyAlgorithm::EcdhEs | KeyAlgorithm::EcdhEsA128Kw | KeyAlgorithm::EcdhEsA256Kw => {
            matches!(
                key_type,
                KeyType::P256 | KeyType::P384 | KeyType::P521 | KeyType::X25519
            )
        }
        KeyAlgorithm::RsaOaep256 => matches!(key_type, KeyType::Rsa { .. }),
        KeyAlgorithm::A128Kw => key_type == KeyType::Oct { bytes: 16 },
        KeyAlgorithm::A256Kw => key_type == KeyType::Oct { bytes: 32 },
        KeyAlgorithm::Dir => match key_type {
            KeyType::Oct { bytes } => usize::from(bytes) == encryption.key_len(),
            _ => false,
        },
        KeyAlgorithm::Pbes2Hs512A256Kw => false,
    }
}
