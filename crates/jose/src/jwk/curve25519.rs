//! Which 32 bytes are points one may use (RFC 7748, RFC 8032). The provider takes any.

use super::edwards::is_on_curve;
use super::okp::OKP_LEN;

/// p = 2^255 - 19, little endian.
const P: [u8; OKP_LEN] = little_endian(0xed, 0xff, 0x7f);

/// The u-coordinates below p of the points of order 1, 2, 4 and 8 on the curve and its twist
/// (RFC 7748 section 6.1: the shared secret would be zero).
const LOW_ORDER_U: [[u8; OKP_LEN]; 5] = [
    little_endian(0, 0, 0),
    little_endian(1, 0, 0),
    little_endian(0xec, 0xff, 0x7f),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
];

/// The y-coordinates below p of the points of order 1, 2, 4 and 8 on edwards25519. Under such a key
/// one signature verifies for many messages.
const LOW_ORDER_Y: [[u8; OKP_LEN]; 5] = [
    little_endian(0, 0, 0),
    little_endian(1, 0, 0),
    little_endian(0xec, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// u is below p, which includes a clear high bit, and not of low order.
pub(super) fn is_sound_x25519(u: &[u8; OKP_LEN]) -> bool {
    is_below_p(u) && !LOW_ORDER_U.contains(u)
}

/// y is below p, the curve has a point there, and it is not of low order. (RFC 8032 section 5.1.3:
/// the high bit is the sign of x.)
pub(super) fn is_sound_ed25519(encoded: &[u8; OKP_LEN]) -> bool {
    let mut y = *encoded;
    y[OKP_LEN - 1] &= 0x7f;
    is_below_p(&y) && is_on_curve(&y) && !LOW_ORDER_Y.contains(&y)
}

fn is_below_p(value: &[u8; OKP_LEN]) -> bool {
    value.iter().rev().lt(P.iter().rev())
}

const fn little_endian(first: u8, middle: u8, last: u8) -> [u8; OKP_LEN] {
    let mut bytes = [middle; OKP_LEN];
    bytes[0] = first;
    bytes[OKP_LEN - 1] = last;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_and_above_p_are_refused() {
        let largest = little_endian(0xeb, 0xff, 0x7f);
        assert!(is_sound_x25519(&largest));
        for first in 0xec..=0xff {
            assert!(!is_sound_x25519(&little_endian(first, 0xff, 0x7f)));
            assert!(!is_sound_ed25519(&little_endian(first, 0xff, 0x7f)));
            assert!(!is_sound_ed25519(&little_endian(first, 0xff, 0xff)));
        }
        assert!(
            !is_sound_x25519(&little_endian(9, 0, 0x80)),
            "the high bit must be clear"
        );
    }

    #[test]
    fn low_order_points_are_refused_with_either_sign() {
        for u in LOW_ORDER_U {
            assert!(!is_sound_x25519(&u));
        }
        for mut y in LOW_ORDER_Y {
            assert!(!is_sound_ed25519(&y));
            y[OKP_LEN - 1] |= 0x80;
            assert!(!is_sound_ed25519(&y));
        }
    }
}
