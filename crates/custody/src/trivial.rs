//! Keys that nobody has drawn at random.

use kleis_types::SecretBytes;

/// Whether a key is one byte repeated, or bytes that count up or down: a placeholder, or a test key
/// that has strayed.
pub(crate) fn is_trivial(key: &SecretBytes) -> bool {
    let steps = |step: u8| {
        let mut pairs = key.expose().windows(2);
        pairs.all(|pair| pair[0].wrapping_add(step) == pair[1])
    };
    steps(0) || steps(1) || steps(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trivial(bytes: impl IntoIterator<Item = u8>) -> bool {
        is_trivial(&SecretBytes::from(bytes.into_iter().collect::<Vec<u8>>()))
    }

    #[test]
    fn repetitions_and_counts_are_trivial() {
        assert!(trivial([0; 16]));
        assert!(trivial([0xa5; 64]));
        assert!(trivial(0..32));
        assert!(trivial((0..32).rev()));
        assert!(trivial((0..24).map(|n: u8| n.wrapping_add(250))));
    }

    #[test]
    fn one_other_byte_is_enough() {
        for at in [0, 1, 15, 31] {
            let mut key = [7; 32];
            key[at] = 9;
            assert!(!trivial(key), "{at}");
            let mut key: Vec<u8> = (0..32).collect();
            key[at] ^= 0x80;
            assert!(!trivial(key), "{at}");
        }
    }
}
