//! A CA, a service whose behaviour the request chooses, a server, and clients.

use std::{net::SocketAddr, num::NonZeroU32, sync::Arc};

use kleis_proto::directory::v1::{
    self as wire,
    directory_service_client::DirectoryServiceClient,
    directory_service_server::{DirectoryService, DirectoryServiceServer},
};
use kleis_runtime::{
    Authenticate, Authentication, Config, Counters, Lifecycle, Limits, Listener, NoRoles, Peer,
    Presented, ServeError, Server, ServerBuilder, Surroundings,
    tls::{self, TlsIdentity},
};
use kleis_types::{
    CredentialMap, DeviceId, ErrorCode, Identifier, OsRandom, Principal, Problem, RpcRule, Rule,
    Scope, SecretBytes, TraceId,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P384_SHA384,
};
use rustls::ServerConfig;
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};
use tonic::{
    Request, Response, Status,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

pub(crate) const CALLER: &str = "CBE:0809394427/KGSS";

const ECHO: &str = "/v1/echo";
/// Anybody may look up; only who is known gets a key.
const RULES: [RpcRule; 4] = [
    ("kleis.directory.v1.DirectoryService/Lookup", Rule::Anyone),
    (
        "kleis.directory.v1.DirectoryService/BatchLookup",
        Rule::Anyone,
    ),
    (
        "kleis.directory.v1.DirectoryService/GetKey",
        Rule::Known(Scope::Directory),
    ),
    (
        "kleis.directory.v1.DirectoryService/Watch",
        Rule::Known(Scope::Directory),
    ),
];

/// A root CA.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

pub(crate) struct Issued {
    pub(crate) der: Vec<u8>,
    pub(crate) key: KeyPair,
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.0.as_ref().der().to_vec()
    }

    pub(crate) fn pem(&self) -> String {
        self.0.as_ref().pem()
    }

    pub(crate) fn issue(&self, usage: ExtendedKeyUsagePurpose) -> Issued {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Issued {
            der: certificate.der().to_vec(),
            key,
            pem: certificate.pem(),
        }
    }

    /// A new server certificate of this CA.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        let server = self.issue(ExtendedKeyUsagePurpose::ServerAuth);
        let key = SecretBytes::from(server.key.serialize_der());
        let identity = TlsIdentity::new([server.der], &key);
        tls::server_config(identity, [self.der()]).unwrap()
    }
}

/// Knows everybody with a certificate as [`CALLER`]; refuses all of them when told to.
#[derive(Debug, Default)]
pub(crate) struct Doorkeeper {
    pub(crate) refuses: std::sync::atomic::AtomicBool,
}

impl Authenticate for Doorkeeper {
    fn authenticate<'a>(&'a self, presented: Presented<'a>) -> Authentication<'a> {
        let answer = if presented.peer.chain().is_empty() {
            Ok(None)
        } else if self.refuses.load(std::sync::atomic::Ordering::SeqCst) {
            Err(ErrorCode::CertificateRevoked.into())
        } else {
            let identifiers = [CALLER.parse::<Identifier>().unwrap()];
            let map = CredentialMap::belgian();
            let principal =
                Principal::from_certificate(&identifiers, DeviceId::main(), "thumbprint", map);
            Ok(Some(principal.unwrap()))
        };
        Box::pin(std::future::ready(answer))
    }
}

/// A service that does what the name it is asked for says.
#[derive(Debug, Default)]
pub(crate) struct Puppet {
    /// Somebody asks for `slow`.
    pub(crate) entered: Notify,
    /// Lets one who asks for `slow` go on.
    pub(crate) go_on: Notify,
}

#[tonic::async_trait]
impl DirectoryService for Puppet {
    async fn lookup(
        &self,
        request: Request<wire::LookupRequest>,
    ) -> Result<Response<wire::LookupResponse>, Status> {
        let extensions = request.extensions();
        match request.get_ref().identifier.as_str() {
            "slow" => {
                self.entered.notify_one();
                self.go_on.notified().await;
            }
            "never" => {
                self.entered.notify_one();
                std::future::pending::<()>().await;
            }
            "panic" => panic!("a secret of the handler"),
            "who" => {
                let principal = extensions.get::<Principal>();
                let name = principal.map_or("nobody".to_owned(), |p| p.primary().to_string());
                let origin = extensions.get::<Peer>().unwrap().origin();
                let said = format!("{name} from {origin:?}");
                assert!(extensions.get::<TraceId>().is_some());
                let problem = Problem::new(ErrorCode::RecipientNotFound, said);
                return Err(kleis_proto::status::to_status(&problem, None));
            }
            _ => {}
        }
        Ok(Response::new(wire::LookupResponse::default()))
    }

