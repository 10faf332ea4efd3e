//! `kleisd registrants ...`: the register of an installation that is not running.
//!
//! While a server runs, the register is changed through it, by orders: its status list and what it
//! remembers follow there, and who did it is an operator with a name.

mod export;
mod file;
mod import;

use kleis_registration::register;
use kleis_types::Identifier;

use super::{Environment, block_on, load, say};
use crate::{
    args::{OneRegistrant, Registrants},
    data_dir::DataDir,
    databases::Databases,
    failure::Failure,
    lock::Lock,
    premises::Record,
    services::Basics,
};

/// Runs one of them.
pub(super) fn run(command: Registrants, environment: &Environment) -> Result<(), Failure> {
    match command {
        Registrants::Import(args) => {
            let config = load(args.config.as_deref(), environment)?;
            block_on(import::run(&args, &Basics::new(&config)?))
        }
        Registrants::Export(args) => block_on(export::run(&args)),
        Registrants::Deactivate(args) => set_active(&args, environment, false),
        Registrants::Activate(args) => set_active(&args, environment, true),
    }
}

fn set_active(
    args: &OneRegistrant,
    environment: &Environment,
    active: bool,
) -> Result<(), Failure> {
    let config = load(args.config.as_deref(), environment)?;
    let basics = Basics::new(&config)?;
    let identifier = basics
        .types
        .parse(&args.identifier)
        .map_err(|error| Failure::Usage(format!("IDENTIFIER: {error}")))?;
    let data_dir = DataDir::new(&args.place.data_dir);
    block_on(async {
        let changed = change(&data_dir, &basics, async |databases| {
            set_one(databases, &data_dir, &basics, &identifier, active).await
        });
        say(match (Box::pin(changed).await?, active) {
            (true, false) => "suspended, with all that was issued to it",
            (true, true) => "active again, with what is left of its certificates and keys",
            (false, _) => "unchanged: it stood so already",
        })
    })
}

async fn set_one(
    databases: &Databases,
    data_dir: &DataDir,
    basics: &Basics,
    identifier: &Identifier,
    active: bool,
) -> Result<bool, Failure> {
    let clock = &*basics.clock;
    let changed = register::set_active(&databases.registry, identifier, active, clock).await;
    changed
        .map_err(|error| refused(data_dir, &error))?
        .ok_or(Failure::NoRegistrant)
}

/// Does something with the databases of an installation that nobody else works in.
async fn change<T>(
    data_dir: &DataDir,
    basics: &Basics,
    work: impl AsyncFnOnce(&Databases) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let record = Record::read(data_dir)?;
    let _lock = Lock::take(data_dir).map_err(|failure| match failure {
        Failure::Locked { data_dir, process } => Failure::RegisterInUse { data_dir, process },
        other => other,
    })?;
    let databases = Databases::open(data_dir, record.installation(), basics).await?;
    let done = async {
        databases.recognise(data_dir, record.installation()).await?;
        work(&databases).await
    }
    .await;
    databases.close().await;
    done
}

/// What registration did not do.
fn refused(data_dir: &DataDir, error: &kleis_registration::RegistrationError) -> Failure {
    match error {
        kleis_registration::RegistrationError::Store(error) => {
            Failure::store(data_dir.registry())(error.clone())
        }
        error => Failure::Service {
            service: "registration",
            reason: error.to_string(),
        },
    }
}
