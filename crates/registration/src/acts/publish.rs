//! The recipient's JWK Set, made ready (docs/formats.md section 7).

use kleis_jose::{Jwk, digest};
use kleis_pki::published::signature_entry;
use kleis_store::registry::{Certificate, EncryptionKey, RegistryTx, StoredJwkSet};
use kleis_types::{CertificateState, Identifier, KeyState, base64url};
use serde_json::json;

use super::{Ledger, life};
use crate::RegistrationError;

/// Writes the set of `owner` anew from its certificates and keys.
pub(super) async fn publish<Tx: RegistryTx>(
    ledger: &mut Ledger<'_, Tx>,
    owner: &Identifier,
) -> Result<(), RegistrationError> {
    let (mut certificates, mut keys) = (Vec::new(), Vec::new());
    if life::is_active(ledger, owner).await? {
        certificates = ledger.tx.certificates_of(owner).await?;
        certificates.retain(|certificate| certificate.state == CertificateState::Active);
        keys = ledger.tx.encryption_keys_of(owner).await?;
        keys.retain(|key| key.state == KeyState::Active);
    }
    let set = jwk_set(owner, certificates, keys)?;
    let at = ledger.at();
    ledger.tx.put_jwk_set(&set, at).await?;
    Ok(())
}

fn jwk_set(
    owner: &Identifier,
    mut certificates: Vec<Certificate>,
    mut keys: Vec<EncryptionKey>,
) -> Result<StoredJwkSet, RegistrationError> {
    certificates.sort_by(|one, other| one.jkt.cmp(&other.jkt));
    keys.sort_by(|one, other| one.kid.cmp(&other.kid));
    let mut entries = Vec::with_capacity(certificates.len() + keys.len());
    for certificate in &certificates {
        entries.push(signature_entry(&certificate.chain)?.to_value());
    }
    for key in &keys {
        entries.push(serde_json::from_str(&key.jwk)?);
    }
    let body = serde_json::to_vec(&json!({ "keys": entries }))?;
    let etag = format!("\"{}\"", base64url::encode(&digest::sha256(&body)));
    Ok(StoredJwkSet {
        recipient: owner.clone(),
        body,
        etag,
        has_keys: !keys.is_empty(),
    })
}

/// An encryption key as it is published, with its binding: JSON.
pub(super) fn encryption_entry(
    key: &Jwk,
    algorithm: kleis_jose::KeyAlgorithm,
    binding: &str,
) -> Result<String, RegistrationError> {
    let entry = key
        .clone()
        .with_thumbprint_kid()
        .with_member("use", "enc".into())
        .with_member("alg", algorithm.as_str().into())
        .with_member("kleis_binding", binding.into());
    Ok(serde_json::to_string(&entry.to_value())?)
}
