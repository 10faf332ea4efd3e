//! An identity provider that nobody here wrote: `oidc-provider`, through `tests/idp/provider.mjs`.

mod oauth_client;
mod realm;

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Mutex,
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

use kleis_jose::Jwk;
use serde_json::{Value, json};
use tempfile::TempDir;

pub use oauth_client::run_oauth_client;
pub use realm::{Machine, Realm};

use crate::{packages, tls_certificate};

/// The longest that an answer may take. Nothing waits that long unless something is wrong.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often the provider was asked for something, by whomever: every token that a test gets costs one discovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// For its metadata.
    pub discovery: u64,
    /// For its JWK Set, refusals included.
    pub jwks: u64,
}

/// A running provider, with access tokens for one installation. It is killed when this is dropped.
#[derive(Debug)]
pub struct IdentityProvider {
    child: Child,
    pipes: Mutex<(ChildStdin, Receiver<String>)>,
    issuer: String,
    resource: String,
    realm: Realm,
    dir: TempDir,
    log: PathBuf,
}

impl IdentityProvider {
    /// Starts one on a free port and waits until it is ready. Where the packages cannot be had, because the registry
    /// cannot be reached, it says so and there is none: such a test shows nothing.
    #[expect(
        clippy::print_stdout,
        reason = "for whoever wonders why nothing was shown"
    )]
    pub fn start(resource: &str, realm: Realm) -> Option<Self> {
        if let Err(reason) = packages::OAUTH.folder() {
            println!("skipped: {reason}");
            return None;
        }
        let dir = TempDir::new().unwrap();
        let file = |name: &str, content: &str| {
            let path = dir.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let tls = tls_certificate();
        file("ca.pem", &tls.authority);
        let log = dir.path().join("log");
        let mut child = Command::new("node")
            .arg(packages::OAUTH.script("provider.mjs"))
            .arg(packages::OAUTH.folder().unwrap())
            .arg(file("realm.json", &realm.to_value().to_string()))
            .arg(file("server.pem", &tls.certificate))
            .arg(file("server.key", &tls.key))
            .arg(resource)
            .args(&realm.elsewhere)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            let lines = stdout.lines().map_while(Result::ok);
            // Whoever does not listen any more has ended the provider.
            lines.for_each(|line| drop(sender.send(line)));
        });
        let ready = answer(&lines, &log);
        Some(Self {
            pipes: Mutex::new((child.stdin.take().unwrap(), lines)),
            child,
            issuer: ready["issuer"].as_str().unwrap().to_owned(),
            resource: resource.to_owned(),
            realm,
            dir,
            log,
        })
    }

    /// Its issuer identifier, an HTTPS URL with a path.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The file with the authority to trust for its TLS.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Whom it knows.
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    // --- tokens -------------------------------------------------------------------------------

    /// An access token for the installation, for the first machine; bound to a DPoP key where one is given.
    pub fn machine_token(&self, scope: &str, dpop: Option<&Jwk>) -> String {
        self.machine_token_for(&self.resource, scope, dpop).unwrap()
    }

    /// An access token for any resource, for the first machine.
    ///
    /// # Errors
    /// What the client says.
    pub fn machine_token_for(
        &self,
        resource: &str,
        scope: &str,
        dpop: Option<&Jwk>,
    ) -> Result<String, String> {
        let machine = &self.realm.machines[0];
        self.token(json!({
            "do": "machineToken",
            "clientId": machine.client_id,
            "jwk": oauth_client::private(&machine.jwk),
            "scope": scope,
            "resource": resource,
            "dpop": dpop.map(oauth_client::private),
        }))
    }

    /// An access token for the installation, for a person who logs in and consents; bound to a DPoP key where one is
    /// given.
    pub fn person_token(&self, login: &str, scope: &str, dpop: Option<&Jwk>) -> String {
        let token = self.token(json!({
            "do": "personToken",
            "clientId": realm::APP,
            "redirectUri": realm::REDIRECT_URI,
            "login": login,
            "scope": scope,
            "resource": self.resource,
            "dpop": dpop.map(oauth_client::private),
        }));
        token.unwrap()
    }

    fn token(&self, mut task: Value) -> Result<String, String> {
        task["issuer"] = self.issuer.as_str().into();
        task["metadata"] = "oidc".into();
        let answer = oauth_client::run(&task, &self.ca_file())?;
        Ok(answer["access_token"].as_str().unwrap().to_owned())
    }

    /// What stands at an address: the status and the body.
    pub fn get(&self, url: &str) -> (u64, String) {
        let task = json!({ "do": "get", "url": url });
        let found = oauth_client::run(&task, &self.ca_file()).unwrap();
        let body = found["body"].as_str().unwrap().to_owned();
        (found["status"].as_u64().unwrap(), body)
    }

    // --- behind the scenes --------------------------------------------------------------------

    /// Signs with a new key from now on; the old ones stay published. Gives the `kid` of the new one.
    pub fn rotate(&self) -> String {
        self.tell("rotate")["kid"].as_str().unwrap().to_owned()
    }

    /// Takes all keys but the one that signs out of the JWK Set.
    pub fn withdraw(&self) {
        self.tell("withdraw");
    }

    /// Answers 503 instead of the JWK Set from now on.
    pub fn stop_jwks(&self) {
        self.tell("stop-jwks");
    }

    /// Answers with the JWK Set again.
    pub fn start_jwks(&self) {
        self.tell("start-jwks");
    }

    /// How often it was asked so far.
    pub fn asked(&self) -> Asked {
        let counts = self.tell("count");
        Asked {
            discovery: counts["discovery"].as_u64().unwrap(),
            jwks: counts["jwks"].as_u64().unwrap(),
        }
    }

    fn tell(&self, command: &str) -> Value {
        let mut pipes = self.pipes.lock().unwrap();
        writeln!(pipes.0, "{command}").unwrap();
        answer(&pipes.1, &self.log)
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The next line.
fn answer(lines: &Receiver<String>, log: &Path) -> Value {
    let Ok(line) = lines.recv_timeout(PATIENCE) else {
        let log = fs::read_to_string(log).unwrap_or_default();
        panic!("the provider does not answer: {log}");
    };
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))
}
