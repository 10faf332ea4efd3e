//! Serial numbers (RFC 5280 section 4.1.2.2).

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use kleis_types::Random;

/// A certificate's serial number: positive, at most 20 octets in DER.
///
/// Its text form is lower-case hexadecimal, two digits an octet, without leading zero octets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber(Vec<u8>);

/// Why a serial number was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SerialNumberError {
    /// Zero, negative, or not in its shortest form.
    #[error("a serial number must be a positive integer in its shortest form")]
    NotPositive,
    /// Longer than 20 octets.
    #[error("a serial number must have at most 20 octets")]
    TooLong,
    /// Text that is not lower-case hexadecimal.
    #[error("a serial number must be lower-case hexadecimal")]
    NotHexadecimal,
}

impl SerialNumber {
    /// A new serial number of 16 octets with 126 random bits.
    pub fn random(random: &dyn Random) -> Self {
        let mut octets = vec![0; 16];
        random.fill(&mut octets);
        if let Some(first) = octets.first_mut() {
            // Positive, and of the same length always.
            *first = *first & 0x3f | 0x40;
        }
        Self(octets)
    }

    /// From the content octets of a DER INTEGER.
    pub fn from_der_integer(content: &[u8]) -> Result<Self, SerialNumberError> {
        if content.len() > 20 {
            return Err(SerialNumberError::TooLong);
        }
        match content {
            [] | [0] | [0, 0..=0x7f, ..] | [0x80..=0xff, ..] => Err(SerialNumberError::NotPositive),
            [0, magnitude @ ..] | magnitude => Ok(Self(magnitude.to_vec())),
        }
    }

    /// The magnitude, big-endian, without leading zero octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for SerialNumber {
    type Err = SerialNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > 40 {
            return Err(SerialNumberError::TooLong);
        }
        let magnitude = HEXLOWER
            .decode(text.as_bytes())
            .map_err(|_| SerialNumberError::NotHexadecimal)?;
        match magnitude.as_slice() {
            [] | [0, ..] => Err(SerialNumberError::NotPositive),
            // The sign octet makes it 21.
            [0x80..=0xff, ..] if magnitude.len() == 20 => Err(SerialNumberError::TooLong),
            _ => Ok(Self(magnitude)),
        }
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

impl serde::Serialize for SerialNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for SerialNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::SeededRandom;

    use super::*;

    #[test]
    fn random_ones_are_positive_distinct_and_of_one_length() {
        let random = SeededRandom::new(1);
        let serials: std::collections::BTreeSet<_> =
            (0..100).map(|_| SerialNumber::random(&random)).collect();
        assert_eq!(serials.len(), 100);
        for serial in serials {
            assert_eq!(serial.as_bytes().len(), 16);
            assert!((0x40..0x80).contains(&serial.as_bytes()[0]));
            assert_eq!(serial.to_string().parse(), Ok(serial));
        }
    }

    #[test]
    fn refuses_what_is_not_positive_and_short() {
        use SerialNumberError::{NotPositive, TooLong};
        for (content, why) in [
            (&[][..], NotPositive),
            (&[0], NotPositive),
            (&[0xff], NotPositive),
            (&[0, 1], NotPositive),
            (&[1; 21], TooLong),
        ] {
            assert_eq!(SerialNumber::from_der_integer(content), Err(why));
        }
        assert_eq!(
            SerialNumber::from_der_integer(&[0, 0x80])
                .unwrap()
                .to_string(),
            "80"
        );
    }

    #[test]
    fn text_is_strict() {
        use SerialNumberError::{NotHexadecimal, NotPositive, TooLong};
        assert_eq!(
            "7f01".parse::<SerialNumber>().unwrap().as_bytes(),
            [0x7f, 1]
        );
        for (text, why) in [
            ("", NotPositive),
            ("00", NotPositive),
            ("0001", NotPositive),
            ("7F", NotHexadecimal),
            ("7", NotHexadecimal),
            ("0x7f", NotHexadecimal),
        ] {
            assert_eq!(text.parse::<SerialNumber>(), Err(why), "{text}");
        }
        assert_eq!("ff".repeat(20).parse::<SerialNumber>(), Err(TooLong));
        assert_eq!("01".repeat(21).parse::<SerialNumber>(), Err(TooLong));
    }
}
