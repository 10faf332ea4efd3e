//! Reads an identifier: see [`kleis_fuzz::identifier`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::identifier(data));
