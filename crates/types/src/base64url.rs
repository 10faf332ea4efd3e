//! base64url without padding (RFC 7515 section 2), strict in reading.
//!
//! One byte string has one text: padding, white space and non-zero trailing bits are refused, so
//! that no second spelling of a key id, a nonce or a signature exists.

use data_encoding::BASE64URL_NOPAD;

/// The text is not base64url without padding, or not of the length asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not canonical base64url without padding")]
pub struct DecodeError;

/// Encodes bytes.
pub fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Decodes text in its only spelling.
pub fn decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| DecodeError)
}

/// Decodes text that must be of exactly `N` bytes.
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], DecodeError> {
    decode(text)?.try_into().map_err(|_| DecodeError)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rfc_4648_vectors_without_padding() {
        let vectors: [(&[u8], &str); 5] = [
            (b"", ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foobar", "Zm9vYmFy"),
            (&[0xfb, 0xff], "-_8"),
        ];
        for (bytes, text) in vectors {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).unwrap(), bytes);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "Zg==", "Zh", "Zm9", "Z", "Zm9v\n", " Zm9v", "Zm 9v", "+/8", "Zm9vé",
        ] {
            assert_eq!(decode(text), Err(DecodeError), "{text:?}");
        }
        assert_eq!(decode_array::<2>("Zg"), Err(DecodeError));
        assert_eq!(decode_array::<1>("Zg"), Ok([b'f']));
    }

    proptest! {
        #[test]
        fn round_trips(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)).unwrap(), bytes);
        }

        #[test]
        fn what_decodes_was_the_only_spelling(text in "[0-9A-Za-z_-]{0,12}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
