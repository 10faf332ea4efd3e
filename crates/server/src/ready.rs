//! What a process says when it is ready.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use kleis_types::{InstallationId, Random};
use serde::Serialize;

use crate::{durable, failure::Failure};

/// The facts, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Facts {
    pub(crate) public: String,
    pub(crate) admin: String,
    /// Where the CA publishes without TLS, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pki: Option<String>,
    pub(crate) installation: InstallationId,
    /// The root certificate, PEM, to hand to clients.
    pub(crate) root: PathBuf,
    /// SHA-256 of its DER, hexadecimal, to compare when it is handed over.
    pub(crate) root_sha256: String,
    /// The code for the first operator, where one has just been made.
    pub(crate) bootstrap: Option<String>,
}

impl Facts {
    /// For people.
    pub(crate) fn print_text(&self, mut to: impl Write) -> io::Result<()> {
        writeln!(to, "public        {}", self.public)?;
        writeln!(to, "admin         {}", self.admin)?;
        if let Some(pki) = &self.pki {
            writeln!(to, "pki           {pki}")?;
        }
        writeln!(to, "installation  {}", self.installation)?;
        writeln!(to, "root          {}", self.root.display())?;
        writeln!(to, "root SHA-256  {}", self.root_sha256)?;
        if let Some(code) = &self.bootstrap {
            print_bootstrap(&mut to, (&self.public, &self.admin), &self.root, code)?;
        }
        writeln!(to, "ready")?;
        to.flush()
    }

    /// For programs: one line.
    pub(crate) fn print_json(&self, mut to: impl Write) -> io::Result<()> {
        writeln!(to, "{}", serde_json::to_string(self)?)?;
        to.flush()
    }

    /// For programs that wait for a file.
    pub(crate) fn write(&self, path: &Path, random: &dyn Random) -> Result<(), Failure> {
        let mut line = Vec::new();
        self.print_json(&mut line).map_err(Failure::io(path))?;
        durable::replace_private(path, &line, random)
    }
}

/// What to type to become the first operator.
pub(crate) fn print_bootstrap(
    mut to: impl Write,
    (public, admin): (&str, &str),
    root: &Path,
    code: &str,
) -> io::Result<()> {
    let root = root.display();
    writeln!(
        to,
        "There is no operator yet. Within a day, the first one types, with their own identifier:"
    )?;
    writeln!(
        to,
        "  kleis init --server {public} --admin {admin} --root {root}"
    )?;
    writeln!(to, "  kleis operator bootstrap --id SSIN:... --code {code}")
}

/// The URL of a listener, as seen from this machine.
pub(crate) fn url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        let loopback = match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(loopback);
    }
    format!("https://{address}")
}

#[cfg(test)]
mod tests {
    use kleis_types::OsRandom;

    use super::*;

    fn facts(bootstrap: Option<&str>) -> Facts {
        Facts {
            public: "https://127.0.0.1:8443".to_owned(),
            admin: "https://127.0.0.1:8444".to_owned(),
            pki: None,
            installation: InstallationId::random(&OsRandom),
            root: "data/root.pem".into(),
            root_sha256: "00".repeat(32),
            bootstrap: bootstrap.map(str::to_owned),
        }
    }

    #[test]
    fn programs_get_one_line() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("ready");
        facts(None).write(&path, &OsRandom).unwrap();
        let line = std::fs::read_to_string(&path).unwrap();
        assert_eq!(line.lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["public"], "https://127.0.0.1:8443");
        assert_eq!(value["root"], "data/root.pem");
        assert!(value["bootstrap"].is_null());
    }

    #[test]
    fn people_get_a_line_for_each_fact_and_the_code_only_where_there_is_one() {
        let text = |facts: Facts| {
            let mut text = Vec::new();
            facts.print_text(&mut text).unwrap();
            String::from_utf8(text).unwrap()
        };
        let without = text(facts(None));
        assert_eq!(without.lines().count(), 6);
        assert!(!without.contains("bootstrap"));
        let with = text(facts(Some("AAAAA-BBBBB")));
        assert!(
            with.contains(
                "kleis init --server https://127.0.0.1:8443 --admin https://127.0.0.1:8444"
            )
        );
        assert!(with.contains("kleis operator bootstrap --id SSIN:... --code AAAAA-BBBBB"));
    }

    #[test]
    fn an_address_that_is_everywhere_is_reached_here() {
        assert_eq!(url("0.0.0.0:1".parse().unwrap()), "https://127.0.0.1:1");
        assert_eq!(url("[::]:1".parse().unwrap()), "https://[::1]:1");
        assert_eq!(url("192.0.2.1:1".parse().unwrap()), "https://192.0.2.1:1");
    }
}
