//! Who a key belongs to: a type, a value and, for organisations, an application.
//!
//! Values are text, never numbers: leading zeros count. [`Identifier`] guarantees the grammar of
//! `docs/formats.md` section 2 and no more; whether a type exists and its check digits hold is the
//! business of [`TypeTable`], through which everything untrusted must pass.

mod check_digits;
mod definition;
mod error;
mod table;

use std::{fmt, str::FromStr};

pub use check_digits::CheckDigits;
pub use definition::{IdentifierType, Kind, TypeDefinition};
pub use error::{IdentifierError, TypeTableError};
pub use table::TypeTable;

use crate::{
    names::ApplicationId,
    text::{named_enum, serde_as_text},
};

const URN_PREFIX: &str = "urn:kleis:id:";
pub(crate) const SERVICE_TYPE: &str = "SERVICE";

/// The identifier of a person, an organisation or a service, in its canonical form.
///
/// `Display` and serde give the text form `TYPE:VALUE[/APPLICATION]`. `Debug` shows the type alone,
/// since values name persons: never log the `Display` form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    type_name: String,
    value: String,
    application: Option<ApplicationId>,
}

impl Identifier {
    /// Assembles an identifier whose parts follow the grammar.
    pub(crate) fn new(
        type_name: &str,
        value: &str,
        application: Option<ApplicationId>,
    ) -> Result<Self, IdentifierError> {
        if !is_type_name(type_name) || !is_value(value) {
            return Err(IdentifierError::Malformed);
        }
        Ok(Self {
            type_name: type_name.to_owned(),
            value: value.to_owned(),
            application,
        })
    }

    /// The identifier of one of Kleis' own services.
    pub fn service(service: Service) -> Self {
        Self {
            type_name: SERVICE_TYPE.to_owned(),
            value: service.as_str().to_owned(),
            application: None,
        }
    }

    /// Which of Kleis' own services this is, if it is one.
    pub fn as_service(&self) -> Option<Service> {
        let plain_service = self.type_name == SERVICE_TYPE && self.application.is_none();
        plain_service.then(|| self.value.parse().ok()).flatten()
    }

    /// The name of the type, `[A-Z][A-Z0-9_-]{0,31}`.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The value, `[0-9A-Za-z-]{1,32}`.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The application; none means the "no application" key, never "any".
    pub fn application(&self) -> Option<&ApplicationId> {
        self.application.as_ref()
    }

    /// The same person or organisation, with another application or none.
    #[must_use]
    pub fn with_application(&self, application: Option<ApplicationId>) -> Self {
        Self {
            application,
            ..self.clone()
        }
    }

    /// `VALUE[/APPLICATION]`, the value of the credential that every identifier gives.
    pub fn qualified_value(&self) -> String {
        match &self.application {
            Some(application) => format!("{}/{application}", self.value),
            None => self.value.clone(),
        }
    }

    /// The name in certificates, `urn:kleis:id:TYPE:VALUE[:APPLICATION]`.
    pub fn to_urn(&self) -> String {
        let mut urn = format!("{URN_PREFIX}{}:{}", self.type_name, self.value);
        if let Some(application) = &self.application {
            urn.push(':');
            urn.push_str(application.as_str());
        }
        urn
    }

    /// Reads what [`to_urn`](Self::to_urn) writes; the grammar alone is checked.
    pub fn from_urn(urn: &str) -> Result<Self, IdentifierError> {
        let parts = urn
            .strip_prefix(URN_PREFIX)
            .ok_or(IdentifierError::Malformed)?;
        let mut parts = parts.split(':');
        let (Some(type_name), Some(value)) = (parts.next(), parts.next()) else {
            return Err(IdentifierError::Malformed);
        };
        let application = parts.next().map(parse_application).transpose()?;
        if parts.next().is_some() {
            return Err(IdentifierError::Malformed);
        }
        Self::new(type_name, value, application)
    }
}

impl FromStr for Identifier {
    type Err = IdentifierError;

    /// Reads the canonical text form; the grammar alone is checked. For untrusted text use
    /// [`TypeTable::parse`].
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let (type_name, rest) = text.split_once(':').ok_or(IdentifierError::Malformed)?;
        match rest.split_once('/') {
            Some((value, app)) => Self::new(type_name, value, Some(parse_application(app)?)),
            None => Self::new(type_name, rest, None),
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.type_name, self.value)?;
        match &self.application {
            Some(application) => write!(f, "/{application}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:***", self.type_name)
    }
}

serde_as_text!(Identifier);

named_enum! {
    /// Kleis' own services that sign or are encrypted to.
    pub enum Service ("service") {
        /// Certificates and keys.
        Registration = "registration",
        /// Symmetric keys.
        Custody = "custody",
        /// Look-up of recipients.
        Directory = "directory",
        /// The status list.
        Status = "status",
        /// Access tokens.
        Sts = "sts",
        /// What stands between callers and the services, and ends TLS.
        Edge = "edge",
    }
}

pub(crate) fn is_type_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 32
        && bytes.next().is_some_and(|b| b.is_ascii_uppercase())
        && bytes.all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-'))
}

pub(crate) fn is_value(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn parse_application(text: &str) -> Result<ApplicationId, IdentifierError> {
    text.parse()
        .map_err(|_| IdentifierError::ApplicationMalformed)
}

#[cfg(test)]
mod tests;
