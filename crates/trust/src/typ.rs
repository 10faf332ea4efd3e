//! The media type of each signed or sealed object: one for each purpose, so that nothing made for
//! one purpose serves another (`docs/formats.md` section 1).

/// The request for a first certificate, signed by the key to be certified.
pub const ENROLMENT: &str = "kleis-enrolment+jwt";
/// A request that changes state or reads a secret.
pub const ORDER: &str = "kleis-order+jwt";
/// The answer to an order or an enrolment.
pub const REPLY: &str = "kleis-reply+jwt";
/// "This encryption key is mine."
pub const BINDING: &str = "kleis-binding+jwt";
/// "This new device is mine."
pub const ENDORSEMENT: &str = "kleis-endorsement+jwt";
/// Where the chains of an audit stood.
pub const CHECKPOINT: &str = "kleis-checkpoint+jwt";
/// Rows of an audit that were archived.
pub const SEGMENT: &str = "kleis-segment+jwt";
/// What a webhook is told.
pub const NOTICE: &str = "kleis-notice+jwt";
/// The status list.
pub const STATUS_LIST: &str = "statuslist+jwt";
/// Proof of possession for an encryption key.
pub const CHALLENGE: &str = "kleis-challenge+jwe";
/// Keys on their way into custody.
pub const DEPOSIT: &str = "kleis-deposit+jwe";
/// The verifier of an enrolment code on its way to registration.
pub const CODE: &str = "kleis-code+jwe";
/// Keys on their way out of custody.
pub const RELEASE: &str = "kleis-release+jwe";
/// An access token (RFC 9068).
pub const ACCESS_TOKEN: &str = "at+jwt";
/// A proof of possession of the key that an access token is bound to (RFC 9449).
pub const DPOP_PROOF: &str = "dpop+jwt";
/// What a client shows at a token endpoint (RFC 7523; draft-ietf-oauth-rfc7523bis).
pub const CLIENT_ASSERTION: &str = "client-authentication+jwt";
/// A signed document inside a sealed one: free for everybody's use.
pub const DOCUMENT: &str = "JOSE";

const RESERVED_PREFIX: &str = "kleis-";
/// Types of other people's protocols that we speak: under one of them, too, a signature is an act.
const RESERVED: [&str; 4] = [STATUS_LIST, ACCESS_TOKEN, DPOP_PROOF, CLIENT_ASSERTION];
const APPLICATION: &str = "application/";

/// Whether a `typ` is kept for the protocols that Kleis speaks, so that a general-purpose signing or sealing
/// command must refuse it.
///
/// Media types have no case, and `application/` may be left out of a `typ` (RFC 7515 section
/// 4.1.9): all spellings that another reader may take for a reserved one are reserved.
pub fn is_reserved_typ(typ: &str) -> bool {
    let typ = typ.trim().to_ascii_lowercase();
    let bare = typ.strip_prefix(APPLICATION).unwrap_or(&typ);
    bare.starts_with(RESERVED_PREFIX) || RESERVED.contains(&bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_ours_is_reserved_but_for_documents() {
        let ours = [
            ENROLMENT,
            ORDER,
            REPLY,
            BINDING,
            ENDORSEMENT,
            CHECKPOINT,
            SEGMENT,
            NOTICE,
            STATUS_LIST,
            CHALLENGE,
            DEPOSIT,
            CODE,
            RELEASE,
            ACCESS_TOKEN,
            DPOP_PROOF,
            CLIENT_ASSERTION,
        ];
        for typ in ours {
            assert!(is_reserved_typ(typ), "{typ}");
        }
        assert!(!is_reserved_typ(DOCUMENT));
    }

    #[test]
    fn other_spellings_are_reserved_too() {
        for typ in [
            "KLEIS-order+jwt",
            "application/kleis-order+jwt",
            "Application/StatusList+JWT",
            " kleis-order+jwt",
            "kleis-something-new",
            "AT+JWT",
            "application/dpop+jwt",
            "Client-Authentication+JWT",
        ] {
            assert!(is_reserved_typ(typ), "{typ}");
        }
        for typ in [
            "",
            "JWT",
            "logout+jwt",
            "kleis",
            "x-kleis-order+jwt",
            "text/plain",
        ] {
            assert!(!is_reserved_typ(typ), "{typ}");
        }
    }
}
