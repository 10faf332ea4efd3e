//! How a process ends, in the numbers of `sysexits.h`.

use std::process::ExitCode;

/// The exit codes of Kleis' programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done, nothing was lost.
    Ok,
    /// The command line or the configuration is wrong (`EX_USAGE`).
    Usage,
    /// What was looked at has been tampered with (`EX_DATAERR`).
    Tampered,
    /// Something that is needed is not there: an address, a database, a key (`EX_UNAVAILABLE`).
    Unavailable,
    /// A fault of the program, or calls had to be cut off (`EX_SOFTWARE`).
    Internal,
    /// Another process holds the data directory (`EX_TEMPFAIL`).
    Locked,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Usage => 64,
            Self::Tampered => 65,
            Self::Unavailable => 69,
            Self::Internal => 70,
            Self::Locked => 75,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_a_contract() {
        let all = [
            Exit::Ok,
            Exit::Usage,
            Exit::Tampered,
            Exit::Unavailable,
            Exit::Internal,
            Exit::Locked,
        ];
        assert_eq!(all.map(Exit::code), [0, 64, 65, 69, 70, 75]);
    }
}
