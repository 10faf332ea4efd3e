//! An installation with a first operator.

use std::{fs, path::PathBuf, process::Command};

use tempfile::TempDir;

use crate::{Databases, EdgeKeys, Ended, Facts, Kleisd, Party, PlayedIssuer, binaries};

/// Who is in the register of every [`Installation`].
pub mod people {
    /// The first operator.
    pub const OPERATOR: &str = "SSIN:73011136173";
    /// A doctor; the national number is an alias.
    pub const DOCTOR: &str = "NIHII:18749704";
    /// The doctor's alias.
    pub const DOCTOR_ALIAS: &str = "SSIN:93051822361";
    /// A patient.
    pub const PATIENT: &str = "SSIN:85073003328";
    /// An organisation, without application.
    pub const ORGANISATION: &str = "CBE:0123456749";
    /// The same organisation's application.
    pub const APPLICATION: &str = "CBE:0123456749/MAILBOX";
    /// The same organisation's other application.
    pub const OTHER_APPLICATION: &str = "CBE:0123456749/BILLING";
    /// A pharmacy.
    pub const PHARMACY: &str = "NIHII-PHARMACY:71000436";
    /// An insurer.
    pub const INSURER: &str = "CBE:0888888895";
    /// Somebody who is in the register, and not active.
    pub const RETIRED: &str = "NIHII:11530231";

    pub(crate) const REGISTER: &str = "\
name,identifiers,active
Alix Peeters,NIHII:18749704 SSIN:93051822361,true
Jane Doe,SSIN:85073003328,true
Example Organisation,CBE:0123456749,true
Example Pharmacy,NIHII-PHARMACY:71000436,true
Example Insurer,CBE:0888888895,true
Retired Doctor,NIHII:11530231,false
";
}

/// A running server in a temporary directory, with an operator and a register.
#[derive(Debug)]
pub struct Installation {
    // Before the directory: the server ends before its files go.
    kleisd: Option<Kleisd>,
    facts: Facts,
    /// The address that people are given.
    server: String,
    operator: Party,
    /// With which it is started again: what names the installation cannot be there the first time.
    config: Option<PathBuf>,
    dir: TempDir,
}

impl Installation {
    /// A fresh one.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// A fresh one whose server has further arguments.
    pub fn with(arguments: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let kleisd = Kleisd::start(&dir.path().join("data"), arguments).unwrap();
        let facts = kleisd.facts().clone();
        let operator = Party::new(dir.path().join("operator"), people::OPERATOR, "main");
        let installation = Self {
            kleisd: Some(kleisd),
            server: facts.public.clone(),
            facts,
            operator,
            config: None,
            dir,
        };
        installation.init(&installation.operator);
        let code = installation.facts.bootstrap.clone().unwrap();
        installation.operator.kleis(&[
            "operator",
            "bootstrap",
            "--id",
            people::OPERATOR,
            "--code",
            &code,
        ]);
        let register = installation.path("register.csv");
        fs::write(&register, people::REGISTER).unwrap();
        let register = register.to_str().unwrap();
        installation
            .operator
            .kleis(&["operator", "registrants", "import", register]);
        installation
    }

    /// A fresh one that accepts the tokens of this issuer.
    pub fn with_issuer(issuer: &PlayedIssuer) -> Self {
        Self::configured(&issuer.configuration())
    }

    /// A fresh one with this configuration.
    pub fn configured(toml: &str) -> Self {
        let mut installation = Self::new();
        let config = installation.path("kleisd.toml");
        fs::write(&config, toml).unwrap();
        installation.config = Some(config);
        installation.restart();
        installation
    }

    /// A fresh one, and its edge.
    pub fn with_edge() -> (Self, EdgeKeys) {
        let mut installation = Self::new();
        let edge = installation.certify_edge("edge");
        (installation, edge)
    }

    /// What the server said when it was ready.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The server.
    pub fn kleisd(&self) -> &Kleisd {
        self.kleisd.as_ref().unwrap()
    }

    /// Its data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    /// Its databases, behind its back.
    pub fn databases(&self) -> Databases {
        Databases::new(&self.data_dir())
    }

    /// A path in the temporary directory, beside the data.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Takes the server away, to be stopped or killed.
    pub fn take_kleisd(&mut self) -> Kleisd {
        self.kleisd.take().unwrap()
    }

