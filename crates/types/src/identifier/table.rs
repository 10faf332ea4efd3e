//! The identifier types in use: data, validated at load, through which untrusted text must pass.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

use super::{
    Identifier, IdentifierError, IdentifierType, Kind, SERVICE_TYPE, Service, TypeDefinition,
    TypeTableError,
};
use crate::names::ApplicationId;

const MAX_TYPES: usize = 256;

/// The identifier types of an installation.
///
/// Deserialises from a list of [`TypeDefinition`], and is refused whole if one of them is bad.
///
/// ```
/// use kleis_types::{IdentifierError, TypeTable};
///
/// let table = TypeTable::belgian();
/// assert_eq!(table.parse("NISS:85.07.30-033.28")?.to_string(), "SSIN:85073003328");
/// assert_eq!(table.parse("NIHII11:18749704477")?.to_string(), "NIHII:18749704");
/// assert_eq!(table.parse("CBE:809394427/KGSS")?.to_string(), "CBE:0809394427/KGSS");
/// assert!(matches!(table.parse("CBE:0425222333"), Err(IdentifierError::CheckDigits { .. })));
/// # Ok::<(), IdentifierError>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<TypeDefinition>")]
pub struct TypeTable {
    types: Vec<IdentifierType>,
    by_name: HashMap<String, usize>,
}

static BELGIAN: LazyLock<TypeTable> = LazyLock::new(|| {
    // Unwrap safety: the text is part of the program, and a test loads it.
    serde_json::from_str(include_str!("belgian.json")).expect("the built-in table is valid")
});

impl TypeTable {
    /// The types of the Belgian eHealth platform.
    pub fn belgian() -> &'static Self {
        &BELGIAN
    }

    /// This table and further types. A name that exists already is refused, not replaced.
    pub fn extended(&self, further: Vec<TypeDefinition>) -> Result<Self, TypeTableError> {
        let known = self.types.iter().map(|known| known.definition().clone());
        Self::try_from(known.chain(further).collect::<Vec<_>>())
    }

    /// The canonical identifier that an untrusted `TYPE:VALUE[/APPLICATION]` means.
    pub fn parse(&self, text: &str) -> Result<Identifier, IdentifierError> {
        let (type_name, rest) = text.split_once(':').ok_or(IdentifierError::Malformed)?;
        match rest.split_once('/') {
            // An empty application is a slip in this form, unlike in a form with three fields.
            Some((_, "")) => Err(IdentifierError::ApplicationMalformed),
            Some((value, application)) => self.resolve(type_name, value, Some(application)),
            None => self.resolve(type_name, rest, None),
        }
    }

    /// The canonical identifier that untrusted parts mean: the type may be an alias, the value may
    /// be in a form that is padded, cut or freed from separators, case does not matter in type and
    /// application, and an empty application is none.
    pub fn resolve(
        &self,
        type_name: &str,
        value: &str,
        application: Option<&str>,
    ) -> Result<Identifier, IdentifierError> {
        let application = application
            .filter(|text| !text.is_empty())
            .map(|text| text.to_ascii_uppercase().parse::<ApplicationId>())
            .transpose()
            .map_err(|_| IdentifierError::ApplicationMalformed)?;
        if type_name.eq_ignore_ascii_case(SERVICE_TYPE) {
            return resolve_service(value, application.as_ref());
        }
        let identifier_type = self.get(type_name).ok_or(IdentifierError::UnknownType)?;
        let value = identifier_type.normalise(value)?;
        if application.is_some() && !identifier_type.application_allowed() {
            let type_name = identifier_type.name().to_owned();
            return Err(IdentifierError::ApplicationNotAllowed { type_name });
        }
        Identifier::new(identifier_type.name(), &value, application)
    }

    /// The type of this name or alias, in any case.
    pub fn get(&self, name: &str) -> Option<&IdentifierType> {
        let index = *self.by_name.get(&name.to_ascii_uppercase())?;
        self.types.get(index)
    }

    /// What an identifier names. One of a type that is not in the table counts as a person, the
    /// kind that is guarded best.
    pub fn kind(&self, identifier: &Identifier) -> Kind {
        if identifier.as_service().is_some() {
            return Kind::Service;
        }
        self.get(identifier.type_name())
            .map_or(Kind::Person, IdentifierType::kind)
    }

    /// Every type, in the order of the table. `SERVICE` is not among them.
    pub fn iter(&self) -> impl Iterator<Item = &IdentifierType> {
        self.types.iter()
    }
}

impl TryFrom<Vec<TypeDefinition>> for TypeTable {
    type Error = TypeTableError;

    fn try_from(definitions: Vec<TypeDefinition>) -> Result<Self, TypeTableError> {
        if definitions.len() > MAX_TYPES {
            return Err(TypeTableError::TooManyTypes { max: MAX_TYPES });
        }
        let mut table = Self {
            types: Vec::new(),
            by_name: HashMap::new(),
        };
        for definition in definitions {
            table.add(IdentifierType::try_from(definition)?)?;
        }
        Ok(table)
    }
}

impl TypeTable {
    fn add(&mut self, identifier_type: IdentifierType) -> Result<(), TypeTableError> {
        let index = self.types.len();
        let definition = identifier_type.definition();
        for name in std::iter::once(&definition.name).chain(&definition.aliases) {
            if self.by_name.insert(name.clone(), index).is_some() {
                return Err(TypeTableError::DuplicateName(name.clone()));
            }
        }
        self.types.push(identifier_type);
        Ok(())
    }
}

fn resolve_service(
    value: &str,
    application: Option<&ApplicationId>,
) -> Result<Identifier, IdentifierError> {
    let type_name = || SERVICE_TYPE.to_owned();
    if application.is_some() {
        return Err(IdentifierError::ApplicationNotAllowed {
            type_name: type_name(),
        });
    }
    let service: Service = value.parse().map_err(|_| IdentifierError::Value {
        type_name: type_name(),
    })?;
    Ok(Identifier::service(service))
}

#[cfg(test)]
mod tests;
