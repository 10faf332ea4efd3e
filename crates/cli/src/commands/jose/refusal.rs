//! A stable name, and an exit code, for every refusal of the JOSE library.

use kleis_jose::jwe::JweError;
use kleis_jose::jws::JwsError;
use kleis_jose::{JwkError, KeyUseError};

use crate::error::CliError;

/// Why a JWE was not made or not opened.
pub(super) fn jwe(error: &JweError) -> CliError {
    let refused = |reason| CliError::refused(reason, error);
    let input = |reason| CliError::input(reason, error);
    match error {
        JweError::TooLarge { .. } => input("JWE_TOO_LARGE"),
        JweError::Malformed(_) | JweError::Json(_) => input("JWE_MALFORMED"),
        JweError::Member(_) => input("HEADER_MEMBER"),
        JweError::DuplicateMember(_) => refused("HEADER_DUPLICATE"),
        JweError::ReservedMember(_) => input("HEADER_RESERVED"),
        JweError::Algorithm(_) => refused("ALGORITHM_UNSUPPORTED"),
        JweError::Passphrase => refused("ALGORITHM_PASSPHRASE"),
        JweError::Critical => refused("HEADER_CRITICAL"),
        JweError::Compressed => refused("HEADER_ZIP"),
        JweError::EphemeralKey(_) => refused("EPHEMERAL_KEY_INVALID"),
        JweError::KeyUse(error) => key_use(*error),
        JweError::Recipients => input("RECIPIENTS_COUNT"),
        JweError::SingleRecipient(_) => refused("ALGORITHM_SINGLE_RECIPIENT"),
        JweError::Attempts => refused("RECIPIENTS_TOO_MANY"),
        JweError::NotARecipient => refused("NOT_A_RECIPIENT"),
        JweError::Decryption => refused("NOT_DECRYPTED"),
        JweError::Encryption => CliError::internal(error),
    }
}

/// Why a JWS was not made or not accepted.
pub(super) fn jws(error: &JwsError) -> CliError {
    let refused = |reason| CliError::refused(reason, error);
    let input = |reason| CliError::input(reason, error);
    match error {
        JwsError::TooLarge { .. } => input("JWS_TOO_LARGE"),
        JwsError::Malformed(_) | JwsError::Json(_) => input("JWS_MALFORMED"),
        JwsError::Member(_) => input("HEADER_MEMBER"),
        JwsError::DuplicateMember(_) => refused("HEADER_DUPLICATE"),
        JwsError::ReservedMember(_) => input("HEADER_RESERVED"),
        JwsError::Unsecured => refused("ALGORITHM_NONE"),
        JwsError::Algorithm(_) => refused("ALGORITHM_UNSUPPORTED"),
        JwsError::Critical => refused("HEADER_CRITICAL"),
        JwsError::UnencodedPayload => refused("HEADER_B64"),
        JwsError::HeaderKey(_) => refused("HEADER_KEY_INVALID"),
        JwsError::KeyUse(error) => key_use(*error),
        JwsError::InvalidSignature => refused("SIGNATURE_INVALID"),
        JwsError::NoSignature => refused("NO_SIGNATURE_BY_KEY"),
        JwsError::Signing => CliError::internal(error),
    }
}

/// Why a key is not a key.
pub(super) fn jwk(error: &JwkError) -> CliError {
    CliError::input("JWK_INVALID", error)
}

fn key_use(error: KeyUseError) -> CliError {
    let reason = match error {
        KeyUseError::KeyType(_) => "KEY_TYPE",
        KeyUseError::Use => "KEY_USE",
        KeyUseError::KeyOps => "KEY_OPS",
        KeyUseError::Alg => "KEY_ALG",
        KeyUseError::NotPrivate => "KEY_NOT_PRIVATE",
    };
    CliError::refused(reason, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn what_fails_a_check_is_refused_and_what_cannot_be_read_is_bad_input() {
        let cases = [
            (jwe(&JweError::Decryption), Exit::Refused, "NOT_DECRYPTED"),
            (jwe(&JweError::Compressed), Exit::Refused, "HEADER_ZIP"),
            (
                jwe(&JweError::KeyUse(KeyUseError::Use)),
                Exit::Refused,
                "KEY_USE",
            ),
            (jwe(&JweError::Malformed("x")), Exit::Input, "JWE_MALFORMED"),
            (jwe(&JweError::Encryption), Exit::Internal, "INTERNAL"),
            (jws(&JwsError::Unsecured), Exit::Refused, "ALGORITHM_NONE"),
            (
                jws(&JwsError::InvalidSignature),
                Exit::Refused,
                "SIGNATURE_INVALID",
            ),
            (jws(&JwsError::Malformed("x")), Exit::Input, "JWS_MALFORMED"),
            (jwk(&JwkError::InvalidPoint), Exit::Input, "JWK_INVALID"),
        ];
        for (error, exit, reason) in cases {
            assert_eq!((error.exit(), error.told().reason), (exit, reason));
        }
    }
}
