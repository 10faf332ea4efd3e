//! Why a checkpoint was refused.

use crate::{SignerError, as_of::from_flaw, envelope::from_fault, refusal::refusals};

refusals! {
    /// Why a checkpoint was refused: somebody put it where the service's own was, or the service is
    /// at fault.
    pub enum CheckpointError {
        TooLarge = "CHECKPOINT_TOO_LARGE", Internal,
            "the checkpoint is longer than any that a service signs";
        Malformed = "CHECKPOINT_MALFORMED", Internal,
            "the checkpoint is not a compact JWS with a supported algorithm";
        WrongType = "CHECKPOINT_TYPE", Internal,
            "the document is not of type kleis-checkpoint+jwt";
        HeaderForbidden = "CHECKPOINT_HEADER", Internal,
            "the header of the checkpoint must have alg, typ and x5c and no other member";
        SignatureInvalid = "CHECKPOINT_SIGNATURE_INVALID", Internal,
            "the checkpoint is not signed by the key of the certificate it carries";
        ClaimsMalformed = "CHECKPOINT_CLAIMS", Internal,
            "the claims of the checkpoint are not those of its format";
        WrongSigner = "CHECKPOINT_SIGNER", Internal,
            "the checkpoint is not signed by the service whose database it is about";
        WrongIssuer = "CHECKPOINT_ISSUER", Internal,
            "the checkpoint names another issuer than its signer";
        OtherInstallation = "CHECKPOINT_OTHER_INSTALLATION", Internal,
            "the checkpoint is of another installation";
        Sequence = "CHECKPOINT_SEQUENCE", Internal,
            "the number of the checkpoint does not go with what it says of those before it";
        Heads = "CHECKPOINT_HEADS", Internal,
            "the heads of the checkpoint are none, not in order, or not of any chain";
    }
    nested {
        /// The service's certificate was refused.
        Signer(SignerError);
    }
}

from_fault!(CheckpointError);
from_flaw!(CheckpointError);
