//! What the fuzz targets run: one function for each, named like its target.
//!
//! Each reads what a stranger may send. It must neither panic nor take long, whatever the bytes; and what is accepted
//! must hold what the parser promises: it can be written and read again, and is still the same.
//!
//! Signed messages are read twice: as the bytes come, and as the payload of a message with a good signature, because
//! a fuzzer cannot sign and would never get behind the first check.
//!
//! To add a target, write its function here, a file in `fuzz_targets/`, its `[[bin]]` in `Cargo.toml`, and seeds in
//! `examples/make_seeds.rs`. `cargo test` in this folder runs every function over its seeds.
#![forbid(unsafe_code)]

mod access;
mod formats;
mod keys;
mod signed;

pub use access::{ACCESS, Access, TOKEN, assertion, dpop, token};
pub use formats::{certificate, csr, identifier, policy, strict_json, xfcc};
pub use keys::{KEYS, jwe, jwk, jws};
pub use signed::{METHOD, binding, installation, order, status_list};

/// A function that takes whatever comes.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("assertion", assertion),
    ("binding", binding),
    ("certificate", certificate),
    ("csr", csr),
    ("dpop", dpop),
    ("identifier", identifier),
    ("jwe", jwe),
    ("jwk", jwk),
    ("jws", jws),
    ("order", order),
    ("policy", policy),
    ("status_list", status_list),
    ("strict_json", strict_json),
    ("token", token),
    ("xfcc", xfcc),
];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn every_target_has_seeds_and_takes_them_whole_and_cut_off() {
        for (name, target) in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("seeds")
                .join(name);
            let seeds: Vec<_> = fs::read_dir(folder).unwrap().collect();
            assert!(seeds.len() > 1, "{name} has too few seeds");
            for seed in seeds {
                let seed = fs::read(seed.unwrap().path()).unwrap();
                target(&seed);
                for end in (0..seed.len()).step_by(37) {
                    target(&seed[..end]);
                }
            }
        }
    }

    #[test]
    fn every_target_has_a_binary() {
        let manifest = include_str!("../Cargo.toml");
        let binaries = manifest.matches("[[bin]]").count();
        assert_eq!(binaries, TARGETS.len());
        for (name, _) in TARGETS {
            assert!(
                manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
                "{name}"
            );
        }
    }
}
