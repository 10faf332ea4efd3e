//! `kleisd bootstrap`

use std::io::stdout;

use kleis_runtime::Config;

use crate::{
    data_dir::DataDir,
    databases::Databases,
    failure::Failure,
    kek::KekPlace,
    lock::Lock,
    premises::{Premises, Record},
    ready,
    services::{self, Basics, Certified},
};

/// Makes and prints a new code for the first operator of an installation that is not running.
pub(super) async fn run(data_dir: &DataDir, config: &Config, kek: KekPlace) -> Result<(), Failure> {
    Record::read(data_dir)?;
    let _lock = Lock::take(data_dir)?;
    let basics = Basics::new(config)?;
    let premises = Premises::open(data_dir.clone(), kek, &basics.ca)?;
    let databases = Databases::open(&premises.data_dir, &premises.installation, &basics).await?;
    let code = Box::pin(new_code(config, &premises, &databases, &basics)).await;
    databases.close().await;
    let Some(code) = code? else {
        return Err(Failure::OperatorExists);
    };
    let (public, admin) = (
        ready::url(config.listen.public),
        ready::url(config.listen.admin),
    );
    let root = data_dir.root_certificate();
    ready::print_bootstrap(stdout(), (&public, &admin), &root, &code).map_err(Failure::System)
}

async fn new_code(
    config: &Config,
    premises: &Premises,
    databases: &Databases,
    basics: &Basics,
) -> Result<Option<String>, Failure> {
    databases
        .recognise(&premises.data_dir, &premises.installation)
        .await?;
    let registry = &databases.registry;
    let certified = Certified::provision(premises, registry, basics).await?;
    let registration =
        services::registration(config, premises, registry, &certified, basics).await?;
    services::bootstrap_code(&registration).await
}
