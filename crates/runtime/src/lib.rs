//! What every process of Kleis stands on: configuration, telemetry, lifecycle, listeners, and the
//! layers that a request passes before a service sees it.
//!
//! ```text
//! Listener (TCP, TLS) ----+
//!                         +--> Server: span, panic, deadline, limits, caller, rule --> services
//! InProcess (duplex) -----+
//! ```
//!
//! A process makes a [`Lifecycle`], a [`Server`] for each listener ([`ServerBuilder`]), and lets
//! [`Server::serve`] run until the lifecycle stops. Calls under way are answered, new connections
//! are refused, and open streams end with a reason.
//!
//! # What it must never do
//!
//! Know a service or a rule of one; trust anything a caller says about itself; put a path, a header
//! or a body of a request into a log or a span; answer an error with the text of an internal one.
//!
//! # How to add the next thing
//!
//! - *A setting*: a documented field with a default in `config/sections.rs`, a line in
//!   `deploy/config/kleisd.toml` (a test reads it and compares it with the defaults), and, if it
//!   has bounds beyond its type, a line in `Config::validate`.
//! - *A layer*: a file in `layers/` with one `async fn` in the shape of the others, its place and
//!   its reason in `layers::apply`. It refuses with [`refusal`], in the words of
//!   [`kleis_types::Problem`]; the outermost layer turns that into gRPC or
//!   `application/problem+json`.
//! - *A counter*: a variant of [`Count`].
//! - *A service*: it declares a [`kleis_types::Rule`] for each of its RPCs and routes;
//!   [`ServerBuilder`] does not build without. A new rule is a variant there and an arm in
//!   `layers/authz.rs`.
//! - *A way to show who one is*: a file in `authn/`, its place in `authn/caller.rs`.
#![forbid(unsafe_code)]

mod authn;
mod breaker;
mod bucket;
mod config;
mod counters;
mod exit;
mod https;
mod issuers;
mod layers;
mod lifecycle;
mod listener;
mod memory;
mod peer;
pub mod secret_file;
mod server;
pub mod telemetry;
pub mod tls;

pub use authn::{
    Always, Anonymous, AtOnce, Authenticate, Authentication, CallerAuthenticator, ForeignCa,
    Presented, Refused, Standing,
};
pub use breaker::{Breaker, Permit, Tolerance};
pub use bucket::RateLimiter;
pub use config::{
    Algorithm, Audience, Audit, Ca, ClientCaConfig, Config, ConfigError, ConfigErrors,
    ContractConfig, ContractMediaType, Directory, IssuerConfig, Kek, Limits, Listen, LogFormat,
    MailConfig, MailTls, Notices, Pkcs11Key, Pki, ProfileConfig, RegistrantSourceConfig,
    Registrants, Registration as RegistrationSection, Sts, Telemetry, Tls, WebhookConfig,
};
pub use counters::{Answer, Count, Counters, Gauge, Snapshot};
pub use exit::Exit;
pub use https::{Answered, Bounds, FetchError, HttpClient, HttpsClient};
pub use issuers::{
    DiscoveredKeys, Fetch, Fetched, Freshness, HttpsFetch, Issuer, Issuers, KeySource, Keys,
    KeysUnavailable,
};
pub use layers::{Holds, NoRoles, Roles, refusal};
pub use lifecycle::{Lifecycle, Outcome};
pub use listener::Listener;
pub use memory::{InProcess, InProcessConnections};
pub use peer::{Connection, Origin, Peer};
pub use server::{BuildError, ServeError, Server, ServerBuilder, Surroundings};
