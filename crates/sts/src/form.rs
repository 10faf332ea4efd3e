//! The body of a request (RFC 6749 appendix B): each parameter once, an empty one as if it were not
//! there.

use std::collections::BTreeMap;

use crate::error::Refusal;

/// The media type of the body.
const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// The parameters of a request. They hold assertions and tokens: not to be shown.
#[derive(Default)]
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// Whether a Content-Type is that of a form; its parameters do not matter.
    pub(crate) fn is_media_type(content_type: &str) -> bool {
        let media_type = content_type.split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case(MEDIA_TYPE)
    }

    /// Reads a body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        // What is not ASCII is escaped in a form.
        if !body.is_ascii() {
            return Err(Refusal::Malformed);
        }
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            let former = parameters.insert(name.into_owned(), value.into_owned());
            if former.is_some() {
                return Err(Refusal::Repeated);
            }
        }
        parameters.retain(|_, value| !value.is_empty());
        Ok(Self(parameters))
    }

    /// A parameter that has a value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_are_read() {
        let form = Form::parse(b"a=1&b=x+y%2B%26&c=&d").unwrap();
        assert_eq!((form.get("a"), form.get("b")), (Some("1"), Some("x y+&")));
        assert_eq!((form.get("c"), form.get("d")), (None, None));
        assert!(Form::parse(b"").unwrap().get("").is_none());
    }

    #[test]
    fn repeated_ones_are_refused_whatever_their_spelling_and_value() {
        for body in ["a=1&a=1", "a=1&%61=2", "a=&a=1", "x=1&a=&y=2&a="] {
            let refused = Form::parse(body.as_bytes()).err();
            assert_eq!(refused, Some(Refusal::Repeated), "{body}");
        }
    }

    #[test]
    fn what_is_not_ascii_is_refused() {
        let refused = Form::parse("a=é".as_bytes()).err();
        assert_eq!(refused, Some(Refusal::Malformed));
    }

    #[test]
    fn the_media_type_may_have_parameters() {
        for good in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-Urlencoded ; charset=UTF-8",
        ] {
            assert!(Form::is_media_type(good), "{good}");
        }
        for bad in ["", "application/json", "application/x-www-form-urlencoded2"] {
            assert!(!Form::is_media_type(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_body_breaks_it(body: Vec<u8>) {
            let _ = Form::parse(&body);
        }

        #[test]
        fn what_was_written_is_read(value in "\\PC{1,40}") {
            let body = form_urlencoded::Serializer::new(String::new())
                .append_pair("a", &value)
                .finish();
            let form = Form::parse(body.as_bytes()).unwrap();
            prop_assert_eq!(form.get("a"), Some(value.as_str()));
        }
    }
}