    async fn batch_lookup(
        &self,
        _: Request<wire::BatchLookupRequest>,
    ) -> Result<Response<wire::BatchLookupResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_key(
        &self,
        _: Request<wire::GetKeyRequest>,
    ) -> Result<Response<wire::GetKeyResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    type WatchStream = tokio_stream::Empty<Result<wire::WatchResponse, Status>>;

    async fn watch(
        &self,
        _: Request<wire::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// The parts of a server, before it is started.
pub(crate) struct Parts {
    pub(crate) limits: Limits,
    pub(crate) authority: Authority,
    pub(crate) doorkeeper: Arc<Doorkeeper>,
    pub(crate) puppet: Arc<Puppet>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) life: Lifecycle,
}

impl Parts {
    pub(crate) fn new() -> Self {
        let limits = Config::default().limits;
        let drain = std::time::Duration::from_secs(limits.drain_seconds.get().into());
        Self {
            limits,
            authority: Authority::new(),
            doorkeeper: Arc::default(),
            puppet: Arc::default(),
            counters: Arc::default(),
            life: Lifecycle::new(drain),
        }
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings {
            limits: self.limits.clone(),
            authenticator: Arc::clone(&self.doorkeeper) as _,
            roles: Arc::new(NoRoles),
            counters: Arc::clone(&self.counters),
            random: Arc::new(OsRandom),
            stopping: self.life.stopping().clone(),
        }
    }

    pub(crate) async fn server(&self) -> Server {
        let service = DirectoryServiceServer::from_arc(Arc::clone(&self.puppet));
        ServerBuilder::new()
            .grpc(service.max_decoding_message_size(1024), &RULES)
            .http(
                axum::Router::new()
                    .route(ECHO, axum::routing::post(|body: String| async { body }))
                    .route("/v1/forgotten", axum::routing::get(|| async { "a secret" })),
                &[(ECHO, Rule::Anyone)],
            )
            .descriptors(kleis_proto::FILE_DESCRIPTOR_SET)
            .build(self.surroundings())
            .await
            .unwrap()
    }

    pub(crate) async fn start(self) -> Running {
        let (tls, current) = watch::channel(self.authority.server_config());
        let address = ([127, 0, 0, 1], 0).into();
        let counters = Arc::clone(&self.counters);
        let listener = Listener::bind(address, current, &self.limits, counters)
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(self.server().await.serve(listener.connections()));
        Running {
            parts: self,
            address,
            tls,
            task,
        }
    }
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) parts: Parts,
    pub(crate) address: SocketAddr,
    pub(crate) tls: watch::Sender<Arc<ServerConfig>>,
    pub(crate) task: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    fn endpoint(&self, identity: Option<&Issued>) -> Endpoint {
        let mut config = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(self.parts.authority.pem()))
            .domain_name("localhost");
        if let Some(issued) = identity {
            config = config.identity(Identity::from_pem(&issued.pem, issued.key.serialize_pem()));
        }
        let uri = format!("https://127.0.0.1:{}", self.address.port());
        Endpoint::from_shared(uri)
            .unwrap()
            .tls_config(config)
            .unwrap()
    }

    /// A channel of a caller without certificate.
    pub(crate) async fn channel(&self) -> Channel {
        self.endpoint(None).connect().await.unwrap()
    }

    /// A channel of a caller with this certificate, not connected yet.
    pub(crate) fn channel_as(&self, issued: &Issued) -> Channel {
        self.endpoint(Some(issued)).connect_lazy()
    }

    /// Stops the server and waits for it.
    pub(crate) async fn stop(self) {
        self.parts.life.stop();
        self.task.await.unwrap().unwrap();
    }
}

pub(crate) async fn lookup(channel: &Channel, name: &str) -> Result<(), Status> {
    let request = wire::LookupRequest {
        identifier: name.to_owned(),
        ..Default::default()
    };
    DirectoryServiceClient::new(channel.clone())
        .lookup(request)
        .await
        .map(drop)
}

/// The code and detail of a problem; a panic if it is none of ours.
pub(crate) fn problem(result: Result<(), Status>) -> (ErrorCode, String) {
    let status = result.expect_err("a refusal");
    assert!(
        kleis_proto::status::trace_id(&status).is_some(),
        "{status:?}"
    );
    let problem = kleis_proto::status::from_status(&status).expect("one of our problems");
    (problem.code(), problem.detail().to_owned())
}

pub(crate) fn some(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}
