//! Why a segment was refused.

use crate::{SignerError, as_of::from_flaw, envelope::from_fault, refusal::refusals};

refusals! {
    /// Why a segment was refused: somebody put it where the service's own was, or the service is at
    /// fault.
    pub enum SegmentError {
        TooLarge = "SEGMENT_TOO_LARGE", Internal,
            "the segment is longer than any that a service signs";
        Malformed = "SEGMENT_MALFORMED", Internal,
            "the segment is not a compact JWS with a supported algorithm";
        WrongType = "SEGMENT_TYPE", Internal,
            "the document is not of type kleis-segment+jwt";
        HeaderForbidden = "SEGMENT_HEADER", Internal,
            "the header of the segment must have alg, typ and x5c and no other member";
        SignatureInvalid = "SEGMENT_SIGNATURE_INVALID", Internal,
            "the segment is not signed by the key of the certificate it carries";
        ClaimsMalformed = "SEGMENT_CLAIMS", Internal,
            "the claims of the segment are not those of its format";
        WrongSigner = "SEGMENT_SIGNER", Internal,
            "the segment is not signed by the service whose database it is about";
        WrongIssuer = "SEGMENT_ISSUER", Internal,
            "the segment names another issuer than its signer";
        OtherInstallation = "SEGMENT_OTHER_INSTALLATION", Internal,
            "the segment is of another installation";
        Rows = "SEGMENT_ROWS", Internal,
            "the rows of the segment are none, too many, or not in order";
    }
    nested {
        /// The service's certificate was refused.
        Signer(SignerError);
    }
}

from_fault!(SegmentError);
from_flaw!(SegmentError);
