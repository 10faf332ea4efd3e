//! Why a recipient was refused.

use crate::{SignerError, binding::BindingError, endorsement::EndorsementError, refusal::refusals};

refusals! {
    /// Why a recipient's JWK Set was refused. Nothing may be encrypted to any of its keys.
    pub enum RecipientError {
        NoKey = "RECIPIENT_NO_KEY", RecipientNotFound,
            "the recipient has no encryption key: ask it to register one";
        UnknownUse = "RECIPIENT_KEY_USE", BindingInvalid,
            "a key of the recipient is neither for signatures nor for encryption";
        WrongKid = "RECIPIENT_KEY_ID", BindingInvalid,
            "the kid of a key of the recipient is not its thumbprint";
        DuplicateKey = "RECIPIENT_DUPLICATE_KEY", BindingInvalid,
            "the recipient has one key twice";
        CertificateMissing = "RECIPIENT_CERTIFICATE_MISSING", CertificateInvalid,
            "a signature key of the recipient has no certificate";
        CertificateMismatch = "RECIPIENT_CERTIFICATE_MISMATCH", CertificateInvalid,
            "a signature key of the recipient is not the one of its certificate";
        SignatureAlgorithm = "RECIPIENT_SIGNATURE_ALGORITHM", CertificateInvalid,
            "the alg of a signature key of the recipient does not suit it";
        BindingMissing = "RECIPIENT_BINDING_MISSING", BindingInvalid,
            "an encryption key of the recipient has no binding";
        SignatureKeyMissing = "RECIPIENT_SIGNATURE_KEY_MISSING", CertificateInvalid,
            "the certificate of a binding is not in the recipient's set";
        WrongRecipient = "RECIPIENT_WRONG_IDENTITY", CertificateInvalid,
            "the certificate is that of somebody else than the recipient";
        WrongApplication = "RECIPIENT_WRONG_APPLICATION", CertificateInvalid,
            "the certificate is for another application of the recipient";
        AlgorithmMismatch = "RECIPIENT_ALGORITHM", BindingInvalid,
            "the alg of an encryption key is not the one its owner wants most";
        BindingRevoked = "BINDING_REVOKED", BindingInvalid,
            "the binding of an encryption key is revoked";
        BindingSuspended = "BINDING_SUSPENDED", BindingInvalid,
            "the binding of an encryption key is suspended";
        BindingNotInUse = "BINDING_NOT_IN_USE", BindingInvalid,
            "the binding of an encryption key is superseded, expired or not yet active";
        Unendorsed = "RECIPIENT_UNENDORSED_DEVICE", EndorsementInvalid,
            "a further device of the recipient is neither endorsed by a sibling nor recovered";
        SequenceRepeated = "RECIPIENT_SEQUENCE_REPEATED", BindingInvalid,
            "two bindings of the recipient have one sequence number";
        RolledBack = "RECIPIENT_ROLLED_BACK", BindingInvalid,
            "the recipient's keys are older than those seen before";
    }
    nested {
        /// The recipient's certificate, or the status list, was refused.
        Signer(SignerError);
        /// A binding was refused.
        Binding(BindingError);
        /// The endorsement of a device was refused.
        Endorsement(EndorsementError);
    }
}
