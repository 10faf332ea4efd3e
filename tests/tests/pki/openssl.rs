//! `openssl verify`, `openssl crl` and `openssl ocsp` against a running server.

use kleis_e2e::people;

use crate::published::{Published, run};

fn openssl(arguments: &[&str]) -> (bool, String) {
    run("openssl", arguments)
}

/// What `openssl ocsp` says of a certificate.
fn ask(published: &Published, leaf: &str, further: &[&str]) -> String {
    let (root, ca) = roots(published);
    let url = published.url();
    let arguments = [
        "ocsp",
        "-issuer",
        &ca,
        "-cert",
        leaf,
        "-url",
        &url,
        "-CAfile",
        &root,
        "-verify_other",
        &ca,
    ];
    let (done, said) = openssl(&[&arguments[..], further].concat());
    assert!(done, "{said}");
    said
}

fn roots(published: &Published) -> (String, String) {
    (
        published.fetch("/pki/root.pem", "root.pem"),
        published.fetch("/pki/ca.pem", "ca.pem"),
    )
}

/// `openssl verify`, with the revocation list that it fetches itself from where the certificate says.
fn verify(published: &Published, leaf: &str) -> (bool, String) {
    let (root, ca) = roots(published);
    let list = ["-crl_check", "-crl_download"];
    let arguments = [
        "verify",
        "-x509_strict",
        "-CAfile",
        &root,
        "-untrusted",
        &ca,
    ];
    openssl(&[&arguments[..], &list, &[leaf]].concat())
}

#[test]
fn pki_openssl_finds_a_certificate_good_until_it_is_revoked() {
    let published = Published::new();
    let party = published
        .installation
        .enrolled("practice", people::ORGANISATION);
    let (certificate, leaf) = published.leaf(&party, "leaf.pem");
    let (good, said) = verify(&published, &leaf);
    assert!(good && said.contains(": OK"), "{said}");
    let said = ask(&published, &leaf, &[]);
    assert!(said.contains("Response verify OK"), "{said}");
    assert!(said.contains("leaf.pem: good"), "{said}");

    published.revoke(&certificate, "keyCompromise");
    let (good, said) = verify(&published, &leaf);
    assert!(!good && said.contains("certificate revoked"), "{said}");
    for further in [&[][..], &["-sha256"], &["-no_nonce"]] {
        // The hash counts for the certificates that are named after it.
        let mut arguments = further.to_vec();
        if further == ["-sha256"] {
            arguments.extend(["-cert", &leaf]);
        }
        let said = ask(&published, &leaf, &arguments);
        assert!(said.contains("Response verify OK"), "{said}");
        assert!(said.contains("leaf.pem: revoked"), "{said}");
        assert!(said.contains("Reason: keyCompromise"), "{said}");
        assert!(!said.contains("no nonce in response"), "{said}");
    }
}

#[test]
fn pki_openssl_reads_the_list() {
    let published = Published::new();
    let party = published
        .installation
        .enrolled("practice", people::ORGANISATION);
    let (certificate, _) = published.leaf(&party, "leaf.pem");
    let (root, ca) = roots(&published);
    let chain = published.path("chain.pem");
    let both = [root, ca].map(|file| std::fs::read_to_string(file).unwrap());
    std::fs::write(&chain, both.concat()).unwrap();
    let read = || {
        let list = published.fetch(&published.list_of(&certificate), "list.crl");
        let chain = chain.display().to_string();
        let arguments = [
            "crl", "-inform", "DER", "-in", &list, "-CAfile", &chain, "-noout", "-text",
        ];
        let (done, said) = openssl(&arguments);
        assert!(done && said.contains("verify OK"), "{said}");
        said
    };
    let said = read();
    assert!(said.contains("No Revoked Certificates."), "{said}");
    assert!(
        said.contains("X509v3 Issuing Distribution Point: critical"),
        "{said}"
    );
    assert!(said.contains("Only User Certificates"), "{said}");
    published.revoke(&certificate, "cessationOfOperation");
    let said = read();
    let serial = certificate.serial().to_string().to_uppercase();
    assert!(said.contains(&format!("Serial Number: {serial}")), "{said}");
    assert!(said.contains("Cessation Of Operation"), "{said}");
}

#[test]
fn pki_a_deactivated_registrant_is_on_hold() {
    let published = Published::new();
    let party = published
        .installation
        .enrolled("practice", people::ORGANISATION);
    let (_, leaf) = published.leaf(&party, "leaf.pem");
    let register = published.path("register.csv");
    let line = "name,identifiers,active\nExample Organisation,CBE:0123456749,";
    let import = |active: bool| {
        std::fs::write(&register, format!("{line}{active}\n")).unwrap();
        let register = register.to_str().unwrap();
        published
            .installation
            .operator()
            .kleis(&["operator", "registrants", "import", register]);
    };
    import(false);
    assert!(!verify(&published, &leaf).0);
    let said = ask(&published, &leaf, &[]);
    assert!(said.contains("Reason: certificateHold"), "{said}");
    import(true);
    assert!(verify(&published, &leaf).0);
    assert!(ask(&published, &leaf, &[]).contains("leaf.pem: good"));
}

#[test]
fn pki_without_an_address_certificates_name_none_and_there_are_no_lists() {
    let installation = kleis_e2e::Installation::new();
    let party = installation.enrolled("practice", people::ORGANISATION);
    assert!(installation.facts().pki.is_none());
    let leaf = installation.path("leaf.pem");
    std::fs::write(&leaf, party.signer().certificate().to_pem()).unwrap();
    let leaf = leaf.display().to_string();
    let (done, said) = openssl(&["x509", "-in", &leaf, "-noout", "-text"]);
    assert!(done && !said.contains("CRL Distribution"), "{said}");
    assert!(!said.contains("Authority Information Access"), "{said}");
}

#[test]
fn pki_over_plain_http_there_is_nothing_else() {
    let published = Published::new();
    let party = published.installation.enrolled("doctor", people::DOCTOR);
    let (certificate, _) = published.leaf(&party, "leaf.pem");
    for path in [
        "/oauth2/jwks",
        "/oauth2/token",
        "/kleis.registration.v1.RegistrationService/GetInstallation",
        "/pki/crl/0123456789abcdef/0.crl",
        &format!("/pki/certificates/{}.pem", certificate.serial()),
    ] {
        let (head, _) = published.get(path);
        assert!(!head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
    }
    let practice = published
        .installation
        .enrolled("practice", people::ORGANISATION);
    let (certificate, _) = published.leaf(&practice, "practice.pem");
    let path = format!("/pki/certificates/{}.pem", certificate.serial());
    let (head, body) = published.get(&path);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(body.starts_with(certificate.to_pem().as_bytes()));
}
