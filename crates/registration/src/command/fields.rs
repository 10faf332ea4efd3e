//! Fields that several orders have.

use kleis_jose::Thumbprint;
use kleis_pki::SerialNumber;
use kleis_trust::enrolment_code::CodeId;
use kleis_types::{
    DeviceId, ErrorCode, Identifier, Kind, Problem, RevocationReason, TypeTable, base64url,
};

/// A field that is not what it must be.
pub(super) fn invalid(field: &'static str, what: &str) -> Problem {
    Problem::new(ErrorCode::OrderBodyInvalid, what).at(field)
}

/// An identifier of a person or an organisation. Nobody obtains anything for a service.
pub(super) fn identifier(text: &str, types: &TypeTable) -> Result<Identifier, Problem> {
    let identifier = types.parse(text).map_err(Problem::from)?;
    if types.kind(&identifier) == Kind::Service {
        let what = "the type SERVICE is Kleis' own: name a person or an organisation";
        return Err(Problem::new(ErrorCode::IdentifierInvalid, what));
    }
    Ok(identifier)
}

/// A device; empty means `main`.
pub(super) fn device(text: &str) -> Result<DeviceId, Problem> {
    if text.is_empty() {
        return Ok(DeviceId::main());
    }
    let refused = |error: kleis_types::NameError| {
        Problem::new(ErrorCode::DeviceInvalid, error.to_string()).at("device")
    };
    text.parse().map_err(refused)
}

/// The id of an encryption key.
pub(super) fn kid(text: &str) -> Result<Thumbprint, Problem> {
    let what = "a kid is an RFC 7638 SHA-256 thumbprint: 43 characters of base64url";
    text.parse().map_err(|_| invalid("kid", what))
}

/// A serial number.
pub(super) fn serial(text: &str) -> Result<SerialNumber, Problem> {
    let what = "a serial number is lower-case hexadecimal, at most 20 bytes";
    text.parse().map_err(|_| invalid("serial", what))
}

/// The thumbprint of a certificate, in its only spelling.
pub(super) fn x5t(text: &str) -> Result<String, Problem> {
    let what = "an x5t is base64url of the certificate's SHA-256, without padding";
    match base64url::decode_array::<32>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(invalid("x5t", what)),
    }
}

/// Why something is withdrawn.
pub(super) fn reason(text: &str) -> Result<RevocationReason, Problem> {
    let what = "a reason is keyCompromise, affiliationChanged, superseded or cessationOfOperation";
    text.parse().map_err(|_| invalid("reason", what))
}

/// The id of an enrolment code.
pub(super) fn code_id(text: &str) -> Result<CodeId, Problem> {
    let what = "the id of a code is base64url of 8 bytes, without padding";
    text.parse().map_err(|_| invalid("codeId", what))
}

/// The id of a registration session, in its only spelling.
pub(super) fn session(text: &str) -> Result<String, Problem> {
    let what = "a session is base64url of 16 bytes, without padding";
    id_of_16_bytes(text).ok_or_else(|| invalid("session", what))
}

/// The id of a certificate request, in its only spelling.
pub(super) fn request(text: &str) -> Result<String, Problem> {
    let what = "the id of a certificate request is base64url of 16 bytes, without padding";
    id_of_16_bytes(text).ok_or_else(|| invalid("request", what))
}

fn id_of_16_bytes(text: &str) -> Option<String> {
    base64url::decode_array::<16>(text)
        .ok()
        .map(|_| text.to_owned())
}
