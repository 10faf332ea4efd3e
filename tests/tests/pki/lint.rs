//! `pkilint` finds nothing.

use std::{fs, path::PathBuf};

use kleis_e2e::{packages, people};

use crate::published::{Published, run};

/// What it may say all the same: a URN is a URI (RFC 8141 section 2), though not one with a host, which is what pkilint
/// looks for.
const TOLERATED: &str = "pkix.invalid_uri_syntax,\"Invalid URI syntax: \"\"urn:kleis:";

/// The programs of pkilint; none where they cannot be had.
#[expect(
    clippy::print_stdout,
    reason = "for whoever wonders why nothing was shown"
)]
fn programs() -> Option<PathBuf> {
    match packages::PKI.folder() {
        Ok(folder) => Some(folder.join("venv/bin")),
        Err(reason) => {
            println!("skipped: {reason}");
            None
        }
    }
}

fn lint(programs: &std::path::Path, program: &str, further: &[&str], file: &str) {
    let arguments = [&["lint", "-s", "WARNING", "-f", "CSV"], further, &[file]].concat();
    let (_, said) = run(programs.join(program), &arguments);
    let mut lines = said.lines();
    let head = lines.next().unwrap_or_default();
    assert!(head.starts_with("node_path,"), "{program}: {said}");
    let found: Vec<_> = lines
        .filter(|line| !line.is_empty() && !line.contains(TOLERATED))
        .collect();
    assert!(found.is_empty(), "{program}: {found:#?}");
}

#[test]
fn pki_pkilint_finds_nothing_in_what_the_ca_signs() {
    let Some(programs) = programs() else { return };
    let published = Published::new();
    let ca = published.fetch("/pki/ca.pem", "ca.pem");
    lint(&programs, "lint_pkix_cert", &[], &ca);
    let root = published.fetch("/pki/root.pem", "root.pem");
    lint(&programs, "lint_pkix_cert", &[], &root);
    for (name, identifier) in [
        ("practice", people::ORGANISATION),
        ("mailbox", people::APPLICATION),
        ("doctor", people::DOCTOR),
    ] {
        let party = published.installation.enrolled(name, identifier);
        let (certificate, leaf) = published.leaf(&party, &format!("{name}.pem"));
        lint(&programs, "lint_pkix_cert", &[], &leaf);
        for reason in [None, Some("keyCompromise")] {
            if let Some(reason) = reason {
                published.revoke(&certificate, reason);
            }
            let list = published.fetch(&published.list_of(&certificate), "list.crl");
            lint(&programs, "lint_crl", &["-t", "CRL", "-p", "PKIX"], &list);
            for further in [&[][..], &["-no_nonce"]] {
                let answer = published.file("answer.der");
                let url = published.url();
                let arguments = [
                    "ocsp",
                    "-issuer",
                    &ca,
                    "-cert",
                    &leaf,
                    "-url",
                    &url,
                    "-respout",
                    &answer,
                    "-CAfile",
                    &root,
                    "-verify_other",
                    &ca,
                ];
                let (done, said) = run("openssl", &[&arguments[..], further].concat());
                assert!(done && said.contains("Response verify OK"), "{said}");
                lint(&programs, "lint_ocsp_response", &[], &answer);
            }
            let responder = responder(&published);
            lint(&programs, "lint_pkix_cert", &[], &responder);
        }
    }
}

/// The responder's certificate, out of the last answer.
fn responder(published: &Published) -> String {
    let answer = published.file("answer.der");
    let (done, said) = run(
        "openssl",
        &["ocsp", "-respin", &answer, "-noverify", "-resp_text"],
    );
    assert!(done, "{said}");
    let begin = said.find("-----BEGIN CERTIFICATE-----").unwrap();
    fs::write(published.path("responder.pem"), &said[begin..]).unwrap();
    published.file("responder.pem")
}
