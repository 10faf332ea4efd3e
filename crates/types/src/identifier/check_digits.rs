//! Check digits of Belgian identifiers.
//!
//! All are two digits at the end, `m - (the digits before mod m)`, from 01 to `m`. They are
//! compared as text: 07 is not 7, and 00 never holds.

use crate::text::named_enum;

named_enum! {
    /// A check-digit rule. A type may list several: one that holds is enough.
    pub enum CheckDigits ("check-digit rule") {
        /// 97 minus the digits before modulo 97 (CBE; NIHII).
        Mod97 = "MOD97",
        /// 89 minus the digits before modulo 89 (NIHII of nurses and midwives since 2012, of
        /// doctors since 2019, where the modulo 97 numbers ran out).
        Mod89 = "MOD89",
        /// As `MOD97`, for `YYMMDD` and a counter of persons born before 2000.
        Mod97Born1900 = "MOD97_BORN_1900",
        /// As `MOD97` over the digits with a 2 put before, for persons born in 2000 or later.
        Mod97Born2000 = "MOD97_BORN_2000",
    }
}

impl CheckDigits {
    /// Whether the rule holds for the whole value. A value that is not all digits never passes.
    pub fn holds(self, value: &str) -> bool {
        if value.len() < 3 || !value.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        let (body, check) = value.split_at(value.len() - 2);
        match self {
            Self::Mod97 => check == expected(97, 0, body),
            Self::Mod89 => check == expected(89, 0, body),
            Self::Mod97Born1900 => check == expected(97, 0, body) && has_birth_date(body, 1900),
            Self::Mod97Born2000 => check == expected(97, 2, body) && has_birth_date(body, 2000),
        }
    }

    /// The only length that values under this rule can have, where there is one.
    pub(crate) fn required_length(self) -> Option<usize> {
        match self {
            Self::Mod97 | Self::Mod89 => None,
            Self::Mod97Born1900 | Self::Mod97Born2000 => Some(11),
        }
    }
}

/// The check digits of `body`, with the digit `first` before it. `body` is all ASCII digits.
fn expected(modulus: u32, first: u32, body: &str) -> String {
    let remainder = body.bytes().fold(first, |sum, digit| {
        (sum * 10 + u32::from(digit - b'0')) % modulus
    });
    format!("{:02}", modulus - remainder)
}

/// Whether `YYMMDD...` can be a date of birth in the century that begins at `century`.
///
/// A BIS number has 20 (sex unknown) or 40 (sex known) added to the month. An unknown month or day
/// is 00; where the month is unknown the day only tells numbers apart, and may be any up to 31.
fn has_birth_date(body: &str, century: u16) -> bool {
    let pair = |at: usize| {
        body.get(at..at + 2)
            .and_then(|digits| digits.parse::<u16>().ok())
    };
    let (Some(year), Some(month), Some(day)) = (pair(0), pair(2), pair(4)) else {
        return false;
    };
    let month = match month {
        0..=12 => month,
        20..=32 => month - 20,
        40..=52 => month - 40,
        _ => return false,
    };
    day <= days_in(century + year, month)
}

fn days_in(year: u16, month: u16) -> u16 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: u16) -> bool {
    (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
}

#[cfg(test)]
mod tests;
