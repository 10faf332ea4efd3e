//! Somebody who sends whatever they like.

use http::uri::PathAndQuery;
use prost::Message;
use tonic::{
    Request, Response, Status,
    client::Grpc,
    metadata::{Ascii, MetadataKey},
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
    public: Side,
    admin: Side,
}

/// One of the two addresses of an installation.
#[derive(Clone, Debug)]
struct Side {
    address: String,
    channel: Channel,
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

    /// With any certificate and its key.
    pub fn with_identity(installation: &Installation, identity: Identity) -> Self {
        Self::connect(installation.facts(), Some(identity))
    }

    fn connect(facts: &Facts, identity: Option<Identity>) -> Self {
        let root = std::fs::read_to_string(&facts.root).unwrap();
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(root));
        if let Some(identity) = identity {
            tls = tls.identity(identity);
        }
        let side = |address: &str| {
            let endpoint = Endpoint::from_shared(address.to_owned()).unwrap();
            Side {
                address: address.to_owned(),
                channel: endpoint.tls_config(tls.clone()).unwrap().connect_lazy(),
            }
        };
        Self {
            public: side(&facts.public),
            admin: side(&facts.admin),
        }
    }

    /// The absolute address of a method, as a DPoP proof names it.
    pub fn url(&self, method: &str) -> String {
        format!("{}/{method}", self.side(method).address)
    }

    fn side(&self, method: &str) -> &Side {
        if method.contains("AdminService/") {
            &self.admin
        } else {
            &self.public
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
        let answer = self.call_with(method, message, &[]).await;
        Ok(answer.map_err(Refusal::from)?.into_inner())
    }

    /// Calls a method with any message and any headers, in their order; gives all of the answer.
    ///
    /// # Errors
    /// The status, with the headers that came with it.
    pub async fn call_with<Q, R>(
        &self,
        method: &str,
        message: Q,
        headers: &[(&str, &str)],
    ) -> Result<Response<R>, Status>
    where
        Q: Message + Send + Sync + 'static,
        R: Message + Default + Send + Sync + 'static,
    {
        let path: PathAndQuery = format!("/{method}").parse().unwrap();
        let mut grpc = Grpc::new(self.side(method).channel.clone());
        // A connection that cannot be made is the test's own failure.
        grpc.ready().await.unwrap();
        let mut request = Request::new(message);
        for (name, value) in headers {
            let name: MetadataKey<Ascii> = name.parse().unwrap();
            request.metadata_mut().append(name, value.parse().unwrap());
        }
        grpc.unary(request, path, ProstCodec::default()).await
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

    /// Sends an order with any headers; gives the reply or the release.
    ///
    /// # Errors
    /// What the service said.
    pub async fn order_with(
        &self,
        method: &str,
        order: &str,
        headers: &[(&str, &str)],
    ) -> Result<String, Refusal> {
        let message = Lone {
            text: order.to_owned(),
        };
        let answer = self.call_with::<_, Lone>(method, message, headers).await;
        Ok(answer.map_err(Refusal::from)?.into_inner().text)
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
