//! Randomness as a parameter, and the one place that asks the operating system for it.

use std::fmt;

/// A source of unpredictable bytes.
pub trait Random: Send + Sync + fmt::Debug {
    /// Overwrites the whole of `out` with fresh bytes.
    fn fill(&self, out: &mut [u8]);

    /// `N` fresh bytes. For a `dyn Random` use [`random_array`].
    fn array<const N: usize>(&self) -> [u8; N]
    where
        Self: Sized,
    {
        random_array(self)
    }
}

/// `N` fresh bytes from `random`.
pub fn random_array<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut out = [0; N];
    random.fill(&mut out);
    out
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    /// # Panics
    ///
    /// If the operating system has no randomness to give. No caller could go on safely without it,
    /// and no input can bring it about.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks for randomness"
    )]
    fn fill(&self, out: &mut [u8]) {
        if let Err(error) = getrandom::fill(out) {
            panic!("the operating system gives no randomness: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_the_whole_and_never_twice_the_same() {
        let first: [u8; 64] = OsRandom.array();
        let second: [u8; 64] = random_array(&OsRandom);
        assert_ne!(first, second);
        // 32 zero bytes in a row would mean that a part was left out.
        assert_ne!(first[..32], [0; 32]);
        assert_ne!(first[32..], [0; 32]);
    }
}
