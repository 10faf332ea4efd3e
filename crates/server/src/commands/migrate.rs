//! `kleisd migrate`

use std::path::Path;

use kleis_store::StoreError;
use kleis_store_sqlite::{Applied, CustodySqlite, RegistrySqlite, StsSqlite};

use super::say;
use crate::{data_dir::DataDir, failure::Failure, lock::Lock, premises::Record};

/// Brings the databases of an installation that is not running to this program's schema.
pub(super) async fn run(data_dir: &DataDir) -> Result<(), Failure> {
    Record::read(data_dir)?;
    let _lock = Lock::take(data_dir)?;
    let (registry, custody) = (data_dir.registry(), data_dir.custody());
    for path in [&registry, &custody] {
        // A new one in the place of one that is gone would be an installation that has forgotten
        // everything.
        if !path.is_file() {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(Failure::io(path)(missing));
        }
    }
    report(&registry, RegistrySqlite::migrate(&registry).await)?;
    report(&custody, CustodySqlite::migrate(&custody).await)?;
    // It is younger than some installations, and what it forgets is good for minutes: made where it
    // is not there.
    let sts = data_dir.sts();
    report(&sts, StsSqlite::migrate(&sts).await)
}

fn report(path: &Path, applied: Result<Applied, StoreError>) -> Result<(), Failure> {
    let Applied { count, version } = applied.map_err(Failure::store(path))?;
    say(&format!(
        "{}: {count} migrations applied, schema version {version}",
        path.display()
    ))
}
