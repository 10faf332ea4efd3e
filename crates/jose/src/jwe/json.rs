//! The JSON serialisations (RFC 7516 section 7.2): written in the general form, read in both.

use super::content;
use super::key_management::{share, suits};
use super::message::Message;
use super::{Decrypted, Header, JweError, ParsedHeader};
use crate::algorithm::{ContentEncryption, KeyAlgorithm};
use crate::jwk::{Jwk, secret};
use kleis_types::{Random, base64url};
use serde_json::{Value, json};

/// The most recipients of one message.
pub const MAX_RECIPIENTS: usize = 1024;

/// The most pairs of recipient and key that are tried: each costs an operation with a private key.
pub const MAX_ATTEMPTS: usize = 64;

/// Somebody to encrypt to.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// The recipient's public (or shared) key.
    pub key: &'a Jwk,
    /// The key management algorithm, one that the recipient accepts.
    pub alg: KeyAlgorithm,
}

/// Encrypts the plaintext once and its key to each recipient: the general JSON serialisation. `enc`
/// and the caller's header are protected; `alg`, `kid` (the key's, or else its thumbprint) and
/// `epk` stand with the recipient.
pub fn encrypt_json(
    recipients: &[Recipient<'_>],
    encryption: ContentEncryption,
    protected: &Header,
    plaintext: &[u8],
    random: &dyn Random,
) -> Result<String, JweError> {
    if recipients.is_empty() || recipients.len() > MAX_RECIPIENTS {
        return Err(JweError::Recipients);
    }
    if protected.kid().is_some() {
        return Err(JweError::ReservedMember("kid".to_owned()));
    }
    let mut members = protected.to_members()?;
    members.insert("enc".to_owned(), encryption.as_str().into());
    let mut cek = secret(encryption.key_len(), random);
    let mut objects = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        let algorithm = recipient.alg;
        if algorithm.is_direct() && recipients.len() > 1 {
            return Err(JweError::SingleRecipient(algorithm));
        }
        let mut share = share(
            recipient.key,
            algorithm,
            encryption,
            protected,
            &cek,
            random,
        )?;
        if let Some(fixed) = share.cek.take() {
            cek = fixed;
        }
        objects.push(recipient_object(
            recipient,
            share.epk.as_ref(),
            &share.encrypted_key,
        ));
    }
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
    Ok(json!({
        "protected": protected,
        "recipients": objects,
        "iv": base64url::encode(&iv),
        "ciphertext": base64url::encode(&sealed.ciphertext),
        "tag": base64url::encode(&sealed.tag),
    })
    .to_string())
}

fn recipient_object(recipient: &Recipient<'_>, epk: Option<&Jwk>, encrypted_key: &[u8]) -> Value {
    let kid = recipient.key.kid().map_or_else(
        || recipient.key.thumbprint().as_str().to_owned(),
        str::to_owned,
    );
    let mut header = json!({ "alg": recipient.alg.as_str(), "kid": kid });
    if let Some(epk) = epk {
        header["epk"] = epk.to_value();
    }
    let mut object = json!({ "header": header });
    if !encrypted_key.is_empty() {
        object["encrypted_key"] = base64url::encode(encrypted_key).into();
    }
    object
}

/// Decrypts a message in either JSON serialisation, of at most `max_len` bytes, with the first of
/// the keys that opens it. A recipient with a `kid` is tried with the keys of that `kid` or
/// thumbprint, one without with every key of its type. Recipients with algorithms or ephemeral keys
/// that we do not know are somebody else's, unless there is no other: then the error names the
/// reason.
pub fn decrypt_json(keys: &[Jwk], json: &[u8], max_len: usize) -> Result<Decrypted, JweError> {
    let message = Message::read(json, max_len)?;
    let single = message.recipients.len() == 1;
    let mut attempts = 0;
    let mut outcome = None;
    for recipient in &message.recipients {
        let header = match message.header(recipient) {
            Err(JweError::Algorithm(_) | JweError::EphemeralKey(_)) if !single => continue,
            header => header?,
        };
        if header.algorithm() == KeyAlgorithm::Pbes2Hs512A256Kw {
            return Err(JweError::Passphrase);
        }
        if header.algorithm().is_direct() && !single {
            return Err(JweError::SingleRecipient(header.algorithm()));
        }
        for key in keys.iter().filter(|key| is_meant(key, &header)) {
            attempts += 1;
            if attempts > MAX_ATTEMPTS {
                return Err(JweError::Attempts);
            }
            match message.open(key, &header, recipient) {
                Ok(decrypted) => return Ok(decrypted),
                // That some key does not open it says more than that another is not for this.
                Err(JweError::Decryption) => outcome = Some(JweError::Decryption),
                Err(error) => outcome = outcome.or(Some(error)),
            }
        }
    }
    Err(outcome.unwrap_or(JweError::NotARecipient))
}

fn is_meant(key: &Jwk, header: &ParsedHeader) -> bool {
    match header.header().kid() {
        Some(kid) => key.kid() == Some(kid) || key.thumbprint().as_str() == kid,
        None => suits(key.key_type(), header.algorithm(), header.encryption()),
    }
}
