//! What can go wrong, and whose fault it is.

use std::path::PathBuf;

use crate::{KekId, Period, WrappingKeyId};

/// A root KEK could not be loaded or created: the operator's to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KekError {
    /// The key is not 32 bytes long.
    #[error("a root KEK is 32 bytes long, this one is {actual}: make one with `create`")]
    Length {
        /// The length found, in bytes.
        actual: u64,
    },
    /// All bytes are the same: a placeholder, not a key.
    #[error("the root KEK is one byte repeated, a placeholder: make a random one")]
    Placeholder,
    /// The text is neither base64url nor hexadecimal of 32 bytes.
    #[error("a root KEK in text is 43 characters of base64url or 64 of hexadecimal")]
    Encoding,
    /// The environment variable is not set.
    #[error("the environment variable {variable} with the root KEK is not set")]
    Missing {
        /// The variable's name.
        variable: String,
    },
    /// There is a file already; a KEK is never overwritten.
    #[error(
        "{path} exists already and is not overwritten: everything wrapped under it would be lost"
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Group or others may access the file.
    #[error("{path} has mode {mode:04o}: only its owner may have access (chmod 0600)")]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The path names a directory, a pipe or a device.
    #[error("{path} is not a regular file")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// A stored row was refused, or a caller asked for what cannot be.
///
/// `...Tampered` variants mean that somebody edited the database (or that the wrong installation
/// was opened): they deserve an alarm. None of them says which check failed, because the checks
/// are cryptographic and know nothing better.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrapError {
    /// The row was wrapped under another root KEK than the one loaded.
    #[error("wrapping key {id} is under root KEK {stored}, but {loaded} is loaded")]
    OtherKek {
        /// The row's id.
        id: WrappingKeyId,
        /// The KEK that the row names.
        stored: KekId,
        /// The KEK at hand.
        loaded: KekId,
    },
    /// A wrapping key's row does not authenticate.
    #[error("the row of wrapping key {0} was edited, or is of another installation")]
    WrappingKeyTampered(WrappingKeyId),
    /// Two rows of one period claim the same version.
    #[error("period {period} has two wrapping keys of version {version}")]
    DuplicateVersion {
        /// The period.
        period: Period,
        /// The version that stands twice.
        version: u32,
    },
    /// An older version claims to be the current one.
    #[error("period {period}: version {claimed} claims to be current, but {newest} exists")]
    Downgraded {
        /// The period.
        period: Period,
        /// The version that claims to be current.
        claimed: u32,
        /// The newest version seen.
        newest: u32,
    },
    /// A period has wrapping keys, but none of them is current.
    #[error("period {0} has wrapping keys but no current one: a row is missing")]
    NoCurrent(Period),
    /// No wrapping key of this id is open: destroyed, not yet loaded, or never made.
    #[error("wrapping key {0} is not open")]
    UnknownWrappingKey(WrappingKeyId),
    /// New records are wrapped under current keys only.
    #[error("wrapping key {0} is not the current one of its period")]
    NotCurrent(WrappingKeyId),
    /// The period cannot have a further version.
    #[error("period {0} has no versions left")]
    VersionsExhausted(Period),
    /// The secret has not the length that its algorithm demands, or no permitted one.
    #[error("a secret of {actual} bytes cannot be wrapped here")]
    SecretLength {
        /// The length found, in bytes.
        actual: usize,
    },
    /// A record does not unwrap: moved to another row, its policy edited, or bits changed.
    #[error("the wrapped key does not belong to this record")]
    RecordTampered,
    /// A record's state does not authenticate.
    #[error("the state of this record was edited")]
    StateTampered,
    /// The row of a kept order does not authenticate.
    #[error("the row of a kept order was edited, or is of another installation")]
    OrderTampered,
    /// The row of a role grant does not authenticate.
    #[error("the row of a role grant was edited, or is of another installation")]
    RoleTampered,
    /// A secret wrapped directly under the root KEK does not unwrap.
    #[error("the secret was edited, or was wrapped for another purpose or under another KEK")]
    SecretTampered,
}
