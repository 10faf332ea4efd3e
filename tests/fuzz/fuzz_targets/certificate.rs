//! Reads a certificate: see [`kleis_fuzz::certificate`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::certificate(data));
