//! A token that was verified.

use std::{collections::BTreeSet, fmt};

use kleis_types::{Confirmation, Scope, Timestamp};
use serde_json::{Map, Value};

use crate::jwt::Claims;

/// A verified access token.
///
/// What it is bound to ([`AccessToken::confirmation`]) is not proved by it: that takes a DPoP proof
/// or the certificate of the connection.
#[derive(Clone)]
pub struct AccessToken {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) client_id: String,
    pub(super) jti: String,
    pub(super) scopes: BTreeSet<String>,
    pub(super) confirmation: Option<Confirmation>,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) hash: String,
    pub(super) claims: Claims,
}

impl AccessToken {
    /// Who issued it (`iss`).
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// About whom it is (`sub`), in the words of its issuer.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// To which client it was given (`client_id`, or `azp` where there is none).
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// What makes it unique among those of its issuer (`jti`).
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// What it is good for (`scope`), ours and others'.
    pub fn scopes(&self) -> &BTreeSet<String> {
        &self.scopes
    }

    /// What it is good for here.
    pub fn known_scopes(&self) -> BTreeSet<Scope> {
        let scopes = self.scopes.iter();
        scopes.filter_map(|scope| scope.parse().ok()).collect()
    }

    /// What it is bound to (`cnf`); none for a mere bearer token.
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.confirmation.as_ref()
    }

    /// When it was issued.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When it ends. It is accepted [`kleis_types::LEEWAY`] longer.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Base64url of the SHA-256 of its text: what proofs and orders name as `ath`.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Every claim.
    pub fn claims(&self) -> &Map<String, Value> {
        self.claims.all()
    }

    /// The claim at the end of a path of member names; `["realm_access", "roles"]` is `roles` in
    /// the object `realm_access`. Names are taken as they are: dots and slashes in them are theirs.
    pub fn claim<N: AsRef<str>>(&self, path: &[N]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        let claim = self.claims.get(first.as_ref())?;
        rest.iter()
            .try_fold(claim, |claim, name| claim.get(name.as_ref()))
    }
}

// Subject and claims name persons.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("issuer", &self.issuer)
            .field("scopes", &self.scopes)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
