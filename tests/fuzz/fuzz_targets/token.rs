//! Reads an access token: see [`kleis_fuzz::token`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::token(data));
