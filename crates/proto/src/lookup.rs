//! The messages of a look-up in the directory as what they mean.

use std::fmt;

use kleis_types::{ErrorCode, Identifier, Problem, Timestamp, TypeTable};

use crate::directory::v1::{LookupError, LookupRequest};

/// What a key is for, RFC 7517 section 4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyUse {
    /// Encryption, `enc`.
    Encryption,
    /// Signature, `sig`.
    Signature,
}

impl KeyUse {
    /// The value of the JWK member `use`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Encryption => "enc",
            Self::Signature => "sig",
        }
    }
}

impl fmt::Display for KeyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A look-up: whose keys are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    identifier: Identifier,
    any_application: bool,
    key_use: Option<KeyUse>,
    as_of: Option<Timestamp>,
}

impl Lookup {
    /// All keys of exactly this recipient.
    pub fn new(identifier: Identifier) -> Self {
        Self {
            identifier,
            any_application: false,
            key_use: None,
            as_of: None,
        }
    }

    /// Restricts it to keys for one use.
    #[must_use]
    pub fn for_use(mut self, key_use: KeyUse) -> Self {
        self.key_use = Some(key_use);
        self
    }

    /// Leaves the application open; the identifier's own, if any, is dropped.
    #[must_use]
    pub fn for_any_application(mut self) -> Self {
        self.identifier = self.identifier.with_application(None);
        self.any_application = true;
        self
    }

    /// Asks what was active at this time.
    #[must_use]
    pub fn as_of(mut self, time: Timestamp) -> Self {
        self.as_of = Some(time);
        self
    }

    /// Reads a request, its identifier by the table of types.
    ///
    /// # Errors
    /// The caller's fault, at the field: an identifier that the table refuses, an unknown `use`,
    /// an application that is given and left open at once, or a time with what has none.
    pub fn parse(request: &LookupRequest, types: &TypeTable) -> Result<Self, Problem> {
        let identifier = types
            .parse(&request.identifier)
            .map_err(|error| Problem::from(error).at("identifier"))?;
        if request.any_application && identifier.application().is_some() {
            let detail = "Name the application or leave it open, not both.";
            return Err(Problem::new(ErrorCode::ApplicationInvalid, detail).at("any_application"));
        }
        let key_use = match request.r#use.as_str() {
            "" => None,
            "enc" => Some(KeyUse::Encryption),
            "sig" => Some(KeyUse::Signature),
            _ => {
                let detail = "Ask for `enc` or `sig`, or leave it empty for both.";
                return Err(Problem::new(ErrorCode::RequestMalformed, detail).at("use"));
            }
        };
        let as_of = time(request.as_of)?;
        if as_of.is_some() && (key_use == Some(KeyUse::Signature) || request.any_application) {
            let detail = "Ask about a time for the encryption keys of exactly one recipient.";
            return Err(Problem::new(ErrorCode::RequestMalformed, detail).at("as_of"));
        }
        Ok(Self {
            identifier,
            any_application: request.any_application,
            key_use,
            as_of,
        })
    }

    /// Whose keys are wanted. An absent application means the "no application" key, unless the
    /// application is left open.
    pub fn identifier(&self) -> &Identifier {
        &self.identifier
    }

    /// Whether the application is left open.
    pub fn any_application(&self) -> bool {
        self.any_application
    }

    /// The one use that keys are wanted for, if not both.
    pub fn key_use(&self) -> Option<KeyUse> {
        self.key_use
    }

    /// The time that is asked about, if it is not now.
    pub fn time(&self) -> Option<Timestamp> {
        self.as_of
    }
}

/// The time of a field `as_of`; 0 is none.
///
/// # Errors
/// A time before 1970.
pub fn time(as_of: i64) -> Result<Option<Timestamp>, Problem> {
    match as_of {
        0 => Ok(None),
        1.. => Ok(Some(Timestamp::from_unix(as_of))),
        ..0 => {
            let detail = "A time is in seconds since 1970.";
            Err(Problem::new(ErrorCode::RequestMalformed, detail).at("as_of"))
        }
    }
}

impl From<&Lookup> for LookupRequest {
    fn from(lookup: &Lookup) -> Self {
        Self {
            identifier: lookup.identifier.to_string(),
            any_application: lookup.any_application,
            r#use: lookup
                .key_use
                .map(KeyUse::as_str)
                .unwrap_or_default()
                .to_owned(),
            if_etag: String::new(),
            as_of: lookup.as_of.map_or(0, Timestamp::unix),
        }
    }
}

