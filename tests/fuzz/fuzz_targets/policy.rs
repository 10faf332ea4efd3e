//! Reads a policy: see [`kleis_fuzz::policy`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::policy(data));
