//! Why a proof was refused.

use kleis_types::refusals;

use crate::jwt::from_fault;

refusals! {
    /// Why a DPoP proof was refused. The caller is at fault, or its clock.
    pub enum DpopError {
        TooLarge = "DPOP_TOO_LARGE", DpopInvalid,
            "the DPoP proof is longer than 8,192 bytes";
        Malformed = "DPOP_MALFORMED", DpopInvalid,
            "the DPoP proof is not a signed JWT in compact form";
        AlgorithmRefused = "DPOP_ALGORITHM", DpopInvalid,
            "the DPoP proof is not signed with an algorithm that is accepted";
        WrongType = "DPOP_TYPE", DpopInvalid,
            "the typ of the DPoP proof is not dpop+jwt";
        KeyRefused = "DPOP_KEY", DpopInvalid,
            "the jwk of the DPoP proof is missing, not public, or of a kind that is not accepted";
        SignatureInvalid = "DPOP_SIGNATURE_INVALID", DpopInvalid,
            "the DPoP proof is not signed with the key in its jwk";
        ClaimsMalformed = "DPOP_CLAIMS", DpopInvalid,
            "the DPoP proof lacks jti, htm, htu or iat, or has one that is not of its form";
        WrongMethod = "DPOP_METHOD", DpopInvalid,
            "the htm of the DPoP proof is not the method of this request";
        WrongTarget = "DPOP_TARGET", DpopInvalid,
            "the htu of the DPoP proof is not the URL of this request";
        WrongToken = "DPOP_ACCESS_TOKEN", DpopInvalid,
            "the ath of the DPoP proof is not the hash of the access token";
        Stale = "DPOP_STALE", DpopInvalid,
            "the DPoP proof was made more than a minute ago: make one for each request";
        NotYetValid = "DPOP_NOT_YET_VALID", DpopInvalid,
            "the DPoP proof was made in the future: compare the clocks";
    }
}

from_fault!(DpopError, KeyRefused);
