//! The TLS side of a listener: TLS 1.3 and 1.2 by aws-lc-rs, with client certificates welcome but
//! not demanded.

use std::sync::Arc;

use kleis_types::SecretBytes;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{VerifierBuilderError, WebPkiClientVerifier},
};

/// A certificate, a key or a root cannot serve for TLS: the operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The server's certificate and key do not fit, or cannot be read.
    #[error("the TLS certificate or its key cannot be used: {0}")]
    Identity(rustls::Error),
    /// A root for client certificates cannot be read.
    #[error("a root for client certificates cannot be used: {0}")]
    Root(rustls::Error),
    /// There is no root for client certificates.
    #[error("client certificates cannot be verified: {0}")]
    Verifier(#[from] VerifierBuilderError),
}

/// What a server shows of itself, and the key that proves it.
pub struct TlsIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl TlsIdentity {
    /// `chain` in DER, the server's own certificate first, without the root; `key` as PKCS#8.
    pub fn new(chain: impl IntoIterator<Item = Vec<u8>>, key: &SecretBytes) -> Self {
        Self {
            chain: chain.into_iter().map(CertificateDer::from).collect(),
            key: PrivatePkcs8KeyDer::from(key.expose().to_vec()).into(),
        }
    }
}

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsIdentity(..)")
    }
}

/// A server that shows `identity` and takes client certificates that chain to one of `client_roots`
/// (DER). A client with none is anonymous; one with another's is refused in the handshake.
///
/// # Errors
/// [`TlsError`].
pub fn server_config(
    identity: TlsIdentity,
    client_roots: impl IntoIterator<Item = Vec<u8>>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    for root in client_roots {
        roots
            .add(CertificateDer::from(root))
            .map_err(TlsError::Root)?;
    }
    let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()?;
    let mut config = versions(provider)?
        .with_client_cert_verifier(clients)
        .with_single_cert(identity.chain, identity.key)
        .map_err(TlsError::Identity)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// TLS 1.3 and, for those who cannot yet, 1.2. rustls takes the highest that both sides speak.
fn versions(
    provider: Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier>, TlsError> {
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(TlsError::Identity)
}
