//! Reads strict JSON: see [`kleis_fuzz::strict_json`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::strict_json(data));
