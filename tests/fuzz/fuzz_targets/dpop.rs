//! Reads a DPoP proof: see [`kleis_fuzz::dpop`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::dpop(data));
