//! Signs of a badly made RSA key that anyone can see in its public half.

use num_bigint::BigUint;

const MIN_BITS: usize = 2048;
const MAX_BITS: usize = 4096;
/// Longest exponent: e < 2^256.
const MAX_EXPONENT_BITS: usize = 256;
/// Shortest exponent: 2^16 < e, of which 65537 is the smallest odd one.
const MIN_EXPONENT_BITS: usize = 17;
/// Trial division goes up to here: cheap, and it finds what a broken generator leaves.
const SMALL_FACTOR_LIMIT: u32 = 752;
/// Rounds of Fermat's method, as the CA/Browser Forum's baseline requirements want them (6.1.1.3).
const FERMAT_ROUNDS: usize = 100;
/// The primes of the smallest product that the ROCA generator works with.
const ROCA_LIMIT: u32 = 167;
/// The generator that all primes of a ROCA key are powers of.
const ROCA_GENERATOR: u32 = 65537;

/// What is wrong with an RSA key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RsaWeakness {
    /// The modulus has fewer than 2048 bits.
    #[error("its modulus has fewer than 2048 bits")]
    TooShort,
    /// The modulus has more than 4096 bits.
    #[error("its modulus has more than 4096 bits")]
    TooLong,
    /// The public exponent is even, below 2^16 or not below 2^256.
    #[error("its public exponent is not an odd number between 2^16 and 2^256")]
    Exponent,
    /// The modulus has a prime factor below 752.
    #[error("its modulus has a small factor")]
    SmallFactor,
    /// The modulus bears the fingerprint of CVE-2017-15361.
    #[error("it was made by a generator with the ROCA weakness (CVE-2017-15361)")]
    Roca,
    /// The primes of the modulus are so close that it can be factored (CVE-2022-26320).
    #[error("the primes of its modulus are too close to each other (CVE-2022-26320)")]
    ClosePrimes,
    /// The modulus shares a factor with one that is known to be weak.
    #[error("its modulus shares a factor with that of another key")]
    SharedFactor,
}

/// Checks modulus and exponent, both big-endian and without leading zeros.
pub(super) fn check(modulus: &[u8], exponent: &[u8]) -> Result<(), RsaWeakness> {
    match bit_length(modulus) {
        0..MIN_BITS => return Err(RsaWeakness::TooShort),
        MIN_BITS..=MAX_BITS => {}
        _ => return Err(RsaWeakness::TooLong),
    }
    let is_odd = exponent.last().is_some_and(|octet| octet & 1 == 1);
    if !is_odd || !(MIN_EXPONENT_BITS..=MAX_EXPONENT_BITS).contains(&bit_length(exponent)) {
        return Err(RsaWeakness::Exponent);
    }
    if primes_below(SMALL_FACTOR_LIMIT).any(|prime| remainder(modulus, prime) == 0) {
        return Err(RsaWeakness::SmallFactor);
    }
    if has_roca_fingerprint(modulus) {
        return Err(RsaWeakness::Roca);
    }
    if has_close_primes(modulus) {
        return Err(RsaWeakness::ClosePrimes);
    }
    Ok(())
}

fn bit_length(number: &[u8]) -> usize {
    let magnitude = number
        .iter()
        .position(|octet| *octet != 0)
        .map_or(&[][..], |at| &number[at..]);
    magnitude.first().map_or(0, |first| {
        magnitude.len() * 8 - first.leading_zeros() as usize
    })
}

fn remainder(number: &[u8], divisor: u32) -> u32 {
    number
        .iter()
        .fold(0, |rest, octet| (rest << 8 | u32::from(*octet)) % divisor)
}

fn primes_below(limit: u32) -> impl Iterator<Item = u32> {
    (2..limit).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0))
}

