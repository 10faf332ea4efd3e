//! Why a binding was refused.

use crate::{envelope::from_fault, refusal::refusals};

refusals! {
    /// Why a binding was refused: its maker is at fault, or whoever put it where it was found.
    pub enum BindingError {
        TooLarge = "BINDING_TOO_LARGE", BindingInvalid,
            "the binding is longer than any that is accepted";
        Malformed = "BINDING_MALFORMED", BindingInvalid,
            "the binding is not a compact JWS with a supported algorithm";
        WrongType = "BINDING_TYPE", BindingInvalid,
            "the document is not of type kleis-binding+jwt";
        HeaderForbidden = "BINDING_HEADER", BindingInvalid,
            "the header of a binding has alg, typ, kid and x5t#S256, nothing else";
        WrongCertificate = "BINDING_WRONG_CERTIFICATE", BindingInvalid,
            "the binding names another certificate than the one it is verified under";
        SignatureInvalid = "BINDING_SIGNATURE_INVALID", BindingInvalid,
            "the binding is not signed by the key of the certificate it names";
        ClaimsMalformed = "BINDING_CLAIMS", BindingInvalid,
            "the claims of the binding are not those of its format";
        OtherInstallation = "BINDING_OTHER_INSTALLATION", BindingInvalid,
            "the binding is of another installation";
        WrongOwner = "BINDING_WRONG_OWNER", BindingInvalid,
            "the owner in the binding is not the primary identity of its certificate";
        WrongDevice = "BINDING_WRONG_DEVICE", BindingInvalid,
            "the device in the binding is not the one of its certificate";
        WrongUse = "BINDING_WRONG_USE", BindingInvalid,
            "the binding is not one for encryption";
        NotYetValid = "BINDING_NOT_YET_VALID", BindingInvalid,
            "the binding was made in the future: compare the clocks";
        Expired = "BINDING_EXPIRED", BindingInvalid,
            "the binding has expired: the owner must bind a key anew";
        OutlivesCertificate = "BINDING_OUTLIVES_CERTIFICATE", BindingInvalid,
            "the binding ends after its certificate";
        WrongKey = "BINDING_WRONG_KEY", BindingInvalid,
            "the binding is that of another key";
        AlgorithmUnsuited = "BINDING_ALGORITHM", BindingInvalid,
            "the algorithms in the binding are not different ones that suit the key";
        EndorsedAndRecovered = "BINDING_ENDORSED_AND_RECOVERED", BindingInvalid,
            "the binding says both that its device is endorsed and that it was recovered";
    }
}

from_fault!(BindingError);
