//! What the claims of a verified access token mean: identifiers, and credentials
//! `{namespace, name, values}`, by rules for each issuer.
//!
//! The rules are data ([`MappingDefinition`]), written by the operator or [shipped](MappingSource).
//! A mapping gives credentials in the namespaces that its issuer may certify, and in no other,
//! whether they stand in claims or follow from identifiers (`kleis_types::CredentialMap`). A claim
//! that is there but cannot be read refuses the token: it is never as if it were not there. No
//! token makes its holder one of Kleis' own services.
//!
//! The **primary identifier** is the one in whose capacity the caller acts: the first that the rules
//! find. In the shipped mapping for I.AM Connect that is the organisation, else the professional
//! (NIHII), else the person (SSIN). Who acts by a mandate stays who they are, and holds a credential
//! (`urn:kleis:mandate`, `SSIN`) that names the mandator.
//!
//! # What absence proves
//!
//! A policy may exclude whoever holds some credential. That a token lacks it must not be mistaken
//! for proof: its holder chose the profile in which it was asked for, and its client chose the
//! scopes that decide which claims are in it. So a credential counts as *shown*
//! (`kleis_types::Shown`), and an exclusion by it lets anybody pass, only if every way in which this
//! issuer could have given it is decided by this very token. Each rule from which the credential
//! could come, directly or through a type of identifier,
//!
//! 1. is `conclusive`: the operator answers for it that the issuer says all there is;
//! 2. is in force: all its conditions hold. A doctor who logs in as a citizen shows nothing about
//!    doctors;
//! 3. has its claim in the token. That a claim is not there proves nothing; `false` or an empty
//!    list does.
//!
//! A type of identifier of which no rule speaks is never decided, so neither is a credential that
//! could follow from it. In the shipped mapping for I.AM Connect the SSIN alone is conclusive, since
//! it alone is in the tokens of every profile: exclude persons by it.

mod claims;
mod definition;
mod error;
mod load;
mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kleis_types::{Credential, Identifier, IdentifierError, Shown, TypeTable};
use serde_json::{Map, Value};

use crate::{derived::Derived, mapped::Mapped};

pub use claims::{ClaimPath, ClaimPathError};
pub use definition::{
    Condition, CredentialRule, Demand, IdentifierRule, MappingDefinition, Scalar,
};
pub use error::{MappingError, MappingRefusal};
pub use source::MappingSource;

/// Most identifiers of one token; as many as a certificate may have.
const MAX_IDENTIFIERS: usize = kleis_pki::identity::MAX_IDENTIFIERS;

/// The rules for one issuer's tokens, checked.
#[derive(Clone, Debug)]
pub struct Mapping {
    definition: MappingDefinition,
    types: TypeTable,
    derived: Derived,
    /// What a token shows in which all of these rules are decided; by their place among the rules
    /// for identifiers, followed by those for credentials.
    shown: Vec<(BTreeSet<usize>, Arc<Shown>)>,
}

impl Mapping {
    /// The identifiers and credentials that follow from `claims`, the whole payload of a token whose
    /// signature, issuer, audience and times are verified.
    pub fn apply(&self, claims: &Map<String, Value>) -> Result<Mapped, MappingRefusal> {
        for demand in &self.definition.demands {
            demand.check(claims)?;
        }
        let mut decided = BTreeSet::new();
        let identifiers = self.identifiers(claims, &mut decided)?;
        let credentials = self.credentials(&identifiers, claims, &mut decided)?;
        Mapped::new(identifiers, credentials, self.shown(&decided))
            .ok_or(MappingRefusal::NoIdentifier)
    }

    fn identifiers(
        &self,
        claims: &Map<String, Value>,
        decided: &mut BTreeSet<usize>,
    ) -> Result<Vec<Identifier>, MappingRefusal> {
        let mut identifiers = Vec::new();
        for (index, rule) in self.definition.identifiers.iter().enumerate() {
            if let Some(found) = rule.read(&self.types, claims)? {
                identifiers.extend(found);
                decided.insert(index);
            }
            if identifiers.len() > MAX_IDENTIFIERS {
                return Err(rule.claim.malformed());
            }
        }
        Ok(identifiers)
    }

    fn credentials(
        &self,
        identifiers: &[Identifier],
        claims: &Map<String, Value>,
        decided: &mut BTreeSet<usize>,
    ) -> Result<Vec<Credential>, MappingRefusal> {
        let mut values: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for credential in self.derived.credentials(identifiers) {
            let name = (credential.namespace, credential.name);
            values.entry(name).or_default().extend(credential.values);
        }
        let first = self.definition.identifiers.len();
        for (index, rule) in self.definition.credentials.iter().enumerate() {
            if let Some(found) = rule.read(&self.types, claims)? {
                decided.insert(first + index);
                if !found.is_empty() {
                    let name = (rule.namespace.clone(), rule.name.clone());
                    values.entry(name).or_default().extend(found);
                }
            }
        }
        let credentials = values.into_iter().map(|((namespace, name), values)| {
            let values = values.into_iter().collect();
            Credential {
                namespace,
                name,
                values,
            }
        });
        Ok(credentials.collect())
    }

