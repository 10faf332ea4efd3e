//! The harness of the end-to-end tests: what users see, and what somebody in between could do.
//!
//! [`Installation`] is a running `kleisd` in a temporary directory with a first operator; [`Party`] is somebody with a
//! home directory, who acts through `kleis`, through the SDK, or as a [`Caller`] who sends whatever they like.
//! [`Proxy`] stands between, as [`Edge`] for everybody at once, and [`Databases`] looks at what was written.
//! [`IdentityProvider`] is somebody else's, with access tokens for the machines and people of a [`Realm`];
//! [`run_oauth_client`] is somebody else's client. A [`PlayedIssuer`] signs whatever tokens a test wants, and [`Shown`]
//! shows one with the proof of its key.
//!
//! The tests tell by the first word of their names what they are: `api_` sends raw requests to single RPCs, `access_` shows
//! what callers are known by and how that is abused, `flow_` plays
//! a use case from end to end, `interop_` lets other people's libraries read and write what ours wrote and read, `idp_`
//! shows that the identity provider does what the others rely on, `sts_` gets and shows tokens as people's programs do,
//! `directory_` looks up over plain HTTP and watches changes, `edge_` lets the edge turn evil. They wait for what a process says, never for time to pass, but for a second to end
//! where times are whole seconds.
//!
//! What it must never do: reach into a service, or use a type that is not on the wire. To add a kind of test, write a
//! module in `tests/PREFIX/` and say in its first line what it shows.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a harness: a panic here is a failed test"
)]

pub mod binaries;
mod caller;
mod databases;
mod edge;
mod edge_keys;
mod idp;
mod installation;
mod issuer;
mod kleisd;
pub mod mutation;
mod nth;
mod order;
pub mod packages;
mod party;
mod proxy;
mod refusal;
mod relay;
mod shown;
mod tls_certificate;
mod web;
pub mod xfcc;

pub use caller::{Caller, Lone};
pub use databases::{Contents, Databases, NOTHING, base64, blob};
pub use edge::Edge;
pub use edge_keys::EdgeKeys;
pub use idp::{Asked, IdentityProvider, Machine, Realm, run_oauth_client};
pub use installation::{Installation, people};
pub use issuer::PlayedIssuer;
pub use kleisd::{Ended, Facts, Kleisd};
pub use nth::{Nth, Way};
pub use order::Forge;
pub use party::{Party, Refused};
pub use proxy::{Exchange, Mischief, Proxy, Reply};
pub use refusal::Refusal;
pub use shown::{ForgedProof, Shown};
pub(crate) use tls_certificate::tls_certificate;
pub use web::{Page, Web};
