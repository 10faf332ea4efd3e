//! Releases: signed, and sealed because they carry a key. Only after the commit.

use kleis_jose::Jwk;
use kleis_proto::custody::v1 as wire;
use kleis_store::custody::CustodyStore;
use kleis_trust::{release, status::StatusSource};
use kleis_types::SecretBytes;
use serde::Serialize;
use zeroize::{Zeroize as _, Zeroizing};

use super::Inner;
use crate::CustodyError;
use crate::admission::Admitted;
use crate::command::{KeyId, ReplyKey};

/// A result that carries keys, to be wiped when it has been sealed.
pub(super) trait Carries: Serialize {
    /// The keys in it.
    fn keys(&mut self) -> impl Iterator<Item = &mut wire::ReleasedKey>;
}

impl Carries for wire::CreateKeysResult {
    fn keys(&mut self) -> impl Iterator<Item = &mut wire::ReleasedKey> {
        self.keys.iter_mut()
    }
}

impl Carries for wire::GetKeyResult {
    fn keys(&mut self) -> impl Iterator<Item = &mut wire::ReleasedKey> {
        self.key.iter_mut()
    }
}

impl<S: CustodyStore, V: StatusSource> Inner<S, V> {
    /// Signs a result and seals it to the key that the order named. The keys in it are wiped.
    pub(super) fn release<B, R: Carries>(
        &self,
        admitted: &Admitted<B>,
        to: &ReplyKey,
        result: &mut R,
    ) -> Result<String, CustodyError> {
        let signed = admitted.evidence.sign(result).map(Zeroizing::new);
        result.keys().for_each(|key| key.jwk.zeroize());
        Ok(release::seal(to.jwk(), &signed?, self.random.as_ref())?)
    }
}

/// A key as it stands in a kept result: by its name alone.
pub(super) fn without_key(id: &KeyId, policy_hash: &str) -> wire::ReleasedKey {
    wire::ReleasedKey {
        key_id: id.to_string(),
        policy_hash: policy_hash.to_owned(),
        jwk: String::new(),
    }
}

/// A key as it goes out: an `oct` JWK, its `kid` the key id.
pub(super) fn released_key(
    id: &KeyId,
    policy_hash: &str,
    secret: SecretBytes,
) -> Result<wire::ReleasedKey, CustodyError> {
    let unwritable = || CustodyError::Document("a released key");
    let key = Jwk::oct(secret).map_err(|_| unwritable())?;
    let json = key.with_member("kid", id.as_str().into()).to_private_json();
    let json = std::str::from_utf8(json.expose()).map_err(|_| unwritable())?;
    Ok(wire::ReleasedKey {
        jwk: json.to_owned(),
        ..without_key(id, policy_hash)
    })
}

/// The result of a read with its key put in.
pub(super) fn with_key(
    result: wire::GetKeyResult,
    id: &KeyId,
    secret: SecretBytes,
) -> Result<wire::GetKeyResult, CustodyError> {
    let policy_hash = result.key.as_ref().map(|key| key.policy_hash.as_str());
    let key = released_key(id, policy_hash.unwrap_or_default(), secret)?;
    Ok(wire::GetKeyResult {
        key: Some(key),
        ..result
    })
}
