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
            let what = "only persons are operators";
            return Err(Problem::new(ErrorCode::IdentifierInvalid, what).at("identifier"));
        }
        let role = Role::from_name(&body.role)
            .ok_or_else(|| fields::invalid("role", "the one role there is, is operator"))?;
        Ok(Self { person, role })
    }
}
