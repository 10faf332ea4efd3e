//! The connection: TLS to the pinned root alone, with our certificate where we have one.

use std::time::Duration;

use kleis_trust::Signer;
use kleis_types::SecretBytes;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::ClientError;

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call may take.
const CALL: Duration = Duration::from_secs(30);

/// Who we are in TLS: the chain and the PKCS#8 key, both PEM.
pub(crate) struct TlsIdentity {
    chain: String,
    key: SecretBytes,
}

impl TlsIdentity {
    /// The certificate and key of a signer.
    pub(crate) fn new(signer: &Signer, key: &kleis_jose::Jwk) -> Result<Self, ClientError> {
        let chain = signer
            .chain()
            .iter()
            .map(|der| pem::Pem::new("CERTIFICATE", der.clone()));
        let key = key
            .to_pkcs8_der()
            .map_err(|error| ClientError::Internal(error.to_string()))?;
        let key = pem::encode(&pem::Pem::new("PRIVATE KEY", key.expose()));
        Ok(Self {
            chain: pem::encode_many(&chain.collect::<Vec<_>>()),
            key: SecretBytes::from(key.into_bytes()),
        })
    }
}

/// A channel that connects when first used.
pub(crate) fn connect(
    address: &str,
    root_pem: &str,
    identity: Option<&TlsIdentity>,
) -> Result<Channel, ClientError> {
    // Without this an `http:` address would be called, in clear, whatever the TLS configuration.
    if !address.starts_with("https://") {
        let detail = format!("the address {address} is not usable: it must begin with https://");
        return Err(ClientError::Input(detail));
    }
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(root_pem));
    if let Some(identity) = identity {
        tls = tls.identity(Identity::from_pem(&identity.chain, identity.key.expose()));
    }
    let endpoint = Endpoint::from_shared(address.to_owned())
        .and_then(|endpoint| endpoint.tls_config(tls))
        .map_err(|error| {
            ClientError::Input(format!("the address {address} is not usable: {error}"))
        })?;
    Ok(endpoint
        .connect_timeout(CONNECT)
        .timeout(CALL)
        .user_agent(concat!("kleis/", env!("CARGO_PKG_VERSION")))
        .map_err(|error| ClientError::Internal(error.to_string()))?
        .connect_lazy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_sent_in_clear() {
        for address in [
            "http://127.0.0.1:1",
            "HTTP://127.0.0.1:1",
            "127.0.0.1:1",
            "",
        ] {
            let refused = connect(address, "", None);
            assert!(matches!(refused, Err(ClientError::Input(_))), "{address}");
        }
        assert!(connect("https://127.0.0.1:1", "", None).is_ok());
    }
}
