//! A role of a person, to be given or taken back.

use kleis_proto::registration::v1::{GrantRoleOrder, WithdrawRoleOrder};
use kleis_store::registry::Role;
use kleis_types::{ErrorCode, Identifier, Kind, Problem, TypeTable};

use super::fields;

/// Who, and which role.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RoleOf {
    pub(crate) person: Identifier,
    pub(crate) role: Role,
}

impl RoleOf {
    pub(crate) fn parse_grant(body: &GrantRoleOrder, types: &TypeTable) -> Result<Self, Problem> {
        Self::parse(&body.identifier, &body.role, types)
    }

    pub(crate) fn parse_withdrawal(
        body: &WithdrawRoleOrder,
        types: &TypeTable,
    ) -> Result<Self, Problem> {
        Self::parse(&body.identifier, &body.role, types)
    }

    fn parse(person: &str, role: &str, types: &TypeTable) -> Result<Self, Problem> {
        let person =
            fields::identifier(person, types).map_err(|problem| problem.at("identifier"))?;
        if types.kind(&person) != Kind::Person {
            let what = "only persons have roles";
            return Err(Problem::new(ErrorCode::IdentifierInvalid, what).at("identifier"));
        }
        let role = role
            .parse()
            .map_err(|_| fields::invalid("role", "a role is operator, approver or auditor"))?;
        Ok(Self { person, role })
    }
}
