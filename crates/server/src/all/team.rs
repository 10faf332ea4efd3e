//! All services of the process, and the servers that they stand behind.

use std::sync::Arc;

use kleis_audit::{Audit, Source};
use kleis_custody::Custody;
use kleis_directory::Directory;
use kleis_proto::FILE_DESCRIPTOR_SET;
use kleis_registration::{Registration, StatusBoard};
use kleis_runtime::{AtOnce, CallerAuthenticator, Config, ForeignCa, ServerBuilder};
use kleis_store_sqlite::{CustodySqlite, RegistrySqlite};
use kleis_types::{CredentialMap, Service};

use super::inner::Inner;
use crate::{
    access,
    databases::Databases,
    directory::{self, Feed},
    failure::Failure,
    premises::Premises,
    services::{self, Basics, Certified, TokenService},
    status::RemoteStatus,
};

/// What the services are made of.
pub(super) struct Means<'a> {
    pub(super) config: &'a Config,
    pub(super) premises: &'a Premises,
    pub(super) databases: &'a Databases,
    pub(super) certified: &'a Certified,
    pub(super) basics: &'a Basics,
}

/// The services, and the servers in memory by which they ask each other.
pub(crate) struct Team {
    pub(crate) registration: Registration<RegistrySqlite>,
    pub(crate) custody: Custody<CustodySqlite, Arc<RemoteStatus>>,
    pub(crate) sts: Option<TokenService>,
    directory: Directory<RegistrySqlite>,
    feed: Feed,
    for_status: Inner,
    for_clients: Inner,
}

impl Team {
    /// Puts the others beside registration. The token service bears the public address as its name,
    /// unless the configuration gives it another.
    pub(super) async fn assemble(
        means: &Means<'_>,
        registration: Registration<RegistrySqlite>,
        public_url: String,
    ) -> Result<Self, Failure> {
        let Means {
            config,
            premises,
            databases,
            certified,
            basics,
        } = *means;
        let for_status = Inner::registration(config, &registration, basics).await?;
        let status = for_status.status(premises, basics);
        let for_custody = Arc::clone(&status);
        let custody = &databases.custody;
        let custody = services::custody(premises, custody, certified, for_custody, basics).await?;
        let directory = directory::open(&databases.registry, config, basics).await?;
        let feed = Feed::start(&directory, config);
        let for_clients =
            Inner::directory(config, directory.clone(), certified, premises, basics).await?;
        let sts = if config.sts.enabled {
            let issuer = config.sts.issuer.clone().unwrap_or(public_url);
            let asked = (for_clients.channel(), Arc::clone(&status));
            let sts = services::sts(premises, &databases.sts, &config.sts, issuer, asked, basics);
            Some(sts.await?)
        } else {
            None
        };
        Ok(Self {
            registration,
            custody,
            sts,
            directory,
            feed,
            for_status,
            for_clients,
        })
    }

    /// Who knows the callers of the network.
    pub(super) fn callers(
        &self,
        means: &Means<'_>,
        client_cas: Vec<Arc<ForeignCa>>,
    ) -> Result<CallerAuthenticator<AtOnce<StatusBoard>>, Failure> {
        let Means {
            config,
            premises,
            basics,
            ..
        } = *means;
        let own = self.sts.clone();
        let callers = CallerAuthenticator::new(
            premises.anchors.clone(),
            CredentialMap::belgian().clone(),
            AtOnce(self.registration.status_board()),
            Arc::clone(&basics.clock),
            &*basics.random,
        );
        Ok(callers
            .with_issuers(access::issuers(config, own, premises, basics)?)
            .with_foreign(client_cas))
    }

    /// What the edge may reach.
    pub(super) fn public(&self, config: &Config) -> ServerBuilder {
        let registration = kleis_registration::grpc::public(self.registration.clone());
        let custody = kleis_custody::grpc::public(self.custody.clone());
        let looked_up = kleis_directory::grpc::public(self.directory.clone());
        let over_http =
            kleis_directory::http::routes(self.directory.clone(), directory::http_settings(config));
        let published = kleis_registration::http::routes(self.registration.clone());
        let server = ServerBuilder::new()
            .grpc(registration, kleis_registration::grpc::PUBLIC_RULES)
            .grpc(custody, kleis_custody::grpc::RULES)
            .grpc(looked_up, kleis_directory::grpc::RULES)
            .http(published, kleis_registration::http::RULES)
            .http(over_http, kleis_directory::http::RULES)
            .descriptors(FILE_DESCRIPTOR_SET);
        match self.sts.clone() {
            Some(sts) => server.http(kleis_sts::http::routes(sts), kleis_sts::http::RULES),
            None => server,
        }
    }

    /// What the CA publishes, alone.
    pub(super) fn pki(&self) -> ServerBuilder {
        let published = kleis_registration::http::routes(self.registration.clone());
        ServerBuilder::new().http(published, kleis_registration::http::RULES)
    }

    /// What operators and auditors reach, and the edge does not.
    pub(super) fn admin(&self, means: &Means<'_>) -> ServerBuilder {
        let registration = kleis_registration::grpc::admin(self.registration.clone());
        let Databases {
            registry,
            custody,
            sts,
        } = means.databases.clone();
        let sources: Vec<Source> = vec![
            (Service::Registration, Arc::new(registry)),
            (Service::Custody, Arc::new(custody)),
            (Service::Sts, Arc::new(sts)),
        ];
        let basics = means.basics;
        let audit = Audit::new(sources, basics.types.clone(), Arc::clone(&basics.clock));
        ServerBuilder::new()
            .grpc(registration, kleis_registration::grpc::ADMIN_RULES)
            .grpc(kleis_audit::grpc::admin(audit), kleis_audit::grpc::RULES)
            .descriptors(FILE_DESCRIPTOR_SET)
    }

    /// Gives back what was reserved and not used. To be called when no order is under way any more.
    pub(super) async fn tidy(&self) {
        if let Err(error) = services::release_serials(&self.registration).await {
            tracing::warn!(%error, "serial numbers that were not used will be revoked");
        }
    }

    /// Ends what the services ask each other by. To be called when nobody asks them any more.
    pub(super) async fn disband(self) -> Result<(), Failure> {
        let stopped = self.for_clients.stop().await;
        // Last: calls under way were answered from what it knows.
        stopped
            .and(self.for_status.stop().await)
            .and(self.feed.stop().await)
    }
}
