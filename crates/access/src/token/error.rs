//! Why an access token was refused.

use kleis_types::refusals;

use crate::jwt::from_fault;

refusals! {
    /// Why an access token was refused. The caller is at fault, or the issuer, or a clock.
    pub enum TokenError {
        TooLarge = "TOKEN_TOO_LARGE", TokenInvalid,
            "the access token is longer than 16,384 bytes";
        Malformed = "TOKEN_MALFORMED", TokenInvalid,
            "the access token is not a signed JWT in compact form";
        AlgorithmRefused = "TOKEN_ALGORITHM", TokenInvalid,
            "the access token is not signed with an algorithm that is accepted of its issuer";
        WrongType = "TOKEN_TYPE", TokenInvalid,
            "the JWT is not of a type that is accepted as an access token of its issuer";
        ClaimsMalformed = "TOKEN_CLAIMS", TokenInvalid,
            "the access token lacks a claim of RFC 9068, or has one that is not of its form";
        WrongIssuer = "TOKEN_ISSUER", TokenInvalid,
            "the access token is of another issuer";
        UnknownKey = "TOKEN_KEY_UNKNOWN", TokenInvalid,
            "the access token is signed with a key that its issuer does not publish";
        KeyUnsuitable = "TOKEN_KEY_UNSUITABLE", TokenInvalid,
            "the algorithm of the access token does not suit the key that it names";
        SignatureInvalid = "TOKEN_SIGNATURE_INVALID", TokenInvalid,
            "the signature of the access token does not verify";
        WrongAudience = "TOKEN_AUDIENCE", TokenAudience,
            "the access token is for another audience";
        Lifetime = "TOKEN_LIFETIME", TokenInvalid,
            "the access token lives longer than is accepted of its issuer";
        NotYetValid = "TOKEN_NOT_YET_VALID", TokenNotYetValid,
            "the access token is not valid yet: compare the clocks";
        Expired = "TOKEN_EXPIRED", TokenExpired,
            "the access token has expired: get a new one";
        ConfirmationInvalid = "TOKEN_CONFIRMATION", TokenInvalid,
            "the access token must be bound to a jkt or to an x5t#S256, or to nothing";
    }
}

from_fault!(TokenError, Malformed);
