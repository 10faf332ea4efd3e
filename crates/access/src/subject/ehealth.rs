//! The subject of the Belgian eHealth platform.

use kleis_pki::SubjectAttribute;
use kleis_types::{ApplicationId, Identifier, TypeTable};

use super::{Attributes, SubjectRefusal, only, typed};

const COUNTRY: &str = "BE";
const ORGANISATION: &str = "Federal Government";
const PLATFORM: &str = "eHealth-platform Belgium";

/// Reads the common name; the units must say the same, and leave the holder's name alone over.
///
/// The order of the units is not looked at, since it differs with how software writes names: so a
/// name that looks like an identity, or like the platform, is refused.
pub(super) fn identifier(
    attributes: &Attributes<'_>,
    types: &TypeTable,
) -> Result<Identifier, SubjectRefusal> {
    use SubjectAttribute::{CommonName, Country, Organisation, OrganisationalUnit};
    let country = only(attributes, |it, _| it == Country)?;
    let organisation = only(attributes, |it, _| it == Organisation)?;
    let common_name = only(attributes, |it, _| it == CommonName)?;
    let mut units: Vec<&str> = attributes
        .iter()
        .filter(|(it, _)| *it == OrganisationalUnit)
        .map(|(_, text)| *text)
        .collect();
    let whole = units.len() + 3 == attributes.len();
    if !whole || country != COUNTRY || organisation != ORGANISATION {
        return Err(SubjectRefusal::Form);
    }
    let (identity, application) = match common_name.split_once(", ") {
        Some((identity, application)) => (identity, Some(application)),
        None => (common_name, None),
    };
    for unit in [Some(PLATFORM), Some(identity), application]
        .into_iter()
        .flatten()
    {
        take(&mut units, unit)?;
    }
    match units.as_slice() {
        [name] if typed(name).is_none() && *name != PLATFORM => {}
        _ => return Err(SubjectRefusal::Form),
    }
    let (type_name, value) = typed(identity).ok_or(SubjectRefusal::Form)?;
    let identifier = types.resolve(type_name, value, application)?;
    // Neither an empty text for no application, nor a small letter for a capital one.
    if identifier.application().map(ApplicationId::as_str) != application {
        return Err(SubjectRefusal::Form);
    }
    Ok(identifier)
}

fn take(units: &mut Vec<&str>, unit: &str) -> Result<(), SubjectRefusal> {
    let at = units.iter().position(|it| *it == unit);
    units.remove(at.ok_or(SubjectRefusal::Form)?);
    Ok(())
}
