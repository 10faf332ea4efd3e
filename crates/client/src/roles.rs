//! Who may do what beyond their own keys: roles given, taken back and listed, by operators.

use kleis_proto::method::registration_admin as method;
use kleis_proto::registration::v1::{
    GrantRoleOrder, GrantRoleRequest, GrantRoleResult, ListRolesRequest, RoleSummary,
    WithdrawRoleOrder, WithdrawRoleRequest, WithdrawRoleResult,
};
use kleis_trust::order::Draft;
use kleis_types::{Identifier, Role, Service};

use crate::{ClientError, Kleis};

impl Kleis {
    /// Makes a person an operator.
    pub async fn grant_operator(
        &self,
        person: &Identifier,
    ) -> Result<GrantRoleResult, ClientError> {
        self.grant_role(person, Role::Operator).await
    }

    /// Gives a person a role.
    pub async fn grant_role(
        &self,
        person: &Identifier,
        role: Role,
    ) -> Result<GrantRoleResult, ClientError> {
        let body = GrantRoleOrder {
            identifier: person.to_string(),
            role: role.to_string(),
        };
        let client = self.operators()?;
        let draft = Draft::new(method::GRANT_ROLE, body);
        self.order(Service::Registration, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = GrantRoleRequest { order };
                Ok(client.grant_role(request).await?.into_inner().reply)
            }
        })
        .await
    }

    /// Takes a role back from a person.
    pub async fn withdraw_role(
        &self,
        person: &Identifier,
        role: Role,
    ) -> Result<WithdrawRoleResult, ClientError> {
        let body = WithdrawRoleOrder {
            identifier: person.to_string(),
            role: role.to_string(),
        };
        let client = self.operators()?;
        let draft = Draft::new(method::WITHDRAW_ROLE, body);
        self.order(Service::Registration, draft, |order| {
            let mut client = client.clone();
            async move {
                let request = WithdrawRoleRequest { order };
                Ok(client.withdraw_role(request).await?.into_inner().reply)
            }
        })
        .await
    }

    /// Who was given which role, page by page.
    pub async fn roles(&self) -> Result<Vec<RoleSummary>, ClientError> {
        let mut client = self.operators()?;
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListRolesRequest {
                page_size: 1_000,
                page_token,
            };
            let page = client.list_roles(request).await?.into_inner();
            all.extend(page.roles);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }
}
