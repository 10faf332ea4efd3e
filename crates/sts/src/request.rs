//! What a client asks for.

use std::collections::BTreeSet;

use kleis_types::Scope;

use crate::error::Refusal;
use crate::form::Form;

/// The grants of the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// The client acts for itself (RFC 6749 section 4.4).
    ClientCredentials,
}

impl Grant {
    /// Every grant.
    pub(crate) const ALL: &'static [Self] = &[Self::ClientCredentials];

    /// The name on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
        }
    }

    /// The grant that a form names.
    pub(crate) fn of(form: &Form) -> Result<Self, Refusal> {
        let name = form.get("grant_type").ok_or(Refusal::GrantMissing)?;
        let named = Self::ALL.iter().find(|grant| grant.as_str() == name);
        named.copied().ok_or(Refusal::GrantUnsupported)
    }
}

/// The scopes that a form asks for (RFC 6749 section 3.3); all of them where it names none.
pub(crate) fn scopes(form: &Form) -> Result<BTreeSet<Scope>, Refusal> {
    let Some(wanted) = form.get("scope") else {
        return Ok(Scope::ALL.iter().copied().collect());
    };
    let scopes = wanted.split(' ').map(str::parse);
    scopes
        .collect::<Result<_, _>>()
        .map_err(|_| Refusal::ScopeUnknown)
}

/// Scopes as they stand in a token and in an answer.
pub(crate) fn scope_text(scopes: &BTreeSet<Scope>) -> String {
    let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    names.join(" ")
}

/// Refuses a form that wants a token for somebody else (RFC 8707 section 2).
pub(crate) fn check_resource(form: &Form, audience: &str) -> Result<(), Refusal> {
    match form.get("resource") {
        Some(resource) if resource != audience => Err(Refusal::ResourceUnknown),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(body: &str) -> Form {
        Form::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn one_grant_is_known() {
        let of = |body: &str| Grant::of(&form(body));
        assert_eq!(
            of("grant_type=client_credentials"),
            Ok(Grant::ClientCredentials)
        );
        assert_eq!(of("grant_type="), Err(Refusal::GrantMissing));
        for other in ["password", "CLIENT_CREDENTIALS", "client_credentials+"] {
            let refused = of(&format!("grant_type={other}"));
            assert_eq!(refused, Err(Refusal::GrantUnsupported), "{other}");
        }
    }

    #[test]
    fn scopes_are_a_part_of_those_there_are() {
        let text = |body: &str| scopes(&form(body)).map(|scopes| scope_text(&scopes));
        let all = Ok("directory registration custody".to_owned());
        assert_eq!(text(""), all);
        assert_eq!(text("scope="), all);
        assert_eq!(text("scope=custody"), Ok("custody".to_owned()));
        let two = Ok("directory custody".to_owned());
        assert_eq!(text("scope=custody+directory"), two);
        assert_eq!(text("scope=custody+directory+custody"), two);
        for bad in [
            "admin",
            "custody+admin",
            "Custody",
            "custody++directory",
            "+custody",
            "+",
        ] {
            let refused = text(&format!("scope={bad}"));
            assert_eq!(refused, Err(Refusal::ScopeUnknown), "{bad}");
        }
    }

    #[test]
    fn the_resource_is_the_installation_or_nothing() {
        let check = |body: &str| check_resource(&form(body), "urn:x:y");
        for good in ["", "resource=", "resource=urn:x:y"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["resource=urn:x:z", "resource=urn:x:y+urn:x:y"] {
            assert_eq!(check(bad), Err(Refusal::ResourceUnknown), "{bad}");
        }
    }
}
