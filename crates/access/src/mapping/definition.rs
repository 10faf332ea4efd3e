//! A mapping as an operator writes it.

use kleis_types::{CredentialMap, IDENTIFIER_NAMESPACE, Kind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ClaimPath, MappingRefusal};

/// What the claims of one issuer's tokens mean. [`Mapping`](super::Mapping) checks it at load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingDefinition {
    /// The namespaces in which this issuer may certify credentials, those included that follow
    /// from its identifiers.
    pub namespaces: Vec<String>,
    /// What a token must say to be of use at all.
    #[serde(default)]
    pub demands: Vec<Demand>,
    /// Where the identifiers stand. The first one that is found is the primary one.
    pub identifiers: Vec<IdentifierRule>,
    /// Which credentials the claims give besides those that follow from the identifiers.
    #[serde(default)]
    pub credentials: Vec<CredentialRule>,
}

/// A claim with one of some values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The claim: a text, a boolean, or a list of texts of which one is enough.
    pub claim: ClaimPath,
    /// The values of which it must have one.
    pub any_of: Vec<Scalar>,
}

/// A value of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// True or false.
    Flag(bool),
    /// A text, compared as a whole.
    Text(String),
}

/// A condition without which a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// For which tokens it stands: those for which all of these hold.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// The claim that must be there.
    pub claim: ClaimPath,
    /// The values of which it must have one.
    pub any_of: Vec<Scalar>,
}

/// A claim that identifies the caller. Exactly one of `type`, `type_claim` and `urn` says of which
/// type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentifierRule {
    /// For which tokens the rule is: those for which all of these hold.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Where the value stands: a text, or a list of texts.
    pub claim: ClaimPath,
    /// What must stand before the value and is dropped: `cbe-` of `cbe-0123456749`.
    #[serde(default)]
    pub prefix: Option<String>,
    /// The type, by its canonical name.
    #[serde(default, rename = "type")]
    pub type_name: Option<String>,
    /// Where the type stands.
    #[serde(default)]
    pub type_claim: Option<ClaimPath>,
    /// Whether the values are whole identifiers, `urn:kleis:id:TYPE:VALUE[:APPLICATION]`.
    #[serde(default)]
    pub urn: bool,
    /// The only kind of identifier that `type_claim` or `urn` may give.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// Where the application stands, if there is one.
    #[serde(default)]
    pub application_claim: Option<ClaimPath>,
    /// Whether a token for which the rule is must have the claim.
    #[serde(default)]
    pub required: bool,
    /// Whether a token that has the claim names by it every identifier of such a type that the
    /// caller has in any capacity.
    #[serde(default)]
    pub conclusive: bool,
}

/// A credential that a claim, or the token as such, gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialRule {
    /// For which tokens the rule is: those for which all of these hold.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// The namespace of the credential; one of the definition's.
    pub namespace: String,
    /// The name of the credential.
    pub name: String,
    /// Where the values stand: a text, a list of texts, or, with `value`, true or false.
    #[serde(default)]
    pub claim: Option<ClaimPath>,
    /// The value, where the claim is true or there is none.
    #[serde(default)]
    pub value: Option<String>,
    /// The type of identifier that the values of the claim are; they count in canonical form.
    #[serde(default, rename = "type")]
    pub type_name: Option<String>,
    /// Whether a token for which the rule is says by it all there is to know of this credential:
    /// with each of its values, or with `false`, or with an empty list, that there is none.
    #[serde(default)]
    pub conclusive: bool,
}

impl MappingDefinition {
    /// Access tokens of I.AM Connect, or of a Keycloak with its claims: see
    /// `keycloak_iam_connect.json` beside this file.
    pub fn keycloak_iam_connect() -> Self {
        // Unwrap safety: the text is part of the program, and a test loads it.
        serde_json::from_str(include_str!("keycloak_iam_connect.json"))
            .expect("the built-in mapping parses")
    }

    /// Access tokens of Kleis' own token service: all identifiers of the client, the one it asked
    /// by first, as URNs in the claim `identifiers`; and whatever follows from them by `map`.
    pub fn kleis_sts(map: &CredentialMap) -> Self {
        let mut namespaces = vec![IDENTIFIER_NAMESPACE.to_owned()];
        for rule in map.rules() {
            if !namespaces.contains(&rule.namespace) {
                namespaces.push(rule.namespace.clone());
            }
        }
        // Unwrap safety: one name, and not an empty one.
        let claim = ClaimPath::try_from(vec!["identifiers".to_owned()]).expect("a name");
        let identifiers = IdentifierRule {
            when: Vec::new(),
            claim,
            prefix: None,
            type_name: None,
            type_claim: None,
            urn: true,
            kind: None,
            application_claim: None,
            required: true,
            conclusive: true,
        };
        Self {
            namespaces,
            demands: Vec::new(),
            identifiers: vec![identifiers],
            credentials: Vec::new(),
        }
    }
}

impl Condition {
    pub(super) fn holds(&self, claims: &Map<String, Value>) -> Result<bool, MappingRefusal> {
        is_any_of(&self.claim, &self.any_of, claims)
    }
}

impl Demand {
    pub(super) fn check(&self, claims: &Map<String, Value>) -> Result<(), MappingRefusal> {
        if !all_hold(&self.when, claims)? || is_any_of(&self.claim, &self.any_of, claims)? {
            return Ok(());
        }
        Err(MappingRefusal::Demand(self.claim.to_string()))
    }
}

pub(super) fn all_hold(
    conditions: &[Condition],
    claims: &Map<String, Value>,
) -> Result<bool, MappingRefusal> {
    for condition in conditions {
        if !condition.holds(claims)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_any_of(
    claim: &ClaimPath,
    values: &[Scalar],
    claims: &Map<String, Value>,
) -> Result<bool, MappingRefusal> {
    if let Some(Value::Bool(flag)) = claim.find(claims)? {
        return Ok(values.contains(&Scalar::Flag(*flag)));
    }
    let texts = claim.texts(claims)?.unwrap_or_default();
    let wanted = |text: &str| {
        values
            .iter()
            .any(|value| matches!(value, Scalar::Text(it) if it == text))
    };
    Ok(texts.into_iter().any(wanted))
}
