//! `kleisd notices failed`

use kleis_runtime::Config;
use kleis_store::{Store as _, registry::RegistryRead as _};

use super::say;
use crate::{
    args::FailedNotices, data_dir::DataDir, databases::Databases, failure::Failure,
    premises::Record, services::Basics,
};

/// Lists what was given up, newest first, beside a server that may be running. Nobody is named: the
/// certificate or key leads to its owner.
pub(super) async fn failed(args: &FailedNotices) -> Result<(), Failure> {
    let data_dir = DataDir::new(&args.place.data_dir);
    let record = Record::read(&data_dir)?;
    let basics = Basics::new(&Config::default())?;
    let databases = Databases::open(&data_dir, record.installation(), &basics).await?;
    let listed = async {
        databases
            .recognise(&data_dir, record.installation())
            .await?;
        let unread = || Failure::store(data_dir.registry());
        let mut reader = databases.registry.read().await.map_err(unread())?;
        let counts = reader.count_deliveries().await.map_err(unread())?;
        let found = reader.failed_deliveries(u64::MAX, args.limit).await;
        for delivery in found.map_err(unread())? {
            say(&format!(
                "notice {} {} {} about {}: given up at {} after {} attempts",
                delivery.notice.id,
                delivery.channel,
                delivery.notice.kind,
                delivery.notice.subject,
                delivery.due_at.rfc3339(),
                delivery.attempts
            ))?;
        }
        say(&format!(
            "{} pending, {} given up",
            counts.pending, counts.failed
        ))
    }
    .await;
    databases.close().await;
    listed
}
