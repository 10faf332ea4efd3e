//! Asking for a certificate.

use kleis_jose::Jwk;
use kleis_pki::Csr;
use kleis_proto::registration::v1::EnrolOrder;
use kleis_trust::{
    Anchors,
    endorsement::{self, Endorsement},
    enrolment_code::CodeId,
    order::Enrolment,
};
use kleis_types::{
    Confirmation, DeviceId, ErrorCode, Identifier, Kind, Principal, Problem, Timestamp, TypeTable,
    base64url,
};

use super::fields;
use crate::RegistrationError;

/// A request for a certificate, by the holder of its key.
#[derive(Debug)]
pub(crate) struct Enrol {
    pub(crate) identifier: Identifier,
    pub(crate) device: DeviceId,
    pub(crate) csr: Csr,
    /// The digest of the contract that is accepted.
    pub(crate) contract: String,
    pub(crate) proof: Proof,
}

/// What the identity is proved with.
#[derive(Debug)]
pub(crate) enum Proof {
    /// An operator's code.
    Code(CodeProof),
    /// A sibling device, verified but for its own standing; the compact form is kept.
    Endorsement(Box<Endorsement>, String),
    /// A login: an access token, bound to the key to be certified.
    Token(TokenProof),
}

/// Whom an access token, bound to the key to be certified, says that its holder is.
#[derive(Debug)]
pub(crate) struct TokenProof {
    /// Who issued the token.
    pub(crate) issuer: String,
    /// All that the issuer certifies the holder to be.
    pub(crate) identifiers: Vec<Identifier>,
}

impl TokenProof {
    /// The login on this call, if the order names its token, and this very call proves possession
    /// of the key that it is bound to, which is `key`.
    pub(crate) fn of(
        caller: Option<&Principal>,
        access_token: Option<&str>,
        key: &Jwk,
    ) -> Option<Self> {
        let caller = caller?;
        let token = caller.token()?;
        let bound = Confirmation::Key(key.thumbprint().to_string());
        let is_bound = token.proven && token.confirmation.as_ref() == Some(&bound);
        // A certificate on the line would add identifiers that no token certifies.
        let alone = caller.certificate().is_none();
        (access_token == Some(token.hash.as_str()) && is_bound && alone).then(|| Self {
            issuer: token.issuer.clone(),
            identifiers: caller.identifiers().cloned().collect(),
        })
    }
}

/// The proof of knowing a code.
#[derive(Debug)]
pub(crate) struct CodeProof {
    pub(crate) code_id: CodeId,
    pub(crate) mac: [u8; 32],
}

impl Enrol {
    /// Reads the order that its key has signed; `token` is the login on the call, if there is one.
    pub(crate) fn parse(
        order: &Enrolment<EnrolOrder>,
        token: Option<TokenProof>,
        types: &TypeTable,
        anchors: &Anchors,
        now: Timestamp,
    ) -> Result<Self, RegistrationError> {
        let body = order.body();
        let identifier = fields::identifier(&body.identifier, types)
            .map_err(|problem| problem.at("identifier"))?;
        let device = fields::device(&body.device)?;
        let csr = csr_of(&body.csr, order.key())?;
        let proof = match token {
            _ if !body.endorsement.is_empty() => {
                endorsement_proof(body, &identifier, &device, &csr, anchors, now)?
            }
            Some(token) if body.code_id.is_empty() && body.proof.is_empty() => Proof::Token(token),
            _ => Proof::Code(code_proof(body)?),
        };
        Ok(Self {
            identifier,
            device,
            csr,
            contract: body.contract.clone(),
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
        Proof::Endorsement(..) | Proof::Token(_) => {
            let what = "the first operator shows the code that the first start has printed";
            Err(fields::invalid("endorsement", what).into())
        }
    }
}

/// A certificate request for `key`.
pub(super) fn csr_of(text: &str, key: &Jwk) -> Result<Csr, RegistrationError> {
    let csr = csr(text)?;
    if csr.public_key().thumbprint() == key.thumbprint() {
        Ok(csr)
    } else {
        Err(RegistrationError::SignerMismatch { field: "csr" })
    }
}

/// A certificate request.
pub(super) fn csr(text: &str) -> Result<Csr, Problem> {
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
