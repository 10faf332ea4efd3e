//! Reads a client assertion: see [`kleis_fuzz::assertion`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::assertion(data));
