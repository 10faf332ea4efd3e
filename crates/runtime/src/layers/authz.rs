//! Whether this caller may ask this at all, by the rule that the service declared.

use std::{fmt, pin::Pin, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use kleis_types::{ErrorCode, Principal, Problem, Role, Rule, Scope, TokenProof};

use super::{Stack, answer, refusal, route::Route};
use crate::Count;

/// Whether somebody holds a role, on its way.
pub type Holds<'a> = Pin<Box<dyn Future<Output = Result<bool, Problem>> + Send + 'a>>;

/// Knows who holds which role.
pub trait Roles: Send + Sync + fmt::Debug {
    /// Whether the holder of the certificate that the principal showed has this role now.
    fn has<'a>(&'a self, principal: &'a Principal, role: Role) -> Holds<'a>;
}

/// Nobody has any role: for servers that no holder of one is to call.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRoles;

impl Roles for NoRoles {
    fn has<'a>(&'a self, _: &'a Principal, _: Role) -> Holds<'a> {
        Box::pin(std::future::ready(Ok(false)))
    }
}

/// Lets a request through if the rule of its RPC is met. What has no rule is not served.
pub(super) async fn run(State(stack): State<Arc<Stack>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<Route>();
    let rule = route
        .and_then(|Route(name)| stack.rules.get(&**name))
        .copied();
    let principal = request.extensions().get::<Principal>();
    let verdict = match rule {
        Some(rule) => check(rule, principal, &*stack.roles).await,
        None if answer::is_grpc(request.headers()) => return answer::no_such_method(),
        None => Err(ErrorCode::PermissionDenied.into()),
    };
    match verdict {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            stack.counters.add(Count::CallersRefused);
            refusal(problem)
        }
    }
}

async fn check(
    rule: Rule,
    caller: Option<&Principal>,
    register: &dyn Roles,
) -> Result<(), Problem> {
    let known = || caller.ok_or_else(|| Problem::from(ErrorCode::CertificateRequired));
    let token = caller.and_then(Principal::token);
    match rule {
        Rule::Anyone | Rule::Newcomer => token.map_or(Ok(()), possessed),
        Rule::Lookup(scope) => token.map_or(Ok(()), |token| {
            possessed(token)?;
            scoped(token, scope)
        }),
        Rule::Known(scope) => match known()?.token() {
            Some(token) => {
                bound(token)?;
                possessed(token)?;
                scoped(token, scope)
            }
            None => Ok(()),
        },
        // The order proves possession: it is signed by the key that the token is bound to, and the
        // service that reads it makes sure of that.
        Rule::Signed(scope) => match known()?.token() {
            Some(token) => {
                bound(token)?;
                scoped(token, scope)
            }
            None => Ok(()),
        },
        Rule::Holder(wanted) => {
            let holder = known()?;
            let shown_to_us = holder.certificate().is_some_and(|shown| !shown.forwarded);
            if shown_to_us && token.is_none() {
                for role in wanted {
                    if register.has(holder, *role).await? {
                        return Ok(());
                    }
                }
            }
            Err(ErrorCode::PermissionDenied.into())
        }
    }
}

/// A bound token without its key is a stolen one.
fn possessed(token: &TokenProof) -> Result<(), Problem> {
    if token.proven || token.confirmation.is_none() {
        Ok(())
    } else {
        Err(ErrorCode::TokenProofMissing.into())
    }
}

fn bound(token: &TokenProof) -> Result<(), Problem> {
    match token.confirmation {
        Some(_) => Ok(()),
        None => Err(ErrorCode::TokenNotBound.into()),
    }
}

fn scoped(token: &TokenProof, scope: Scope) -> Result<(), Problem> {
    if token.scopes.contains(&scope) {
        return Ok(());
    }
    let advice = format!("ask the issuer for a token with the scope `{scope}`");
    Err(Problem::new(ErrorCode::ScopeMissing, advice))
}

#[cfg(test)]
mod tests;
