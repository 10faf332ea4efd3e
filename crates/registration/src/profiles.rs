//! How long certificates live, by the type of the identity that they are for.

use std::collections::BTreeMap;

use kleis_types::Identifier;

const DAY: i64 = 86_400;

/// What holds for certificates of one identifier type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// How long a certificate lives, in seconds: 1 to 1200 days. It ends with the issuing CA at the
    /// latest.
    pub certificate: i64,
    /// How long before its end it can be renewed, in seconds: 1 second to 1200 days.
    pub replacement: i64,
}

impl Profile {
    pub(crate) fn is_sound(self) -> bool {
        (1..=1200 * DAY).contains(&self.certificate) && (1..=1200 * DAY).contains(&self.replacement)
    }
}

/// The profile of each identifier type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profiles {
    others: Profile,
    by_type: BTreeMap<String, Profile>,
}

impl Profiles {
    /// These profiles by the names of types, and one for all others.
    pub(crate) fn new(others: Profile, by_type: BTreeMap<String, Profile>) -> Self {
        Self { others, by_type }
    }

    /// What holds for certificates whose primary identity this is.
    pub(crate) fn of(&self, primary: &Identifier) -> Profile {
        let own = self.by_type.get(primary.type_name());
        own.copied().unwrap_or(self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_its_own_profile_or_that_of_all_others() {
        let profile = |days| Profile {
            certificate: days * DAY,
            replacement: DAY,
        };
        let own = BTreeMap::from([("NIHII".to_owned(), profile(30))]);
        let profiles = Profiles::new(profile(90), own);
        let of = |text: &str| profiles.of(&text.parse().unwrap());
        assert_eq!(of("NIHII:18749704"), profile(30));
        assert_eq!(of("NIHII-PHARMACY:71000436"), profile(90));
        assert_eq!(of("SERVICE:custody"), profile(90));
    }

    #[test]
    fn a_profile_is_bounded() {
        let sound = |certificate, replacement| {
            Profile {
                certificate,
                replacement,
            }
            .is_sound()
        };
        assert!(sound(1, 1) && sound(1200 * DAY, 1200 * DAY));
        for (certificate, replacement) in [(0, 1), (1, 0), (1200 * DAY + 1, 1), (1, 1200 * DAY + 1)]
        {
            assert!(!sound(certificate, replacement));
        }
    }
}
