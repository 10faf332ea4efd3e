//! Nonces that a server gives for DPoP proofs, without remembering them (RFC 9449 section 8).

use std::fmt;

use kleis_jose::digest;
use kleis_types::{Random, SecretBytes, Timestamp, base64url, random_array};
use zeroize::Zeroizing;

/// How long a nonce is the current one, in seconds.
pub const WINDOW: i64 = 60;

/// Makes nonces, and knows its own.
///
/// A nonce is the MAC of the minute that it was given in, under a key that lives as long as the
/// process: nobody can foretell one, and none from before a restart is fresh. It is accepted in its
/// minute and in the next.
pub struct Nonces {
    key: SecretBytes,
}

impl Nonces {
    /// With a fresh key.
    pub fn new(random: &dyn Random) -> Self {
        let key: Zeroizing<[u8; digest::LEN]> = Zeroizing::new(random_array(random));
        Self { key: key.into() }
    }

    /// The nonce to give now: 43 characters of base64url.
    pub fn current(&self, now: Timestamp) -> String {
        let window = window(now).to_be_bytes();
        base64url::encode(&digest::hmac_sha256(self.key.expose(), &window))
    }

    /// Whether a nonce was given in this minute or in the one before it.
    #[must_use]
    pub fn is_fresh(&self, nonce: &str, now: Timestamp) -> bool {
        let Ok(tag) = base64url::decode(nonce) else {
            return false;
        };
        let current = window(now);
        [current, current.saturating_sub(1)]
            .iter()
            .any(|window| digest::hmac_verify(self.key.expose(), &window.to_be_bytes(), &tag))
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonces(..)")
    }
}

fn window(now: Timestamp) -> i64 {
    now.unix().div_euclid(WINDOW)
}

#[cfg(test)]
mod tests {
    use kleis_types::SeededRandom;

    use super::*;

    /// The first second of a window.
    const NOW: Timestamp = Timestamp::from_unix(60_000_000);

    #[test]
    fn a_nonce_is_fresh_in_its_window_and_the_next() {
        let nonces = Nonces::new(&SeededRandom::new(1));
        let nonce = nonces.current(NOW);
        assert_eq!(nonce.len(), 43);
        assert_eq!(nonce, nonces.current(NOW.plus_seconds(59)));
        assert_ne!(nonce, nonces.current(NOW.plus_seconds(60)));
        for (seconds, fresh) in [
            (-1, false),
            (0, true),
            (59, true),
            (119, true),
            (120, false),
        ] {
            let later = NOW.plus_seconds(seconds);
            assert_eq!(nonces.is_fresh(&nonce, later), fresh, "{seconds}");
        }
    }

    #[test]
    fn a_nonce_of_another_process_is_not_fresh() {
        let (one, other) = (
            Nonces::new(&SeededRandom::new(1)),
            Nonces::new(&SeededRandom::new(2)),
        );
        assert!(!other.is_fresh(&one.current(NOW), NOW));
    }

    #[test]
    fn made_up_nonces_are_not_fresh() {
        let nonces = Nonces::new(&SeededRandom::new(1));
        let nonce = nonces.current(NOW);
        let mut longer = nonce.clone();
        longer.push('A');
        for wrong in [
            "",
            "AAAA",
            "é",
            &nonce[..42],
            &nonce[..40],
            &longer,
            &"A".repeat(43),
        ] {
            assert!(!nonces.is_fresh(wrong, NOW), "{wrong}");
        }
        for extreme in [i64::MIN, -1, 0, i64::MAX] {
            let extreme = Timestamp::from_unix(extreme);
            assert!(nonces.is_fresh(&nonces.current(extreme), extreme));
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let nonces = Nonces::new(&SeededRandom::new(1));
        assert_eq!(format!("{nonces:?}"), "Nonces(..)");
    }
}
