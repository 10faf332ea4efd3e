//! A mapping by its name, or written out.

use kleis_types::CredentialMap;
use serde::{Deserialize, Deserializer, Serialize};

use super::MappingDefinition;
use crate::name_or_table::{self, NameOrTable};

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

impl<'de> Deserialize<'de> for MappingSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = &[KEYCLOAK_IAM_CONNECT, KLEIS_STS];
        Ok(match name_or_table::deserialize(deserializer, names)? {
            NameOrTable::Name(KLEIS_STS) => Self::KleisSts,
            NameOrTable::Name(_) => Self::KeycloakIamConnect,
            NameOrTable::Table(definition) => Self::Written(Box::new(definition)),
        })
    }
}
