//! The attributes of a request: nothing, or extensions that repeat the profile.

use x509_parser::der_parser::asn1_rs::Oid;

use super::CsrError;
use crate::der::{self, DerError, OCTET_STRING, Tlv};
use crate::{oid, profile};

/// Checks the content of the attributes' `[0]`.
pub(super) fn check(attributes: &[u8]) -> Result<(), CsrError> {
    let attributes = der::children(attributes)?;
    for (index, attribute) in attributes.iter().enumerate() {
        let [kind, values] = der::sequence::<2>(attribute.raw)?;
        if kind.value != oid::EXTENSION_REQUEST || index > 0 {
            return Err(CsrError::AttributeForbidden {
                oid: dotted(kind.value),
            });
        }
        check_extension_request(values)?;
    }
    Ok(())
}

fn check_extension_request(values: Tlv<'_>) -> Result<(), CsrError> {
    let values = der::children(values.value)?;
    let [extensions] = values.as_slice() else {
        return Err(DerError::Structure.into());
    };
    let extensions = der::members(*extensions)?;
    if extensions.is_empty() {
        return Err(DerError::Structure.into());
    }
    let mut seen = Vec::new();
    for extension in extensions {
        let kind = check_extension(extension)?;
        if seen.contains(&kind) {
            return Err(CsrError::ExtensionForbidden { oid: dotted(kind) });
        }
        seen.push(kind);
    }
    Ok(())
}

fn check_extension(extension: Tlv<'_>) -> Result<&[u8], CsrError> {
    let parts = der::members(extension)?;
    // Strict DER has made sure that a BOOLEAN is true; critical or not makes no difference here.
    let ([kind, value] | [kind, Tlv { tag: 0x01, .. }, value]) = parts.as_slice() else {
        return Err(DerError::Structure.into());
    };
    if value.tag != OCTET_STRING {
        return Err(DerError::Structure.into());
    }
    let allowed = match kind.value {
        oid::KEY_USAGE => value.value == profile::DIGITAL_SIGNATURE,
        oid::EXTENDED_KEY_USAGE => value.value == profile::CLIENT_AUTH,
        oid::BASIC_CONSTRAINTS => value.value == profile::NOT_A_CA,
        _ => false,
    };
    if allowed {
        Ok(kind.value)
    } else {
        Err(CsrError::ExtensionForbidden {
            oid: dotted(kind.value),
        })
    }
}

/// For an error's text; an identifier longer than any in use is not repeated.
fn dotted(oid: &[u8]) -> String {
    if oid.len() > 32 {
        "unknown".to_owned()
    } else {
        Oid::new(oid.into()).to_id_string()
    }
}
