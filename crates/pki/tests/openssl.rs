//! Requests made by OpenSSL, and certificates read by it.
//!
//! Needs the `openssl` program (3.0 or later) in the path.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kleis_pki::{
    CaMaterial, Certificate, Csr, CsrError, Identity, IdentityRequest, IssuingCa, KeyPolicyError,
    RsaWeakness, SerialNumber, SubjectName, TrustAnchors, WeakModuli,
};
use kleis_types::{DeviceId, ErrorCode, InstallationId, Random, SeededRandom, Timestamp};

/// 2026-03-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_unix(1_772_323_200);
const YEAR: i64 = 365 * 86_400;
const NAME: &str = "Hôpital Érasme";
const FULL_SUBJECT: &str = "/C=BE/O=Federal Government/OU=KGSS/OU=CBE=0809394427\
                            /OU=HOPITAL ERASME/OU=eHealth-platform Belgium\
                            /CN=CBE=0809394427, KGSS";

struct Workshop {
    folder: tempfile::TempDir,
}

impl Workshop {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A private key made by `openssl genpkey` with these options.
    fn key(&self, options: &[&str]) -> PathBuf {
        let path = self.path("key.pem");
        succeed(
            Command::new("openssl")
                .arg("genpkey")
                .args(options)
                .arg("-out")
                .arg(&path),
        );
        path
    }

    /// A request in PEM by that key.
    fn request(&self, key: &Path, subject: &str, options: &[&str]) -> Vec<u8> {
        // An empty configuration: no machine's own extensions or prompts.
        let configuration = self.write("empty.cnf", b"[req]\ndistinguished_name=name\n[name]\n");
        succeed(
            Command::new("openssl")
                .args(["req", "-new", "-utf8", "-config"])
                .arg(configuration)
                .arg("-key")
                .arg(key)
                .args(["-subj", subject])
                .args(options),
        )
        .stdout
    }

    fn parse(&self, key_options: &[&str], options: &[&str]) -> Result<Csr, CsrError> {
        let key = self.key(key_options);
        Csr::parse(&self.request(&key, "/", options))
    }

    fn pem(&self, name: &str, certificate: &Certificate) -> PathBuf {
        let der = self.write("der", certificate.der());
        let path = self.path(name);
        succeed(
            Command::new("openssl")
                .args(["x509", "-inform", "DER", "-in"])
                .arg(der)
                .arg("-out")
                .arg(&path),
        );
        path
    }
}

fn run(command: &mut Command) -> Output {
    command
        .output()
        .expect("these tests need the openssl program")
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = run(command);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    output
}

const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P384: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
const ED25519: &[&str] = &["-algorithm", "ED25519"];

fn rsa(bits: &str) -> Vec<String> {
    let bits = format!("rsa_keygen_bits:{bits}");
    ["-algorithm", "RSA", "-pkeyopt", &bits]
        .map(ToOwned::to_owned)
        .to_vec()
}

fn refs(options: &[String]) -> Vec<&str> {
    options.iter().map(String::as_str).collect()
}

#[test]
fn requests_of_every_key_type_and_hash_pass() {
    let workshop = Workshop::new();
    for key in [P256, P384] {
        for hash in ["-sha256", "-sha384", "-sha512"] {
            workshop.parse(key, &[hash]).unwrap();
        }
    }
    workshop.parse(ED25519, &[]).unwrap();
    for bits in ["2048", "3072", "4096"] {
        workshop.parse(&refs(&rsa(bits)), &[]).unwrap();
    }
    let key = workshop.key(&refs(&rsa("2048")));
    for hash in ["-sha256", "-sha384", "-sha512"] {
        let pss = [
            "-sigopt",
            "rsa_padding_mode:pss",
            "-sigopt",
            "rsa_pss_saltlen:digest",
            hash,
        ];
        for options in [&[hash][..], &pss] {
            let pem = workshop.request(&key, "/", options);
            Csr::parse(&pem).unwrap();
        }
    }
}

#[test]
fn pem_and_der_are_the_same_request() {
    let workshop = Workshop::new();
    let key = workshop.key(P256);
    let der = workshop.request(&key, "/", &["-outform", "DER"]);
    let csr = Csr::parse(&der).unwrap();
    assert_eq!(csr.der(), der);
    let pem = workshop.write("request.der", &der);
    let pem = succeed(
        Command::new("openssl")
            .args(["req", "-inform", "DER", "-in"])
            .arg(pem),
    );
    assert_eq!(Csr::parse(&pem.stdout).unwrap().der(), der);
}

