//! Telling of tokens (RFC 7662).

use kleis_access::token::AccessToken;
use kleis_store::sts::StsStore;
use kleis_trust::status::StatusSource;
use kleis_types::Call;
use serde_json::{Map, Value};

use super::{Asked, Inner};
use crate::acts::Inspect;
use crate::binding::token_type;
use crate::error::Refusal;
use crate::form::Form;
use crate::service::revoke::is_of;
use crate::{Clients, StsError};

/// The claims that are told (RFC 7662 section 2.2), and those of our own.
const TOLD: [&str; 10] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "jti",
    "client_id",
    "scope",
    "cnf",
    "identifiers",
];

/// What is told of a token.
pub(crate) type Introspection = Map<String, Value>;

impl<S: StsStore, D: Clients, V: StatusSource> Inner<S, D, V> {
    /// Tells of a token to the client that it was given to, and to Kleis' own services. For everybody else, and
    /// of everything else, it is not active.
    pub(crate) async fn introspect(
        &self,
        form: &Form,
        call: &Call,
    ) -> Result<Introspection, StsError> {
        let asked = self.ask(Inspect::ACTION, form, None, call).await?;
        let token = form.get("token").ok_or(Refusal::TokenMissing);
        let token = self.settle(&asked, token).await?;
        let token = self.token_for(token, &asked);
        let act = Inspect {
            jti: token.as_ref().map(|token| token.jti().to_owned()),
            evidence: asked.evidence,
        };
        self.store.run(act).await??;
        Ok(told(token.as_ref()))
    }

    /// The token, if it is live and the client may be told of it.
    fn token_for(&self, token: &str, asked: &Asked) -> Option<AccessToken> {
        let token = self.read_token(token, asked.at)?;
        // The leeway is for those who take tokens; here, one clock decides.
        let is_live = token.expires_at() > asked.at && !self.revoked.contains(token.jti());
        let is_for = is_of(&token, asked) || asked.client.is_service();
        (is_live && is_for).then_some(token)
    }
}

fn told(token: Option<&AccessToken>) -> Introspection {
    let mut told = Map::new();
    told.insert("active".to_owned(), token.is_some().into());
    let Some(token) = token else {
        return told;
    };
    for name in TOLD {
        if let Some(value) = token.claims().get(name) {
            told.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(confirmation) = token.confirmation() {
        let token_type = token_type(confirmation);
        told.insert("token_type".to_owned(), token_type.into());
    }
    told
}
