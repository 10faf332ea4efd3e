//! Asking for a certificate.

use kleis_jose::Jwk;
use kleis_pki::Csr;
use kleis_proto::registration::v1::EnrolOrder;
use kleis_trust::{
    Anchors,
    endorsement::{self, Endorsement},
    enrolment_code::CodeId,
};
use kleis_types::{
    DeviceId, ErrorCode, Identifier, Kind, Problem, Timestamp, TypeTable, base64url,
};

use super::fields;
use crate::RegistrationError;

/// A request for a certificate, by the holder of its key.
#[derive(Debug)]
pub(crate) struct Enrol {
    pub(crate) identifier: Identifier,
    pub(crate) device: DeviceId,
    pub(crate) csr: Csr,
    pub(crate) proof: Proof,
}

/// What the identity is proved with.
#[derive(Debug)]
pub(crate) enum Proof {
    /// An operator's code.
    Code(CodeProof),
    /// A sibling device, verified but for its own standing; the compact form is kept.
    Endorsement(Box<Endorsement>, String),
}

/// The proof of knowing a code.
#[derive(Debug)]
pub(crate) struct CodeProof {
    pub(crate) code_id: CodeId,
    pub(crate) mac: [u8; 32],
}

impl Enrol {
    /// Reads the order that `key` has signed.
    pub(crate) fn parse(
        body: &EnrolOrder,
        key: &Jwk,
        types: &TypeTable,
        anchors: &Anchors,
        now: Timestamp,
    ) -> Result<Self, RegistrationError> {
        let identifier = fields::identifier(&body.identifier, types)
            .map_err(|problem| problem.at("identifier"))?;
        let device = fields::device(&body.device)?;
        let csr = csr(&body.csr)?;
        if csr.public_key().thumbprint() != key.thumbprint() {
            return Err(RegistrationError::SignerMismatch { field: "csr" });
        }
        let proof = if body.endorsement.is_empty() {
            Proof::Code(code_proof(body)?)
        } else {
            endorsement_proof(body, &identifier, &device, &csr, anchors, now)?
        };
        Ok(Self {
            identifier,
            device,
            csr,
            proof,
        })
    }
}

/// Refuses a first operator who is not a person, or who brings no code.
pub(crate) fn refuse_unfit_operator(
    command: &Enrol,
    types: &TypeTable,
) -> Result<(), RegistrationError> {
    if types.kind(&command.identifier) != Kind::Person {
        let what = "only persons are operators";
        return Err(Problem::new(ErrorCode::IdentifierInvalid, what)
            .at("identifier")
            .into());
    }
    match command.proof {
        Proof::Code(_) => Ok(()),
        Proof::Endorsement(..) => {
            let what = "the first operator shows the code that the first start has printed";
            Err(fields::invalid("endorsement", what).into())
        }
    }
}

fn csr(text: &str) -> Result<Csr, Problem> {
    let der = base64url::decode(text)
        .map_err(|_| fields::invalid("csr", "must be DER in base64url, without padding"))?;
    Ok(Csr::parse(&der)?)
}

fn code_proof(body: &EnrolOrder) -> Result<CodeProof, Problem> {
    let code_id = fields::code_id(&body.code_id)?;
    let mac = base64url::decode_array(&body.proof)
        .map_err(|_| fields::invalid("proof", "must be base64url of 32 bytes, without padding"))?;
    Ok(CodeProof { code_id, mac })
}

/// Everything about an endorsement that its own bytes tell. Whether the endorsing device is in use
/// is for the records to say.
fn endorsement_proof(
    body: &EnrolOrder,
    identifier: &Identifier,
    device: &DeviceId,
    csr: &Csr,
    anchors: &Anchors,
    now: Timestamp,
) -> Result<Proof, RegistrationError> {
    use endorsement::EndorsementError as Wrong;
    if !body.code_id.is_empty() || !body.proof.is_empty() {
        let what = "name a code or an endorsement, not both";
        return Err(fields::invalid("endorsement", what).into());
    }
    let endorsement = endorsement::verify(&body.endorsement, anchors)?;
    if endorsement.owner() != identifier {
        return Err(Wrong::WrongOwner.into());
    }
    if endorsement.device() != device {
        return Err(Wrong::WrongDevice.into());
    }
    if endorsement.thumbprint() != &csr.public_key().thumbprint() {
        return Err(Wrong::WrongKey.into());
    }
    endorsement.check_time(now)?;
    Ok(Proof::Endorsement(
        Box::new(endorsement),
        body.endorsement.clone(),
    ))
}