#[test]
fn the_shortest_command_makes_a_good_request() {
    let workshop = Workshop::new();
    let key = workshop.key(P256);
    let output = succeed(
        Command::new("openssl")
            .args(["req", "-new", "-subj", "/", "-key"])
            .arg(key),
    );
    Csr::parse(&output.stdout).unwrap();
}

#[test]
fn the_subject_is_empty_or_in_full() {
    let workshop = Workshop::new();
    let key = workshop.key(P256);
    let identifier = "CBE:0809394427/KGSS".parse().unwrap();
    let ours = SubjectName::new(&identifier, NAME).unwrap();
    let check = |subject: &str| {
        Csr::parse(&workshop.request(&key, subject, &[])).and_then(|csr| csr.check_subject(&ours))
    };
    assert_eq!(check("/"), Ok(()));
    assert_eq!(check(FULL_SUBJECT), Ok(()));
    for other in [
        "/CN=CBE=0809394427, KGSS".to_owned(),
        FULL_SUBJECT.replace("ERASME", "ERASMUS"),
        FULL_SUBJECT.replace("/OU=KGSS", ""),
        FULL_SUBJECT.replace("/OU=KGSS/OU=CBE=0809394427", "/OU=CBE=0809394427/OU=KGSS"),
        FULL_SUBJECT.replace("C=BE", "C=FR"),
        format!("{FULL_SUBJECT}/emailAddress=a@b.example"),
    ] {
        assert_eq!(check(&other), Err(CsrError::SubjectMismatch), "{other}");
    }
}

#[test]
fn a_subject_in_printable_strings_is_the_same() {
    let workshop = Workshop::new();
    let key = workshop.key(P256);
    let mask = b"[req]\ndistinguished_name=name\nstring_mask=default\n[name]\n";
    let output = succeed(
        Command::new("openssl")
            .args([
                "req",
                "-new",
                "-outform",
                "DER",
                "-subj",
                FULL_SUBJECT,
                "-config",
            ])
            .arg(workshop.write("printable.cnf", mask))
            .arg("-key")
            .arg(&key),
    );
    assert!(output.stdout.windows(8).any(|it| it == b"\x13\x0eHOPITA"));
    let identifier = "CBE:0809394427/KGSS".parse().unwrap();
    let ours = SubjectName::new(&identifier, NAME).unwrap();
    assert_eq!(
        Csr::parse(&output.stdout).unwrap().check_subject(&ours),
        Ok(())
    );
}

#[test]
fn weak_and_foreign_keys_are_told_as_what_they_are() {
    let workshop = Workshop::new();
    let code = |key: &[&str], options: &[&str]| workshop.parse(key, options).unwrap_err().code();
    assert_eq!(code(&refs(&rsa("1024")), &[]), ErrorCode::KeyWeak);
    let mut small_exponent = rsa("2048");
    small_exponent.extend(["-pkeyopt", "rsa_keygen_pubexp:3"].map(ToOwned::to_owned));
    let refused = workshop.parse(&refs(&small_exponent), &[]).unwrap_err();
    assert!(
        matches!(refused, CsrError::KeyPolicy(KeyPolicyError::Rsa(_))),
        "{refused:?}"
    );
    for curve in ["P-521", "secp256k1", "P-224"] {
        let curve = format!("ec_paramgen_curve:{curve}");
        let key = ["-algorithm", "EC", "-pkeyopt", &curve];
        assert_eq!(
            code(&key, &[]),
            ErrorCode::KeyAlgorithmUnsupported,
            "{curve}"
        );
    }
    assert_eq!(
        code(&["-algorithm", "ED448"], &[]),
        ErrorCode::KeyAlgorithmUnsupported
    );
    let pss = ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"];
    assert_eq!(code(&pss, &[]), ErrorCode::KeyAlgorithmUnsupported);
    // Named by its parameters instead of its name: not canonical.
    let mut explicit = P256.to_vec();
    explicit.extend(["-pkeyopt", "ec_param_enc:explicit"]);
    assert_eq!(code(&explicit, &[]), ErrorCode::CsrMalformed);
}

