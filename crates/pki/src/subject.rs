//! The subject of an identity certificate: the Belgian eHealth profile.
//!
//! It is there for people and for software written for that profile. Kleis itself reads an
//! identity from the subjectAltName alone.

mod fold;

use std::fmt;

use kleis_types::Identifier;

use crate::name::Name;
use crate::oid;

/// Upper bound of a common name and of an organisational unit, in characters
/// (RFC 5280 appendix A.1, ub-common-name and ub-organizational-unit-name).
const MAX_CHARACTERS: usize = 64;
const COUNTRY: &str = "BE";
const ORGANISATION: &str = "Federal Government";
const PLATFORM: &str = "eHealth-platform Belgium";

/// The subject for one identifier: `C=BE, O=Federal Government, [OU=APP,] OU=TYPE=VALUE, OU=NAME,
/// OU=eHealth-platform Belgium, CN=TYPE=VALUE[, APP]`, in this order.
///
/// NAME is the registrant's name without accents, in upper case, cut to 64 characters; characters
/// other than letters, digits and ASCII punctuation become spaces.
///
/// Its `Display` is the RFC 4514 form; it holds a person's identifier and name, so it stays out of
/// logs.
#[derive(Clone, PartialEq, Eq)]
pub struct SubjectName(Name);

/// Why no subject can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectError {
    /// Nothing of the registrant's name is left after folding.
    #[error("the registrant's name holds no letter or digit")]
    NameEmpty,
    /// Type, value and application together exceed 64 characters.
    #[error("the identifier is too long for a common name of 64 characters")]
    IdentifierTooLong,
}

impl SubjectName {
    /// The subject of `identifier`, which belongs to the registrant called `name`.
    pub fn new(identifier: &Identifier, name: &str) -> Result<Self, SubjectError> {
        let name = fold::fold(name, MAX_CHARACTERS).ok_or(SubjectError::NameEmpty)?;
        let identity = format!("{}={}", identifier.type_name(), identifier.value());
        let application = identifier.application().map(ToString::to_string);
        let common_name = match &application {
            Some(application) => format!("{identity}, {application}"),
            None => identity.clone(),
        };
        if common_name.chars().count() > MAX_CHARACTERS {
            return Err(SubjectError::IdentifierTooLong);
        }
        let mut attributes = vec![
            (oid::COUNTRY, COUNTRY.to_owned()),
            (oid::ORGANISATION, ORGANISATION.to_owned()),
        ];
        attributes.extend(application.map(|it| (oid::ORGANISATIONAL_UNIT, it)));
        attributes.extend([
            (oid::ORGANISATIONAL_UNIT, identity),
            (oid::ORGANISATIONAL_UNIT, name),
            (oid::ORGANISATIONAL_UNIT, PLATFORM.to_owned()),
            (oid::COMMON_NAME, common_name),
        ]);
        Ok(Self(Name::new(attributes)))
    }

    /// The subject that `name` must be, if it is one of `identifier`'s: read back for the
    /// registrant's name alone, which is the third attribute from the end.
    pub(crate) fn expected(identifier: &Identifier, name: &Name) -> Result<Self, SubjectError> {
        Self::new(identifier, registrant(name))
    }

    /// The registrant's name, as it stands in the subject.
    pub(crate) fn registrant(&self) -> &str {
        registrant(&self.0)
    }

    /// The attributes in the order of their encoding.
    pub(crate) fn as_name(&self) -> &Name {
        &self.0
    }

    /// The DER of the Name.
    pub fn to_der(&self) -> Vec<u8> {
        self.0.to_der()
    }
}

fn registrant(name: &Name) -> &str {
    let registrant = name.attributes().iter().rev().nth(2);
    registrant.map_or("", |attribute| &attribute.value)
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectName(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(identifier: &str, name: &str) -> Result<String, SubjectError> {
        SubjectName::new(&identifier.parse().unwrap(), name).map(|subject| subject.to_string())
    }

    #[test]
    fn a_person_has_two_units_of_identity_and_name() {
        assert_eq!(
            subject("SSIN:85073003328", "Doe Jane").unwrap(),
            "CN=SSIN\\=85073003328,OU=eHealth-platform Belgium,OU=DOE JANE,\
             OU=SSIN\\=85073003328,O=Federal Government,C=BE"
        );
    }

    #[test]
    fn an_application_stands_in_the_common_name_and_in_a_unit_of_its_own() {
        assert_eq!(
            subject("CBE:0809394427/KGSS", "eHealth").unwrap(),
            "CN=CBE\\=0809394427\\, KGSS,OU=eHealth-platform Belgium,OU=EHEALTH,\
             OU=CBE\\=0809394427,OU=KGSS,O=Federal Government,C=BE"
        );
    }

    #[test]
    fn the_longest_belgian_identifier_fits() {
        let application = "A".repeat(30);
        assert!(
            subject(
                &format!("NIHII-PALLIATIVE_CARE:71000436/{application}"),
                "X"
            )
            .is_ok()
        );
    }

    #[test]
    fn refuses_what_does_not_fit_or_has_no_name() {
        let long = format!("CBE-TREAT_CENTER-OF-A-LONG-NAME:{}/{}", "0".repeat(32), "A");
        assert_eq!(subject(&long, "X"), Err(SubjectError::IdentifierTooLong));
        assert_eq!(
            subject("CBE:0809394427", " \u{7}\u{202e} "),
            Err(SubjectError::NameEmpty)
        );
    }

    #[test]
    fn a_subject_is_expected_to_be_itself() {
        let identifier: Identifier = "CBE:0809394427/KGSS".parse().unwrap();
        let subject = SubjectName::new(&identifier, "Hôpital d'Été").unwrap();
        assert_eq!(
            SubjectName::expected(&identifier, subject.as_name()),
            Ok(subject.clone())
        );
        let other: Identifier = "CBE:0809394427".parse().unwrap();
        assert_ne!(
            SubjectName::expected(&other, subject.as_name()),
            Ok(subject)
        );
    }

    #[test]
    fn debug_tells_nothing() {
        let subject = SubjectName::new(&"SSIN:85073003328".parse().unwrap(), "Doe Jane").unwrap();
        assert_eq!(format!("{subject:?}"), "SubjectName(..)");
    }
}
