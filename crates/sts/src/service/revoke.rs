//! Revoking tokens (RFC 7009), and reading tokens of ours.

use kleis_access::token::{AccessToken, Unverified};
use kleis_store::sts::{RevokedToken, StsStore};
use kleis_trust::status::StatusSource;
use kleis_types::{Call, Timestamp};

use super::{Asked, Inner};
use crate::acts::Revoke;
use crate::error::Refusal;
use crate::form::Form;
use crate::keys::AFTERMATH;
use crate::{Clients, StsError};

impl<S: StsStore, D: Clients, V: StatusSource> Inner<S, D, V> {
    /// Revokes a token of the client that proves to be one. What is no live token of ours needs no revoking.
    pub(crate) async fn revoke(&self, form: &Form, call: &Call) -> Result<(), StsError> {
        let asked = self.ask(Revoke::ACTION, form, None, call).await?;
        let token = self.own_token(form, &asked);
        let token = self.settle(&asked, token).await?;
        let revoked = token.map(|token| RevokedToken {
            jti: token.jti().to_owned(),
            revoked_at: asked.at,
            until: token.expires_at().plus_seconds(AFTERMATH),
        });
        let act = Revoke {
            evidence: asked.evidence,
            token: revoked.clone(),
        };
        self.store.run(act).await??;
        self.revoked.learn(revoked.into_iter().collect());
        Ok(())
    }

    /// The token in a form; none if it is no live token of ours.
    fn own_token(&self, form: &Form, asked: &Asked) -> Result<Option<AccessToken>, Refusal> {
        let token = form.get("token").ok_or(Refusal::TokenMissing)?;
        match self.read_token(token, asked.at) {
            Some(token) if !is_of(&token, asked) => Err(Refusal::NotItsOwn),
            token => Ok(token),
        }
    }

    /// A token of ours, signed by a key that is published, and in its time. Whether it is revoked is
    /// not looked at.
    pub(super) fn read_token(&self, token: &str, now: Timestamp) -> Option<AccessToken> {
        let unverified = Unverified::parse(token).ok()?;
        let ring = self.keys.ring();
        unverified
            .verify(ring.published(), &self.settings.rules, now)
            .ok()
    }
}

/// Whether a token was given to the client that asks.
pub(super) fn is_of(token: &AccessToken, asked: &Asked) -> bool {
    token.client_id() == asked.client.identifier().to_string()
}
