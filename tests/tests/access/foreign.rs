//! A national CA that is not ours, made by openssl: its certificates open reads, as long as its revocation list says so,
//! and nothing else.

use std::{fs, path::Path, process::Command};

use kleis_e2e::{Caller, Forge, Installation, Refusal, people};
use kleis_proto::{directory::v1::LookupResponse, method};
use serde_json::json;
use tonic::{Code, transport::Identity};

use super::{LOOKUP, wanted};

/// A CA in a directory, with a certificate of somebody in the form of the Belgian identity card.
struct NationalCa<'a>(&'a Path);

impl NationalCa<'_> {
    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split(' ').map(|word| word.replace('+', " ")))
            .current_dir(self.0)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {said}");
    }

    fn make(&self) {
        fs::write(self.0.join("index.txt"), "").unwrap();
        fs::write(self.0.join("crlnumber"), "01\n").unwrap();
        fs::write(self.0.join("serial"), "1000\n").unwrap();
        let config = "[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\ncrlnumber=crlnumber\nserial=serial\nnew_certs_dir=.\n\
                      certificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\ndefault_crl_days=1\ndefault_days=30\n\
                      policy=any\nx509_extensions=client\n[any]\ncommonName=supplied\nserialNumber=supplied\n\
                      countryName=supplied\n[client]\nbasicConstraints=critical,CA:FALSE\n\
                      keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n";
        fs::write(self.0.join("ca.cnf"), config).unwrap();
        self.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout ca.key -out ca.pem -days 60 \
             -subj /C=BE/CN=Example+National+CA -addext keyUsage=critical,keyCertSign,cRLSign",
        );
    }

    /// A certificate of somebody, for TLS.
    fn issue(&self, name: &str, number: &str) -> Identity {
        let subject = format!("/C=BE/CN={name}/serialNumber={number}");
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.csr -subj {subject}"
        ));
        self.openssl(&format!(
            "ca -batch -notext -config ca.cnf -in {name}.csr -out {name}.pem"
        ));
        let read = |extension: &str| fs::read(self.0.join(format!("{name}.{extension}"))).unwrap();
        Identity::from_pem(read("pem"), read("key"))
    }

    fn publish_list(&self) {
        self.openssl("ca -config ca.cnf -gencrl -out ca.crl");
    }
}

async fn look_up_a_person(caller: &Caller) -> Result<(), Refusal> {
    let found = caller.call::<_, LookupResponse>(LOOKUP, wanted(people::DOCTOR));
    found.await.map(drop)
}

#[tokio::test]
async fn access_a_certificate_of_a_national_ca_opens_reads_until_it_is_revoked() {
    let mut installation = Installation::new();
    installation.published("doctor", people::DOCTOR);
    let directory = installation.path("national");
    fs::create_dir(&directory).unwrap();
    let ca = NationalCa(&directory);
    ca.make();
    let (good, revoked) = (
        ca.issue("good", "85073003328"),
        ca.issue("revoked", "73011136173"),
    );
    ca.openssl("ca -config ca.cnf -revoke revoked.pem");
    ca.publish_list();
    let config = installation.path("kleisd.toml");
    let (roots, crl) = (directory.join("ca.pem"), directory.join("ca.crl"));
    let lines = format!("[[client_cas]]\nroots = {roots:?}\ncrls = [{crl:?}]\nsubject = \"eid\"\n");
    fs::write(&config, lines).unwrap();
    assert!(installation.take_kleisd().stop().success());
    let config = config.to_str().unwrap();
    installation.start_again(&["--config", config]).unwrap();

    let good = Caller::with_identity(&installation, good);
    assert_eq!(look_up_a_person(&good).await, Ok(()));
    let revoked = Caller::with_identity(&installation, revoked);
    let refused = look_up_a_person(&revoked).await.unwrap_err();
    let told = (refused.code, refused.reason.as_str());
    assert_eq!(told, (Code::Unauthenticated, "CERTIFICATE_REVOKED"));

    // It signs no order, whoever's certificate the order has.
    let patient = installation.enrolled("patient", people::PATIENT);
    let order = Forge::order(
        &installation,
        &patient,
        method::custody::DESCRIBE_KEY,
        json!({"keyId": "AAAAAAAAAAAAAAAAAAAAAA"}),
    );
    let refused = good
        .order(method::custody::DESCRIBE_KEY, &order.sign())
        .await;
    assert_eq!(refused.unwrap_err().reason, "SIGNER_MISMATCH");
}
