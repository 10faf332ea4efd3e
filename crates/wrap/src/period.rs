//! The months that wrapping keys are kept apart by.

use std::fmt;
use std::str::FromStr;

use kleis_types::Timestamp;
use time::OffsetDateTime;

/// A calendar month in UTC: the month in which the records under a wrapping key expire.
///
/// Destroying the wrapping keys of a past month destroys every record that expired in it, in
/// every backup. Text form `YYYY-MM`, from 1970-01 to 9999-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    year: u16,
    month: u8,
}

/// Not a month between 1970-01 and 9999-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a period is a month, YYYY-MM, between 1970-01 and 9999-12")]
pub struct PeriodError;

impl Period {
    /// The month that `at` falls in.
    pub fn of(at: Timestamp) -> Result<Self, PeriodError> {
        let at = OffsetDateTime::from_unix_timestamp(at.unix()).map_err(|_| PeriodError)?;
        let year = u16::try_from(at.year()).map_err(|_| PeriodError)?;
        Self::new(year, at.month().into())
    }

    /// Whether the month has passed, so that everything in it has expired.
    pub fn is_over(self, now: Timestamp) -> bool {
        Self::of(now).is_ok_and(|current| self < current)
    }

    fn new(year: u16, month: u8) -> Result<Self, PeriodError> {
        if (1970..=9999).contains(&year) && (1..=12).contains(&month) {
            Ok(Self { year, month })
        } else {
            Err(PeriodError)
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let (year, month) = text.split_once('-').ok_or(PeriodError)?;
        // `parse` alone would take a sign.
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if year.len() != 4 || month.len() != 2 || !digits(year) || !digits(month) {
            return Err(PeriodError);
        }
        let year = year.parse().map_err(|_| PeriodError)?;
        let month = month.parse().map_err(|_| PeriodError)?;
        Self::new(year, month)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(seconds: i64) -> Result<Period, PeriodError> {
        Period::of(Timestamp::from_unix(seconds))
    }

    #[test]
    fn months_begin_and_end_at_midnight_utc() {
        for (seconds, text) in [
            (0, "1970-01"),
            (2_678_399, "1970-01"),
            (2_678_400, "1970-02"),
            (1_709_251_199, "2024-02"), // 29 February
            (1_709_251_200, "2024-03"),
            (1_798_761_599, "2026-12"),
            (1_798_761_600, "2027-01"),
            (253_402_300_799, "9999-12"),
        ] {
            assert_eq!(of(seconds).unwrap().to_string(), text);
        }
    }

    #[test]
    fn times_without_a_period_are_refused() {
        for seconds in [-1, 253_402_300_800, i64::MIN, i64::MAX] {
            assert_eq!(of(seconds), Err(PeriodError), "{seconds}");
        }
    }

    #[test]
    fn only_the_text_form_parses() {
        for text in [
            "",
            "2026",
            "2026-",
            "2026-1",
            "2026-00",
            "2026-13",
            "1969-12",
            "+026-01",
            "2026-+1",
            "2026-011",
            "02026-01",
            "2026-01 ",
            " 2026-01",
            "2026/01",
            "２026-01",
        ] {
            assert_eq!(text.parse::<Period>(), Err(PeriodError), "{text:?}");
        }
    }

    #[test]
    fn a_month_is_over_when_the_next_one_begins() {
        let period: Period = "2026-12".parse().unwrap();
        assert!(!period.is_over(Timestamp::from_unix(1_798_761_599)));
        assert!(period.is_over(Timestamp::from_unix(1_798_761_600)));
        assert!(!period.is_over(Timestamp::from_unix(i64::MIN)));
    }

    proptest! {
        #[test]
        fn text_round_trips_and_order_is_that_of_time(
            a in 0_i64..253_402_300_800,
            b in 0_i64..253_402_300_800,
        ) {
            let (first, second) = (of(a).unwrap(), of(b).unwrap());
            prop_assert_eq!(first.to_string().parse::<Period>(), Ok(first));
            if a <= b {
                prop_assert!(first <= second);
            }
            prop_assert_eq!(first.cmp(&second), first.to_string().cmp(&second.to_string()));
        }
    }
}
