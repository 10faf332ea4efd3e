//! What a certificate says about its holder, in the subjectAltName and nowhere else.

use kleis_types::{DeviceId, Identifier, InstallationId};

/// Most identifiers that one certificate may carry.
pub const MAX_IDENTIFIERS: usize = 16;

/// Largest index into the status list: 2 bits an entry, at most 16 MiB of entries.
pub const MAX_STATUS_INDEX: u32 = 16 * 1024 * 1024 * 4 - 1;

const DEVICE: &str = "urn:kleis:device:";
const INSTALLATION: &str = "urn:kleis:installation:";
const STATUS: &str = "urn:kleis:status:";
const SERVICE_TYPE: &str = "SERVICE";

/// Who a certificate is for: identifiers, device, installation and status list index
/// (`docs/formats.md` section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    identifiers: Vec<Identifier>,
    device: DeviceId,
    installation: InstallationId,
    status_index: u32,
}

/// Why names are not an identity. No variant repeats an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// No identifier.
    #[error("an identity needs at least one identifier")]
    NoIdentifier,
    /// More than [`MAX_IDENTIFIERS`].
    #[error("an identity has at most 16 identifiers")]
    TooManyIdentifiers,
    /// One identifier twice.
    #[error("an identity names an identifier twice")]
    DuplicateIdentifier,
    /// Identifiers with different applications.
    #[error("all identifiers of an identity must carry the same application")]
    MixedApplications,
    /// A service with an alias or an application, or a service that does not exist.
    #[error("a service has one identifier, without application, and must be one of Kleis' own")]
    Service,
    /// The names are not URIs of this form in this order, or others stand between them.
    #[error("the names must be the identifiers, the device, the installation and the status index")]
    Form,
    /// An identifier's URI is malformed.
    #[error("an identifier's URI is malformed")]
    Identifier,
    /// The device's URI is malformed.
    #[error("the device's URI is malformed")]
    Device,
    /// The installation's URI is malformed.
    #[error("the installation's URI is malformed")]
    Installation,
    /// The status index is not a canonical decimal number up to [`MAX_STATUS_INDEX`].
    #[error("the status list index is not a number between 0 and 67108863")]
    StatusIndex,
}

impl Identity {
    /// An identity; the first identifier is the one asked for, the others its certified aliases.
    pub fn new(
        identifiers: Vec<Identifier>,
        device: DeviceId,
        installation: InstallationId,
        status_index: u32,
    ) -> Result<Self, IdentityError> {
        check_identifiers(&identifiers)?;
        if status_index > MAX_STATUS_INDEX {
            return Err(IdentityError::StatusIndex);
        }
        Ok(Self {
            identifiers,
            device,
            installation,
            status_index,
        })
    }

    /// Reads the URIs of a subjectAltName, in their order.
    pub fn from_uris<'a>(uris: impl IntoIterator<Item = &'a str>) -> Result<Self, IdentityError> {
        let uris: Vec<&str> = uris.into_iter().collect();
        let [identifiers @ .., device, installation, status] = uris.as_slice() else {
            return Err(IdentityError::Form);
        };
        let device = device.strip_prefix(DEVICE).ok_or(IdentityError::Form)?;
        let installation = installation
            .strip_prefix(INSTALLATION)
            .ok_or(IdentityError::Form)?;
        let status = status.strip_prefix(STATUS).ok_or(IdentityError::Form)?;
        Self::new(
            identifiers
                .iter()
                .map(|urn| parse_identifier(urn))
                .collect::<Result<_, _>>()?,
            device.parse().map_err(|_| IdentityError::Device)?,
            installation
                .parse()
                .map_err(|_| IdentityError::Installation)?,
            parse_index(status)?,
        )
    }

    /// The URIs of the subjectAltName, in their order.
    pub fn to_uris(&self) -> Vec<String> {
        let mut uris: Vec<String> = self.identifiers.iter().map(Identifier::to_urn).collect();
        uris.push(format!("{DEVICE}{}", self.device));
        uris.push(format!("{INSTALLATION}{}", self.installation));
        uris.push(format!("{STATUS}{}", self.status_index));
        uris
    }

    /// All identifiers, the primary one first; never empty.
    pub fn identifiers(&self) -> &[Identifier] {
        &self.identifiers
    }

    /// The identifier that was asked for.
    pub fn primary(&self) -> &Identifier {
        // Unwrap safety: `new`, the only constructor, refuses an empty list.
        self.identifiers
            .first()
            .expect("an identity has an identifier")
    }

    /// Whether `identifier` is one of these, application included.
    pub fn includes(&self, identifier: &Identifier) -> bool {
        self.identifiers.contains(identifier)
    }

    /// The device that holds the key.
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// The installation whose CA vouches for this.
    pub fn installation(&self) -> &InstallationId {
        &self.installation
    }

    /// The certificate's entry in the status list.
    pub fn status_index(&self) -> u32 {
        self.status_index
    }
}