    /// Starts the server again, at the same addresses.
    ///
    /// # Errors
    /// How it ended instead.
    pub fn start_again(&mut self, arguments: &[&str]) -> Result<(), Ended> {
        assert!(self.kleisd.is_none(), "it still runs");
        let config = self.config.as_ref().map(|it| it.display().to_string());
        let mut all = arguments.to_vec();
        // What the arguments name themselves stands instead of it.
        if let Some(config) = &config
            && !arguments.contains(&"--config")
        {
            all.extend(["--config", config]);
        }
        let mut left = 20;
        loop {
            match Kleisd::start_again(&self.facts, &self.data_dir(), &all) {
                // Another test's connection has got the port for the moment.
                Err(ended) if left > 0 && ended.stderr.contains("Address already in use") => {
                    left -= 1;
                }
                started => {
                    self.kleisd = Some(started?);
                    return Ok(());
                }
            }
        }
    }

    /// Stops the server in order, and starts it again.
    pub fn restart(&mut self) {
        self.restart_after(|_| ());
    }

    /// Certifies a new edge while the server is stopped. Its files are in a directory of this name.
    pub fn certify_edge(&mut self, name: &str) -> EdgeKeys {
        let mut keys = None;
        self.restart_after(|installation| keys = Some(installation.certified_edge(name)));
        keys.unwrap()
    }

    /// The same, of a server that is stopped already.
    pub(crate) fn certified_edge(&self, name: &str) -> EdgeKeys {
        assert!(self.kleisd.is_none(), "it still runs");
        let out = self.path(name);
        let output = Command::new(binaries::kleisd())
            .args(["edge", "certify", "--data-dir"])
            .arg(self.data_dir())
            .arg("--out")
            .arg(&out)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        EdgeKeys::new(&out)
    }

    fn restart_after(&mut self, meanwhile: impl FnOnce(&Self)) {
        assert!(self.take_kleisd().stop().success());
        meanwhile(self);
        self.start_again(&[]).unwrap();
    }

    /// Gives people another address in the place of the server's own, the operator too.
    pub(crate) fn stand_behind(&mut self, address: &str) {
        address.clone_into(&mut self.server);
        self.init(&self.operator);
    }

    // --- people -------------------------------------------------------------------------------

    /// The first operator.
    pub fn operator(&self) -> &Party {
        &self.operator
    }

    /// Somebody with a home that knows the installation, and no certificate yet.
    pub fn stranger(&self, name: &str, identifier: &str, device: &str) -> Party {
        let party = Party::new(self.path(name), identifier, device);
        self.init(&party);
        party
    }

    /// Somebody with a certificate, by a code.
    pub fn enrolled(&self, name: &str, identifier: &str) -> Party {
        let party = self.stranger(name, identifier, "main");
        let code = self.code(identifier);
        party.kleis(&["enroll", "--id", identifier, "--code", &code]);
        party
    }

    /// Somebody with a certificate and a published encryption key.
    pub fn published(&self, name: &str, identifier: &str) -> Party {
        let party = self.enrolled(name, identifier);
        party.kleis(&["keys", "publish"]);
        party
    }

    /// A further device, endorsed by one of the same owner.
    pub fn endorsed(&self, name: &str, device: &str, sibling: &Party) -> Party {
        let identifier = sibling.identifier();
        let party = self.stranger(name, identifier, device);
        let file = |extension| {
            let path = self.path(&format!("{name}.{extension}"));
            path.to_str().unwrap().to_owned()
        };
        let (request, endorsement) = (file("request"), file("endorsement"));
        let named = ["--id", identifier, "--device", device];
        party.kleis(&[&["devices", "request", "--out", &request], &named[..]].concat());
        sibling.kleis(&[
            "devices",
            "endorse",
            &request,
            "--out",
            &endorsement,
            "--yes",
        ]);
        party.kleis(&[&["enroll", "--endorsement", &endorsement], &named[..]].concat());
        party
    }

    /// An enrolment code, fresh from the operator.
    pub fn code(&self, identifier: &str) -> String {
        let made = self
            .operator
            .kleis(&["operator", "codes", "create", "--id", identifier]);
        made["code"].as_str().unwrap().to_owned()
    }

    fn init(&self, party: &Party) {
        let root = self.facts.root.to_str().unwrap();
        let (server, admin) = (&self.server, &self.facts.admin);
        party.kleis(&["init", "--server", server, "--admin", admin, "--root", root]);
    }
}

impl Default for Installation {
    fn default() -> Self {
        Self::new()
    }
}
