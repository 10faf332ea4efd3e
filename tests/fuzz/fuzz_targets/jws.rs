//! Reads a JWS: see [`kleis_fuzz::jws`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::jws(data));
