//! The ports.

use std::{net::SocketAddr, sync::Arc};

use kleis_runtime::{
    Anonymous, Config, Counters, Lifecycle, Listener, NoRoles, ServerBuilder, Surroundings,
};
use rustls::ServerConfig;
use tokio::sync::watch;

use super::team::{Means, Team};
use crate::{failure::Failure, ready};

/// The ports, bound.
pub(super) struct Listeners {
    public: Listener,
    admin: Listener,
    /// Without TLS: for what the CA publishes, and nothing else.
    pki: Option<Listener>,
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
        let pki = match config.listen.pki {
            Some(address) => {
                let bound =
                    Listener::bind_plain(address, &config.limits, Arc::clone(counters)).await;
                Some(bound.map_err(|source| Failure::Listen { address, source })?)
            }
            None => None,
        };
        Ok(Self {
            public: bind(config.listen.public).await?,
            admin: bind(config.listen.admin).await?,
            pki,
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

    pub(super) fn pki_url(&self) -> Result<Option<String>, Failure> {
        let address = self.pki.as_ref().map(Listener::local_addr).transpose();
        let address = address.map_err(Failure::System)?;
        Ok(address.map(|address| ready::url(address).replacen("https", "http", 1)))
    }

    /// Serves on all until told to stop. If one fails, the others stop.
    pub(super) async fn serve(
        self,
        life: &Lifecycle,
        team: &Team,
        means: &Means<'_>,
        surroundings: &Surroundings,
    ) -> Result<(), Failure> {
        let (public, admin) = (team.public(means.config), team.admin(means));
        let serve = async |listener: Listener, builder: ServerBuilder, around: Surroundings| {
            let outcome = match builder.build(around).await {
                Ok(server) => Box::pin(server.serve(listener.connections()))
                    .await
                    .map_err(Failure::from),
                Err(error) => Err(error.into()),
            };
            life.stop();
            outcome
        };
        // A token that was sent without TLS is anybody's.
        let unknown = Surroundings {
            authenticator: Arc::new(Anonymous),
            roles: Arc::new(NoRoles),
            ..surroundings.clone()
        };
        let plain = async {
            match self.pki {
                Some(listener) => serve(listener, team.pki(), unknown).await,
                None => Ok(()),
            }
        };
        let (public, admin, pki) = tokio::join!(
            serve(self.public, public, surroundings.clone()),
            serve(self.admin, admin, surroundings.clone()),
            plain
        );
        public.and(admin).and(pki)
    }
}