#[test]
fn a_modulus_of_the_list_is_told_as_what_it_is() {
    let workshop = Workshop::new();
    let csr = workshop.parse(&refs(&rsa("2048")), &[]).unwrap();
    let key = workshop.path("key.pem");
    let mut modulus = Command::new("openssl");
    modulus.args(["rsa", "-noout", "-modulus", "-in"]).arg(&key);
    let said = String::from_utf8(succeed(&mut modulus).stdout).unwrap();
    let listed = said.trim().strip_prefix("Modulus=").unwrap();
    let weak = WeakModuli::parse(&format!("# made by openssl\n{listed}\n")).unwrap();
    let refused = weak.check(csr.public_key());
    assert_eq!(refused, Err(KeyPolicyError::Rsa(RsaWeakness::SharedFactor)));
    // The next one has nothing to do with it.
    let other = workshop.parse(&refs(&rsa("2048")), &[]).unwrap();
    assert_eq!(weak.check(other.public_key()), Ok(()));
}

#[test]
fn weak_signatures_are_refused() {
    let workshop = Workshop::new();
    let max_salt = [
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:max",
    ];
    let refused = workshop.parse(&refs(&rsa("2048")), &max_salt).unwrap_err();
    assert_eq!(refused, CsrError::SignatureAlgorithm);
    for hash in ["-sha1", "-sha224", "-sha3-256"] {
        for key in [P256.iter().map(ToString::to_string).collect(), rsa("2048")] {
            let refused = workshop.parse(&refs(&key), &[hash]).unwrap_err();
            assert_eq!(refused, CsrError::SignatureAlgorithm, "{hash}");
        }
    }
}

#[test]
fn only_extensions_that_repeat_the_profile_are_tolerated() {
    let workshop = Workshop::new();
    let with = |extensions: &[&str]| {
        let options: Vec<&str> = extensions.iter().flat_map(|it| ["-addext", it]).collect();
        workshop.parse(P256, &options)
    };
    with(&[
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=clientAuth",
        "basicConstraints=critical,CA:false",
    ])
    .unwrap();
    for extension in [
        "subjectAltName=URI:urn:kleis:id:CBE:0809394427",
        "subjectAltName=DNS:edge.example",
        "basicConstraints=CA:true",
        "keyUsage=digitalSignature,keyCertSign",
        "extendedKeyUsage=clientAuth,serverAuth",
        "certificatePolicies=1.2.3.4",
        "nameConstraints=permitted;DNS:example",
    ] {
        let refused = with(&[extension]).unwrap_err();
        assert!(
            matches!(refused, CsrError::ExtensionForbidden { .. }),
            "{extension}"
        );
    }
}

struct Installation {
    id: InstallationId,
    material: CaMaterial,
    ca: IssuingCa,
}

impl Installation {
    fn new() -> Self {
        let random = SeededRandom::new(1);
        let id = InstallationId::random(&random);
        let material = CaMaterial::generate(&id, NOW, &random).unwrap();
        let intermediate = material.intermediate();
        let ca =
            IssuingCa::new(intermediate.certificate().der(), intermediate.key_pkcs8()).unwrap();
        Self { id, material, ca }
    }

    fn identity(&self) -> Identity {
        let identifiers = vec!["CBE:0809394427/KGSS".parse().unwrap()];
        Identity::new(identifiers, DeviceId::main(), self.id.clone(), 42).unwrap()
    }

    fn issue(&self, csr: &Csr, random: &dyn Random) -> Certificate {
        let request = IdentityRequest {
            spki_der: csr.spki_der(),
            identity: &self.identity(),
            name: NAME,
            not_before: NOW,
            not_after: NOW.plus_seconds(YEAR),
            serial: SerialNumber::random(random),
        };
        self.ca.issue_identity(&request).unwrap()
    }

    /// `openssl verify` of `leaf` under this installation's root.
    fn verify(&self, workshop: &Workshop, leaf: &Certificate, options: &[&str]) -> Output {
        let at = NOW.plus_seconds(60).unix().to_string();
        let root = self.material.root().certificate();
        run(Command::new("openssl")
            .args(["verify", "-x509_strict", "-check_ss_sig", "-attime", &at])
            .args(options)
            .arg("-CAfile")
            .arg(workshop.pem("root.pem", root))
            .arg("-untrusted")
            .arg(workshop.pem("issuing.pem", self.ca.chain_certificate()))
            .arg(workshop.pem("leaf.pem", leaf)))
    }
}

#[track_caller]
fn assert_verified(output: &Output) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
}