/// The primes p of a weak key are k * M + (65537^a mod M) with M a product of the first primes, so
/// the modulus is a power of 65537 modulo every one of them. A sound key passes that by chance once
/// in 2^27 at most.
fn has_roca_fingerprint(modulus: &[u8]) -> bool {
    primes_below(ROCA_LIMIT + 1)
        .filter(|prime| *prime > 2)
        .all(|prime| is_power_of_generator(remainder(modulus, prime), prime))
}

fn is_power_of_generator(residue: u32, prime: u32) -> bool {
    let generator = ROCA_GENERATOR % prime;
    let mut power = 1;
    for _ in 0..prime {
        if power == residue {
            return true;
        }
        power = power * generator % prime;
    }
    false
}

/// Whether Fermat's method finds the factors: a^2 - n is a square b^2 for one of the first a above
/// the root of n, so that n = (a + b)(a - b). The primes of a sound key differ by so much that it
/// would take longer than anybody has.
fn has_close_primes(modulus: &[u8]) -> bool {
    let n = BigUint::from_bytes_be(modulus);
    let mut a = n.sqrt();
    let mut difference = loop {
        let square = &a * &a;
        if square >= n {
            break square - &n;
        }
        a += 1_u8;
    };
    for _ in 0..FERMAT_ROUNDS {
        if is_square(&difference) {
            return true;
        }
        // (a + 1)^2 - a^2
        difference += (&a << 1_u8) + 1_u8;
        a += 1_u8;
    }
    false
}

fn is_square(number: &BigUint) -> bool {
    // Of 64 remainders, squares leave 12: the root is drawn for few.
    let low = number.iter_u32_digits().next().unwrap_or_default() % 64;
    if !(0..32).any(|root| root * root % 64 == low) {
        return false;
    }
    let root = number.sqrt();
    &root * &root == *number
}

#[cfg(test)]
mod tests {
    use super::*;

    const F4: &[u8] = &[1, 0, 1];

    /// `number` * `factor`, big-endian.
    fn times(number: &[u8], factor: u32) -> Vec<u8> {
        let mut carry = 0;
        let mut product: Vec<u8> = Vec::new();
        for octet in number.iter().rev() {
            carry += u32::from(*octet) * factor;
            product.insert(0, u8::try_from(carry & 0xff).unwrap());
            carry >>= 8;
        }
        while carry > 0 {
            product.insert(0, u8::try_from(carry & 0xff).unwrap());
            carry >>= 8;
        }
        product
    }

    /// An odd number of `bits` bits without small factors or fingerprint: 2^(bits-1) + c.
    fn sound_modulus(bits: usize) -> Vec<u8> {
        assert_eq!(bits % 8, 0);
        (1..=u16::MAX)
            .map(|low| {
                let mut modulus = vec![0; bits / 8];
                modulus[0] = 0x80;
                modulus[bits / 8 - 2..].copy_from_slice(&low.to_be_bytes());
                modulus
            })
            .find(|modulus| primes_below(SMALL_FACTOR_LIMIT).all(|p| remainder(modulus, p) != 0))
            .unwrap()
    }

    /// k * M + 65537: what a ROCA generator makes with a = 1.
    fn roca_modulus() -> Vec<u8> {
        let product = primes_below(ROCA_LIMIT + 1).fold(vec![1], |m, prime| times(&m, prime));
        (1..=9999)
            .map(|k| {
                let mut modulus = times(&product, k);
                modulus.resize(256, 0);
                modulus[253..].copy_from_slice(F4);
                modulus
            })
            .find(|m| {
                let factors = primes_below(SMALL_FACTOR_LIMIT).any(|p| remainder(m, p) == 0);
                m[0] >= 0x80 && !factors
            })
            .unwrap()
    }

    #[test]
    fn takes_sound_keys_of_every_length() {
        for bits in [2048, 3072, 4096] {
            assert_eq!(check(&sound_modulus(bits), F4), Ok(()), "{bits}");
        }
    }

