//! The token service's records: the keys that sign tokens, what was used once, what was revoked.

use std::future::Future;

use kleis_types::{SigningKeyState, Timestamp};

use crate::{
    Audited, EvidenceRead, EvidenceTx, ProofRead, ProofTx, Store, StoreError, shown::shows,
    state_digest,
};

/// A key that signs access tokens. The store sees its private part wrapped alone.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The thumbprint, RFC 7638, the primary key.
    pub kid: String,
    /// The public key, a JWK in JSON: for those who must verify an old token. What is published
    /// follows from the private key.
    pub jwk: String,
    /// The wrapped private key; empty once it is destroyed.
    pub wrapped: Vec<u8>,
    /// The id of the root KEK.
    pub kek: String,
    /// Where it is in its life. One key is `CURRENT`, and one is `NEXT`.
    pub state: SigningKeyState,
    /// When it was made and published.
    pub created_at: Timestamp,
    /// When it began to sign.
    pub activated_at: Option<Timestamp>,
    /// When it ceased to sign.
    pub retired_at: Option<Timestamp>,
    /// The version, from 1.
    pub version: u64,
}

impl Audited for SigningKey {
    fn resource(&self) -> String {
        format!("sts-key:{}", self.kid)
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn digest(&self) -> [u8; 32] {
        let time = |time: Option<Timestamp>| time.map_or(0, Timestamp::unix).to_be_bytes();
        state_digest(&[
            self.kid.as_bytes(),
            self.jwk.as_bytes(),
            &self.wrapped,
            self.kek.as_bytes(),
            self.state.as_str().as_bytes(),
            &time(Some(self.created_at)),
            &time(self.activated_at),
            &time(self.retired_at),
            &self.version.to_be_bytes(),
        ])
    }
}

/// A token that was revoked before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedToken {
    /// The token's `jti`.
    pub jti: String,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// When nobody would take it any more, revoked or not.
    pub until: Timestamp,
}

/// How many rows were removed because their time had passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Of what was used once.
    pub used: u64,
    /// Of revoked tokens.
    pub revoked: u64,
}

impl Forgotten {
    /// Whether nothing was removed.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What the token service reads.
pub trait StsRead: EvidenceRead {
    /// All signing keys, whatever their state, in the order in which they were made.
    fn signing_keys(&mut self) -> impl Future<Output = Result<Vec<SigningKey>, StoreError>> + Send;
    /// The `kid` of the one key that signs.
    fn current_signing_key(
        &mut self,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
    /// The revoked tokens that would still be taken at `now`, by `jti`.
    fn revoked_tokens(
        &mut self,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<RevokedToken>, StoreError>> + Send;
}

/// What the token service writes.
pub trait StsTx: StsRead + EvidenceTx {
    /// Adds a signing key (version 1) or stores its next version. Where one key takes the turn of
    /// another, the other's is stored first.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the `kid` is taken, or another key is `CURRENT` or `NEXT`
    /// where this one would be; [`StoreError::VersionConflict`].
    fn put_signing_key(
        &mut self,
        key: &SigningKey,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Remembers until `until` that something was used. False if it was used before.
    fn use_once(
        &mut self,
        digest: &[u8; 32],
        until: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Remembers that a token is revoked. False, and harmless, if it was before.
    fn revoke_token(
        &mut self,
        token: &RevokedToken,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Removes what needs no longer be remembered at `now`: all whose `until` has come.
    fn forget(
        &mut self,
        now: Timestamp,
    ) -> impl Future<Output = Result<Forgotten, StoreError>> + Send;
}

/// A database of the token service.
pub trait StsStore: Store<Tx: StsTx + ProofTx, Reader: StsRead + ProofRead> {}
impl<S: Store<Tx: StsTx + ProofTx, Reader: StsRead + ProofRead>> StsStore for S {}

shows!(SigningKey {
    kid,
    kek,
    state,
    version
});
