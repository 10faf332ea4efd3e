//! JSON as Kleis reads what it signs or stores: bounded, and with one meaning.
//!
//! `serde_json` alone keeps the last of two members of one name. Another reader may keep the first,
//! and the two would disagree about what was signed. Here duplicate names are refused at any
//! depth, and so are trailing bytes, nesting deeper than [`MAX_DEPTH`], and input above the
//! caller's limit. Unknown members are refused by the target type
//! (`#[serde(deny_unknown_fields)]`).
//!
//! Errors name a place, never the content: what is read here may be secret or name a person.

use std::{collections::HashSet, fmt};

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::{ErrorCode, Problem};

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 32;

/// Why a JSON text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrictJsonError {
    /// Longer than the caller allows.
    #[error("the JSON text is longer than {max} bytes")]
    TooLarge {
        /// The limit in bytes.
        max: usize,
    },
    /// Not JSON at all (RFC 8259), or followed by something else.
    #[error("not a JSON text (line {line}, column {column})")]
    Syntax {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault, from 1.
        column: usize,
    },
    /// An object has two members of one name.
    #[error("a member name is repeated (line {line}, column {column})")]
    DuplicateName {
        /// Line of the second one, from 1.
        line: usize,
        /// Column of the second one, from 1.
        column: usize,
    },
    /// Arrays and objects nest deeper than [`MAX_DEPTH`].
    #[error("the JSON text nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// JSON, but not of the members and types that are expected here.
    #[error("the JSON members are not those expected (line {line}, column {column})")]
    Shape {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault, from 1.
        column: usize,
    },
}

impl From<StrictJsonError> for Problem {
    fn from(error: StrictJsonError) -> Self {
        let code = match error {
            StrictJsonError::TooLarge { .. } => ErrorCode::RequestTooLarge,
            _ => ErrorCode::RequestMalformed,
        };
        Problem::new(code, error.to_string())
    }
}

/// Reads a `T` from at most `max` bytes.
pub fn from_slice<T: DeserializeOwned>(json: &[u8], max: usize) -> Result<T, StrictJsonError> {
    if json.len() > max {
        return Err(StrictJsonError::TooLarge { max });
    }
    check_names_and_depth(json)?;
    serde_json::from_slice(json).map_err(|error| StrictJsonError::Shape {
        line: error.line(),
        column: error.column(),
    })
}

/// Reads any JSON value from at most `max` bytes.
pub fn value(json: &[u8], max: usize) -> Result<Value, StrictJsonError> {
    from_slice(json, max)
}

fn check_names_and_depth(json: &[u8]) -> Result<(), StrictJsonError> {
    let mut fault = None;
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let checked = Checker {
        depth: 0,
        fault: &mut fault,
    }
    .deserialize(&mut deserializer)
    .and_then(|()| deserializer.end());
    let Err(error) = checked else { return Ok(()) };
    let (line, column) = (error.line(), error.column());
    Err(match fault {
        Some(Fault::DuplicateName) => StrictJsonError::DuplicateName { line, column },
        Some(Fault::TooDeep) => StrictJsonError::TooDeep,
        None => StrictJsonError::Syntax { line, column },
    })
}

#[derive(Clone, Copy)]
enum Fault {
    DuplicateName,
    TooDeep,
}

/// Walks a value without keeping it; says through `fault` why it made the parser stop.
struct Checker<'a> {
    depth: usize,
    fault: &'a mut Option<Fault>,
}

impl Checker<'_> {
    fn inside(&mut self) -> Checker<'_> {
        Checker {
            depth: self.depth + 1,
            fault: self.fault,
        }
    }

    fn stop<E: serde::de::Error>(&mut self, fault: Fault) -> E {
        *self.fault = Some(fault);
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Checker<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checker<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        if self.depth == MAX_DEPTH {
            return Err(self.stop(Fault::TooDeep));
        }
        while items.next_element_seed(self.inside())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        if self.depth == MAX_DEPTH {
            return Err(self.stop(Fault::TooDeep));
        }
        // Names are compared after unescaping: "a" and "\u0061" are one name.
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                return Err(self.stop(Fault::DuplicateName));
            }
            members.next_value_seed(self.inside())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
