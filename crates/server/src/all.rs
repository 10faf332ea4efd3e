//! `kleisd all`: every service in one process.

mod inner;
mod listeners;
pub(crate) mod team;

use std::{io::stdout, num::NonZeroU32, sync::Arc, time::Duration};

use kleis_registration::Registration;
use kleis_runtime::{Config, Counters, Lifecycle, Outcome, Surroundings};
use kleis_store_sqlite::RegistrySqlite;
use tokio::sync::watch;

use self::{
    listeners::Listeners,
    team::{Means, Team},
};
use crate::{
    access,
    args::{All, Output},
    audit::{self, Ledgers, Started},
    creation::{self, Found},
    data_dir::DataDir,
    databases::Databases,
    durable,
    failure::Failure,
    housekeeping,
    kek::{KekPlace, VARIABLE},
    lock::Lock,
    notices::Post,
    premises::Premises,
    ready::Facts,
    server_certificate::{self, Names},
    services::{self, Basics, Certified},
};

/// Makes the installation if there is none, opens it, serves until told to stop, and closes it.
pub(crate) async fn run(args: &All, config: &Config, kek: KekPlace) -> Result<(), Failure> {
    let life = Lifecycle::new(seconds(config.limits.drain_seconds));
    let basics = Basics::new(config)?;
    // Refused now rather than after an installation has been made.
    let names = names(config)?;
    let data_dir = DataDir::new(&args.site.place.data_dir);
    durable::make_dir(data_dir.root())?;
    let _lock = Lock::take(&data_dir)?;
    let found = creation::ensure(&data_dir, &kek, &basics).await?;
    // Until here a signal may kill: the next start goes on. From here on there is something to
    // close.
    life.listen_to_signals().map_err(Failure::System)?;
    let premises = Premises::open(data_dir, kek, &basics.ca)?;
    warn_of_kek(&premises);
    warn_of_ca(&premises, config, &basics);
    let databases = Databases::open(&premises.data_dir, &premises.installation, &basics).await?;
    let house = House {
        args,
        config,
        life: &life,
        premises,
        databases,
        basics,
        names,
        found,
    };
    let outcome = Box::pin(house.serve()).await;
    house.databases.close().await;
    tracing::info!("stopped");
    outcome
}

/// All that is there before the services are.
struct House<'a> {
    args: &'a All,
    config: &'a Config,
    life: &'a Lifecycle,
    premises: Premises,
    databases: Databases,
    basics: Basics,
    names: Names,
    found: Found,
}

