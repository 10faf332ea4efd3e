//! Length-prefixed joining of fields: the input of every hash and MAC over more than one value.
//!
//! Each field is preceded by its length in bytes as a 32-bit big-endian integer, so that no two
//! different lists of fields give the same bytes. Integers are passed as their 8 big-endian bytes
//! (`&u64::to_be_bytes(n)`), text as UTF-8.

/// Joins `fields`.
///
/// # Panics
///
/// If a field is of 4 GiB or more. Nothing Kleis hashes comes near: every input is bounded when it
/// is read.
pub fn encode(fields: &[&[u8]]) -> Vec<u8> {
    let size = fields.iter().map(|field| field.len() + 4).sum();
    let mut out = Vec::with_capacity(size);
    for field in fields {
        // Unwrap safety: see the Panics section; truncating the length instead would be forgeable.
        let length = u32::try_from(field.len()).expect("a field of less than 4 GiB");
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(field);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_are_as_written_down() {
        assert_eq!(encode(&[]), b"");
        assert_eq!(encode(&[b""]), [0, 0, 0, 0]);
        assert_eq!(
            encode(&[b"ab", &3_u64.to_be_bytes()]),
            [0, 0, 0, 2, b'a', b'b', 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 3]
        );
    }

    fn join(fields: &[Vec<u8>]) -> Vec<u8> {
        encode(&fields.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn moving_a_border_changes_the_bytes(bytes in prop::collection::vec(any::<u8>(), 1..20),
                                             a in 0_usize..20, b in 0_usize..20) {
            let (a, b) = (a % bytes.len(), b % bytes.len());
            let cut = |at: usize| join(&[bytes[..at].to_vec(), bytes[at..].to_vec()]);
            prop_assert_eq!(cut(a) == cut(b), a == b);
        }

        #[test]
        fn different_lists_differ(a: Vec<Vec<u8>>, b: Vec<Vec<u8>>) {
            prop_assert_eq!(join(&a) == join(&b), a == b);
        }
    }
}
