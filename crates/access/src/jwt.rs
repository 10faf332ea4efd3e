//! What tokens, proofs and assertions have in common: a compact JWS around an object of claims (RFC
//! 7519), read strictly (RFC 8725).

use std::{sync::Arc, time::Duration};

use kleis_jose::{
    Jwk, SignatureAlgorithm,
    jws::{Compact, Header, JwsError},
};
use kleis_types::{Confirmation, Timestamp, strict_json};
use serde_json::{Map, Value, json};

/// The signature algorithms that keys of the people we certify are for: what metadata announces for
/// proofs and assertions. (P-521 is not among the keys that Kleis certifies.)
pub const ALGORITHMS: &[SignatureAlgorithm] = &[
    SignatureAlgorithm::Es256,
    SignatureAlgorithm::Es384,
    SignatureAlgorithm::EdDsa,
    SignatureAlgorithm::Ps256,
    SignatureAlgorithm::Rs256,
];

/// The longest `jti`, in bytes.
pub(crate) const MAX_JTI: usize = 128;
/// The longest name of somebody (`iss`, `sub`, `client_id`, `aud`), in bytes.
pub(crate) const MAX_NAME: usize = 512;
/// The last second of the year 9999: no date of a token is later.
const LAST_DATE: u64 = 253_402_300_799;

/// What can be wrong with any of them. Each kind has these among its own refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    TooLarge,
    Malformed,
    AlgorithmRefused,
    HeaderKey,
    ClaimsMalformed,
}

/// Lets `?` turn a [`Fault`] into the refusal of the same name of each list; what a bad `jwk` in
/// the header is called is the list's own.
macro_rules! from_fault {
    ($list:ty, $header_key:ident) => {
        impl From<$crate::jwt::Fault> for $list {
            fn from(fault: $crate::jwt::Fault) -> Self {
                use $crate::jwt::Fault;
                match fault {
                    Fault::TooLarge => Self::TooLarge,
                    Fault::Malformed => Self::Malformed,
                    Fault::AlgorithmRefused => Self::AlgorithmRefused,
                    Fault::HeaderKey => Self::$header_key,
                    Fault::ClaimsMalformed => Self::ClaimsMalformed,
                }
            }
        }
    };
}

pub(crate) use from_fault;

/// A JWT that was read, not verified.
pub(crate) struct Jwt<'a> {
    jws: Compact<'a>,
    claims: Claims,
}

impl<'a> Jwt<'a> {
    /// Reads a JWT of at most `max` bytes.
    pub(crate) fn parse(text: &'a str, max: usize) -> Result<Self, Fault> {
        let jws = Compact::parse(text, max).map_err(|error| match error {
            JwsError::TooLarge { .. } => Fault::TooLarge,
            JwsError::Unsecured | JwsError::Algorithm(_) => Fault::AlgorithmRefused,
            JwsError::HeaderKey(_) => Fault::HeaderKey,
            _ => Fault::Malformed,
        })?;
        match strict_json::value(jws.unverified_payload(), max) {
            Ok(Value::Object(claims)) => Ok(Self {
                jws,
                claims: Claims(Arc::new(claims)),
            }),
            _ => Err(Fault::ClaimsMalformed),
        }
    }

    pub(crate) fn header(&self) -> &Header {
        self.jws.header()
    }

    pub(crate) fn algorithm(&self) -> SignatureAlgorithm {
        self.jws.algorithm()
    }

    /// The claims: before [`Jwt::verify`] to find the key by, never to act upon.
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Verifies the signature. The key must be one for the algorithm of the header.
    pub(crate) fn verify(&self, key: &Jwk) -> Result<(), JwsError> {
        self.jws.verify(key).map(drop)
    }
}

/// Whether a `typ` is this media type. Media types have no case, and `application/` may be left out
/// (RFC 7515 section 4.1.9).
pub(crate) fn is_type(typ: &str, expected: &str) -> bool {
    bare(typ).eq_ignore_ascii_case(bare(expected))
}

fn bare(typ: &str) -> &str {
    match typ.split_once('/') {
        Some((top, rest)) if top.eq_ignore_ascii_case("application") => rest,
        _ => typ,
    }
}

/// The claims of a JWT. A claim that is there must be of its type; `null` is of none.
#[derive(Clone)]
pub(crate) struct Claims(Arc<Map<String, Value>>);

