//! An installation that publishes, and a client that fetches.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use kleis_e2e::{Installation, Party};
use kleis_pki::{Certificate, IssuerId, publication::shard_of};

/// A running installation whose certificates say where it publishes, over plain HTTP.
pub(crate) struct Published {
    pub(crate) installation: Installation,
    folder: tempfile::TempDir,
    base: String,
}

impl Published {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The address stands in the configuration before the server has it: one that is free now.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let base = format!("http://{address}");
        let config = folder.path().join("kleisd.toml");
        let settings = format!("[listen]\npki = \"{address}\"\n[pki]\nbase_url = \"{base}\"\n");
        fs::write(&config, settings).unwrap();
        let installation = Installation::with(&["--config", config.to_str().unwrap()]);
        assert_eq!(installation.facts().pki.as_deref(), Some(&*base));
        Self {
            installation,
            folder,
            base,
        }
    }

    /// A path beside the server's data.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as text.
    pub(crate) fn file(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Writes the certificate of somebody, in PEM.
    pub(crate) fn leaf(&self, party: &Party, name: &str) -> (Certificate, String) {
        let signer = party.signer();
        let certificate = signer.certificate().clone();
        fs::write(self.path(name), certificate.to_pem()).unwrap();
        (certificate, self.file(name))
    }

    /// Fetches a document, which must be there, into a file.
    pub(crate) fn fetch(&self, path: &str, name: &str) -> String {
        let (head, body) = self.get(path);
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
        fs::write(self.path(name), body).unwrap();
        self.file(name)
    }

    /// The head and the body of an answer.
    pub(crate) fn get(&self, path: &str) -> (String, Vec<u8>) {
        let address = self.base.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        (head, answer[end + 4..].to_vec())
    }

    /// The path of the revocation list that a certificate names.
    pub(crate) fn list_of(&self, certificate: &Certificate) -> String {
        let shard = shard_of(certificate.identity().unwrap().status_index());
        format!("/pki/crl/{}/{shard}.crl", self.issuer())
    }

    fn issuer(&self) -> IssuerId {
        let ca = self.fetch("/pki/ca.pem", "ca.pem");
        let der = fs::read(ca).unwrap();
        let ca = Certificate::list_from_pem(&der).unwrap().remove(0);
        IssuerId::of_ca(&ca)
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/pki/ocsp", self.base)
    }

    pub(crate) fn revoke(&self, certificate: &Certificate, reason: &str) {
        let serial = certificate.serial().to_string();
        let operator = self.installation.operator();
        operator.kleis(&["operator", "revoke", &serial, "--reason", reason]);
    }
}

/// Runs a program; gives what it says on either side, and whether it succeeded.
pub(crate) fn run(program: impl AsRef<Path>, arguments: &[&str]) -> (bool, String) {
    let output: Output = Command::new(program.as_ref())
        .args(arguments)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}
