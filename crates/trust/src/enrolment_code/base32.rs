//! Crockford's base32, as people type it.

use zeroize::Zeroizing;

const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J',
    'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];
const BITS: usize = 5;

/// Encodes bytes, most significant bits first; the last symbol is filled up with zero bits.
pub(super) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    let symbols = (bytes.len() * 8).div_ceil(BITS);
    let mut text = Zeroizing::new(String::with_capacity(symbols));
    let (mut buffer, mut held) = (0_u32, 0);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        held += 8;
        while held >= BITS {
            held -= BITS;
            text.push(symbol(buffer >> held));
        }
    }
    if held > 0 {
        text.push(symbol(buffer << (BITS - held)));
    }
    text
}

/// Decodes the text of exactly `len` bytes. Case, hyphens and spaces do not count; `O` is read as
/// 0, `I` and `L` as 1; the bits that fill up the last symbol must be zero.
pub(super) fn decode(text: &str, len: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(len + 1));
    let (mut buffer, mut held, mut symbols) = (0_u32, 0, 0);
    for c in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
        symbols += 1;
        if symbols > (len * 8).div_ceil(BITS) {
            return None;
        }
        buffer = (buffer << BITS) | value(c)?;
        held += BITS;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((buffer >> held) & 0xff).ok()?);
        }
    }
    let rest = buffer & ((1 << held) - 1);
    (bytes.len() == len && rest == 0 && held < BITS).then_some(bytes)
}

fn symbol(bits: u32) -> char {
    ALPHABET[(bits & 0b1_1111) as usize]
}

fn value(c: char) -> Option<u32> {
    let folded = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    };
    ALPHABET
        .iter()
        .position(|symbol| *symbol == folded)
        .and_then(|at| u32::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_encodings() {
        assert_eq!(*encode(&[]), "");
        assert_eq!(*encode(&[0xff]), "ZW");
        assert_eq!(*encode(b"foobar"), "CSQPYRK1E8");
        assert_eq!(**decode("csqp-yrkl e8", 6).unwrap(), *b"foobar");
    }

    #[test]
    fn what_is_no_encoding_of_the_length_is_refused() {
        for (text, len) in [
            ("ZW", 2),
            ("ZWZ", 1),
            ("Z", 1),
            ("ZX", 1),
            ("ZU", 1),
            ("Z*", 1),
            ("Zé", 1),
            ("", 1),
            ("0", 0),
            ("ZW0", 1),
            ("ZW00", 1),
        ] {
            assert_eq!(decode(text, len), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert_eq!(&**decode(&text, bytes.len()).unwrap(), &bytes);
            prop_assert_eq!(&**decode(&text.to_lowercase(), bytes.len()).unwrap(), &bytes);
        }

        #[test]
        fn any_text_is_decoded_or_refused(text: String, len in 0_usize..40) {
            let _ = decode(&text, len);
        }
    }
}
