//! Reads a binding: see [`kleis_fuzz::binding`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::binding(data));
