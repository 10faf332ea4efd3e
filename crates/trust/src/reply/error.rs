//! Why a reply was refused.

use crate::{SignerError, as_of::from_flaw, envelope::from_fault, refusal::refusals};

refusals! {
    /// Why a reply was refused: the service, or somebody between, is at fault. What was asked may
    /// have been done all the same; sending the same order again tells.
    pub enum ReplyError {
        TooLarge = "REPLY_TOO_LARGE", Internal,
            "the reply is longer than any that a service gives";
        Malformed = "REPLY_MALFORMED", Internal,
            "the reply is not a compact JWS with a supported algorithm";
        WrongType = "REPLY_TYPE", Internal,
            "the document is not of type kleis-reply+jwt";
        HeaderForbidden = "REPLY_HEADER", Internal,
            "the header of the reply must have alg, typ and x5c and no other member";
        SignatureInvalid = "REPLY_SIGNATURE_INVALID", Internal,
            "the signature of the reply does not verify";
        ClaimsMalformed = "REPLY_CLAIMS", Internal,
            "the claims of the reply are not those of its format";
        WrongSigner = "REPLY_SIGNER", Internal,
            "the reply is not signed by the service that was asked";
        WrongIssuer = "REPLY_ISSUER", Internal,
            "the reply names another issuer than its signer";
        OtherInstallation = "REPLY_AUDIENCE", Internal,
            "the reply is of another installation";
        WrongMethod = "REPLY_METHOD", Internal,
            "the reply is that of another method";
        OtherOrder = "REPLY_OTHER_ORDER", Internal,
            "the reply answers another order";
        NotYetValid = "REPLY_NOT_YET_VALID", Internal,
            "the reply was made in the future: compare the clocks";
        BodyInvalid = "REPLY_BODY_INVALID", Internal,
            "the body of the reply is not the message of its method";
    }
    nested {
        /// The service's certificate was refused.
        Signer(SignerError);
    }
}

from_fault!(ReplyError);
from_flaw!(ReplyError);
