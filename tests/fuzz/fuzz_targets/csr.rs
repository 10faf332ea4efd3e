//! Reads a certificate request: see [`kleis_fuzz::csr`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::csr(data));
