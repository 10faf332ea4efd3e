//! Moduli of RSA that are known to share a factor with others.

use std::fmt;

use kleis_jose::{Jwk, KeyType};
use num_bigint::BigUint;

use super::{KeyPolicyError, RsaWeakness, modulus_of};

/// Most bits of a number in a list: a modulus of the largest size that is read at all.
const MAX_BITS: u64 = 8192;

/// A list of moduli, or of primes, that no modulus may share a factor with: generators without
/// enough randomness make the same prime for different people, and whoever holds two such public
/// keys has both private ones.
///
/// All of the list is looked at in one step, through the product of its numbers; it costs a
/// division of that product by the modulus, whose length is the list's.
#[derive(Clone, Default)]
pub struct WeakModuli {
    product: Option<BigUint>,
    count: usize,
}

/// Why a text is no such list. The fault is the operator's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} is no number above 1 of at most 8192 bits in hexadecimal; begin comments with #"
)]
pub struct InvalidWeakModuli {
    /// Which line, from 1.
    pub line: usize,
}

impl WeakModuli {
    /// Reads a list: a number in hexadecimal on each line, empty lines and those that begin with
    /// `#` aside.
    pub fn parse(text: &str) -> Result<Self, InvalidWeakModuli> {
        let mut numbers = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // The parser of the library takes signs and separators too.
            let plain = line.bytes().all(|it| it.is_ascii_hexdigit());
            let number = plain
                .then(|| BigUint::parse_bytes(line.as_bytes(), 16))
                .flatten()
                .filter(|number| (2..=MAX_BITS).contains(&number.bits()));
            numbers.push(number.ok_or(InvalidWeakModuli { line: index + 1 })?);
        }
        let count = numbers.len();
        Ok(Self {
            product: (count > 0).then(|| product(numbers)),
            count,
        })
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Refuses a key of RSA that shares a factor with one of the list. Other keys have none.
    pub fn check(&self, key: &Jwk) -> Result<(), KeyPolicyError> {
        let (Some(product), KeyType::Rsa { .. }) = (&self.product, key.key_type()) else {
            return Ok(());
        };
        let modulus = BigUint::from_bytes_be(&modulus_of(key)?);
        if divisor(modulus.clone(), product % &modulus) == BigUint::from(1_u8) {
            Ok(())
        } else {
            Err(RsaWeakness::SharedFactor.into())
        }
    }
}

impl fmt::Debug for WeakModuli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakModuli")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// The product, by halves: factors of like size multiply fastest.
fn product(mut numbers: Vec<BigUint>) -> BigUint {
    while numbers.len() > 1 {
        numbers = numbers
            .chunks(2)
            .map(|pair| pair.iter().product())
            .collect();
    }
    numbers.pop().unwrap_or_default()
}

/// The greatest common divisor (Euclid). All of it is public.
fn divisor(mut a: BigUint, mut b: BigUint) -> BigUint {
    let zero = BigUint::default();
    while b != zero {
        let rest = &a % &b;
        a = b;
        b = rest;
    }
    a
}

#[cfg(test)]
mod tests {
    use kleis_types::base64url;

    use super::*;

    /// The primes of two keys of 2048 bits, made by `openssl prime -generate -bits 1024 -hex`.
    const P: &str = include_str!("primes/p.hex");
    const Q: &str = include_str!("primes/q.hex");
    const R: &str = include_str!("primes/r.hex");

    fn prime(hex: &str) -> BigUint {
        BigUint::parse_bytes(hex.trim().as_bytes(), 16).unwrap()
    }

    fn key(p: &str, q: &str) -> Jwk {
        let n = base64url::encode(&(prime(p) * prime(q)).to_bytes_be());
        let json = format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#);
        Jwk::from_slice(json.as_bytes()).unwrap()
    }

    fn list(numbers: &[BigUint]) -> WeakModuli {
        let lines: Vec<String> = numbers.iter().map(|it| format!("{it:x}")).collect();
        WeakModuli::parse(&lines.join("\n")).unwrap()
    }

    #[test]
    fn a_modulus_shares_no_factor_with_the_list() {
        let shared = Err(KeyPolicyError::Rsa(RsaWeakness::SharedFactor));
        let other = list(&[prime(Q) * prime(R), BigUint::from(0xffff_fffb_u32)]);
        assert_eq!(other.check(&key(P, Q)), shared);
        assert_eq!(other.check(&key(P, R)), shared);
        // The very modulus, and a prime of it.
        assert_eq!(list(&[prime(P) * prime(Q)]).check(&key(P, Q)), shared);
        assert_eq!(list(&[prime(Q)]).check(&key(P, Q)), shared);
        // None of it.
        assert_eq!(list(&[prime(R)]).check(&key(P, Q)), Ok(()));
        assert_eq!(WeakModuli::default().check(&key(P, Q)), Ok(()));
        let curve = Jwk::generate(KeyType::P256, &kleis_types::SeededRandom::new(1)).unwrap();
        assert_eq!(other.check(&curve), Ok(()));
        assert_eq!(format!("{other:?}"), "WeakModuli { count: 2, .. }");
    }

    #[test]
    fn lists_are_strict() {
        let read = WeakModuli::parse("# known\n\n  C5\r\nfb\n").unwrap();
        assert_eq!((read.len(), read.is_empty()), (2, false));
        assert!(WeakModuli::parse("# nothing\n").unwrap().is_empty());
        let long = "f".repeat(2049);
        for (text, line) in [
            ("0", 1),
            ("1", 1),
            ("c5\n-7", 2),
            ("c5\n\nc_5", 3),
            ("+7", 1),
            ("xyz", 1),
            (long.as_str(), 1),
        ] {
            let refused = WeakModuli::parse(text).unwrap_err();
            assert_eq!(refused, InvalidWeakModuli { line }, "{text}");
        }
    }
}
