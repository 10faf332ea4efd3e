//! Reads a status list: see [`kleis_fuzz::status_list`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::status_list(data));
