//! A server: services behind the layers, on any source of connections.

use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, http::StatusCode, response::IntoResponse, routing::get};
use kleis_types::{Random, RpcRule, Rule};
use tokio::sync::Semaphore;
use tokio_stream::{Stream, StreamExt as _};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{body::Body, server::NamedService, service::Routes};
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::Service;

use crate::{
    Authenticate, Connection, Counters, Limits, RateLimiter,
    layers::{self, Methods, Roles, Stack},
};

/// Streams that one connection may have open.
const STREAMS: u32 = 256;
/// Bytes of headers of one request: the longest token with its proof, and a forwarded chain.
const HEADERS: u32 = 64 * 1024;
/// How often a silent HTTP/2 connection is asked whether it is still there, and how long it may
/// take to say so.
const PING: Duration = Duration::from_secs(30);
const PONG: Duration = Duration::from_secs(10);
/// How old a connection becomes. Clients reconnect without noticing, to a server whose certificate
/// is fresh.
const AGE: Duration = Duration::from_hours(1);

/// Shows which services and messages there are.
const REFLECTION: &str = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

/// What connections without calls have, once the server is stopping, to close by themselves.
const GRACE: Duration = Duration::from_millis(500);

/// What a server needs from its process.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// How much it takes on.
    pub limits: Limits,
    /// Who says who is calling.
    pub authenticator: Arc<dyn Authenticate>,
    /// Who says who has which role.
    pub roles: Arc<dyn Roles>,
    /// Where it counts.
    pub counters: Arc<Counters>,
    /// Where trace ids come from.
    pub random: Arc<dyn Random>,
    /// Cancelled when it shall take on no more. Open streams end then.
    pub stopping: CancellationToken,
}

