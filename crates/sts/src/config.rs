//! What a token service is made of, and why it may refuse to start.

use http::Uri;
use kleis_access::token::{IssuerRules, TYP};
use kleis_jose::SignatureAlgorithm;
use kleis_store::StoreError;
use kleis_trust::Anchors;
use kleis_types::TypeTable;
use kleis_wrap::RootKek;

/// The longest life of a token, in seconds.
const MAX_TOKEN: i64 = 300;
/// A day, in seconds.
const DAY: i64 = 86_400;

/// What a token service is made of.
#[derive(Debug)]
pub struct StsConfig {
    /// The installation and its roots. The installation is the audience of every token.
    pub anchors: Anchors,
    /// The issuer (RFC 8414 section 2): `https://HOST[:PORT]`, and nothing after it. Its endpoints
    /// are below it.
    pub issuer: String,
    /// The root KEK, under which signing keys are kept. There is no default.
    pub root_kek: RootKek,
    /// Which identifiers are persons', for the audit.
    pub types: TypeTable,
    /// How long things live.
    pub lifetimes: Lifetimes,
}

/// How long things live, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// A token: 1 to 300.
    pub token: i64,
    /// For how long a key signs before the next one does: a day at least.
    pub signing_key: i64,
}

impl Default for Lifetimes {
    /// Five minutes, and 30 days.
    fn default() -> Self {
        Self {
            token: MAX_TOKEN,
            signing_key: 30 * DAY,
        }
    }
}

/// Why the service does not start. The operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The issuer is not a bare https origin.
    #[error("the issuer must be https://HOST or https://HOST:PORT, with nothing after it")]
    Issuer,
    /// A lifetime is out of its range.
    #[error("tokens live for 1 to {MAX_TOKEN} seconds, and keys sign for a day at least")]
    Lifetimes,
    /// The database was written under another root KEK.
    #[error(
        "the signing keys in the database are under the root KEK {needed}, but {loaded} is loaded: \
         start with the KEK {needed}"
    )]
    OtherKek {
        /// The id of the KEK that a row names.
        needed: String,
        /// The id of the KEK at hand.
        loaded: String,
    },
    /// A signing key's row was tampered with.
    #[error(
        "the signing key {0} in the database does not open as what it is; restore the table from a \
         backup, and find out who changed it"
    )]
    SigningKey(String),
    /// The provider made no key.
    #[error("no signing key could be made")]
    Generation,
    /// The database cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The configuration without the KEK, and what follows from it.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) anchors: Anchors,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) types: TypeTable,
    pub(crate) lifetimes: Lifetimes,
    /// What holds of every token of this service.
    pub(crate) rules: IssuerRules,
}

impl StsConfig {
    /// Refuses parts that are not sound, before anything is answered with them.
    pub(crate) fn into_parts(self) -> Result<(Settings, RootKek), OpenError> {
        if !is_origin(&self.issuer) {
            return Err(OpenError::Issuer);
        }
        let Lifetimes { token, signing_key } = self.lifetimes;
        if !(1..=MAX_TOKEN).contains(&token) || signing_key < DAY {
            return Err(OpenError::Lifetimes);
        }
        let audience = self.anchors.installation().audience();
        let settings = Settings {
            rules: IssuerRules {
                issuer: self.issuer.clone(),
                audiences: vec![audience.clone()],
                algorithms: vec![SignatureAlgorithm::Es256],
                types: vec![TYP.to_owned()],
                max_lifetime: token,
            },
            audience,
            anchors: self.anchors,
            issuer: self.issuer,
            types: self.types,
            lifetimes: self.lifetimes,
        };
        Ok((settings, self.root_kek))
    }
}

impl Settings {
    /// The URL of an endpoint, by its path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }
}

fn is_origin(issuer: &str) -> bool {
    let host = issuer.strip_prefix("https://");
    issuer.parse::<Uri>().is_ok_and(|uri| {
        let authority = uri.authority().map(http::uri::Authority::as_str);
        authority.is_some_and(|it| !it.contains('@')) && authority == host
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_bare_https_origin() {
        for good in [
            "https://sts.example",
            "https://sts.example:8443",
            "https://[::1]:8443",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "",
            "sts.example",
            "http://sts.example",
            "https://",
            "https://sts.example/",
            "https://sts.example/sts",
            "https://sts.example?x",
            "https://sts.example#x",
            "https://user@sts.example",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
