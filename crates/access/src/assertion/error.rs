//! Why a client assertion was refused.

use kleis_types::refusals;

use crate::jwt::from_fault;

refusals! {
    /// Why a client assertion was refused. The client is at fault, or its clock.
    pub enum AssertionError {
        TooLarge = "ASSERTION_TOO_LARGE", TokenInvalid,
            "the client assertion is longer than 8,192 bytes";
        Malformed = "ASSERTION_MALFORMED", TokenInvalid,
            "the client assertion is not a signed JWT in compact form";
        AlgorithmRefused = "ASSERTION_ALGORITHM", TokenInvalid,
            "the client assertion is not signed with an algorithm that is accepted";
        WrongType = "ASSERTION_TYPE", TokenInvalid,
            "the typ of a client assertion is client-authentication+jwt or JWT, or absent";
        ClaimsMalformed = "ASSERTION_CLAIMS", TokenInvalid,
            "the client assertion lacks iss, sub, aud, exp or jti, or has one that is not of its form";
        SubjectMismatch = "ASSERTION_SUBJECT", TokenInvalid,
            "iss and sub of the client assertion must both be the client";
        SignatureInvalid = "ASSERTION_SIGNATURE_INVALID", TokenInvalid,
            "the client assertion is not signed with the key of the client";
        WrongAudience = "ASSERTION_AUDIENCE", TokenAudience,
            "the aud of the client assertion must be the issuer of this token endpoint, and it alone";
        Lifetime = "ASSERTION_LIFETIME", TokenInvalid,
            "the client assertion must end at most 300 seconds after it was made";
        NotYetValid = "ASSERTION_NOT_YET_VALID", TokenNotYetValid,
            "the client assertion is not valid yet: compare the clocks";
        Expired = "ASSERTION_EXPIRED", TokenExpired,
            "the client assertion has expired: make a new one";
    }
}

from_fault!(AssertionError, Malformed);