impl Claims {
    pub(crate) fn all(&self) -> &Map<String, Value> {
        &self.0
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text of 1 to `max` bytes without control characters.
    pub(crate) fn text(&self, name: &str, max: usize) -> Result<Option<&str>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if is_text(text, max) => Ok(Some(text)),
            Some(_) => Err(Fault::ClaimsMalformed),
        }
    }

    pub(crate) fn required_text(&self, name: &str, max: usize) -> Result<&str, Fault> {
        self.text(name, max)?.ok_or(Fault::ClaimsMalformed)
    }

    /// A NumericDate (RFC 7519 section 2), from 1970 to 9999. Parts of a second are dropped.
    pub(crate) fn date(&self, name: &str) -> Result<Option<Timestamp>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => date(value).map(Some).ok_or(Fault::ClaimsMalformed),
        }
    }

    pub(crate) fn required_date(&self, name: &str) -> Result<Timestamp, Fault> {
        self.date(name)?.ok_or(Fault::ClaimsMalformed)
    }

    /// Whom the JWT is for (RFC 7519 section 4.1.3): one, or a list of one or more.
    pub(crate) fn audience(&self) -> Result<Vec<&str>, Fault> {
        let audience = match self.get("aud") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => {
                let several = several.iter().map(Value::as_str).collect::<Option<_>>();
                several.ok_or(Fault::ClaimsMalformed)?
            }
            _ => Vec::new(),
        };
        if audience.is_empty() {
            return Err(Fault::ClaimsMalformed);
        }
        Ok(audience)
    }
}

/// The claim `cnf` (RFC 7800) that binds to this (RFC 9449 section 6.1, RFC 8705 section 3.1).
pub(crate) fn cnf(confirmation: &Confirmation) -> Value {
    match confirmation {
        Confirmation::Key(thumbprint) => json!({ "jkt": thumbprint }),
        Confirmation::Certificate(thumbprint) => json!({ "x5t#S256": thumbprint }),
    }
}

fn is_text(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn date(value: &Value) -> Option<Timestamp> {
    let seconds = match value.as_u64() {
        Some(seconds) => seconds,
        // Refuses what is negative, infinite, or larger than any date.
        None => Duration::try_from_secs_f64(value.as_f64()?).ok()?.as_secs(),
    };
    let seconds = (seconds <= LAST_DATE).then_some(seconds)?;
    i64::try_from(seconds).ok().map(Timestamp::from_unix)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        let Value::Object(members) = value else {
            panic!("not an object")
        };
        Claims(Arc::new(members))
    }

    #[test]
    fn dates_may_have_a_fraction_and_no_other_quirk() {
        for (value, expected) in [
            (json!(0), Some(0)),
            (json!(1_795_000_000), Some(1_795_000_000)),
            (json!(1_795_000_000.9), Some(1_795_000_000)),
            (json!(1.795e9), Some(1_795_000_000)),
            (json!(253_402_300_799_u64), Some(253_402_300_799)),
            (json!(253_402_300_800_u64), None),
            (json!(u64::MAX), None),
            (json!(i64::MIN), None),
            (json!(1e300), None),
            (json!(-1), None),
            (json!(-0.5), None),
            (json!("1795000000"), None),
            (json!(null), None),
            (json!([1]), None),
        ] {
            let date = claims(json!({ "exp": value })).date("exp");
            let expected = expected.map(|seconds| Some(Timestamp::from_unix(seconds)));
            assert_eq!(date, expected.ok_or(Fault::ClaimsMalformed), "{value}");
        }
        assert_eq!(claims(json!({})).date("exp"), Ok(None));
        assert!(claims(json!({})).required_date("exp").is_err());
    }

    #[test]
    fn an_audience_is_one_or_several_texts() {
        let audience = |value: Value| claims(json!({ "aud": value })).audience().map(|a| a.len());
        assert_eq!(audience(json!("a")), Ok(1));
        assert_eq!(audience(json!(["a", "b"])), Ok(2));
        for wrong in [
            json!([]),
            json!(["a", 1]),
            json!([["a"]]),
            json!(1),
            json!(null),
            json!({"a": "a"}),
        ] {
            assert_eq!(
                audience(wrong.clone()),
                Err(Fault::ClaimsMalformed),
                "{wrong}"
            );
        }
        assert!(claims(json!({})).audience().is_err());
    }

    #[test]
    fn texts_have_bounds_and_no_control_characters() {
        let text = |value: Value| {
            claims(json!({ "sub": value }))
                .required_text("sub", 4)
                .is_ok()
        };
        assert!(text(json!("a")) && text(json!("abcd")));
        for wrong in [
            json!(""),
            json!("abcde"),
            json!("a\nb"),
            json!(1),
            json!(null),
        ] {
            assert!(!text(wrong.clone()), "{wrong}");
        }
        assert_eq!(claims(json!({})).text("sub", 4), Ok(None));
        assert!(claims(json!({})).required_text("sub", 4).is_err());
    }

    #[test]
    fn types_have_no_case_and_may_be_written_in_full() {
        for typ in [
            "at+jwt",
            "AT+JWT",
            "application/at+jwt",
            "Application/At+Jwt",
        ] {
            assert!(is_type(typ, "at+jwt"), "{typ}");
            assert!(is_type("at+jwt", typ), "{typ}");
        }
        for typ in [
            "",
            "jwt",
            "at+jwt ",
            "text/at+jwt",
            "application/application/at+jwt",
        ] {
            assert!(!is_type(typ, "at+jwt"), "{typ}");
        }
    }
}
