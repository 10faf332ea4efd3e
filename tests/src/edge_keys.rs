//! The key and certificate by which the server knows its edge, for those who send whatever they like with them.

use std::{fs, path::Path};

use tonic::transport::Identity;

use crate::{Caller, Installation};

/// The key and certificate of an edge.
#[derive(Clone, Debug)]
pub struct EdgeKeys {
    identity: Identity,
    chain: Vec<Vec<u8>>,
}

impl EdgeKeys {
    pub(crate) fn new(folder: &Path) -> Self {
        let certificate = fs::read_to_string(folder.join("edge.pem")).unwrap();
        let key = fs::read_to_string(folder.join("edge.key")).unwrap();
        let chain = pem::parse_many(&certificate).unwrap();
        Self {
            identity: Identity::from_pem(certificate, key),
            chain: chain.into_iter().map(pem::Pem::into_contents).collect(),
        }
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity.clone()
    }

    /// A connection with its certificate.
    pub fn caller(&self, installation: &Installation) -> Caller {
        Caller::with_identity(installation, self.identity())
    }

    /// Its own certificate and those above it, leaf first.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }
}
