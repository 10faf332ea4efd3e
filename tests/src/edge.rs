//! The edge: ends TLS for everybody and tells the server who calls. Honest by default.

use std::{fs, ops::Deref};

use tokio::net::TcpListener;
use tonic::transport::{Certificate, ServerTlsConfig};

use crate::{
    Installation, Proxy,
    proxy::{Upstream, stolen_identity},
};

/// A [`Proxy`] that is the edge of an installation: it holds the key of the public address and the certificate
/// `SERVICE:edge`. Everybody's certificate may be shown to it, and it forwards what it is shown.
pub struct Edge {
    proxy: Proxy,
}

impl Edge {
    /// Certifies an edge, which needs a restart, and puts it before the server: whoever comes to the installation from now
    /// on is given its address, and the operator's home too. Tests that run `kleis` through it need a runtime of several
    /// threads, since they wait for it on one.
    pub async fn start(installation: &mut Installation) -> Self {
        Self::start_with(installation, &[]).await
    }

    /// The same; the server starts again with these arguments.
    pub async fn start_with(installation: &mut Installation, arguments: &[&str]) -> Self {
        assert!(installation.take_kleisd().stop().success());
        let keys = installation.certified_edge("edge");
        installation.start_again(arguments).unwrap();
        let root = fs::read_to_string(&installation.facts().root).unwrap();
        let upstream = Upstream {
            identity: keys.identity(),
            is_edge: true,
        };
        let tls = ServerTlsConfig::new()
            .identity(stolen_identity(installation))
            .client_ca_root(Certificate::from_pem(root))
            .client_auth_optional(true);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::serve(installation, listener, tls, upstream);
        installation.stand_behind(proxy.address());
        Self { proxy }
    }
}

impl Deref for Edge {
    type Target = Proxy;

    fn deref(&self) -> &Proxy {
        &self.proxy
    }
}
