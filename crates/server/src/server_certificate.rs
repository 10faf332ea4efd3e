//! The certificate of the TLS server: issued by the installation's CA, renewed when a third of its
//! life is left, or when its names change.

use std::{collections::BTreeSet, net::IpAddr};

use kleis_jose::{Jwk, KeyType};
use kleis_pki::{Certificate, SerialNumber};
use kleis_runtime::{secret_file, tls::TlsIdentity};
use kleis_types::{Random, SecretBytes, Timestamp, base64url, strict_json};
use serde::{Deserialize, Serialize};

use crate::{
    durable,
    failure::Failure,
    premises::Premises,
    sealed::{Purpose, Sealed},
};

const DAY: i64 = 86_400;
/// Begun an hour early, so that clients whose clocks are behind take it.
const BACKDATING: i64 = 3600;
/// The longest that the profile allows is 398 days.
const LIFE: i64 = 397 * DAY;
const MAX_FILE: usize = 64 * 1024;
const NAME: &str = "server";

/// The names that clients may know the server by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Names {
    dns: BTreeSet<String>,
    ips: BTreeSet<IpAddr>,
}

impl Names {
    /// The names of this machine to itself, those that were asked for, and the addresses that it
    /// listens on.
    pub(crate) fn new<'a>(
        asked: impl IntoIterator<Item = &'a str>,
        listening: impl IntoIterator<Item = IpAddr>,
    ) -> Result<Self, Failure> {
        let mut names = Self {
            dns: BTreeSet::from(["localhost".to_owned()]),
            ips: BTreeSet::from([[127, 0, 0, 1].into(), std::net::Ipv6Addr::LOCALHOST.into()]),
        };
        for name in asked {
            if let Ok(ip) = name.parse() {
                names.ips.insert(ip);
            } else if is_dns_name(name) {
                names.dns.insert(name.to_ascii_lowercase());
            } else {
                let advice = format!("{name:?} is neither a DNS name nor an IP address");
                return Err(Failure::Usage(advice));
            }
        }
        names
            .ips
            .extend(listening.into_iter().filter(|ip| !ip.is_unspecified()));
        Ok(names)
    }
}

/// RFC 1123 section 2.1: labels of letters, digits and inner hyphens.
fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    names: Names,
    /// b64u of the DER, the server's own first.
    chain: Vec<String>,
    key: Sealed,
}

/// What the server shows of itself, and until when there is no need to look again.
#[derive(Debug)]
pub(crate) struct ServerCertificate {
    identity: TlsIdentity,
    renew_at: Timestamp,
}

impl ServerCertificate {
    /// The certificate and its key, for the TLS configuration.
    pub(crate) fn into_identity(self) -> TlsIdentity {
        self.identity
    }

    /// When a third of its life is left.
    pub(crate) fn renew_at(&self) -> Timestamp {
        self.renew_at
    }
}

/// The certificate at hand if it will do, or else a new one.
pub(crate) fn load_or_issue(
    premises: &Premises,
    names: &Names,
    now: Timestamp,
    random: &dyn Random,
) -> Result<ServerCertificate, Failure> {
    if let Some(certificate) = load(premises, names, now) {
        return Ok(certificate);
    }
    issue(premises, names, now, random)
}

/// The certificate on the disk, if it can be read, is for these names and by this CA, and has time
/// left. Nothing depends on it, so there is no harm in replacing one that cannot be read.
fn load(premises: &Premises, names: &Names, now: Timestamp) -> Option<ServerCertificate> {
    let bytes = secret_file::read(&premises.data_dir.server_certificate(), MAX_FILE).ok()?;
    let file: File = strict_json::from_slice(bytes.expose(), MAX_FILE).ok()?;
    let chain: Vec<_> = file
        .chain
        .iter()
        .map(|der| base64url::decode(der))
        .collect();
    let [Ok(leaf), Ok(issuing)] = chain.as_slice() else {
        return None;
    };
    let certificate = Certificate::from_der(leaf).ok()?;
    let renew_at = renewal_of(&certificate);
    let will_do = file.names == *names
        && issuing == premises.ca.chain_certificate().der()
        && now < renew_at
        && now >= certificate.not_before();
    if !will_do {
        return None;
    }
    let key = premises.vault.open(Purpose::Tls, NAME, &file.key).ok()?;
    let public = Jwk::from_pkcs8_der(key.expose()).ok()?.thumbprint();
    if public != certificate.public_key().thumbprint() {
        return None;
    }
    let identity = TlsIdentity::new([leaf.clone(), issuing.clone()], &key);
    Some(ServerCertificate { identity, renew_at })
}

fn issue(
    premises: &Premises,
    names: &Names,
    now: Timestamp,
    random: &dyn Random,
) -> Result<ServerCertificate, Failure> {
    let key = Jwk::generate(KeyType::P256, random).map_err(Failure::crypto)?;
    let issuing = premises.ca.chain_certificate();
    let begin = now.plus_seconds(-BACKDATING).max(issuing.not_before());
    let end = begin.plus_seconds(LIFE).min(issuing.not_after());
    let spki = key.to_spki_der().map_err(Failure::crypto)?;
    let (dns, ips) = (
        Vec::from_iter(names.dns.clone()),
        Vec::from_iter(names.ips.clone()),
    );
    let serial = SerialNumber::random(random);
    let certificate = premises
        .ca
        .issue_server(&spki, &dns, &ips, begin, end, &serial)
        .map_err(Failure::crypto)?;
    let pkcs8 = key.to_pkcs8_der().map_err(Failure::crypto)?;
    let chain = [certificate.der().to_vec(), issuing.der().to_vec()];
    save(premises, names, &chain, &pkcs8, random)?;
    let identity = TlsIdentity::new(chain, &pkcs8);
    Ok(ServerCertificate {
        identity,
        renew_at: renewal_of(&certificate),
    })
}

fn save(
    premises: &Premises,
    names: &Names,
    chain: &[Vec<u8>],
    key: &SecretBytes,
    random: &dyn Random,
) -> Result<(), Failure> {
    let file = File {
        names: names.clone(),
        chain: chain.iter().map(|der| base64url::encode(der)).collect(),
        key: premises.vault.seal(Purpose::Tls, NAME, key)?,
    };
    let bytes = serde_json::to_vec_pretty(&file).map_err(Failure::crypto)?;
    durable::make_dir(&premises.data_dir.tls())?;
    durable::replace_private(&premises.data_dir.server_certificate(), &bytes, random)
}

fn renewal_of(certificate: &Certificate) -> Timestamp {
    let end = certificate.not_after();
    end.plus_seconds(-(end.seconds_since(certificate.not_before()) / 3))
}

#[cfg(test)]
mod tests;
