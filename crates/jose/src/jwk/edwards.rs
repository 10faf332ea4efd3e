//! Whether 32 bytes are a point of edwards25519 that may be a public key (RFC 8032 section 5.1.3).
//!
//! The provider takes any 32 bytes and lets the verification fail, so this asks first. It works on
//! public values alone and needs no constant time: arithmetic modulo p = 2^255 - 19 on four limbs,
//! and Euler's criterion.

/// A number modulo p, not always the smallest one: little endian, below 2^256.
type Element = [u64; 4];

const ONE: Element = [1, 0, 0, 0];

/// The curve is -x^2 + y^2 = 1 + d x^2 y^2 with d = -D / C.
const D: Element = [121_665, 0, 0, 0];
const C: Element = [121_666, 0, 0, 0];

/// (p - 1) / 2 = 2^254 - 10.
const HALF_ORDER: Element = [u64::MAX - 9, u64::MAX, u64::MAX, u64::MAX >> 2];

/// Whether there is a point with this y-coordinate (below p, little endian).
///
/// x^2 = (y^2 - 1) / (d y^2 + 1). Numerator and denominator are multiplied, not divided, and both
/// by C: that changes the number by a square and nothing else.
pub(super) fn is_on_curve(y: &[u8; 32]) -> bool {
    let y_squared = square(from_bytes(y));
    let numerator = subtract(y_squared, ONE);
    let denominator = subtract(C, multiply(D, y_squared));
    is_square(multiply(multiply(numerator, denominator), C))
}

/// Euler's criterion: a^((p - 1) / 2) is 1 for squares, 0 for zero.
fn is_square(a: Element) -> bool {
    let mut power = ONE;
    for bit in (0..255).rev() {
        power = square(power);
        if HALF_ORDER[bit / 64] >> (bit % 64) & 1 == 1 {
            power = multiply(power, a);
        }
    }
    let power = reduce(power);
    power == ONE || power == [0; 4]
}

fn from_bytes(bytes: &[u8; 32]) -> Element {
    let mut element = [0; 4];
    for (limb, bytes) in element.iter_mut().zip(bytes.as_chunks().0) {
        *limb = u64::from_le_bytes(*bytes);
    }
    element
}

fn square(a: Element) -> Element {
    multiply(a, a)
}

fn multiply(a: Element, b: Element) -> Element {
    let mut product = [0_u64; 8];
    for (i, a) in a.into_iter().enumerate() {
        let mut carry = 0;
        for (j, b) in b.into_iter().enumerate() {
            (product[i + j], carry) = a.carrying_mul_add(b, product[i + j], carry);
        }
        product[i + 4] = carry;
    }
    // 2^256 is 38 modulo p: the upper half counts 38 times.
    let (low, high) = product.split_at(4);
    let mut folded = [0; 4];
    let mut carry = 0;
    for i in 0..4 {
        (folded[i], carry) = high[i].carrying_mul_add(38, low[i], carry);
    }
    add_small(folded, 38 * carry)
}

/// Adds a number below 2^64 - 38.
fn add_small(a: Element, small: u64) -> Element {
    let mut sum = a;
    let mut carry = small;
    for limb in &mut sum {
        let overflowed;
        (*limb, overflowed) = limb.overflowing_add(carry);
        carry = u64::from(overflowed);
    }
    // A carry leaves less than 2^64 in the sum: the second one cannot carry again.
    if carry == 1 { add_small(sum, 38) } else { sum }
}

fn subtract(a: Element, b: Element) -> Element {
    let mut difference = a;
    let mut borrow = 0;
    for (limb, b) in difference.iter_mut().zip(b) {
        let (first, one) = limb.overflowing_sub(b);
        let (second, two) = first.overflowing_sub(borrow);
        (*limb, borrow) = (second, u64::from(one | two));
    }
    // What was borrowed is 2^256, that is 38 modulo p.
    if borrow == 1 {
        subtract(difference, [38, 0, 0, 0])
    } else {
        difference
    }
}

/// The smallest number of the same value.
fn reduce(a: Element) -> Element {
    const TOP: u64 = 1 << 63;
    let fold = |a: Element| add_small([a[0], a[1], a[2], a[3] & !TOP], 19 * (a[3] >> 63));
    let folded = fold(a);
    // Now below 2^255 + 19. Adding 19 shows whether it is at least p.
    let shifted = add_small(folded, 19);
    if shifted[3] & TOP == 0 {
        folded
    } else {
        [shifted[0], shifted[1], shifted[2], shifted[3] & !TOP]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use proptest::prelude::*;

    const P: Element = [u64::MAX - 18, u64::MAX, u64::MAX, u64::MAX >> 1];

    #[test]
    fn small_numbers_behave() {
        assert_eq!(reduce(P), [0; 4]);
        assert_eq!(reduce(multiply(P, [u64::MAX; 4])), [0; 4]);
        assert_eq!(reduce(subtract([0; 4], ONE)), [P[0] - 1, P[1], P[2], P[3]]);
        // 2^256 - 1 = 37, whose square is 1369.
        assert_eq!(reduce([u64::MAX; 4]), [37, 0, 0, 0]);
        assert_eq!(reduce(square([u64::MAX; 4])), [1369, 0, 0, 0]);
    }

    #[test]
    fn squares_are_told_from_the_rest() {
        // 2 is no square modulo p, for p = 5 modulo 8; -1 is one, for p = 1 modulo 4.
        assert!(!is_square([2, 0, 0, 0]));
        assert!(is_square(subtract([0; 4], ONE)));
        assert!(is_square([0; 4]));
    }

    #[test]
    fn y_is_2_has_no_point_and_the_base_point_is_one() {
        let mut y = [0; 32];
        y[0] = 2;
        assert!(!is_on_curve(&y));
        // RFC 8032 section 5.1: y = 4/5.
        let mut base = [0x66; 32];
        base[0] = 0x58;
        assert!(is_on_curve(&base));
    }

    proptest! {
        #[test]
        fn every_public_key_is_on_the_curve(seed: [u8; 32]) {
            let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
            let mut y = <[u8; 32]>::try_from(pair.public_key().as_ref()).unwrap();
            y[31] &= 0x7f;
            prop_assert!(is_on_curve(&y));
        }

        #[test]
        fn the_square_of_anything_is_a_square_and_twice_it_is_not(limbs: [u64; 4]) {
            prop_assume!(reduce(limbs) != [0; 4]);
            prop_assert!(is_square(square(limbs)));
            prop_assert!(!is_square(multiply(square(limbs), [2, 0, 0, 0])));
        }

        #[test]
        fn subtraction_undoes_addition_of_a_product(a: [u64; 4], b: [u64; 4], c: [u64; 4]) {
            // (a - b) c = a c - b c
            let left = multiply(subtract(a, b), c);
            let right = subtract(multiply(a, c), multiply(b, c));
            prop_assert_eq!(reduce(left), reduce(right));
        }
    }
}
