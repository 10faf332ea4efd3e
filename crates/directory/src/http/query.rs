//! The query of a URL, read strictly: each parameter once, and none that means nothing here. A misspelt `application`
//! would otherwise find another recipient than was meant.

use std::borrow::Cow;

use kleis_proto::lookup::KeyUse;
use kleis_types::{ErrorCode, Problem};

/// The parameters of a query, in the order in which they are known.
pub(super) struct Query<const N: usize> {
    names: [&'static str; N],
    values: [Option<String>; N],
}

impl<const N: usize> Query<N> {
    /// Reads the parameters of these names.
    pub(super) fn parse(query: Option<&str>, names: [&'static str; N]) -> Result<Self, Problem> {
        let mut values = [const { None }; N];
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        for (name, value) in pairs {
            let at = names.iter().position(|known| *known == name);
            // Not which: it may be anything, a person's identifier among others.
            let Some((at, slot)) = at.and_then(|at| Some((at, values.get_mut(at)?))) else {
                let known = names.join("`, `");
                let detail = format!("the query has a parameter other than `{known}`");
                return Err(Problem::new(ErrorCode::RequestMalformed, detail));
            };
            if slot.replace(Cow::into_owned(value)).is_some() {
                let name = names[at];
                let detail = format!("the parameter `{name}` is there more than once");
                return Err(Problem::new(ErrorCode::RequestMalformed, detail).at(name));
            }
        }
        Ok(Self { names, values })
    }

    /// A parameter, if it is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let at = self.names.iter().position(|known| *known == name)?;
        let value = self.values.get(at)?.as_deref();
        value.filter(|value| !value.is_empty())
    }

    /// A parameter without which there is nothing to ask.
    pub(super) fn require(&self, name: &'static str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| {
            let detail = format!("the parameter `{name}` is missing");
            Problem::new(ErrorCode::RequestMalformed, detail).at(name)
        })
    }

    /// The parameter `use` (RFC 7517 section 4.2), if it is there.
    pub(super) fn key_use(&self) -> Result<Option<KeyUse>, Problem> {
        match self.get("use") {
            None => Ok(None),
            Some("enc") => Ok(Some(KeyUse::Encryption)),
            Some("sig") => Ok(Some(KeyUse::Signature)),
            Some(_) => {
                let detail = "ask for the use `enc` or `sig`";
                Err(Problem::new(ErrorCode::RequestMalformed, detail).at("use"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(query: &str) -> Result<Query<2>, Problem> {
        Query::parse(Some(query), ["application", "use"])
    }

    #[test]
    fn parameters_are_read() {
        let query = parse("use=enc&application=MAIL%5FBOX").unwrap();
        assert_eq!(query.get("application"), Some("MAIL_BOX"));
        assert_eq!(query.key_use(), Ok(Some(KeyUse::Encryption)));
        for empty in ["", "use=", "application=&use=", "&&"] {
            let query = parse(empty).unwrap();
            assert_eq!(
                (query.get("application"), query.key_use()),
                (None, Ok(None))
            );
            let missing = query.require("application").unwrap_err();
            assert_eq!(missing.field(), Some("application"));
        }
        assert!(Query::parse(None, [""; 0]).is_ok());
    }

    #[test]
    fn what_is_there_twice_or_means_nothing_is_refused() {
        for twice in ["use=enc&use=enc", "use=&use=sig", "use=enc&%75se=sig"] {
            let problem = parse(twice).err().unwrap();
            assert_eq!(problem.field(), Some("use"), "{twice}");
        }
        for strange in ["aplication=X", "Use=enc", "85073003328", "=", "use=enc&x"] {
            let problem = parse(strange).err().unwrap();
            assert_eq!(problem.code(), ErrorCode::RequestMalformed, "{strange}");
            assert!(!problem.detail().contains("85073003328"));
        }
        for other in ["ENC", "both", "enc,sig"] {
            assert!(parse(&format!("use={other}")).unwrap().key_use().is_err());
        }
    }

    proptest! {
        #[test]
        fn values_survive_their_escaping(value in ".{1,40}") {
            let written: String = form_urlencoded::Serializer::new(String::new())
                .append_pair("application", &value)
                .finish();
            let query = parse(&written).unwrap();
            prop_assert_eq!(query.get("application"), Some(&*value));
        }

        #[test]
        fn no_query_makes_it_panic(query in ".{0,60}") {
            drop(parse(&query));
        }
    }
}
