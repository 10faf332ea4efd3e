//! Reads a JWK: see [`kleis_fuzz::jwk`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::jwk(data));
