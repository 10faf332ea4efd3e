//! Configuration that is either the name of something shipped, or written out.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, de};

pub(crate) enum NameOrTable<T> {
    Name(&'static str),
    Table(T),
}

/// Reads one of `names` or a table. An untagged enum could do so too, but a slip in a long table
/// would be reported as "no variant matches".
pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    names: &'static [&'static str],
) -> Result<NameOrTable<T>, D::Error> {
    deserializer.deserialize_any(Visitor {
        names,
        table: PhantomData,
    })
}

struct Visitor<T> {
    names: &'static [&'static str],
    table: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
    type Value = NameOrTable<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of {:?} or a table", self.names)
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        let known = self.names.iter().find(|it| **it == name);
        known
            .map(|it| NameOrTable::Name(it))
            .ok_or_else(|| E::invalid_value(de::Unexpected::Str(name), &self))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(de::value::MapAccessDeserializer::new(map)).map(NameOrTable::Table)
    }
}
