//! Finding claims, and reading them strictly.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::MappingRefusal;

const MAX_DEPTH: usize = 8;
const MAX_NAME: usize = 256;
/// Most values that one claim may have.
const MAX_VALUES: usize = 64;
/// Longest value, in bytes.
const MAX_VALUE: usize = 128;

/// Where a claim stands: the names of the members on the way to it, 1 to 8. A list, since names may
/// hold dots and slashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct ClaimPath(Vec<String>);

/// A list of names that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a claim is named by 1 to 8 member names of 1 to 256 bytes each")]
pub struct ClaimPathError;

impl TryFrom<Vec<String>> for ClaimPath {
    type Error = ClaimPathError;

    fn try_from(names: Vec<String>) -> Result<Self, ClaimPathError> {
        let sound = (1..=MAX_DEPTH).contains(&names.len())
            && names.iter().all(|it| (1..=MAX_NAME).contains(&it.len()));
        sound.then_some(Self(names)).ok_or(ClaimPathError)
    }
}

impl From<ClaimPath> for Vec<String> {
    fn from(path: ClaimPath) -> Self {
        path.0
    }
}

/// The names with dots between them: for people.
impl std::fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl ClaimPath {
    /// The claim, if the token has it. A way that leads through anything but objects is a fault.
    pub(super) fn find<'a>(
        &self,
        claims: &'a Map<String, Value>,
    ) -> Result<Option<&'a Value>, MappingRefusal> {
        let mut members = claims;
        let mut found: Option<&Value> = None;
        for (depth, name) in self.0.iter().enumerate() {
            if depth > 0 {
                match found {
                    Some(Value::Object(inner)) => members = inner,
                    Some(_) => return Err(self.malformed()),
                    None => return Ok(None),
                }
            }
            found = members.get(name);
        }
        Ok(found)
    }

    /// The one text of the claim.
    pub(super) fn text<'a>(
        &self,
        claims: &'a Map<String, Value>,
    ) -> Result<Option<&'a str>, MappingRefusal> {
        match self.find(claims)? {
            None => Ok(None),
            Some(Value::String(text)) => self.sound(text).map(Some),
            Some(_) => Err(self.malformed()),
        }
    }

    /// The texts of the claim: of a string one, of a list as many as it has.
    pub(super) fn texts<'a>(
        &self,
        claims: &'a Map<String, Value>,
    ) -> Result<Option<Vec<&'a str>>, MappingRefusal> {
        let Some(found) = self.find(claims)? else {
            return Ok(None);
        };
        let members = match found {
            Value::Array(members) if members.len() <= MAX_VALUES => members.as_slice(),
            Value::Array(_) => return Err(self.malformed()),
            one => std::slice::from_ref(one),
        };
        let texts = members.iter().map(|member| match member {
            Value::String(text) => self.sound(text),
            _ => Err(self.malformed()),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// Whether the claim is true; none if the token has it not.
    pub(super) fn flag(&self, claims: &Map<String, Value>) -> Result<Option<bool>, MappingRefusal> {
        match self.find(claims)? {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.malformed()),
        }
    }

    fn sound<'a>(&self, text: &'a str) -> Result<&'a str, MappingRefusal> {
        let sound = (1..=MAX_VALUE).contains(&text.len()) && !text.chars().any(char::is_control);
        sound.then_some(text).ok_or_else(|| self.malformed())
    }

    pub(super) fn malformed(&self) -> MappingRefusal {
        MappingRefusal::Claim(self.to_string())
    }

    pub(super) fn missing(&self) -> MappingRefusal {
        MappingRefusal::Missing(self.to_string())
    }
}
