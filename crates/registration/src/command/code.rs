//! Announcing an enrolment code.

use kleis_jose::Jwk;
use kleis_proto::registration::v1::{
    ApproveEnrolmentCodeOrder, CreateEnrolmentCodeOrder, RevokeEnrolmentCodeOrder,
};
use kleis_trust::{
    Jti,
    enrolment_code::{Announcement, CodeId},
};
use kleis_types::{Identifier, Problem, SecretBytes, TypeTable};

use super::fields;

/// The lifetimes that a code may have, in seconds: a minute to 30 days.
const LIFETIMES: std::ops::RangeInclusive<u32> = 60..=2_592_000;

/// Remembers the verifier of a code that an operator made.
#[derive(Debug)]
pub(crate) struct CreateCode {
    pub(crate) code_id: CodeId,
    pub(crate) identifier: Identifier,
    pub(crate) verifier: SecretBytes,
    /// In seconds.
    pub(crate) lifetime: u32,
}

/// The approval of a code that somebody else has announced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ApproveCode {
    pub(crate) code_id: CodeId,
    pub(crate) identifier: Identifier,
}

impl ApproveCode {
    pub(crate) fn parse(
        body: &ApproveEnrolmentCodeOrder,
        types: &TypeTable,
    ) -> Result<Self, Problem> {
        Ok(Self {
            code_id: fields::code_id(&body.code_id)?,
            identifier: fields::identifier(&body.identifier, types)
                .map_err(|problem| problem.at("identifier"))?,
        })
    }
}

/// A code, taken back.
#[derive(Debug)]
pub(crate) struct RevokeCode {
    pub(crate) code_id: CodeId,
}

impl RevokeCode {
    pub(crate) fn parse(body: &RevokeEnrolmentCodeOrder) -> Result<Self, Problem> {
        Ok(Self {
            code_id: fields::code_id(&body.code_id)?,
        })
    }
}

impl CreateCode {
    /// Reads the order of this `jti`, whose sealed part is for `transport_key`.
    pub(crate) fn parse(
        body: &CreateEnrolmentCodeOrder,
        jti: Jti,
        transport_key: &Jwk,
        types: &TypeTable,
    ) -> Result<Self, Problem> {
        let code_id = fields::code_id(&body.code_id)?;
        let identifier = fields::identifier(&body.identifier, types)
            .map_err(|problem| problem.at("identifier"))?;
        if !LIFETIMES.contains(&body.lifetime) {
            let what = "a code is good for 60 to 2,592,000 seconds";
            return Err(fields::invalid("lifetime", what));
        }
        let announced = Announcement {
            jti,
            code: code_id,
            identifier: &identifier,
        };
        let verifier = announced
            .open(transport_key, &body.sealed)
            .map_err(|error| Problem::from(error).at("sealed"))?;
        Ok(Self {
            code_id,
            identifier,
            verifier,
            lifetime: body.lifetime,
        })
    }
}
