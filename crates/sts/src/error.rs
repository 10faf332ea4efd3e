//! Why a request has no answer, and how that is told (RFC 6749 section 5.2).

use kleis_access::SigningError;
use kleis_store::StoreError;
use kleis_trust::status::StatusUnavailable;

use crate::ClientsUnavailable;

/// Declares the refusals: variant, stable reason for the audit, OAuth error code, advice.
macro_rules! refusals {
    ($( $variant:ident = $reason:literal, $error:literal, $text:literal; )+) => {
        /// Why a client's request was refused. The client's to mend.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        pub enum Refusal {
            $(
                #[doc = concat!("`", $error, "`: ", $text, ".")]
                #[error($text)]
                $variant,
            )+
        }

        impl Refusal {
            /// Every refusal, in the order of declaration.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// The stable name of the refusal, `SCREAMING_SNAKE`: what the audit says.
            pub const fn reason(self) -> &'static str {
                match self { $( Self::$variant => $reason, )+ }
            }

            /// The error code of the answer.
            pub const fn error(self) -> &'static str {
                match self { $( Self::$variant => $error, )+ }
            }
        }
    };
}

refusals! {
    Malformed = "REQUEST_MALFORMED", "invalid_request",
        "send the parameters in the body, as application/x-www-form-urlencoded";
    TooLarge = "REQUEST_TOO_LARGE", "invalid_request",
        "the body is longer than 16384 bytes";
    Repeated = "PARAMETER_REPEATED", "invalid_request",
        "send each parameter once (RFC 6749 section 3.2)";
    GrantMissing = "GRANT_MISSING", "invalid_request",
        "name the grant: grant_type=client_credentials";
    GrantUnsupported = "GRANT_UNSUPPORTED", "unsupported_grant_type",
        "this server knows one grant: grant_type=client_credentials";
    TokenMissing = "TOKEN_MISSING", "invalid_request",
        "send the token in the parameter token";
    AuthenticationMissing = "CLIENT_AUTHENTICATION_MISSING", "invalid_client",
        "authenticate by private_key_jwt (RFC 7523): send client_assertion, and client_assertion_type \
         urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    AuthenticationHeader = "CLIENT_AUTHENTICATION_HEADER", "invalid_client",
        "leave out the Authorization header: authenticate by private_key_jwt alone (RFC 7523)";
    AuthenticationSecret = "CLIENT_AUTHENTICATION_SECRET", "invalid_client",
        "clients of this server have no secret: authenticate by private_key_jwt alone (RFC 7523)";
    Unauthenticated = "CLIENT_UNAUTHENTICATED", "invalid_client",
        "the client or its key is not known or no longer in use, or the assertion does not hold: sign \
         a fresh one for each request, by a registered signature key that kid names, with the \
         identifier as iss and sub, the issuer and nothing else as aud, a jti of its own, and an exp \
         in a few minutes; and compare the clocks";
    AssertionReplayed = "ASSERTION_REPLAYED", "invalid_client",
        "the client or its key is not known or no longer in use, or the assertion does not hold: sign \
         a fresh one for each request, by a registered signature key that kid names, with the \
         identifier as iss and sub, the issuer and nothing else as aud, a jti of its own, and an exp \
         in a few minutes; and compare the clocks";
    ScopeUnknown = "SCOPE_UNKNOWN", "invalid_scope",
        "a scope is one or more of the scopes_supported of the metadata, joined by single spaces; \
         leave it out for all of them";
    ResourceUnknown = "RESOURCE_UNKNOWN", "invalid_target",
        "tokens of this server are for its own installation: leave resource out, or name the \
         installation";
    ProofInvalid = "DPOP_PROOF_INVALID", "invalid_dpop_proof",
        "the DPoP proof does not hold: make a fresh one for this request (RFC 9449 section 4), and \
         compare the clocks";
    ProofReplayed = "DPOP_PROOF_REPLAYED", "invalid_dpop_proof",
        "the DPoP proof was used before: make a fresh one for each request";
    NonceNeeded = "DPOP_NONCE_NEEDED", "use_dpop_nonce",
        "make the DPoP proof with the nonce that came with this answer";
    Unbound = "TOKEN_UNBOUND", "invalid_request",
        "tokens are bound to a key: send a DPoP proof (RFC 9449), or connect with the client's own \
         certificate (RFC 8705)";
    OtherKey = "ASSERTION_FOR_ANOTHER_KEY", "invalid_request",
        "the cnf of the client assertion is not the key or certificate that this request proves";
    NotItsOwn = "TOKEN_OF_ANOTHER_CLIENT", "unauthorized_client",
        "a client revokes its own tokens alone";
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum StsError {
    /// The client's: the request is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Ours: the directory cannot be asked.
    #[error(transparent)]
    Clients(#[from] ClientsUnavailable),
    /// Ours: there is no status list to decide by.
    #[error(transparent)]
    Status(#[from] StatusUnavailable),
    /// Ours: the database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Ours: the signing keys in the database are not what they should be.
    #[error("a signing key cannot be used: {0}")]
    Keys(String),
    /// Ours: the token could not be signed.
    #[error("the token could not be signed: {0}")]
    Signing(#[from] SigningError),
}

impl StsError {
    /// The refusal, where the client is at fault.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused(refusal) => Some(*refusal),
            _ => None,
        }
    }

    /// Whether the same request may do later.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Clients(_) | Self::Status(_) | Self::Store(StoreError::Unavailable(_))
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_refusal_has_a_reason_of_its_own_and_a_text_that_may_be_sent() {
        let mut reasons = BTreeSet::new();
        for refusal in Refusal::ALL {
            assert!(reasons.insert(refusal.reason()), "{refusal:?}");
            // RFC 6749 section 5.2: the characters of error and error_description.
            for text in [refusal.error().to_owned(), refusal.to_string()] {
                let allowed = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
                assert!(!text.is_empty() && text.bytes().all(allowed), "{text}");
            }
        }
    }

    #[test]
    fn who_is_not_authenticated_does_not_learn_why() {
        let told = |refusal: Refusal| (refusal.error(), refusal.to_string());
        let (unknown, replayed) = (Refusal::Unauthenticated, Refusal::AssertionReplayed);
        assert_eq!(told(unknown), told(replayed));
    }
}
