//! Times of two machines compared, with the one leeway there is.

use kleis_types::{LEEWAY, Timestamp};

/// Whether something made at `iat` comes from the future, beyond the leeway.
pub fn is_future(iat: Timestamp, now: Timestamp) -> bool {
    iat > now.plus_seconds(LEEWAY)
}

/// Whether something that ends at `exp` (RFC 7519 section 4.1.4: on or after it) has ended, beyond
/// the leeway.
pub fn is_past(exp: Timestamp, now: Timestamp) -> bool {
    now >= exp.plus_seconds(LEEWAY)
}

/// Whether something lives for at least a second and at most `max` seconds.
pub fn lives_at_most(iat: Timestamp, exp: Timestamp, max: i64) -> bool {
    (1..=max).contains(&exp.seconds_since(iat))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_000_000);

    #[test]
    fn the_leeway_is_a_minute_on_either_side() {
        assert!(!is_future(NOW.plus_seconds(60), NOW));
        assert!(is_future(NOW.plus_seconds(61), NOW));
        assert!(!is_past(NOW.plus_seconds(-59), NOW));
        assert!(is_past(NOW.plus_seconds(-60), NOW));
    }

    #[test]
    fn a_life_is_neither_empty_nor_backwards_nor_too_long() {
        for (seconds, good) in [
            (-1, false),
            (0, false),
            (1, true),
            (300, true),
            (301, false),
        ] {
            assert_eq!(
                lives_at_most(NOW, NOW.plus_seconds(seconds), 300),
                good,
                "{seconds}"
            );
        }
        let (first, last) = (
            Timestamp::from_unix(i64::MIN),
            Timestamp::from_unix(i64::MAX),
        );
        assert!(!lives_at_most(first, last, 300) && !lives_at_most(last, first, 300));
        assert!(is_future(last, NOW) && is_past(first, NOW));
    }
}