/// A server cannot be built: a fault of the program.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A descriptor set cannot be read.
    #[error("a protobuf descriptor set cannot be read: {0}")]
    Descriptors(#[from] prost::DecodeError),
    /// An RPC of a service has no rule that says who may call it, so it could not be served.
    #[error("the RPC {0} declares no rule")]
    NoRule(String),
    /// A service was added without its descriptors, so nobody knows which RPCs it has.
    #[error("the service {0} is in no descriptor set")]
    NotDescribed(&'static str),
    /// The reflection service does not take the descriptors.
    #[error("the reflection service cannot be built: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// A server failed as a whole.
#[derive(Debug, thiserror::Error)]
#[error("a server failed: {0}")]
pub struct ServeError(#[from] tonic::transport::Error);

/// Gathers the services of one server.
#[derive(Debug, Default)]
pub struct ServerBuilder {
    grpc: Routes,
    http: Router,
    names: Vec<&'static str>,
    descriptors: Vec<&'static [u8]>,
    rules: HashMap<&'static str, Rule>,
}

impl ServerBuilder {
    /// A server without services, but for health.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a gRPC service with the rules of its RPCs. Set the limit to its messages
    /// (`max_decoding_message_size`) before.
    #[must_use]
    pub fn grpc<S>(mut self, service: S, rules: &[RpcRule]) -> Self
    where
        S: Service<http::Request<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        self.grpc = self.grpc.add_service(service);
        self.names.push(S::NAME);
        self.rules.extend(rules.iter().copied());
        self
    }

    /// Adds HTTP routes with their rules, by the templates of their paths. A route without a rule
    /// is not served.
    #[must_use]
    pub fn http(mut self, routes: Router, rules: &[RpcRule]) -> Self {
        self.http = self.http.merge(routes);
        self.rules.extend(rules.iter().copied());
        self
    }

    /// Adds an encoded `google.protobuf.FileDescriptorSet`. Reflection shows the added services
    /// that it describes, and their methods are logged and counted by name.
    #[must_use]
    pub fn descriptors(mut self, encoded: &'static [u8]) -> Self {
        self.descriptors.push(encoded);
        self
    }

    /// Puts health, reflection and the layers around the services.
    ///
    /// # Errors
    /// [`BuildError`].
    pub async fn build(self, surroundings: Surroundings) -> Result<Server, BuildError> {
        let Surroundings {
            limits,
            authenticator,
            roles,
            counters,
            random,
            stopping,
        } = surroundings;
        let mut methods = Methods::default();
        let mut reflection = tonic_reflection::server::Builder::configure();
        for encoded in self
            .descriptors
            .iter()
            .chain(&[tonic_health::pb::FILE_DESCRIPTOR_SET])
        {
            methods.add(encoded)?;
            reflection = reflection.register_encoded_file_descriptor_set(encoded);
        }
        for name in &self.names {
            reflection = reflection.with_service_name(*name);
        }
        let mut rules = self.rules;
        for name in &self.names {
            let mut found = methods.of_service(name).peekable();
            if found.peek().is_none() {
                return Err(BuildError::NotDescribed(name));
            }
            if let Some(bare) = found.find(|method| !rules.contains_key(method)) {
                return Err(BuildError::NoRule(bare.to_owned()));
            }
        }
        // What the protos say is public.
        rules.insert(REFLECTION, Rule::Anyone);
        methods.add(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)?;
        let grpc = self.grpc.add_service(reflection.build_v1()?);
        let (reporter, health) = tonic_health::server::health_reporter();
        for name in &self.names {
            reporter
                .set_service_status(*name, ServingStatus::Serving)
                .await;
        }
        let services = layers::grpc_only(grpc.into_axum_router().reset_fallback()).merge(self.http);
        let health = Routes::new(health).into_axum_router().reset_fallback();
        let health = layers::grpc_only(health).merge(probes(stopping.clone()));
        let count = |n: std::num::NonZeroU32| usize::try_from(n.get()).unwrap_or(usize::MAX);
        let calls = TaskTracker::new();
        let stack = Arc::new(Stack {
            methods,
            counters,
            random,
            stopping: stopping.clone(),
            calls: calls.clone(),
            deadline: Duration::from_secs(limits.deadline_seconds.get().into()),
            requests: Semaphore::new(count(limits.max_requests).min(Semaphore::MAX_PERMITS)),
            rate: RateLimiter::new(&limits),
            max_body: count(limits.max_body_bytes),
            authenticator,
            rules,
            roles,
        });
        let router = layers::apply(services, health, &stack);
        Ok(Server {
            router,
            reporter,
            names: self.names,
            stopping,
            calls,
        })
    }
}

/// `GET /livez` and `GET /readyz`, for machinery that speaks no gRPC over TLS.
fn probes(stopping: CancellationToken) -> Router {
    let ready = move || async move {
        if stopping.is_cancelled() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::NO_CONTENT
        }
    };
    Router::new()
        .route("/livez", get(|| async { StatusCode::NO_CONTENT }))
        .route("/readyz", get(ready))
}

/// A server that is ready to take connections.
#[derive(Debug)]
pub struct Server {
    router: Router,
    reporter: HealthReporter,
    names: Vec<&'static str>,
    stopping: CancellationToken,
    calls: TaskTracker,
}

impl Server {
    /// Serves the connections until the process stops or there are no more, and all calls under way
    /// are answered. A connection that is still open then is closed: whether its other end is there
    /// does not matter.
    ///
    /// # Errors
    /// [`ServeError`]; errors of single connections are not the server's.
    pub async fn serve(
        self,
        connections: impl Stream<Item = Connection>,
    ) -> Result<(), ServeError> {
        let Self {
            router,
            reporter,
            names,
            stopping,
            calls,
        } = self;
        let closed = CancellationToken::new();
        let idle = close_when_idle(stopping.clone(), calls, closed.clone());
        let stop = async move {
            stopping.cancelled().await;
            for name in names.into_iter().chain([""]) {
                reporter
                    .set_service_status(name, ServingStatus::NotServing)
                    .await;
            }
        };
        let served = tonic::transport::Server::builder()
            .accept_http1(true)
            .max_concurrent_streams(STREAMS)
            .http2_max_header_list_size(HEADERS)
            .http2_keepalive_interval(Some(PING))
            .http2_keepalive_timeout(Some(PONG))
            .max_connection_age(AGE)
            .serve_with_incoming_shutdown(
                Routes::from(router).prepare(),
                connections.map(|connection| Ok::<_, Infallible>(connection.closed_by(&closed))),
                stop,
            );
        tokio::pin!(served);
        let served = tokio::select! {
            served = &mut served => served,
            () = idle => served.await,
        };
        Ok(served?)
    }
}

/// Closes what is open once no call is under way.
async fn close_when_idle(
    stopping: CancellationToken,
    calls: TaskTracker,
    closed: CancellationToken,
) {
    stopping.cancelled().await;
    calls.close();
    loop {
        calls.wait().await;
        // A client that is there hears that the server goes away, and closes by itself.
        tokio::time::sleep(GRACE).await;
        if calls.is_empty() {
            return closed.cancel();
        }
    }
}
