//! The little DER (X.690) that keys need: definite lengths, minimal encodings, nothing optional
//! left open.

use zeroize::Zeroizing;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
/// `[0]`, constructed.
pub(crate) const CONTEXT_0: u8 = 0xa0;
/// `[1]`, constructed.
pub(crate) const CONTEXT_1: u8 = 0xa1;
/// `[1]`, primitive (an implicitly tagged BIT STRING).
pub(crate) const CONTEXT_1_PRIMITIVE: u8 = 0x81;

/// The bytes are not DER of the expected shape.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotDer;

/// Reads one value after another.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The content of the next value, which must have this tag.
    pub(crate) fn read(&mut self, tag: u8) -> Result<&'a [u8], NotDer> {
        let (&found, rest) = self.rest.split_first().ok_or(NotDer)?;
        if found != tag {
            return Err(NotDer);
        }
        let (length, rest) = read_length(rest)?;
        let (content, rest) = rest.split_at_checked(length).ok_or(NotDer)?;
        self.rest = rest;
        Ok(content)
    }

    /// The content of the next value if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, NotDer> {
        if self.rest.first() == Some(&tag) {
            self.read(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The values inside the next value, a SEQUENCE.
    pub(crate) fn sequence(&mut self) -> Result<Reader<'a>, NotDer> {
        self.read(SEQUENCE).map(Reader::new)
    }

    /// The magnitude of the next value, an INTEGER that is not negative, without its sign byte.
    pub(crate) fn unsigned(&mut self) -> Result<&'a [u8], NotDer> {
        match self.read(INTEGER)? {
            [] => Err(NotDer),
            [0] => Ok(&[]),
            [0, magnitude @ ..] if magnitude[0] >= 0x80 => Ok(magnitude),
            [first, ..] if *first == 0 || *first >= 0x80 => Err(NotDer),
            magnitude => Ok(magnitude),
        }
    }

    /// The bytes of the next value, a BIT STRING of whole bytes.
    pub(crate) fn bit_string(&mut self) -> Result<&'a [u8], NotDer> {
        whole_bytes(self.read(BIT_STRING)?)
    }

    /// Nothing may follow.
    pub(crate) fn finish(self) -> Result<(), NotDer> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(NotDer)
        }
    }
}

/// The bytes of a BIT STRING's content that has no unused bits.
pub(crate) fn whole_bytes(content: &[u8]) -> Result<&[u8], NotDer> {
    match content {
        [0, bytes @ ..] => Ok(bytes),
        _ => Err(NotDer),
    }
}

fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), NotDer> {
    let (&first, rest) = bytes.split_first().ok_or(NotDer)?;
    if first < 0x80 {
        return Ok((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    if !(1..=3).contains(&count) {
        return Err(NotDer);
    }
    let (digits, rest) = rest.split_at_checked(count).ok_or(NotDer)?;
    let length = digits
        .iter()
        .fold(0, |length, digit| length << 8 | usize::from(*digit));
    let minimal = if count == 1 {
        length >= 0x80
    } else {
        digits[0] != 0
    };
    if minimal {
        Ok((length, rest))
    } else {
        Err(NotDer)
    }
}

/// A value with this tag around the joined parts.
pub(crate) fn write(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let digits = length.to_be_bytes();
    let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
    let mut out = Zeroizing::new(Vec::with_capacity(length + 2 + digits.len()));
    out.push(tag);
    match digits {
        [] => out.push(0),
        [digit] if *digit < 0x80 => out.push(*digit),
        // At most eight digits: the length of a length fits its seven bits.
        _ => {
            out.push(0x80 | digits.len().to_le_bytes()[0]);
            out.extend_from_slice(digits);
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// An INTEGER of this magnitude (big endian, leading zeros allowed).
pub(crate) fn write_unsigned(magnitude: &[u8]) -> Zeroizing<Vec<u8>> {
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    match &magnitude[zeros..] {
        minimal @ [first, ..] if *first < 0x80 => write(INTEGER, &[minimal]),
        minimal => write(INTEGER, &[&[0], minimal]),
    }
}

/// A BIT STRING of whole bytes.
pub(crate) fn write_bit_string(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    write(BIT_STRING, &[&[0], bytes])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_must_be_minimal_and_definite() {
        let overlong: [&[u8]; 6] = [
            &[0x04, 0x81, 0x01, 0xff],
            &[0x04, 0x82, 0x00, 0x80],
            &[0x04, 0x80, 0x00, 0x00],
            &[0x04, 0x84, 0, 0, 0, 1, 0xff],
            &[0x04, 0x02, 0xff],
            &[0x04],
        ];
        for bytes in overlong {
            assert_eq!(
                Reader::new(bytes).read(OCTET_STRING),
                Err(NotDer),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn integers_must_be_minimal_and_not_negative() {
        for bytes in [
            [0x02, 0x02, 0x00, 0x7f].as_slice(),
            &[0x02, 0x01, 0x80],
            &[0x02, 0x00],
        ] {
            assert_eq!(Reader::new(bytes).unsigned(), Err(NotDer), "{bytes:?}");
        }
        assert_eq!(
            Reader::new(&[0x02, 0x01, 0x00]).unsigned(),
            Ok([].as_slice())
        );
        assert_eq!(
            Reader::new(&[0x02, 0x02, 0x00, 0x80]).unsigned(),
            Ok([0x80].as_slice())
        );
    }

    #[test]
    fn trailing_bytes_and_unused_bits_are_refused() {
        assert_eq!(Reader::new(&[0]).finish(), Err(NotDer));
        assert_eq!(
            Reader::new(&[0x03, 0x02, 0x01, 0x80]).bit_string(),
            Err(NotDer)
        );
    }

    #[test]
    fn long_values_have_long_lengths() {
        let headers = [
            (127, [0x04, 0x7f, 0xaa, 0xaa]),
            (128, [0x04, 0x81, 0x80, 0xaa]),
            (255, [0x04, 0x81, 0xff, 0xaa]),
            (256, [0x04, 0x82, 0x01, 0x00]),
            (65_536, [0x04, 0x83, 0x01, 0x00]),
        ];
        for (length, header) in headers {
            let value = write(OCTET_STRING, &[&vec![0xaa; length]]);
            assert_eq!(value[..4], header);
            assert_eq!(
                Reader::new(&value).read(OCTET_STRING).unwrap().len(),
                length
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(content in proptest::collection::vec(any::<u8>(), 0..1_000)) {
            let value = write(OCTET_STRING, &[&content]);
            let mut reader = Reader::new(&value);
            prop_assert_eq!(reader.read(OCTET_STRING).unwrap(), &content[..]);
            prop_assert!(reader.finish().is_ok());
        }

        #[test]
        fn integers_survive(magnitude in proptest::collection::vec(any::<u8>(), 0..300)) {
            let value = write_unsigned(&magnitude);
            let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
            prop_assert_eq!(Reader::new(&value).unsigned().unwrap(), &magnitude[zeros..]);
        }

        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::new(&bytes);
            let _ = reader.unsigned();
            let _ = reader.sequence().map(|mut inner| inner.bit_string().map(<[u8]>::len));
        }
    }
}
