//! The acts: one for each change, each in one transaction with its evidence.
//!
//! They are re-runnable: nothing leaves the service, and nothing of it changes, inside an act. What
//! they unwrap is dropped, and wiped, if the transaction does not commit.

mod alarm;
mod confirm_read;
mod describe_key;
mod get_key;
mod keep_keys;
mod repeat_keys;
mod shred_key;
mod sweep;
mod wrapping_key;

pub(crate) use alarm::Alarm;
pub(crate) use confirm_read::ConfirmRead;
pub(crate) use describe_key::DescribeKey;
pub(crate) use get_key::GetKey;
pub(crate) use keep_keys::{KeepKeys, Kept};
pub(crate) use repeat_keys::RepeatKeys;
pub(crate) use shred_key::ShredKey;
pub(crate) use sweep::Sweep;
pub(crate) use wrapping_key::EnsureWrappingKey;

use serde::{Serialize, de::DeserializeOwned};

use crate::CustodyError;

/// How an order that may be refused ended. Both endings are committed.
#[derive(Debug)]
pub(crate) enum Answer<T> {
    /// It was carried out.
    Given(T),
    /// It was refused, and why is in the audit.
    Refused,
}

impl<T> Answer<T> {
    pub(crate) fn into_result(self) -> Result<T, CustodyError> {
        match self {
            Self::Given(value) => Ok(value),
            Self::Refused => Err(CustodyError::NotAvailable),
        }
    }
}

/// For how long the same order gets its keys again, uncounted, in seconds: a lost reply loses no key.
pub(crate) const REPEAT_WINDOW: i64 = 300;

/// The details of a release that repeats an earlier one.
const REPEATED: &str = "REPEATED";

/// A result as it is kept with its order. It must hold no key material.
pub(crate) fn to_json<T: Serialize>(result: &T) -> Result<String, CustodyError> {
    serde_json::to_string(result).map_err(|_| CustodyError::Document("a result"))
}

/// A kept result, read again.
pub(crate) fn from_json<T: DeserializeOwned>(result: &str) -> Result<T, CustodyError> {
    serde_json::from_str(result).map_err(|_| CustodyError::Document("a kept result"))
}
