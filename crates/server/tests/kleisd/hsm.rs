//! The CA's key in a token: SoftHSM, where it is there.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Place, code, kleisd, stderr};

const PIN: &str = "56789012";

/// Where Debian and others put the module.
const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// A token of SoftHSM, and an installation whose key is to be in it.
struct Bench {
    place: Place,
    module: &'static str,
}

impl Bench {
    /// None, and a word about it, where there is no SoftHSM.
    #[expect(
        clippy::print_stdout,
        reason = "for whoever wonders why nothing was shown"
    )]
    fn new() -> Option<Self> {
        let Some(module) = MODULES.into_iter().find(|path| Path::new(path).exists()) else {
            println!("skipped: there is no SoftHSM here (Debian's softhsm2)");
            return None;
        };
        let place = Place::new();
        let tokens = place.beside("tokens");
        fs::create_dir(&tokens).unwrap();
        let configuration = format!("directories.tokendir = {}\n", tokens.display());
        fs::write(place.beside("softhsm2.conf"), configuration).unwrap();
        let bench = Self { place, module };
        bench.init_token("kleis");
        bench.write_pin(PIN);
        Some(bench)
    }

    fn init_token(&self, label: &str) {
        let status = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", label])
            .args(["--so-pin", "1234", "--pin", PIN])
            .env("SOFTHSM2_CONF", self.place.beside("softhsm2.conf"))
            .output()
            .unwrap()
            .status;
        assert!(status.success());
    }

    fn write_pin(&self, pin: &str) {
        let path = self.place.beside("pin");
        fs::write(&path, format!("{pin}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn configured(&self, token: &str, key: &str) -> PathBuf {
        let (module, pin) = (self.module, self.place.beside("pin").display().to_string());
        let path = self.place.beside("kleisd.toml");
        let settings = format!(
            "[ca.pkcs11]\nmodule = {module:?}\ntoken = {token:?}\nkey = {key:?}\npin_file = {pin:?}\n"
        );
        fs::write(&path, settings).unwrap();
        path
    }

    /// Starts it, has it certify an edge, and stops it; or says why it does not start.
    fn works(&self, config: Option<&Path>) -> Result<(), (i32, String)> {
        let conf = self.place.beside("softhsm2.conf");
        let mut command = kleisd(&["edge", "certify", "--data-dir"]);
        command.arg(self.place.data()).env("SOFTHSM2_CONF", &conf);
        command.arg("--out").arg(self.place.beside("edge"));
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        let output = command.output().unwrap();
        if output.status.success() {
            Ok(())
        } else {
            Err((code(&output), stderr(&output)))
        }
    }

    /// Like `configured`, with the keys of former CAs.
    fn configured_after(&self, key: &str, former: &[&str]) -> PathBuf {
        let path = self.configured("kleis", key);
        let settings = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{settings}former_keys = {former:?}\n")).unwrap();
        path
    }

    /// Makes another issuing CA; or says why not.
    fn rotate(&self, config: &Path) -> Result<(), (i32, String)> {
        let mut command = kleisd(&["ca", "rotate", "--data-dir"]);
        command.arg(self.place.data()).arg("--config").arg(config);
        command.env("SOFTHSM2_CONF", self.place.beside("softhsm2.conf"));
        let output = command.output().unwrap();
        if output.status.success() {
            Ok(())
        } else {
            Err((code(&output), stderr(&output)))
        }
    }

    fn install(&self, config: &Path) -> Result<(), (i32, String)> {
        let conf = self.place.beside("softhsm2.conf");
        let conf = conf.to_str().unwrap();
        let config = ["--config", config.to_str().unwrap()];
        match self.place.try_start(&config, &[("SOFTHSM2_CONF", conf)]) {
            Ok(running) => {
                assert!(running.stop().success());
                Ok(())
            }
            Err(output) => Err((code(&output), stderr(&output))),
        }
    }
}

#[test]
fn the_key_of_the_ca_is_made_in_the_token_and_stays_there() {
    let Some(bench) = Bench::new() else { return };
    let config = bench.configured("kleis", "issuing");
    bench.install(&config).unwrap();
    let ca = bench.place.data().join("ca");
    assert!(ca.join("issuing.pem").exists() && !ca.join("issuing.json").exists());
    // It signs again after a start, and `openssl` follows what it signed.
    bench.install(&config).unwrap();
    bench.works(Some(&config)).unwrap();
    let verified = Command::new("openssl")
        .args(["verify", "-x509_strict", "-CAfile"])
        .arg(bench.place.data().join("root.pem"))
        .arg("-untrusted")
        .arg(ca.join("issuing.pem"))
        .arg(bench.place.beside("edge").join("edge.pem"))
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", stderr(&verified));
}

#[test]
fn what_is_wrong_with_the_token_is_told() {
    let Some(bench) = Bench::new() else { return };
    let good = bench.configured("kleis", "issuing");
    bench.install(&good).unwrap();
    let told = |config: Option<&Path>, what: &str| {
        let (code, said) = bench.works(config).unwrap_err();
        assert!(code == 69 && said.contains(what), "{code} {said}");
        assert!(!said.contains(PIN), "{said}");
    };
    told(None, "name its token in [ca.pkcs11]");
    told(Some(&bench.configured("another", "issuing")), "no token");
    told(
        Some(&bench.configured("kleis", "another")),
        "no private key",
    );
    let good = bench.configured("kleis", "issuing");
    bench.write_pin("00000000");
    told(Some(&good), "does not let us in");
    fs::set_permissions(bench.place.beside("pin"), fs::Permissions::from_mode(0o644)).unwrap();
    told(Some(&good), "pin");
    bench.write_pin(PIN);
    bench.works(Some(&good)).unwrap();
    bench.init_token("kleis");
    told(Some(&good), "more than one");
}

#[test]
fn the_key_of_another_installation_is_not_taken() {
    let Some(bench) = Bench::new() else { return };
    let config = bench.configured("kleis", "issuing");
    bench.install(&config).unwrap();
    // A second installation does not make a key over the first one's.
    fs::rename(bench.place.data(), bench.place.beside("first")).unwrap();
    let (code, said) = bench.install(&config).unwrap_err();
    assert!(code == 69 && said.contains("has a key labelled"), "{said}");
    fs::remove_dir_all(bench.place.data()).unwrap();
    let second = bench.configured("kleis", "second");
    bench.install(&second).unwrap();
    // Nor does it take it for its own.
    let first = bench.configured("kleis", "issuing");
    let (code, said) = bench.works(Some(&first)).unwrap_err();
    assert!(
        code == 69 && said.contains("not the one of this installation"),
        "{said}"
    );
}

#[test]
fn a_ca_whose_key_is_in_the_token_follows_one_whose_key_is_not() {
    let Some(bench) = Bench::new() else { return };
    assert!(bench.place.start(&[]).stop().success());
    let first = bench.configured("kleis", "first");
    bench.rotate(&first).unwrap();
    let ca = bench.place.data().join("ca");
    assert!(!ca.join("issuing.json").exists());
    bench.install(&first).unwrap();
    bench.works(Some(&first)).unwrap();
    // The next one needs a key of its own, and the one before.
    let refused = |config: &Path, what: &str| {
        let (code, said) = bench.rotate(config).unwrap_err();
        assert!(code == 69 && said.contains(what), "{code} {said}");
    };
    refused(&bench.configured("kleis", "second"), "former_keys");
    refused(
        &bench.configured_after("first", &["first"]),
        "has a key labelled",
    );
    bench.install(&first).unwrap();
    let second = bench.configured_after("second", &["first"]);
    bench.rotate(&second).unwrap();
    bench.install(&second).unwrap();
    let (code, said) = bench
        .install(&bench.configured("kleis", "second"))
        .unwrap_err();
    assert!(code == 69 && said.contains("former_keys"), "{said}");
}
