//! The two ports.

use std::{net::SocketAddr, sync::Arc};

use kleis_runtime::{Config, Counters, Lifecycle, Listener, ServerBuilder, Surroundings};
use rustls::ServerConfig;
use tokio::sync::watch;

use crate::{failure::Failure, ready};

/// Both ports, bound.
pub(super) struct Listeners {
    public: Listener,
    admin: Listener,
}

impl Listeners {
    pub(super) async fn bind(
        config: &Config,
        tls: &watch::Receiver<Arc<ServerConfig>>,
        counters: &Arc<Counters>,
    ) -> Result<Self, Failure> {
        let bind = async |address: SocketAddr| {
            let counters = Arc::clone(counters);
            Listener::bind(address, tls.clone(), &config.limits, counters)
                .await
                .map_err(|source| Failure::Listen { address, source })
        };
        Ok(Self {
            public: bind(config.listen.public).await?,
            admin: bind(config.listen.admin).await?,
        })
    }

    pub(super) fn public_url(&self) -> Result<String, Failure> {
        Ok(ready::url(
            self.public.local_addr().map_err(Failure::System)?,
        ))
    }

    pub(super) fn admin_url(&self) -> Result<String, Failure> {
        Ok(ready::url(
            self.admin.local_addr().map_err(Failure::System)?,
        ))
    }

    /// Serves on both until told to stop. If one fails, the other stops.
    pub(super) async fn serve(
        self,
        life: &Lifecycle,
        public: ServerBuilder,
        admin: ServerBuilder,
        surroundings: &Surroundings,
    ) -> Result<(), Failure> {
        let serve = async |listener: Listener, builder: ServerBuilder| {
            let outcome = match builder.build(surroundings.clone()).await {
                Ok(server) => Box::pin(server.serve(listener.connections()))
                    .await
                    .map_err(Failure::from),
                Err(error) => Err(error.into()),
            };
            life.stop();
            outcome
        };
        let (public, admin) = tokio::join!(serve(self.public, public), serve(self.admin, admin));
        public.and(admin)
    }
}
