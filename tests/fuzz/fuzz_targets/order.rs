//! Reads an order: see [`kleis_fuzz::order`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::order(data));
