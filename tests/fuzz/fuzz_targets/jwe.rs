//! Reads a JWE: see [`kleis_fuzz::jwe`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::jwe(data));