/// The problem of one look-up of a batch. Its field is not told: it is the look-up itself.
impl From<&Problem> for LookupError {
    fn from(problem: &Problem) -> Self {
        Self {
            reason: problem.code().reason().to_owned(),
            detail: problem.detail().to_owned(),
        }
    }
}

/// A reason that this version does not know: the service is a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the directory told of an error that this version does not know; update it")]
pub struct UnknownReason;

impl TryFrom<&LookupError> for Problem {
    type Error = UnknownReason;

    fn try_from(error: &LookupError) -> Result<Self, UnknownReason> {
        let code = ErrorCode::from_reason(&error.reason).ok_or(UnknownReason)?;
        Ok(Problem::new(code, error.detail.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(identifier: &str, any_application: bool, r#use: &str) -> Result<Lookup, Problem> {
        let (identifier, r#use) = (identifier.to_owned(), r#use.to_owned());
        let request = LookupRequest {
            identifier,
            any_application,
            r#use,
            ..LookupRequest::default()
        };
        Lookup::parse(&request, TypeTable::belgian())
    }

    #[test]
    fn requests_are_read_and_written() {
        let identifier: Identifier = "CBE:0809394427/KGSS".parse().expect("good");
        let lookups = [
            Lookup::new(identifier.clone()),
            Lookup::new(identifier.clone()).for_use(KeyUse::Encryption),
            Lookup::new(identifier.clone())
                .for_use(KeyUse::Signature)
                .for_any_application(),
            Lookup::new(identifier.clone()).as_of(Timestamp::from_unix(7)),
        ];
        for lookup in lookups {
            let request = LookupRequest::from(&lookup);
            assert_eq!(Lookup::parse(&request, TypeTable::belgian()), Ok(lookup));
        }
    }

    #[test]
    fn identifiers_are_brought_to_their_canonical_form() {
        let lookup = parse("NIHII11:18749704001", false, "enc").expect("good");
        assert_eq!(lookup.identifier().to_string(), "NIHII:18749704");
        assert_eq!(lookup.key_use(), Some(KeyUse::Encryption));
        assert!(!lookup.any_application());
    }

    #[test]
    fn refusals_name_the_field() {
        let cases = [
            (
                "NIHII:18749705",
                false,
                "",
                "IDENTIFIER_CHECK_DIGIT",
                "identifier",
            ),
            (
                "NOSUCH:1",
                false,
                "",
                "IDENTIFIER_TYPE_UNKNOWN",
                "identifier",
            ),
            ("", false, "", "IDENTIFIER_INVALID", "identifier"),
            (
                "NIHII:18749704/APP",
                false,
                "",
                "APPLICATION_INVALID",
                "identifier",
            ),
            (
                "CBE:0809394427/KGSS",
                true,
                "",
                "APPLICATION_INVALID",
                "any_application",
            ),
            ("CBE:0809394427", false, "ENC", "REQUEST_MALFORMED", "use"),
        ];
        for (identifier, any_application, key_use, reason, field) in cases {
            let problem = parse(identifier, any_application, key_use).expect_err(identifier);
            let told = (problem.code().reason(), problem.field());
            assert_eq!(told, (reason, Some(field)), "{identifier}");
        }
    }

    #[test]
    fn a_time_is_for_encryption_keys_of_one_recipient() {
        let good = LookupRequest {
            identifier: "CBE:0809394427".to_owned(),
            r#use: "enc".to_owned(),
            as_of: 7,
            ..LookupRequest::default()
        };
        let parse = |request: &LookupRequest| Lookup::parse(request, TypeTable::belgian());
        let read = parse(&good).expect("good");
        assert_eq!(read.time(), Some(Timestamp::from_unix(7)));
        let bad = [
            LookupRequest {
                r#use: "sig".to_owned(),
                ..good.clone()
            },
            LookupRequest {
                any_application: true,
                ..good.clone()
            },
            LookupRequest { as_of: -1, ..good },
        ];
        for request in bad {
            let problem = parse(&request).expect_err("bad");
            assert_eq!(problem.field(), Some("as_of"));
        }
    }

    #[test]
    fn errors_of_a_batch_come_back() {
        for &code in ErrorCode::ALL {
            let problem = Problem::new(code, "Check the identifier.");
            assert_eq!(Problem::try_from(&LookupError::from(&problem)), Ok(problem));
        }
        let later = LookupError {
            reason: "OF_A_LATER_VERSION".into(),
            detail: String::new(),
        };
        assert_eq!(Problem::try_from(&later), Err(UnknownReason));
    }
}
