//! Time as a parameter: whole seconds, and the one place that asks the machine for them.

use std::{
    fmt,
    ops::{Add, Sub},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// How far two clocks may differ, in seconds, wherever Kleis compares times of two machines.
pub const LEEWAY: i64 = 60;

/// A moment in whole seconds since 1970-01-01T00:00:00Z (RFC 7519 NumericDate, integers only).
///
/// Arithmetic saturates: no input can make it overflow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `seconds` after the epoch.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Reads an RFC 3339 date and time with any offset; parts of a second are dropped.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        Some(Self(moment.unix_timestamp()))
    }

    /// Seconds since the epoch.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The moment `seconds` later (earlier when negative).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this moment; negative when `earlier` is the later one.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC, `2026-11-23T22:10:00Z`; `@seconds` outside the years that form can write.
    pub fn rfc3339(self) -> String {
        OffsetDateTime::from_unix_timestamp(self.0)
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok())
            .unwrap_or_else(|| format!("@{}", self.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.plus_seconds(whole_seconds(duration))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        self.plus_seconds(-whole_seconds(duration))
    }
}

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// Where the present comes from. Rules take one as a parameter, so that tests can choose the time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Timestamp(whole_seconds(since)),
            // A clock set before 1970: everything is then not yet valid, which fails closed.
            Err(before) => Timestamp(-whole_seconds(before.duration())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_both_ways() {
        let moment = Timestamp::from_unix(1_795_472_130);
        assert_eq!(moment.rfc3339(), "2026-11-23T22:15:30Z");
        assert_eq!(
            Timestamp::from_rfc3339("2026-11-23T23:15:30.9+01:00"),
            Some(moment)
        );
        assert_eq!(
            format!("{moment} {moment:?}"),
            "2026-11-23T22:15:30Z 2026-11-23T22:15:30Z"
        );
        assert_eq!(Timestamp::from_rfc3339("2026-11-23"), None);
        assert_eq!(Timestamp::from_rfc3339("2026-02-30T00:00:00Z"), None);
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::from_unix(i64::MAX);
        assert_eq!(end.plus_seconds(1), end);
        assert_eq!(end + Duration::MAX, end);
        assert_eq!(
            Timestamp::from_unix(0) - Duration::MAX,
            Timestamp::from_unix(-i64::MAX)
        );
        assert_eq!(Timestamp::from_unix(i64::MIN).seconds_since(end), i64::MIN);
        assert_eq!(end.rfc3339(), format!("@{}", i64::MAX));
        assert_eq!(
            Timestamp::from_unix(100) - Duration::from_millis(1999),
            Timestamp(99)
        );
    }

    #[test]
    fn json_is_an_integer() {
        assert_eq!(serde_json::to_string(&Timestamp(7)).unwrap(), "7");
        assert_eq!(
            serde_json::from_str::<Timestamp>("7").unwrap(),
            Timestamp(7)
        );
        for text in ["7.0", "\"7\"", "1e3", "null", "9223372036854775808"] {
            assert!(serde_json::from_str::<Timestamp>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_system_clock_is_past_the_making_of_this_test() {
        assert!(SystemClock.now() > Timestamp::from_rfc3339("2026-01-01T00:00:00Z").unwrap());
    }
}