fn check_identifiers(identifiers: &[Identifier]) -> Result<(), IdentityError> {
    let first = identifiers.first().ok_or(IdentityError::NoIdentifier)?;
    if identifiers.len() > MAX_IDENTIFIERS {
        return Err(IdentityError::TooManyIdentifiers);
    }
    for (index, identifier) in identifiers.iter().enumerate() {
        if identifiers
            .iter()
            .take(index)
            .any(|earlier| earlier == identifier)
        {
            return Err(IdentityError::DuplicateIdentifier);
        }
        if identifier.application() != first.application() {
            return Err(IdentityError::MixedApplications);
        }
        let is_service = identifier.type_name() == SERVICE_TYPE;
        let alone = identifiers.len() == 1 && identifier.application().is_none();
        if is_service && !(alone && identifier.as_service().is_some()) {
            return Err(IdentityError::Service);
        }
    }
    Ok(())
}

fn parse_identifier(urn: &str) -> Result<Identifier, IdentityError> {
    let identifier = Identifier::from_urn(urn).map_err(|_| IdentityError::Identifier)?;
    if identifier.to_urn() == urn {
        Ok(identifier)
    } else {
        Err(IdentityError::Identifier)
    }
}

fn parse_index(text: &str) -> Result<u32, IdentityError> {
    let index: u32 = text.parse().map_err(|_| IdentityError::StatusIndex)?;
    // The parser takes "+7" and "007" as well; one number has one spelling here.
    if index.to_string() == text {
        Ok(index)
    } else {
        Err(IdentityError::StatusIndex)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INSTALLATION_ID: &str = "AAECAwQFBgcICQoLDA0ODw";

    fn identity(identifiers: &[&str], index: u32) -> Result<Identity, IdentityError> {
        Identity::new(
            identifiers
                .iter()
                .map(|text| text.parse().unwrap())
                .collect(),
            DeviceId::main(),
            INSTALLATION_ID.parse().unwrap(),
            index,
        )
    }

    #[test]
    fn the_uris_stand_in_the_order_of_the_format() {
        let identity = identity(&["NIHII:18749704", "SSIN:85073003328"], 7).unwrap();
        let uris = identity.to_uris();
        assert_eq!(
            uris,
            [
                "urn:kleis:id:NIHII:18749704",
                "urn:kleis:id:SSIN:85073003328",
                "urn:kleis:device:main",
                "urn:kleis:installation:AAECAwQFBgcICQoLDA0ODw",
                "urn:kleis:status:7",
            ]
        );
        assert_eq!(
            Identity::from_uris(uris.iter().map(String::as_str)),
            Ok(identity)
        );
    }

    #[test]
    fn accessors_tell_what_went_in() {
        let identity = identity(&["CBE:0809394427/KGSS"], MAX_STATUS_INDEX).unwrap();
        assert_eq!(identity.primary().to_string(), "CBE:0809394427/KGSS");
        assert!(identity.includes(&"CBE:0809394427/KGSS".parse().unwrap()));
        assert!(!identity.includes(&"CBE:0809394427".parse().unwrap()));
        assert_eq!(identity.identifiers().len(), 1);
        assert_eq!(identity.device(), &DeviceId::main());
        assert_eq!(identity.installation().to_string(), INSTALLATION_ID);
        assert_eq!(identity.status_index(), MAX_STATUS_INDEX);
    }

    #[test]
    fn refuses_identifiers_that_do_not_belong_together() {
        use IdentityError::*;
        assert_eq!(identity(&[], 0), Err(NoIdentifier));
        let same = ["CBE:0809394427", "CBE:0809394427"];
        assert_eq!(identity(&same, 0), Err(DuplicateIdentifier));
        let mixed = ["CBE:0809394427/KGSS", "EHP:0809394427"];
        assert_eq!(identity(&mixed, 0), Err(MixedApplications));
        let many: Vec<String> = (0..17).map(|n| format!("EHP:{n:010}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(identity(&many, 0), Err(TooManyIdentifiers));
        assert_eq!(
            identity(&["CBE:0809394427"], MAX_STATUS_INDEX + 1),
            Err(StatusIndex)
        );
    }

    #[test]
    fn a_service_stands_alone() {
        assert!(identity(&["SERVICE:custody"], 0).is_ok());
        for identifiers in [
            &["SERVICE:custody", "SERVICE:status"][..],
            &["CBE:0809394427", "SERVICE:status"],
            &["SERVICE:custody/APP"],
            &["SERVICE:other"],
        ] {
            // Text that is no identifier at all is refused even earlier.
            if identifiers
                .iter()
                .all(|text| text.parse::<Identifier>().is_ok())
            {
                assert_eq!(identity(identifiers, 0), Err(IdentityError::Service));
            }
        }
    }

    #[test]
    fn refuses_any_other_list_of_uris() {
        use IdentityError::*;
        let id = "urn:kleis:id:CBE:0809394427";
        let device = "urn:kleis:device:main";
        let installation = "urn:kleis:installation:AAECAwQFBgcICQoLDA0ODw";
        let status = "urn:kleis:status:7";
        for (uris, why) in [
            (vec![], Form),
            (vec![id, device, installation], Form),
            (vec![device, installation, status], NoIdentifier),
            (vec![device, id, installation, status], Form),
            (vec![id, installation, device, status], Form),
            (vec![id, device, installation, status, status], Form),
            (vec![id, device, device, installation, status], Identifier),
            (
                vec![id, "https://a.example", device, installation, status],
                Identifier,
            ),
            (
                vec!["urn:kleis:id:cbe:0809394427", device, installation, status],
                Identifier,
            ),
            (
                vec!["URN:kleis:id:CBE:0809394427", device, installation, status],
                Identifier,
            ),
            (
                vec![id, "urn:kleis:device:Main", installation, status],
                Device,
            ),
            (
                vec![id, device, "urn:kleis:installation:AA", status],
                Installation,
            ),
            (
                vec![id, device, installation, "urn:kleis:status:07"],
                StatusIndex,
            ),
            (
                vec![id, device, installation, "urn:kleis:status:+7"],
                StatusIndex,
            ),
            (
                vec![id, device, installation, "urn:kleis:status:-1"],
                StatusIndex,
            ),
            (
                vec![id, device, installation, "urn:kleis:status:67108864"],
                StatusIndex,
            ),
            (
                vec![id, device, installation, "urn:kleis:status:"],
                StatusIndex,
            ),
        ] {
            assert_eq!(
                Identity::from_uris(uris.iter().copied()),
                Err(why),
                "{uris:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_alike(
            uris in proptest::collection::vec(
                "(urn:kleis:(id:CBE:|device:|installation:|status:))?[ -~]{0,24}",
                0..6,
            )
        ) {
            if let Ok(identity) = Identity::from_uris(uris.iter().map(String::as_str)) {
                prop_assert_eq!(identity.to_uris(), uris);
            }
        }
    }
}