impl House<'_> {
    async fn serve(&self) -> Result<(), Failure> {
        let Self {
            config,
            life,
            premises,
            databases,
            basics,
            names,
            ..
        } = self;
        databases
            .recognise(&premises.data_dir, &premises.installation)
            .await?;
        let registry = &databases.registry;
        // Before anything is written that would be taken for more of what is there.
        let started = self.compare().await?;
        let certified = Certified::provision(premises, registry, basics).await?;
        let registration =
            services::registration(config, premises, registry, &certified, basics).await?;
        let mut keepers = started.keepers(&certified, &basics.clock);
        keepers.keep().await;

        // Bound before the services are made: the token service bears the public address as its name.
        let (now, random) = (basics.clock.now(), &*basics.random);
        let certificate = server_certificate::load_or_issue(premises, names, now, random)?;
        let foreign = access::client_roots(config)?;
        let (tls, current) =
            watch::channel(housekeeping::tls_config(premises, &foreign, certificate)?);
        let counters = Arc::new(Counters::default());
        let listeners = Listeners::bind(config, &current, &counters).await?;

        let means = Means {
            config,
            premises,
            databases,
            certified: &certified,
            basics,
        };
        let team = Team::assemble(&means, registration, listeners.public_url()?).await?;
        let client_cas = access::client_cas(config, basics)?;
        let post = Post::of(&config.notices)?;
        let stopping = life.stopping();
        let surroundings = Surroundings {
            limits: config.limits.clone(),
            authenticator: Arc::new(team.callers(&means, client_cas.clone())?),
            roles: Arc::new(access::Register(team.registration.clone())),
            counters,
            random: Arc::clone(&basics.random),
            stopping: stopping.clone(),
        };
        self.announce(&listeners, &team.registration).await?;

        let period = seconds(config.audit.checkpoint_seconds);
        let checkpointing = housekeeping::checkpoint(&mut keepers, period, stopping);
        let renewing =
            housekeeping::renew_certificate(premises, &foreign, names, tls, basics, stopping);
        let listing = housekeeping::renew_lists(config, &client_cas, stopping);
        let tending = housekeeping::tend(&team, &*basics.clock, stopping);
        let telling = housekeeping::tell(&team, &post, &surroundings.counters, stopping);
        let serving = listeners.serve(life, &team, &means, &surroundings);
        let work =
            async { tokio::join!(serving, checkpointing, renewing, listing, tending, telling).0 };
        let outcome = Box::pin(life.run(work)).await;
        team.tidy().await;
        // Of everything that was answered.
        keepers.keep().await;
        tracing::debug!(counted = ?surroundings.counters.snapshot(), "the servers have ended");
        // The calls of others are answered, or cut: nobody asks the services any more.
        let disbanded = team.disband().await;
        match outcome {
            Outcome::Finished(result) => result.and(disbanded),
            Outcome::Cut => Err(Failure::Cut),
        }
    }

    /// Refuses databases that do not agree with their checkpoints, or with the sink of these.
    async fn compare(&self) -> Result<Started, Failure> {
        let Self {
            args,
            config,
            premises,
            databases,
            basics,
            ..
        } = self;
        let sink = audit::sink::directory(config.audit.sink.as_deref(), &premises.data_dir);
        if sink.starts_with(premises.data_dir.root()) {
            tracing::warn!(
                "the audit's checkpoints lie beside the databases that they are about, so whoever \
                 rewrites the data directory has both: keep them elsewhere, by sink in [audit]"
            );
        }
        let ledgers = Ledgers::new(&premises.data_dir, databases, &sink);
        let accepted = args.accept_audit_gap.as_deref();
        Started::compare(ledgers, &premises.anchors, accepted, basics.clock.now()).await
    }

    /// Says that it is ready: connections that come now are answered.
    async fn announce(
        &self,
        listeners: &Listeners,
        registration: &Registration<RegistrySqlite>,
    ) -> Result<(), Failure> {
        let Self {
            args,
            premises,
            basics,
            ..
        } = self;
        let bootstrap = match self.found {
            Found::Made => services::bootstrap_code(registration).await?,
            Found::There => None,
        };
        let facts = Facts {
            public: listeners.public_url()?,
            admin: listeners.admin_url()?,
            pki: listeners.pki_url()?,
            installation: premises.installation.clone(),
            root: premises.data_dir.root_certificate(),
            root_sha256: premises.root_sha256(),
            bootstrap,
        };
        if let Some(path) = &args.ready_file {
            facts.write(path, &*basics.random)?;
        }
        let said = match args.output {
            Output::Text => facts.print_text(stdout().lock()),
            Output::Json => facts.print_json(stdout().lock()),
        };
        tracing::info!(
            installation = %facts.installation,
            public = facts.public,
            admin = facts.admin,
            version = env!("CARGO_PKG_VERSION"),
            "ready"
        );
        said.map_err(Failure::System)
    }
}

fn names(config: &Config) -> Result<Names, Failure> {
    let asked = config.tls.names.iter().map(String::as_str);
    Names::new(asked, [config.listen.public.ip(), config.listen.admin.ip()])
}

fn warn_of_kek(premises: &Premises) {
    if premises.kek_place.is_beside_the_data() {
        tracing::warn!(
            "the root KEK lies beside the databases that it protects, so whoever copies the data \
             directory has both: keep it elsewhere, by --kek-file or {VARIABLE}"
        );
    }
}

/// New certificates end with their CA, at the latest.
fn warn_of_ca(premises: &Premises, config: &Config, basics: &Basics) {
    let end = premises.ca.chain_certificate().not_after();
    let life = i64::from(config.registration.certificate_days.get()) * 86_400;
    if end < basics.clock.now().plus_seconds(life) {
        let end = end.rfc3339();
        tracing::warn!(%end, "new certificates are cut short: make another CA, by `kleisd ca rotate`");
    }
}

fn seconds(number: NonZeroU32) -> Duration {
    Duration::from_secs(number.get().into())
}
