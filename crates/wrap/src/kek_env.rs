//! A root KEK in an environment variable, for platforms that hand out secrets so.
//!
//! A file is better where there is a choice: the environment is inherited by child processes and
//! shown by debugging tools.

use data_encoding::HEXLOWER_PERMISSIVE;
use kleis_types::{SecretBytes, base64url};

use crate::{KekError, KekSource, RootKek};

/// Reads a root KEK from the *value* of a variable: base64url (43 characters) or hexadecimal (64).
///
/// The length tells which. Nothing around it is trimmed, but for one line break at the end.
pub fn load(value: &str) -> Result<RootKek, KekError> {
    let value = value.strip_suffix('\n').unwrap_or(value);
    let bytes = if value.len() == 2 * RootKek::LEN {
        HEXLOWER_PERMISSIVE
            .decode(value.as_bytes())
            .map_err(|_| KekError::Encoding)?
    } else {
        base64url::decode(value).map_err(|_| KekError::Encoding)?
    };
    let bytes = SecretBytes::from(bytes);
    if bytes.len() == RootKek::LEN {
        RootKek::from_bytes(&bytes)
    } else {
        Err(KekError::Encoding)
    }
}

/// The [`KekSource`] that reads a variable of this process.
#[derive(Clone, Debug)]
pub struct KekEnv {
    variable: String,
}

impl KekEnv {
    /// The root KEK is in the environment variable of this name.
    pub fn new(variable: impl Into<String>) -> Self {
        Self {
            variable: variable.into(),
        }
    }
}

impl KekSource for KekEnv {
    fn load(&self) -> Result<RootKek, KekError> {
        let missing = || KekError::Missing {
            variable: self.variable.clone(),
        };
        let value = std::env::var_os(&self.variable).ok_or_else(missing)?;
        let value = SecretBytes::from(value.into_encoded_bytes());
        load(std::str::from_utf8(value.expose()).map_err(|_| KekError::Encoding)?)
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::{HEXLOWER, HEXUPPER};
    use kleis_types::SeededRandom;

    use super::*;

    #[test]
    fn both_encodings_give_the_same_key() {
        let kek = RootKek::generate(&SeededRandom::new(1));
        for value in [
            base64url::encode(kek.bytes()),
            HEXLOWER.encode(kek.bytes()),
            HEXUPPER.encode(kek.bytes()),
            HEXLOWER.encode(kek.bytes()) + "\n",
        ] {
            assert_eq!(load(&value).unwrap().id(), kek.id());
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let kek = RootKek::generate(&SeededRandom::new(1));
        let text = base64url::encode(kek.bytes());
        for value in [
            String::new(),
            text.clone() + "=",
            format!(" {text}"),
            text[..42].to_owned(),
            text.clone() + "AAAA",
            text + "\n\n",
            base64url::encode(&[1; 24]),
            "g".repeat(64),
            HEXLOWER.encode(&kek.bytes()[..31]),
        ] {
            assert!(matches!(load(&value), Err(KekError::Encoding)), "{value:?}");
        }
        assert!(matches!(load(&"00".repeat(32)), Err(KekError::Placeholder)));
    }

    #[test]
    fn a_variable_must_be_set_and_hold_a_key() {
        let unset = KekEnv::new("KLEIS_TEST_NO_SUCH_VARIABLE")
            .load()
            .unwrap_err();
        assert!(matches!(unset, KekError::Missing { variable } if variable.ends_with("VARIABLE")));
        assert!(matches!(
            KekEnv::new("PATH").load(),
            Err(KekError::Encoding)
        ));
    }
}
