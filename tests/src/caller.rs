//! Somebody who sends whatever they like.

use http::uri::PathAndQuery;
use prost::Message;
use tonic::{
    Request,
    client::Grpc,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};
use tonic_prost::ProstCodec;

use crate::{Facts, Installation, Party, Refusal};

/// The one field of every message around an order, and of every answer to one.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Lone {
    /// The order, the reply or the release.
    #[prost(string, tag = "1")]
    pub text: String,
}

/// A connection with or without a client certificate, on which everything can be sent to every RPC.
#[derive(Clone, Debug)]
pub struct Caller {
    public: Channel,
    admin: Channel,
}

impl Caller {
    /// Nobody in particular.
    pub fn anonymous(installation: &Installation) -> Self {
        Self::connect(installation.facts(), None)
    }

    /// With the certificate of a party.
    pub fn of(installation: &Installation, party: &Party) -> Self {
        Self::connect(installation.facts(), Some(identity(party)))
    }

    fn connect(facts: &Facts, identity: Option<Identity>) -> Self {
        let root = std::fs::read_to_string(&facts.root).unwrap();
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(root));
        if let Some(identity) = identity {
            tls = tls.identity(identity);
        }
        let channel = |address: &str| {
            let endpoint = Endpoint::from_shared(address.to_owned()).unwrap();
            endpoint.tls_config(tls.clone()).unwrap().connect_lazy()
        };
        Self {
            public: channel(&facts.public),
            admin: channel(&facts.admin),
        }
    }

    /// Calls a method (`PACKAGE.SERVICE/RPC`) with any message.
    ///
    /// # Errors
    /// What the service said.
    pub async fn call<Q, R>(&self, method: &str, message: Q) -> Result<R, Refusal>
    where
        Q: Message + Send + Sync + 'static,
        R: Message + Default + Send + Sync + 'static,
    {
        let channel = if method.contains("AdminService/") {
            self.admin.clone()
        } else {
            self.public.clone()
        };
        let path: PathAndQuery = format!("/{method}").parse().unwrap();
        let mut grpc = Grpc::new(channel);
        // A connection that cannot be made is the test's own failure.
        grpc.ready().await.unwrap();
        let answer = grpc
            .unary(Request::new(message), path, ProstCodec::default())
            .await;
        Ok(answer.map_err(Refusal::from)?.into_inner())
    }

    /// Sends an order; gives the reply or the release.
    ///
    /// # Errors
    /// What the service said.
    pub async fn order(&self, method: &str, order: &str) -> Result<String, Refusal> {
        let message = Lone {
            text: order.to_owned(),
        };
        Ok(self.call::<_, Lone>(method, message).await?.text)
    }
}

/// The certificate and key of a party, for TLS.
pub(crate) fn identity(party: &Party) -> Identity {
    let signer = party.signer();
    let chain = signer
        .chain()
        .iter()
        .map(|der| pem::Pem::new("CERTIFICATE", der.clone()));
    let key = party.auth_key().to_pkcs8_der().unwrap();
    let key = pem::encode(&pem::Pem::new("PRIVATE KEY", key.expose()));
    Identity::from_pem(pem::encode_many(&chain.collect::<Vec<_>>()), key)
}
