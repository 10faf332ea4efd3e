//! The sections and their defaults.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
};

use serde::Deserialize;

/// `[listen]`: where to listen. Port 0 lets the system choose.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// What callers and the edge may reach.
    pub public: SocketAddr,
    /// What operators alone may reach.
    pub admin: SocketAddr,
    /// What the CA publishes, over plain HTTP; without it, over `public` alone.
    pub pki: Option<SocketAddr>,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            public: (Ipv4Addr::LOCALHOST, 8443).into(),
            admin: (Ipv4Addr::LOCALHOST, 8444).into(),
            pki: None,
        }
    }
}

/// `[pki]`: what the CA publishes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pki {
    /// The address under which the world reaches it; stands in certificates, so it holds for as long
    /// as they do. Without it, certificates name no address, and there are no revocation lists.
    pub base_url: Option<kleis_pki::Publication>,
    /// A file of moduli, one in hexadecimal on each line, that no key of RSA may share a factor
    /// with.
    pub weak_moduli: Option<PathBuf>,
}

/// `[ca]`: the issuing CA.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ca {
    /// Where its key is, if not in the data directory. It is made there with the installation, and
    /// stays there.
    pub pkcs11: Option<Pkcs11Key>,
}

/// `[ca.pkcs11]`: a key in a token.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pkcs11Key {
    /// The module of the token's maker.
    pub module: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The label of the key.
    pub key: String,
    /// The labels of the keys of former issuing CAs, in the same token.
    #[serde(default)]
    pub former_keys: Vec<String>,
    /// A file with the PIN of the user, for its owner alone.
    pub pin_file: PathBuf,
}

/// `[tls]`: the server's own certificate.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// DNS names and IP addresses beside `localhost` and the loopback addresses.
    pub names: Vec<String>,
}

/// `[kek]`: where the root KEK is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kek {
    /// A file with the 32 bytes, for its owner alone; without it, the one in the data directory.
    pub file: Option<PathBuf>,
}

/// `[audit]`: how the audit is proven.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Seconds between checkpoints, at most 3600. Without new rows there is none.
    pub checkpoint_seconds: NonZeroU32,
    /// The directory that the checkpoints also go to; without it, one in the data directory.
    pub sink: Option<PathBuf>,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            checkpoint_seconds: some(5),
            sink: None,
        }
    }
}

/// `[limits]`: how much is taken on at a time. What exceeds a limit is refused at once, not queued.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections to one listener.
    pub max_connections: NonZeroU32,
    /// TLS handshakes under way on one listener; further ones wait.
    pub max_handshakes: NonZeroU32,
    /// Seconds until a connection must have finished its handshake, at most 60.
    pub handshake_seconds: NonZeroU32,
    /// Requests being answered by one listener.
    pub max_requests: NonZeroU32,
    /// Requests a second that one caller (a certificate, or an address) may make on average.
    pub requests_per_second: NonZeroU32,
    /// Requests that one caller may make at once, after a rest.
    pub burst: NonZeroU32,
    /// Callers whose rate is remembered; memory is bounded by it.
    pub tracked_callers: NonZeroU32,
    /// Seconds that a request may take, at most 300. Callers can ask for less.
    pub deadline_seconds: NonZeroU32,
    /// Bytes that a request may have, at most 64 MiB. Services set lower limits to their messages.
    pub max_body_bytes: NonZeroU32,
    /// Seconds that calls under way have to finish when the process is told to stop, at most 300.
    pub drain_seconds: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: some(4096),
            max_handshakes: some(64),
            handshake_seconds: some(5),
            max_requests: some(1024),
            requests_per_second: some(1000),
            burst: some(2000),
            tracked_callers: some(65_536),
            deadline_seconds: some(15),
            max_body_bytes: some(1 << 20),
            drain_seconds: some(20),
        }
    }
}

/// The number, which is not zero.
pub(super) const fn some(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[telemetry]`: what is logged, and how.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// The form of a line.
    pub format: LogFormat,
    /// What is logged: a level, or `target=level` directives separated by commas.
    pub filter: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            filter: "info".to_owned(),
        }
    }
}
