//! A mapping by its name, or written out.

use std::fmt;

use kleis_types::CredentialMap;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::MappingDefinition;

const KEYCLOAK_IAM_CONNECT: &str = "keycloak-iam-connect";
const KLEIS_STS: &str = "kleis-sts";

/// The mapping of an issuer as it stands in a configuration: the name of a shipped one, or a
/// [`MappingDefinition`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MappingSource {
    /// [`MappingDefinition::keycloak_iam_connect`].
    KeycloakIamConnect,
    /// [`MappingDefinition::kleis_sts`].
    KleisSts,
    /// The operator's own.
    #[serde(untagged)]
    Written(Box<MappingDefinition>),
}

impl MappingSource {
    /// The rules. `map` tells which namespaces follow from identifiers.
    pub fn definition(&self, map: &CredentialMap) -> MappingDefinition {
        match self {
            Self::KeycloakIamConnect => MappingDefinition::keycloak_iam_connect(),
            Self::KleisSts => MappingDefinition::kleis_sts(map),
            Self::Written(definition) => (**definition).clone(),
        }
    }
}

/// By hand, so that a slip in a long definition is reported where it is.
impl<'de> Deserialize<'de> for MappingSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = MappingSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KEYCLOAK_IAM_CONNECT:?}, {KLEIS_STS:?} or a table")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<MappingSource, E> {
        match name {
            KEYCLOAK_IAM_CONNECT => Ok(MappingSource::KeycloakIamConnect),
            KLEIS_STS => Ok(MappingSource::KleisSts),
            _ => Err(E::invalid_value(de::Unexpected::Str(name), &self)),
        }
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<MappingSource, A::Error> {
        let definition = MappingDefinition::deserialize(de::value::MapAccessDeserializer::new(map));
        definition.map(|it| MappingSource::Written(Box::new(it)))
    }
}
