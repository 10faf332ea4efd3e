//! The server that the services of this process ask, in memory.

use std::sync::Arc;

use kleis_proto::FILE_DESCRIPTOR_SET;
use kleis_registration::Registration;
use kleis_runtime::{Anonymous, Config, InProcess, ServeError, ServerBuilder};
use kleis_store_sqlite::RegistrySqlite;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::surroundings;
use crate::{failure::Failure, premises::Premises, services::Basics, status::RemoteStatus};

/// Registration for the other services. It goes on while they finish their calls, so it stops last.
pub(super) struct Inner {
    way: InProcess,
    stop: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Inner {
    pub(super) async fn start(
        config: &Config,
        registration: &Registration<RegistrySqlite>,
        basics: &Basics,
    ) -> Result<Self, Failure> {
        let stop = CancellationToken::new();
        let server = ServerBuilder::new()
            .grpc(
                kleis_registration::grpc::public(registration.clone()),
                kleis_registration::grpc::PUBLIC_RULES,
            )
            .descriptors(FILE_DESCRIPTOR_SET)
            .build(surroundings(
                config,
                Arc::new(Anonymous),
                basics,
                stop.clone(),
            ))
            .await?;
        let (way, connections) = InProcess::new();
        Ok(Self {
            way,
            stop,
            task: tokio::spawn(server.serve(connections)),
        })
    }

    /// The status list, as it is asked for here.
    pub(super) fn status(&self, premises: &Premises, basics: &Basics) -> Arc<RemoteStatus> {
        let (anchors, clock) = (premises.anchors.clone(), Arc::clone(&basics.clock));
        Arc::new(RemoteStatus::new(self.way.channel(), anchors, clock))
    }

    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.stop.cancel();
        match self.task.await {
            Ok(served) => Ok(served?),
            Err(error) => Err(Failure::System(error.into())),
        }
    }
}