    fn shown(&self, decided: &BTreeSet<usize>) -> Arc<Shown> {
        let mut shown = self
            .shown
            .iter()
            .filter(|(rules, _)| rules.is_subset(decided))
            .map(|(_, shown)| shown);
        let first = shown.next().map(Arc::clone).unwrap_or_default();
        shown.fold(first, |all, more| Arc::new(all.union(more)))
    }
}

impl IdentifierRule {
    /// What the rule finds, and no other by it; none if it is not for this token, or its claim is not there.
    fn read(
        &self,
        types: &TypeTable,
        claims: &Map<String, Value>,
    ) -> Result<Option<Vec<Identifier>>, MappingRefusal> {
        if !definition::all_hold(&self.when, claims)? {
            return Ok(None);
        }
        let Some(texts) = self.claim.texts(claims)? else {
            return if self.required {
                Err(self.claim.missing())
            } else {
                Ok(None)
            };
        };
        let read = texts
            .into_iter()
            .map(|text| self.identifier(text, types, claims));
        read.collect::<Result<_, _>>().map(Some)
    }

    fn identifier(
        &self,
        text: &str,
        types: &TypeTable,
        claims: &Map<String, Value>,
    ) -> Result<Identifier, MappingRefusal> {
        let value = match &self.prefix {
            Some(prefix) => text.strip_prefix(prefix.as_str()),
            None => Some(text),
        };
        let value = value.ok_or_else(|| self.claim.malformed())?;
        let read = if self.urn {
            from_urn(value, types)
        } else {
            let application = match &self.application_claim {
                Some(claim) => claim.text(claims)?,
                None => None,
            };
            types.resolve(self.type_of(claims)?, value, application)
        };
        let identifier = read.map_err(|source| self.refusal(source))?;
        let is_kind = |kind| types.kind(&identifier) == kind;
        if types.get(identifier.type_name()).is_none() || !self.kind.is_none_or(is_kind) {
            return Err(MappingRefusal::Kind(self.claim.to_string()));
        }
        Ok(identifier)
    }

    fn type_of<'a>(&'a self, claims: &'a Map<String, Value>) -> Result<&'a str, MappingRefusal> {
        match (&self.type_name, &self.type_claim) {
            (Some(name), _) => Ok(name),
            (None, Some(claim)) => claim.text(claims)?.ok_or_else(|| claim.missing()),
            // The definition was checked; if it was not, nobody is anybody.
            (None, None) => Err(self.claim.malformed()),
        }
    }

    fn refusal(&self, source: IdentifierError) -> MappingRefusal {
        let claim = self.claim.to_string();
        MappingRefusal::Identifier { claim, source }
    }
}

impl CredentialRule {
    /// What the rule finds, and no other by it; none if it is not for this token, or its claim is not there.
    fn read(
        &self,
        types: &TypeTable,
        claims: &Map<String, Value>,
    ) -> Result<Option<Vec<String>>, MappingRefusal> {
        if !definition::all_hold(&self.when, claims)? {
            return Ok(None);
        }
        Ok(match (&self.claim, &self.value) {
            (None, value) => Some(value.iter().cloned().collect()),
            (Some(claim), Some(value)) => claim.flag(claims)?.map(|holds| {
                let value = holds.then(|| value.clone());
                value.into_iter().collect()
            }),
            (Some(claim), None) => self.values(claim, types, claims)?,
        })
    }

    fn values(
        &self,
        claim: &ClaimPath,
        types: &TypeTable,
        claims: &Map<String, Value>,
    ) -> Result<Option<Vec<String>>, MappingRefusal> {
        let Some(texts) = claim.texts(claims)? else {
            return Ok(None);
        };
        let value = |text: &str| match &self.type_name {
            None => Ok(text.to_owned()),
            Some(name) => {
                let read = types.resolve(name, text, None);
                let canonical = read.map(|identifier| identifier.qualified_value());
                canonical.map_err(|source| MappingRefusal::Identifier {
                    claim: claim.to_string(),
                    source,
                })
            }
        };
        texts
            .into_iter()
            .map(value)
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// A URN has one spelling: what the table would bring to form is refused.
fn from_urn(urn: &str, types: &TypeTable) -> Result<Identifier, IdentifierError> {
    let written = Identifier::from_urn(urn)?;
    let read = types.parse(&written.to_string())?;
    if read == written {
        Ok(read)
    } else {
        Err(IdentifierError::Malformed)
    }
}

#[cfg(test)]
mod tests;