#[test]
fn openssl_verifies_identities_strictly() {
    let workshop = Workshop::new();
    let installation = Installation::new();
    let random = SeededRandom::new(2);
    let rsa = rsa("2048");
    for key in [P256, P384, ED25519, &refs(&rsa)] {
        let leaf = installation.issue(&workshop.parse(key, &[]).unwrap(), &random);
        assert_verified(&installation.verify(&workshop, &leaf, &["-purpose", "sslclient"]));
        let as_server = installation.verify(&workshop, &leaf, &["-purpose", "sslserver"]);
        assert!(!as_server.status.success());
    }
}

#[test]
fn openssl_verifies_servers_and_their_names() {
    let workshop = Workshop::new();
    let installation = Installation::new();
    let csr = workshop.parse(P256, &[]).unwrap();
    let dns = ["edge.example".to_owned()];
    let ips = ["192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap()];
    let serial = SerialNumber::random(&SeededRandom::new(3));
    let until = NOW.plus_seconds(YEAR);
    let ca = &installation.ca;
    let leaf = ca
        .issue_server(csr.spki_der(), &dns, &ips, NOW, until, &serial)
        .unwrap();
    for name in [
        ["-verify_hostname", "edge.example"],
        ["-verify_ip", "192.0.2.7"],
        ["-verify_ip", "2001:db8::7"],
    ] {
        let options = ["-purpose", "sslserver", name[0], name[1]];
        assert_verified(&installation.verify(&workshop, &leaf, &options));
    }
    let other = ["-purpose", "sslserver", "-verify_hostname", "other.example"];
    assert!(
        !installation
            .verify(&workshop, &leaf, &other)
            .status
            .success()
    );
    assert!(
        !installation
            .verify(&workshop, &leaf, &["-purpose", "sslclient"])
            .status
            .success()
    );
}

#[test]
fn openssl_reads_the_fields_as_they_were_meant() {
    let workshop = Workshop::new();
    let installation = Installation::new();
    let csr = workshop.parse(P256, &[]).unwrap();
    let leaf = installation.issue(&csr, &SeededRandom::new(2));
    let pem = workshop.pem("leaf.pem", &leaf);
    let shown = succeed(
        Command::new("openssl")
            .args([
                "x509",
                "-noout",
                "-text",
                "-subject",
                "-nameopt",
                "RFC2253,utf8",
                "-in",
            ])
            .arg(pem),
    );
    let shown = String::from_utf8(shown.stdout).unwrap();
    let id = &installation.id;
    let names = format!(
        "URI:urn:kleis:id:CBE:0809394427:KGSS, URI:urn:kleis:device:main, \
         URI:urn:kleis:installation:{id}, URI:urn:kleis:status:42"
    );
    // OpenSSL does not escape `=` in a value; RFC 4514 leaves that open.
    let subject = format!("subject={}", leaf.subject().replace("\\=", "="));
    for expected in [
        "Version: 3 (0x2)",
        "Signature Algorithm: ecdsa-with-SHA384",
        "Not Before: Mar  1 00:00:00 2026 GMT",
        "Not After : Mar  1 00:00:00 2027 GMT",
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
        "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        &names,
        &subject,
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
}

#[test]
fn openssl_and_the_chain_verifier_agree_on_tampering() {
    let workshop = Workshop::new();
    let installation = Installation::new();
    let leaf = installation.issue(&workshop.parse(P256, &[]).unwrap(), &SeededRandom::new(2));
    let root = installation.material.root().certificate().der().to_vec();
    let anchors = TrustAnchors::from_ders(vec![root]).unwrap();
    let issuing = installation.ca.chain_certificate().der().to_vec();

    let chain = vec![leaf.der().to_vec(), issuing.clone()];
    assert_eq!(
        anchors.verify_identity(&chain, NOW).unwrap().identity(),
        &installation.identity()
    );

    let index = b"urn:kleis:status:42";
    let at = leaf
        .der()
        .windows(index.len())
        .position(|it| it == index)
        .unwrap();
    let mut tampered = leaf.der().to_vec();
    tampered[at + index.len() - 1] = b'3';
    assert!(
        anchors
            .verify_identity(&[tampered.clone(), issuing], NOW)
            .is_err()
    );
    let tampered = Certificate::from_der(&tampered).unwrap();
    assert!(
        !installation
            .verify(&workshop, &tampered, &[])
            .status
            .success()
    );
}
