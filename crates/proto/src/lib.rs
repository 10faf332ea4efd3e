//! The protos of `proto/` as Rust, and their conversions to and from the domain types.
//!
//! The modules [`common`], [`registration`], [`directory`], [`custody`] and [`audit`] hold generated code:
//! messages, clients and servers. Beside them stand the few things that both ends of a call must
//! agree on: [`method`] names the RPCs that take a signed order, [`status`] carries a
//! [`kleis_types::Problem`] through gRPC, [`rules`] tells whether each RPC of a service has its rule,
//! [`page`] how long a page is, [`etag`] whether a caller over HTTP has a document already;
//! [`lookup`] and [`identifier_type`] parse and make messages.
//!
//! Rules live elsewhere: this crate knows how things are said, never whether they may be.
//! No message shows its content in `Debug`, because messages carry keys and persons' identifiers.
//!
//! # Adding an RPC
//!
//! 1. Write it down in `proto/`, every field commented. A new file is found by itself; a new
//!    package needs a module here.
//! 2. If it takes an order, its `...Order` and `...Result` messages go into the package's
//!    `orders.proto` (they then speak JSON) and its name goes into [`method`]; a test holds the two
//!    together.
//! 3. Who may call it stands beside the service, in its `RULES`; a test there calls [`rules::faults`].
#![forbid(unsafe_code)]

pub mod call;
pub mod etag;
pub mod identifier_type;
pub mod lookup;
pub mod method;
pub mod page;
pub mod rules;
pub mod status;

/// Declares module `v1` with the generated code of a package that has services.
macro_rules! v1 {
    ($package:literal) => {
        /// Version 1.
        #[expect(
            clippy::allow_attributes,
            clippy::allow_attributes_without_reason,
            clippy::default_trait_access,
            clippy::too_many_lines,
            reason = "the generators of services write so"
        )]
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/", $package, ".rs"));
            include!(concat!(env!("OUT_DIR"), "/", $package, ".debug.rs"));
        }
    };
}

/// What the services share: the claims of orders and replies.
pub mod common {
    /// Version 1.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/kleis.common.v1.rs"));
        include!(concat!(env!("OUT_DIR"), "/kleis.common.v1.debug.rs"));
    }
}

/// The auditors' query.
pub mod audit {
    v1!("kleis.audit.v1");
}

/// The custody service.
pub mod custody {
    v1!("kleis.custody.v1");
}

/// The directory service.
pub mod directory {
    v1!("kleis.directory.v1");
}

/// The registration service, its public and its admin side.
pub mod registration {
    v1!("kleis.registration.v1");
}

/// All protos with their imports and comments, an encoded `google.protobuf.FileDescriptorSet`:
/// for gRPC reflection, and for an edge that transcodes.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/kleis.fds"));

#[cfg(test)]
mod tests;
