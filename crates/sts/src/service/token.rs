//! Giving tokens.

use std::collections::BTreeSet;

use kleis_access::token::{self, NewToken};
use kleis_store::sts::StsStore;
use kleis_trust::Jti;
use kleis_trust::status::StatusSource;
use kleis_types::{Call, Confirmation, Scope};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Asked, Inner};
use crate::acts::Issue;
use crate::binding::{Proof, confirmation, token_type};
use crate::error::Refusal;
use crate::form::Form;
use crate::http::TOKEN;
use crate::request::{Grant, check_resource, scope_text, scopes};
use crate::{Clients, StsError};

/// A token as the client gets it (RFC 6749 section 5.1). It is a credential: not to be shown.
#[derive(Serialize)]
pub(crate) struct Issued {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
}

/// What an authenticated client may have.
struct Granted {
    scopes: BTreeSet<Scope>,
    confirmation: Confirmation,
}

impl<S: StsStore, D: Clients, V: StatusSource> Inner<S, D, V> {
    /// Gives a token to the client that proves to be one. `proofs` are the values of the header `DPoP`.
    pub(crate) async fn token(
        &self,
        form: &Form,
        proofs: &[&str],
        call: &Call,
    ) -> Result<Issued, StsError> {
        // A proof that lacks a nonce costs nothing: the client comes again with the same assertion.
        let (url, now) = (self.settings.url(TOKEN), self.clock.now());
        let proof = Proof::read(proofs, &url, &self.nonces, now)?;
        let asked = self.ask(Issue::ACTION, form, proof.as_ref(), call).await?;
        let granted = self.grant(form, proof.as_ref(), &asked, call);
        let granted = self.settle(&asked, granted).await?;
        let jti = Jti::random(&*self.random).to_string();
        let issue = Issue {
            evidence: asked.evidence.clone(),
            jti: jti.clone(),
            details: details(&granted),
        };
        // The token leaves when the act is on the disk, and not before.
        let kid = self.store.run(issue).await??;
        let access_token = self.sign(&asked, &granted, &jti, &kid).await?;
        Ok(Issued {
            access_token,
            token_type: token_type(&granted.confirmation),
            expires_in: self.settings.lifetimes.token,
            scope: scope_text(&granted.scopes),
        })
    }

    /// Decides what the client may have of what it asks for.
    fn grant(
        &self,
        form: &Form,
        proof: Option<&Proof>,
        asked: &Asked,
        call: &Call,
    ) -> Result<Granted, Refusal> {
        let Grant::ClientCredentials = Grant::of(form)?;
        check_resource(form, &self.settings.audience)?;
        Ok(Granted {
            scopes: scopes(form)?,
            confirmation: confirmation(proof, &asked.client, call.principal())?,
        })
    }

    /// Signs the token with the key whose turn it is: the one that the act has found.
    async fn sign(
        &self,
        asked: &Asked,
        granted: &Granted,
        jti: &str,
        kid: &str,
    ) -> Result<String, StsError> {
        let mut ring = self.keys.ring();
        if ring.signing_key(kid).is_none() {
            // Another process has given the turn to another key.
            self.reload().await?;
            ring = self.keys.ring();
        }
        let key = ring
            .signing_key(kid)
            .ok_or_else(|| StsError::Keys(kid.to_owned()))?;
        let client = asked.client.identifier().to_string();
        let token = NewToken {
            issuer: &self.settings.issuer,
            subject: &client,
            client_id: &client,
            audience: &self.settings.audience,
            scope: granted.scopes.clone(),
            confirmation: Some(granted.confirmation.clone()),
            jti,
            issued_at: asked.at,
            lifetime: self.settings.lifetimes.token,
            extra: identifiers(asked),
        };
        Ok(token::sign(key, &token)?)
    }
}

/// The claim that says who the client is besides: URNs, as in certificates.
fn identifiers(asked: &Asked) -> Map<String, Value> {
    let urns = asked.client.identifiers().map(|one| one.to_urn().into());
    let mut claims = Map::new();
    claims.insert("identifiers".to_owned(), Value::Array(urns.collect()));
    claims
}

/// What the audit says of a token.
fn details(granted: &Granted) -> String {
    let bound = match granted.confirmation {
        Confirmation::Key(_) => "key",
        Confirmation::Certificate(_) => "certificate",
    };
    format!("{}; bound to a {bound}", scope_text(&granted.scopes))
}
