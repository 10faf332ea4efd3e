//! Names with a grammar: application, device and installation.

use crate::{base64url, random::Random, random_array, text::text_newtype};

/// A name that does not follow its grammar (`docs/formats.md` sections 2 and 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not an application id.
    #[error("an application id is 1 to 30 of 0-9, A-Z, underscore and hyphen")]
    Application,
    /// Not a device name.
    #[error(
        "a device name is 1 to 32 of a-z, 0-9, dot, underscore and hyphen, and begins with a \
         letter or a digit"
    )]
    Device,
    /// Not an installation id.
    #[error("an installation id is base64url of 16 bytes (22 characters)")]
    Installation,
    /// Not a trace id.
    #[error("a trace id is 32 lower-case hexadecimal digits, not all zero")]
    Trace,
}

text_newtype! {
    /// The application of an organisation for which a key is meant: `[0-9A-Z_-]{1,30}`.
    ///
    /// An absent application means the "no application" key, never "any".
    pub struct ApplicationId, is_application, NameError::Application
}

text_newtype! {
    /// The name an owner gives to one of its devices: `[a-z0-9][a-z0-9._-]{0,31}`.
    pub struct DeviceId, is_device, NameError::Device
}

text_newtype! {
    /// The id of an installation: base64url of 16 random bytes, 22 characters.
    ///
    /// It is in every audience, so that nothing signed for one installation is good in another.
    pub struct InstallationId, is_installation, NameError::Installation
}

impl DeviceId {
    /// The device of an owner who never named one: `main`.
    pub fn main() -> Self {
        Self("main".to_owned())
    }
}

impl Default for DeviceId {
    fn default() -> Self {
        Self::main()
    }
}

const AUDIENCE_PREFIX: &str = "urn:kleis:installation:";

impl InstallationId {
    /// A new installation.
    pub fn random(random: &dyn Random) -> Self {
        Self(base64url::encode(&random_array::<16>(random)))
    }

    /// The installation as an audience and as a subject alternative name.
    pub fn audience(&self) -> String {
        format!("{AUDIENCE_PREFIX}{}", self.0)
    }

    /// Reads what [`audience`](Self::audience) writes.
    pub fn from_audience(urn: &str) -> Result<Self, NameError> {
        urn.strip_prefix(AUDIENCE_PREFIX)
            .ok_or(NameError::Installation)?
            .parse()
    }
}

fn is_application(text: &str) -> bool {
    (1..=30).contains(&text.len())
        && text
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'Z' | b'_' | b'-'))
}

fn is_device(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 32
        && bytes
            .next()
            .is_some_and(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'))
        && bytes.all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

fn is_installation(text: &str) -> bool {
    base64url::decode_array::<16>(text).is_ok()
}

#[cfg(test)]
mod tests;
