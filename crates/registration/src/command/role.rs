//! Making a person an operator.

use kleis_proto::registration::v1::GrantRoleOrder;
use kleis_store::registry::Role;
use kleis_types::{ErrorCode, Identifier, Kind, Problem, TypeTable};

use super::fields;

/// Gives a person a role.
#[derive(Debug)]
pub(crate) struct GrantRole {
    pub(crate) person: Identifier,
    pub(crate) role: Role,
}

impl GrantRole {
    pub(crate) fn parse(body: &GrantRoleOrder, types: &TypeTable) -> Result<Self, Problem> {
        let person = fields::identifier(&body.identifier, types)
            .map_err(|problem| problem.at("identifier"))?;
        if types.kind(&person) != Kind::Person {
            let what = "only persons have roles";
            return Err(Problem::new(ErrorCode::IdentifierInvalid, what).at("identifier"));
        }
        let role = body
            .role
            .parse()
            .map_err(|_| fields::invalid("role", "a role is operator, approver or auditor"))?;
        Ok(Self { person, role })
    }
}
