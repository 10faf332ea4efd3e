//! Why an order was refused.

use crate::{SignerError, envelope::from_fault, refusal::refusals};

refusals! {
    /// Why an order was refused. The caller is at fault, or its clock.
    pub enum OrderError {
        TooLarge = "ORDER_TOO_LARGE", RequestTooLarge,
            "the order is longer than its method allows";
        Malformed = "ORDER_MALFORMED", OrderMalformed,
            "the order is not a compact JWS with a supported algorithm";
        WrongType = "ORDER_TYPE", OrderType,
            "the typ of the order is not the one for this method";
        HeaderForbidden = "ORDER_HEADER", OrderMalformed,
            "the header of an order has alg, typ and x5c (jwk for an enrolment), nothing else";
        SignatureInvalid = "ORDER_SIGNATURE_INVALID", OrderSignatureInvalid,
            "the order is not signed by the key that its header names";
        ClaimsMalformed = "ORDER_CLAIMS", OrderMalformed,
            "the claims of the order are not those of its format";
        OtherInstallation = "ORDER_AUDIENCE", OrderAudience,
            "the order is for another installation";
        WrongMethod = "ORDER_METHOD", OrderMethod,
            "the order is for another method than the one called";
        Lifetime = "ORDER_LIFETIME", OrderLifetime,
            "the order must end 1 to 300 seconds after it was made";
        NotYetValid = "ORDER_NOT_YET_VALID", OrderNotYetValid,
            "the order was made in the future: set the clock of the signing machine";
        Expired = "ORDER_EXPIRED", OrderExpired,
            "the order has expired: sign it anew";
        BodyInvalid = "ORDER_BODY_INVALID", OrderBodyInvalid,
            "the body of the order is not the message of its method";
    }
    nested {
        /// The caller's certificate was refused.
        Signer(SignerError);
    }
}

from_fault!(OrderError);
