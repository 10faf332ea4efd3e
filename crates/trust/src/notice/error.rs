//! Why a notice was refused.

use crate::{SignerError, as_of::from_flaw, envelope::from_fault, refusal::refusals};

refusals! {
    /// Why a notice was refused: it is not one of this installation's.
    pub enum NoticeError {
        TooLarge = "NOTICE_TOO_LARGE", RequestMalformed,
            "the notice is longer than any that is sent";
        Malformed = "NOTICE_MALFORMED", RequestMalformed,
            "the notice is not a compact JWS with a supported algorithm";
        WrongType = "NOTICE_TYPE", RequestMalformed,
            "the document is not of type kleis-notice+jwt";
        HeaderForbidden = "NOTICE_HEADER", RequestMalformed,
            "the header of the notice must have alg, typ and x5c and no other member";
        SignatureInvalid = "NOTICE_SIGNATURE_INVALID", RequestMalformed,
            "the notice is not signed by the key of the certificate it carries";
        ClaimsMalformed = "NOTICE_CLAIMS", RequestMalformed,
            "the claims of the notice are not those of its format";
        WrongSigner = "NOTICE_SIGNER", RequestMalformed,
            "the notice is not signed by the registration service";
        WrongIssuer = "NOTICE_ISSUER", RequestMalformed,
            "the notice names another issuer than its signer";
        OtherInstallation = "NOTICE_OTHER_INSTALLATION", RequestMalformed,
            "the notice is of another installation";
    }
    nested {
        /// The service's certificate was refused.
        Signer(SignerError);
    }
}

from_fault!(NoticeError);
from_flaw!(NoticeError);
