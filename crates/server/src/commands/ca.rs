//! `kleisd ca rotate`

use kleis_runtime::Config;

use super::say;
use crate::{
    data_dir::DataDir, failure::Failure, issuing, kek::KekPlace, lock::Lock, premises::Record,
    sealed::Vault, services::Basics,
};

/// Makes another issuing CA, in an installation that is not running.
pub(super) fn rotate(data_dir: &DataDir, config: &Config, kek: &KekPlace) -> Result<(), Failure> {
    let record = Record::read(data_dir)?;
    let _lock = Lock::take(data_dir)?;
    let basics = Basics::new(config)?;
    let vault = Vault::new(
        kek.load(&record.kek(data_dir)?)?,
        record.installation().clone(),
    );
    let (now, random) = (basics.clock.now(), &*basics.random);
    let installation = record.installation();
    let made = issuing::rotate(data_dir, installation, &vault, &basics.ca, now, random)?;
    say(&format!(
        "from the next start {:?} issues, until {}",
        made.subject(),
        made.not_after().rfc3339()
    ))
}
