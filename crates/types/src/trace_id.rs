//! The id that ties a caller's error, our log and our audit together.

use std::fmt::Write as _;

use crate::{NameError, Random, random_array, text::text_newtype};

text_newtype! {
    /// The id of one request: 32 lower-case hexadecimal digits, not all zero (W3C Trace Context
    /// section 3.2.2.3).
    ///
    /// The server puts one into the extensions of every request, shows it to the caller with every
    /// error, and writes it into its log; services write it into their audit. It says nothing
    /// about who calls, and proves nothing: a caller may choose it.
    pub struct TraceId, is_trace_id, NameError::Trace
}

impl TraceId {
    /// A new id.
    pub fn random(random: &dyn Random) -> Self {
        let mut bytes = random_array::<16>(random);
        // All zero is the one value that the format forbids.
        bytes[15] |= u8::from(bytes == [0; 16]);
        Self(
            bytes
                .iter()
                .fold(String::with_capacity(32), |mut text, byte| {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "{byte:02x}");
                    text
                }),
        )
    }

    /// The id in a `traceparent` header of version 00 or of a later one that begins alike.
    pub fn from_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let version = parts.next().filter(|v| v.len() == 2 && is_lower_hex(v))?;
        let trace = parts.next()?;
        parts
            .next()
            .filter(|span| span.len() == 16 && is_lower_hex(span))?;
        parts
            .next()
            .filter(|flags| flags.len() == 2 && is_lower_hex(flags))?;
        let complete = match version {
            "ff" => false,
            "00" => parts.next().is_none(),
            _ => true,
        };
        if complete { trace.parse().ok() } else { None }
    }
}

fn is_trace_id(text: &str) -> bool {
    text.len() == 32 && is_lower_hex(text) && text.bytes().any(|b| b != b'0')
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OsRandom, SeededRandom};

    #[derive(Debug)]
    struct Zeros;

    impl Random for Zeros {
        fn fill(&self, out: &mut [u8]) {
            out.fill(0);
        }
    }

    #[test]
    fn a_fresh_one_has_the_form() {
        for id in [
            TraceId::random(&OsRandom),
            TraceId::random(&SeededRandom::new(1)),
        ] {
            assert_eq!(id.as_str().parse(), Ok(id.clone()));
        }
        assert_eq!(
            TraceId::random(&Zeros).as_str(),
            "00000000000000000000000000000001"
        );
        assert_ne!(TraceId::random(&OsRandom), TraceId::random(&OsRandom));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "4bf92f3577b34da6a3ce929d0e0e473",
            "4bf92f3577b34da6a3ce929d0e0e47366",
            "4BF92F3577B34DA6A3CE929D0E0E4736",
            "4bf92f3577b34da6a3ce929d0e0e473g",
            "00000000000000000000000000000000",
        ] {
            assert_eq!(text.parse::<TraceId>(), Err(NameError::Trace), "{text}");
        }
    }

    #[test]
    fn a_traceparent_gives_its_id() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        for header in [
            format!("00-{id}-00f067aa0ba902b7-01"),
            format!("cc-{id}-00f067aa0ba902b7-01-what-the-future-will-bring"),
        ] {
            let found = TraceId::from_traceparent(&header).unwrap();
            assert_eq!(found.as_str(), id);
        }
    }

    #[test]
    fn a_malformed_traceparent_gives_none() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        for header in [
            String::new(),
            id.to_owned(),
            format!("00-{id}"),
            format!("00-{id}-00f067aa0ba902b7"),
            format!("00-{id}-00f067aa0ba902b-01"),
            format!("00-{id}-00F067aa0ba902b7-01"),
            format!("00-{id}-00f067aa0ba902b7-1"),
            format!("00-{id}-00f067aa0ba902b7-01-more"),
            format!("ff-{id}-00f067aa0ba902b7-01"),
            format!("0-{id}-00f067aa0ba902b7-01"),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01".to_owned(),
        ] {
            assert_eq!(TraceId::from_traceparent(&header), None, "{header}");
        }
    }
}