    #[test]
    fn refuses_lengths_outside_the_range() {
        assert_eq!(check(&[], F4), Err(RsaWeakness::TooShort));
        assert_eq!(check(&sound_modulus(1024), F4), Err(RsaWeakness::TooShort));
        assert_eq!(
            check(&sound_modulus(2048)[1..], F4),
            Err(RsaWeakness::TooShort)
        );
        let mut short_by_a_bit = sound_modulus(2048);
        short_by_a_bit[0] = 0x7f;
        assert_eq!(check(&short_by_a_bit, F4), Err(RsaWeakness::TooShort));
        assert_eq!(check(&sound_modulus(4104), F4), Err(RsaWeakness::TooLong));
        assert_eq!(check(&[0xff; 4096], F4), Err(RsaWeakness::TooLong));
    }

    #[test]
    fn refuses_small_even_and_huge_exponents() {
        let modulus = sound_modulus(2048);
        let mut longest = [0xff; 32];
        assert_eq!(check(&modulus, &longest), Ok(()));
        longest[31] = 0xfe;
        for exponent in [
            &[][..],
            &[3],
            &[0xff, 0xff],
            &[1, 0, 0],
            &longest,
            &[0xff; 33],
        ] {
            assert_eq!(
                check(&modulus, exponent),
                Err(RsaWeakness::Exponent),
                "{exponent:?}"
            );
        }
    }

    #[test]
    fn refuses_small_factors() {
        let mut even = sound_modulus(2048);
        even[255] &= 0xfe;
        assert_eq!(check(&even, F4), Err(RsaWeakness::SmallFactor));
        for factor in [3, 5, 751] {
            let mut modulus = times(&sound_modulus(2048), factor);
            if modulus[0] == 0 {
                modulus.remove(0);
            }
            assert_eq!(
                check(&modulus, F4),
                Err(RsaWeakness::SmallFactor),
                "{factor}"
            );
        }
        assert_eq!(primes_below(SMALL_FACTOR_LIMIT).last(), Some(751));
    }

    #[test]
    fn knows_the_roca_fingerprint() {
        let modulus = roca_modulus();
        assert!(has_roca_fingerprint(&modulus));
        assert_eq!(check(&modulus, F4), Err(RsaWeakness::Roca));
        let mut other = modulus;
        // 2 is no power of 65537 modulo several of the primes.
        *other.last_mut().unwrap() ^= 2;
        assert!(!has_roca_fingerprint(&other));
    }

    #[test]
    fn finds_primes_that_are_close() {
        // Made by `openssl prime -generate -bits 1024`, and the next prime and a later one.
        let [p, next, later] = [
            include_str!("primes/p.hex"),
            include_str!("primes/next.hex"),
            include_str!("primes/q.hex"),
        ]
        .map(|hex| BigUint::parse_bytes(hex.trim().as_bytes(), 16).unwrap());
        let weak = (&p * &next).to_bytes_be();
        assert_eq!(check(&weak, F4), Err(RsaWeakness::ClosePrimes));
        let square = (&p * &p).to_bytes_be();
        assert_eq!(check(&square, F4), Err(RsaWeakness::ClosePrimes));
        let sound = (&p * &later).to_bytes_be();
        assert_eq!(check(&sound, F4), Ok(()));
        // Around one centre: found in the first round, however the bits of the difference lie.
        let centre = BigUint::from(1_u8) << 1024;
        let close = |bits: usize| {
            let half: BigUint = BigUint::from(1_u8) << bits;
            let modulus: BigUint = (&centre + &half) * (&centre - &half);
            has_close_primes(&modulus.to_bytes_be())
        };
        assert!(close(500) && close(512));
    }

    #[test]
    fn remainders_are_those_of_arithmetic() {
        assert_eq!(remainder(&[0x01, 0x00, 0x01], 751), 65537 % 751);
        assert_eq!(remainder(&[], 7), 0);
        assert_eq!(bit_length(&[0, 0, 1]), 1);
        assert_eq!(bit_length(&[0x80, 0]), 16);
    }
}
