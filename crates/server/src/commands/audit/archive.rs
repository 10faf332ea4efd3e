//! `kleisd audit archive`

use std::fs;

use kleis_runtime::Config;

use super::{say, verify};
use crate::{
    args::ArchiveAudit,
    audit::{
        Keepers, Ledgers, Started,
        archive::{self, Scope, Writer},
        sink,
    },
    data_dir::DataDir,
    databases::Databases,
    failure::Failure,
    kek::KekPlace,
    lock::Lock,
    premises::{Premises, Record},
    services::{Basics, Certified},
};

/// Writes what is old enough to a file, and takes it out of the databases of an installation that is
/// not running.
pub(super) async fn run(
    args: &ArchiveAudit,
    config: &Config,
    kek: KekPlace,
) -> Result<(), Failure> {
    let data_dir = DataDir::new(&args.site.place.data_dir);
    Record::read(&data_dir)?;
    let _lock = Lock::take(&data_dir)?;
    let basics = Basics::new(config)?;
    let premises = Premises::open(data_dir, kek, &basics.ca)?;
    let databases = Databases::open(&premises.data_dir, &premises.installation, &basics).await?;
    let done = Box::pin(archive(args, config, &premises, &databases, &basics)).await;
    databases.close().await;
    done
}

async fn archive(
    args: &ArchiveAudit,
    config: &Config,
    premises: &Premises,
    databases: &Databases,
    basics: &Basics,
) -> Result<(), Failure> {
    databases
        .recognise(&premises.data_dir, &premises.installation)
        .await?;
    let sink = sink::directory(config.audit.sink.as_deref(), &premises.data_dir);
    let ledgers = Ledgers::new(&premises.data_dir, databases, &sink);
    let (now, anchors) = (basics.clock.now(), &premises.anchors);
    let started = Started::compare(ledgers.clone(), anchors, None, now).await?;
    refuse_unproven(&ledgers, premises).await?;
    let certified = Certified::provision(premises, &databases.registry, basics).await?;
    let mut keepers: Keepers = started.keepers(&certified, &basics.clock);
    // What no checkpoint has seen does not go.
    keepers.keep_now().await?;
    let mut writer = Writer::create(&args.out)?;
    let scope = |signer| Scope {
        before: args.before,
        anchors,
        signer,
        now,
    };
    let registration = scope(certified.registration_signer());
    writer.database(&ledgers.registry, &registration).await?;
    let custody = scope(certified.custody_signer());
    writer.database(&ledgers.custody, &custody).await?;
    let sts = scope(certified.sts_signer());
    writer.database(&ledgers.sts, &sts).await?;
    let (segments, rows) = (writer.segments, writer.rows);
    writer.finish()?;
    if rows == 0 {
        fs::remove_file(&args.out).map_err(Failure::io(&args.out))?;
        return say("there is nothing that old");
    }
    archive::record(&args.out, &ledgers, anchors, now).await?;
    keepers.keep_now().await?;
    say(&format!(
        "{}: {segments} segments, {rows} rows archived",
        args.out.display()
    ))
}

/// What is removed can be examined no more, so only an audit that holds loses rows.
async fn refuse_unproven(ledgers: &Ledgers, premises: &Premises) -> Result<(), Failure> {
    let anchors = &premises.anchors;
    let registry = verify::prove(&ledgers.registry, anchors, true).await?;
    let custody = verify::prove(&ledgers.custody, anchors, true).await?;
    let sts = verify::prove(&ledgers.sts, anchors, true).await?;
    match registry.count() + custody.count() + sts.count() {
        0 => Ok(()),
        findings => Err(Failure::Audit(findings)),
    }
}
