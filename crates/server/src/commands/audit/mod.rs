//! `kleisd audit ...`

mod archive;
mod export;
mod forget;
mod show;
mod verify;

use kleis_runtime::Config;

use super::{Environment, begin, block_on, kek_of, load, say};
use crate::{
    args::Audit, data_dir::DataDir, databases::Databases, failure::Failure, premises::Record,
    services::Basics,
};

/// Runs one of them.
pub(super) fn run(command: Audit, environment: &Environment) -> Result<(), Failure> {
    match command {
        Audit::Verify(args) => block_on(verify::run(&args)),
        Audit::Show(args) => {
            let config = load(args.site.config.as_deref(), environment)?;
            let kek = kek_of(&args.site, &config, environment)?;
            block_on(show::run(&args, &Basics::new(&config)?, kek))
        }
        Audit::Export(args) => block_on(export::run(&args)),
        Audit::Archive(args) => {
            let (config, kek) = begin(&args.site, environment)?;
            block_on(archive::run(&args, &config, kek))
        }
        Audit::Forget(args) => {
            let config = load(args.config.as_deref(), environment)?;
            block_on(forget::run(&args, &config))
        }
    }
}

/// The databases of an installation to read, beside a server that may be running.
async fn open_to_read(data_dir: &DataDir, record: &Record) -> Result<Databases, Failure> {
    let basics = Basics::new(&Config::default())?;
    let databases = Databases::open(data_dir, record.installation(), &basics).await?;
    let recognised = databases.recognise(data_dir, record.installation()).await;
    if let Err(error) = recognised {
        databases.close().await;
        return Err(error);
    }
    Ok(databases)
}
