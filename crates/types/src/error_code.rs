//! Every way a call can fail, by a reason that never changes.

use crate::text::named_enum;

named_enum! {
    /// What kind of failure a code is: the gRPC status codes that Kleis uses.
    pub enum Category ("category") {
        /// The request is at fault, whatever the state of the service.
        InvalidArgument = "INVALID_ARGUMENT",
        /// What was named does not exist, or is not for this caller.
        NotFound = "NOT_FOUND",
        /// What was to be made exists.
        AlreadyExists = "ALREADY_EXISTS",
        /// The request is good, the present state is not.
        FailedPrecondition = "FAILED_PRECONDITION",
        /// Somebody else was faster: read again.
        Aborted = "ABORTED",
        /// The caller is known and may not.
        PermissionDenied = "PERMISSION_DENIED",
        /// The caller is not known.
        Unauthenticated = "UNAUTHENTICATED",
        /// A limit is reached.
        ResourceExhausted = "RESOURCE_EXHAUSTED",
        /// Try again later.
        Unavailable = "UNAVAILABLE",
        /// The caller's time ran out.
        DeadlineExceeded = "DEADLINE_EXCEEDED",
        /// A fault of the service.
        Internal = "INTERNAL",
    }
}

/// Declares the codes: documentation, variant, reason, category, advice.
macro_rules! error_codes {
    ($(
        $(#[$meta:meta])*
        $variant:ident = $reason:literal, $category:ident, $advice:literal;
    )+) => {
        named_enum! {
            /// Why a call failed. The reason is the contract with callers; the wording is not.
            pub enum ErrorCode ("error reason") {
                $( $(#[$meta])* $variant = $reason, )+
            }
        }

        impl ErrorCode {
            /// What kind of failure it is.
            pub const fn category(self) -> Category {
                match self {
                    $( Self::$variant => Category::$category, )+
                }
            }

            /// What the caller can do, where nothing more exact is known.
            pub const fn advice(self) -> &'static str {
                match self {
                    $( Self::$variant => $advice, )+
                }
            }
        }
    };
}

error_codes! {
    /// The request is not what its format says.
    RequestMalformed = "REQUEST_MALFORMED", InvalidArgument,
        "Correct the request; it could not be read.";
    /// The request is longer than allowed.
    RequestTooLarge = "REQUEST_TOO_LARGE", InvalidArgument,
        "Make the request smaller or split it.";
    /// An identifier does not have the form of its type.
    IdentifierInvalid = "IDENTIFIER_INVALID", InvalidArgument,
        "Correct the identifier: TYPE:VALUE or TYPE:VALUE/APPLICATION.";
    /// The identifier type is not in the table.
    IdentifierTypeUnknown = "IDENTIFIER_TYPE_UNKNOWN", InvalidArgument,
        "Use a type that ListIdentifierTypes names.";
    /// The check digits of an identifier do not hold.
    IdentifierCheckDigit = "IDENTIFIER_CHECK_DIGIT", InvalidArgument,
        "Check the identifier for a typing error.";
    /// The application id is malformed, or not allowed with this type.
    ApplicationInvalid = "APPLICATION_INVALID", InvalidArgument,
        "Correct the application id, or leave it out.";
    /// The device name is malformed.
    DeviceInvalid = "DEVICE_INVALID", InvalidArgument,
        "Correct the device name.";
    /// The certificate request cannot be read.
    CsrMalformed = "CSR_MALFORMED", InvalidArgument,
        "Send a PKCS#10 request as DER or PEM.";
    /// The certificate request is not signed by its own key.
    CsrSignatureInvalid = "CSR_SIGNATURE_INVALID", InvalidArgument,
        "Sign the request with the private key it is for.";
    /// The subject of the certificate request is not the identity asked for.
    CsrSubjectMismatch = "CSR_SUBJECT_MISMATCH", InvalidArgument,
        "Leave the subject empty, or use the one of the profile.";
    /// The certificate request asks for an extension that is not on the list.
    CsrExtensionForbidden = "CSR_EXTENSION_FORBIDDEN", InvalidArgument,
        "Leave extensions and attributes out of the request.";
    /// The key is known to be weak.
    KeyWeak = "KEY_WEAK", InvalidArgument,
        "Make a new key pair.";
    /// The key is of a type, curve or size that is not supported.
    KeyAlgorithmUnsupported = "KEY_ALGORITHM_UNSUPPORTED", InvalidArgument,
        "Use a P-256, P-384, Ed25519, X25519 or RSA 2048 to 4096 key.";
    /// The JWK is malformed or not in its canonical form.
    JwkInvalid = "JWK_INVALID", InvalidArgument,
        "Correct the JWK.";
    /// The binding of an encryption key does not hold.
    BindingInvalid = "BINDING_INVALID", InvalidArgument,
        "Make a new binding with the certified key of this device.";
    /// The endorsement of a device does not hold.
    EndorsementInvalid = "ENDORSEMENT_INVALID", InvalidArgument,
        "Ask a device in use for a new endorsement.";
    /// The answer to the challenge is wrong or late.
    ChallengeFailed = "CHALLENGE_FAILED", InvalidArgument,
        "Begin the registration of the key again.";
    /// The policy of a custody record is not acceptable.
    PolicyInvalid = "POLICY_INVALID", InvalidArgument,
        "Correct the policy.";
    /// The deposited keys cannot be opened, or are not for this order.
    DepositInvalid = "DEPOSIT_INVALID", InvalidArgument,
        "Seal the keys again to the present key of custody.";
    /// A deposited key is a trivial pattern.
    KeyTrivial = "KEY_TRIVIAL", InvalidArgument,
        "Deposit keys from a random generator.";
    /// The order is not a compact JWS of the form asked for.
    OrderMalformed = "ORDER_MALFORMED", InvalidArgument,
        "Correct the order.";
    /// The order's `typ` is not the one for this method.
    OrderType = "ORDER_TYPE", InvalidArgument,
        "Sign the order with the type of this method.";
    /// The order is for another installation.
    OrderAudience = "ORDER_AUDIENCE", InvalidArgument,
        "Sign the order for this installation.";
    /// The order is for another method.
    OrderMethod = "ORDER_METHOD", InvalidArgument,
        "Sign the order for the method that is called.";
    /// The order lives longer than allowed.
    OrderLifetime = "ORDER_LIFETIME", InvalidArgument,
        "Sign the order with `exp` at most 300 seconds after `iat`.";
    /// The body of the order is not the message of its method.
    OrderBodyInvalid = "ORDER_BODY_INVALID", InvalidArgument,
        "Correct the body of the order.";
    /// The signature of the order does not verify.
    OrderSignatureInvalid = "ORDER_SIGNATURE_INVALID", Unauthenticated,
        "Sign the order with the key of the certificate it carries.";
    /// The order is past its end.
    OrderExpired = "ORDER_EXPIRED", Unauthenticated,
        "Sign the order anew.";
    /// The order was signed in the future.
    OrderNotYetValid = "ORDER_NOT_YET_VALID", Unauthenticated,
        "Set the clock of the signing machine.";
    /// The call needs a certified caller.
    CertificateRequired = "CERTIFICATE_REQUIRED", Unauthenticated,
        "Call with a certificate of this installation.";
    /// The caller's certificate does not verify.
    CertificateInvalid = "CERTIFICATE_INVALID", Unauthenticated,
        "Use a certificate of this installation.";
    /// The caller's certificate is past its end.
    CertificateExpired = "CERTIFICATE_EXPIRED", Unauthenticated,
        "Ask for a new certificate.";
    /// The caller's certificate is revoked or suspended.
    CertificateRevoked = "CERTIFICATE_REVOKED", Unauthenticated,
        "Ask for a new certificate, or ask the operator why.";
    /// The access token is none of ours to accept, or is malformed, or not signed by its issuer.
    TokenInvalid = "TOKEN_INVALID", Unauthenticated,
        "Get a new access token from an issuer that this installation knows.";
    /// The access token is past its end.
    TokenExpired = "TOKEN_EXPIRED", Unauthenticated,
        "Get a new access token.";
    /// The access token is not valid yet.
    TokenNotYetValid = "TOKEN_NOT_YET_VALID", Unauthenticated,
        "Compare the clocks of the issuer and of this installation.";
    /// The access token is for somebody else.
    TokenAudience = "TOKEN_AUDIENCE", Unauthenticated,
        "Ask the issuer for a token whose audience is this installation.";
    /// The possession of the key that the access token is bound to was not proved.
    TokenProofMissing = "TOKEN_PROOF_MISSING", Unauthenticated,
        "Prove possession of the key or certificate that the token is bound to.";
    /// The DPoP proof does not hold.
    DpopInvalid = "DPOP_INVALID", Unauthenticated,
        "Make a fresh DPoP proof for this call, with the key that the token is bound to.";
    /// The DPoP proof lacks the nonce of this server, or has an old one.
    DpopNonceRequired = "DPOP_NONCE_REQUIRED", Unauthenticated,
        "Make a DPoP proof with the nonce that came with this answer.";
    /// The DPoP proof was used before.
    DpopReplayed = "DPOP_REPLAYED", Unauthenticated,
        "Make a fresh DPoP proof for each call.";
    /// Somebody other than the edge forwards a certificate.
    ForwardingRefused = "FORWARDING_REFUSED", Unauthenticated,
        "Leave out X-Forwarded-Client-Cert: only the edge may send it.";
    /// The access token is not bound to a key or certificate, and this call needs one that is.
    TokenNotBound = "TOKEN_NOT_BOUND", PermissionDenied,
        "Get a token that is bound to your key (DPoP) or certificate (mTLS).";
    /// The access token lacks the scope for this call.
    ScopeMissing = "SCOPE_MISSING", PermissionDenied,
        "Ask the issuer for a token with the scope of this service.";
    /// The signer is not the one whom the request concerns.
    SignerMismatch = "SIGNER_MISMATCH", PermissionDenied,
        "Sign with a certificate of the identity concerned.";
    /// The enrolment was refused.
    EnrolmentRefused = "ENROLMENT_REFUSED", PermissionDenied,
        "Ask the operator for a new enrolment code.";
    /// The caller may not do this.
    PermissionDenied = "PERMISSION_DENIED", PermissionDenied,
        "Ask the operator for the permission.";
    /// The public key is already registered.
    KeyInUse = "KEY_IN_USE", AlreadyExists,
        "Make a new key pair.";
    /// The identity and device already have a certificate.
    CertificateExists = "CERTIFICATE_EXISTS", AlreadyExists,
        "Renew or revoke the certificate in use.";
    /// Another order had the same `jti`.
    JtiReused = "JTI_REUSED", AlreadyExists,
        "Sign the order anew with a fresh `jti`.";
    /// The thing to be made exists.
    AlreadyExists = "ALREADY_EXISTS", AlreadyExists,
        "Use the one that exists, or another name.";
    /// The registrant is unknown or not active.
    RegistrantInactive = "REGISTRANT_INACTIVE", FailedPrecondition,
        "Ask the operator to register or activate the registrant.";
    /// The contract of this identifier type was not accepted, or another version of it.
    ContractNotAccepted = "CONTRACT_NOT_ACCEPTED", FailedPrecondition,
        "Read the contract of this identifier type, and accept it as it is now.";
    /// The certificate cannot be renewed yet, or not any more.
    RenewalNotDue = "RENEWAL_NOT_DUE", FailedPrecondition,
        "Renew within the replacement period before the certificate's end.";
    /// The thing is not in a state that allows this.
    StateConflict = "STATE_CONFLICT", FailedPrecondition,
        "Read its present state first.";
    /// Several recipients match.
    RecipientAmbiguous = "RECIPIENT_AMBIGUOUS", FailedPrecondition,
        "Name the application of the recipient.";
    /// The changes after this cursor are not known any more.
    CursorGone = "CURSOR_GONE", FailedPrecondition,
        "Begin again without a cursor, and look up anew whatever you keep.";
    /// The record is no longer of the version that was expected.
    VersionMismatch = "VERSION_MISMATCH", Aborted,
        "Read the record again and sign a new order.";
    /// There is no such thing.
    NotFound = "NOT_FOUND", NotFound,
        "Check the name.";
    /// No recipient matches.
    RecipientNotFound = "RECIPIENT_NOT_FOUND", NotFound,
        "Check the identifier and the application.";
    /// No key can be given, for whatever reason.
    KeyNotAvailable = "KEY_NOT_AVAILABLE", NotFound,
        "Check the key id, and with its owner who may read it.";
    /// So many certificate requests wait for a decision that no more are taken.
    RequestsPending = "REQUESTS_PENDING", ResourceExhausted,
        "Wait for the decision about those that were sent, or ask the operator for an enrolment code.";
    /// The caller asked too often.
    RateLimited = "RATE_LIMITED", ResourceExhausted,
        "Wait before trying again.";
    /// The service has more to do than it can.
    Overloaded = "OVERLOADED", Unavailable,
        "Try again later.";
    /// The database does not answer.
    StoreUnavailable = "STORE_UNAVAILABLE", Unavailable,
        "Try again later.";
    /// There is no status list fresh enough to decide by.
    StatusUnavailable = "STATUS_UNAVAILABLE", Unavailable,
        "Try again later.";
    /// The keys of the issuer of the access token cannot be had.
    IssuerUnavailable = "ISSUER_UNAVAILABLE", Unavailable,
        "Try again later, or use a certificate.";
    /// The directory has not heard of changes for too long to know what is in use.
    DirectoryBehind = "DIRECTORY_BEHIND", Unavailable,
        "Try again in a second, or at another instance.";
    /// The authentic source of registrants cannot be asked, which says nothing about anybody.
    RegistrantSourceUnavailable = "REGISTRANT_SOURCE_UNAVAILABLE", Unavailable,
        "Try again later; the code or endorsement is still good.";
    /// The service is stopping.
    ShuttingDown = "SHUTTING_DOWN", Unavailable,
        "Try again; another instance will answer.";
    /// The time for the call ran out.
    DeadlineExceeded = "DEADLINE_EXCEEDED", DeadlineExceeded,
        "Try again, with more time.";
    /// A fault of the service itself.
    Internal = "INTERNAL", Internal,
        "Report the trace id to the operator.";
}

impl ErrorCode {
    /// The stable reason, `SCREAMING_SNAKE`.
    pub const fn reason(self) -> &'static str {
        self.as_str()
    }

    /// The code of a reason, if it is one.
    pub fn from_reason(reason: &str) -> Option<Self> {
        reason.parse().ok()
    }
}

#[cfg(test)]
mod tests;
