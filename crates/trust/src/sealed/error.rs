//! Why a document was refused.

use crate::{SignerError, envelope::from_fault, refusal::refusals};

refusals! {
    /// Why a document was refused: its sender is at fault, or whoever passed it on.
    pub enum DocumentError {
        TooLarge = "DOCUMENT_TOO_LARGE", RequestTooLarge,
            "the document is longer than the reader accepts";
        Malformed = "DOCUMENT_MALFORMED", RequestMalformed,
            "the document is not a compact JWS with a supported algorithm";
        WrongType = "DOCUMENT_TYPE", RequestMalformed,
            "the signed object is not a document";
        HeaderForbidden = "DOCUMENT_HEADER", RequestMalformed,
            "the header of a document has alg, typ, cty, x5c and recipients, nothing else";
        SignatureInvalid = "DOCUMENT_SIGNATURE_INVALID", RequestMalformed,
            "the document is not signed by the key of the certificate it carries";
        ClaimsMalformed = "DOCUMENT_CLAIMS", RequestMalformed,
            "the document cannot be read";
        MediaTypeMissing = "DOCUMENT_MEDIA_TYPE", RequestMalformed,
            "the document does not say what it is";
        AddresseesMalformed = "DOCUMENT_RECIPIENTS", RequestMalformed,
            "the recipients of the document are not a list of 1 to 256 identifiers";
        NotForReader = "DOCUMENT_NOT_FOR_READER", PermissionDenied,
            "the document was not written to this reader: somebody passed it on";
    }
    nested {
        /// The sender's certificate was refused.
        Signer(SignerError);
    }
}

from_fault!(DocumentError);
