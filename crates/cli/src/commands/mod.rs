//! The commands: a module for each group.

pub(crate) mod audit;
pub(crate) mod certificate;
pub(crate) mod contract;
pub(crate) mod custody;
pub(crate) mod devices;
pub(crate) mod enroll;
pub(crate) mod init;
pub(crate) mod jose;
mod key_source;
pub(crate) mod keys;
pub(crate) mod lookup;
pub(crate) mod notices;
pub(crate) mod open;
pub(crate) mod operator;
pub(crate) mod request;
pub(crate) mod seal;
pub(crate) mod sign;
pub(crate) mod token;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod whoami;
