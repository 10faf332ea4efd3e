//! Reads a forwarded certificate: see [`kleis_fuzz::xfcc`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kleis_fuzz::xfcc(data));
