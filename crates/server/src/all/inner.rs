//! The servers that the services of this process ask, in memory.

use std::sync::Arc;

use kleis_directory::Directory;
use kleis_proto::FILE_DESCRIPTOR_SET;
use kleis_registration::Registration;
use kleis_runtime::{
    Always, Anonymous, Authenticate, Config, Counters, InProcess, NoRoles, ServeError,
    ServerBuilder, Surroundings,
};
use kleis_store_sqlite::RegistrySqlite;
use kleis_types::CredentialMap;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::{
    failure::Failure,
    premises::Premises,
    services::{Basics, Certified},
    status::RemoteStatus,
};

/// A server for other services of this process. It goes on while they finish their calls, so it stops
/// last.
pub(super) struct Inner {
    way: InProcess,
    stop: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Inner {
    /// Registration, for all who need the status list.
    pub(super) async fn registration(
        config: &Config,
        registration: &Registration<RegistrySqlite>,
        basics: &Basics,
    ) -> Result<Self, Failure> {
        let server = ServerBuilder::new().grpc(
            kleis_registration::grpc::public(registration.clone()),
            kleis_registration::grpc::PUBLIC_RULES,
        );
        Self::start(server, config, Arc::new(Anonymous), basics).await
    }

    /// The directory, for the token service: it is known there, and so may look up persons.
    pub(super) async fn directory(
        config: &Config,
        directory: Directory<RegistrySqlite>,
        certified: &Certified,
        premises: &Premises,
        basics: &Basics,
    ) -> Result<Self, Failure> {
        let server = ServerBuilder::new().grpc(
            kleis_directory::grpc::public(directory),
            kleis_directory::grpc::RULES,
        );
        let chain = certified.sts_signer().chain();
        let signer = premises.anchors.verify(chain, basics.clock.now());
        let principal = signer
            .map_err(Failure::crypto)?
            .principal(CredentialMap::belgian())
            .map_err(Failure::crypto)?;
        Self::start(server, config, Arc::new(Always(principal)), basics).await
    }

    async fn start(
        server: ServerBuilder,
        config: &Config,
        caller: Arc<dyn Authenticate>,
        basics: &Basics,
    ) -> Result<Self, Failure> {
        let stop = CancellationToken::new();
        let surroundings = Surroundings {
            limits: config.limits.clone(),
            authenticator: caller,
            roles: Arc::new(NoRoles),
            counters: Arc::new(Counters::default()),
            random: Arc::clone(&basics.random),
            stopping: stop.clone(),
        };
        let server = server.descriptors(FILE_DESCRIPTOR_SET);
        let server = server.build(surroundings).await?;
        let (way, connections) = InProcess::new();
        Ok(Self {
            way,
            stop,
            task: tokio::spawn(server.serve(connections)),
        })
    }

    /// A channel to it.
    pub(super) fn channel(&self) -> Channel {
        self.way.channel()
    }

    /// The status list, as it is asked for at the server of registration.
    pub(super) fn status(&self, premises: &Premises, basics: &Basics) -> Arc<RemoteStatus> {
        let (anchors, clock) = (premises.anchors.clone(), Arc::clone(&basics.clock));
        Arc::new(RemoteStatus::new(self.channel(), anchors, clock))
    }

    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.stop.cancel();
        match self.task.await {
            Ok(served) => Ok(served?),
            Err(error) => Err(Failure::System(error.into())),
        }
    }
}
