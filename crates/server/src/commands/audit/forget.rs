//! `kleisd audit forget`

use kleis_runtime::Config;
use kleis_store::{Store as _, StoreError, registry::RegistryRead as _};
use kleis_types::{Identifier, Kind};

use super::say;
use crate::{
    args::ForgetPerson,
    audit::{AuditStore, Forget, Ledger, Ledgers},
    data_dir::DataDir,
    databases::Databases,
    failure::Failure,
    lock::Lock,
    premises::Record,
    services::Basics,
};

/// Destroys a person's pseudonyms in the databases of an installation that is not running.
pub(super) async fn run(args: &ForgetPerson, config: &Config) -> Result<(), Failure> {
    let data_dir = DataDir::new(&args.place.data_dir);
    let record = Record::read(&data_dir)?;
    let basics = Basics::new(config)?;
    let person = basics
        .types
        .parse(&args.id)
        .map_err(|error| Failure::Usage(format!("--id: {error}")))?;
    if basics.types.kind(&person) != Kind::Person {
        return Err(Failure::Usage(
            "--id: not a person: organisations and services stand in the audit by their names"
                .to_owned(),
        ));
    }
    let _lock = Lock::take(&data_dir)?;
    let databases = Databases::open(&data_dir, record.installation(), &basics).await?;
    let done = forget(&data_dir, &databases, &record, &basics, &person).await;
    // Closed, nothing of what was removed is left in a log.
    databases.close().await;
    done
}

async fn forget(
    data_dir: &DataDir,
    databases: &Databases,
    record: &Record,
    basics: &Basics,
    person: &Identifier,
) -> Result<(), Failure> {
    databases.recognise(data_dir, record.installation()).await?;
    let ledgers = Ledgers::new(data_dir, databases, &data_dir.audit());
    let identifiers = identifiers(databases, person).await;
    let identifiers = identifiers.map_err(ledgers.registry.failed())?;
    one(&ledgers.registry, &identifiers, basics).await?;
    one(&ledgers.custody, &identifiers, basics).await?;
    one(&ledgers.sts, &identifiers, basics).await
}

/// The person's identifiers: those of the register, where it knows the person, and the given one.
async fn identifiers(
    databases: &Databases,
    person: &Identifier,
) -> Result<Vec<Identifier>, StoreError> {
    let mut reader = databases.registry.read().await?;
    let registrant = reader.registrant(person).await?;
    let mut identifiers = registrant.map_or_else(Vec::new, |found| found.identifiers);
    if !identifiers.contains(person) {
        identifiers.push(person.clone());
    }
    Ok(identifiers)
}

async fn one<S: AuditStore>(
    ledger: &Ledger<S>,
    identifiers: &[Identifier],
    basics: &Basics,
) -> Result<(), Failure> {
    let forget = Forget {
        at: basics.clock.now(),
        identifiers: identifiers.to_vec(),
    };
    let count = ledger.store.run(forget).await.map_err(ledger.failed())?;
    say(&format!("{}.db: {count} pseudonyms destroyed", ledger.name))
}
