//! `kleisd audit show`

use kleis_store::{Store as _, registry::RegistryRead};
use kleis_wrap::RootKek;

use super::{open_to_read, say};
use crate::{
    args::{Database, Output, ShowAudit},
    audit::{
        AuditStore, Ledger, Ledgers,
        story::{self, Chapter, Judge, Mask, Story, Subject},
    },
    data_dir::DataDir,
    failure::Failure,
    kek::KekPlace,
    premises::{self, Record},
    services::Basics,
};

/// Tells the story of an order or a record: one snapshot of each database, beside a running server.
pub(super) async fn run(args: &ShowAudit, basics: &Basics, kek: KekPlace) -> Result<(), Failure> {
    let data_dir = DataDir::new(&args.site.place.data_dir);
    let record = Record::read(&data_dir)?;
    let anchors = premises::anchors(&data_dir, record.installation())?;
    let kek = at_hand(&kek, &record, &data_dir)?;
    let databases = open_to_read(&data_dir, &record).await?;
    let ledgers = Ledgers::new(&data_dir, &databases, &data_dir.audit());
    let judge = Judge {
        anchors: &anchors,
        installation: record.installation(),
        kek: kek.as_ref(),
        mask: if args.show_persons {
            Mask::Nothing
        } else {
            Mask::Persons(&basics.types)
        },
        now: basics.clock.now(),
    };
    let story = tell(args, &ledgers, &judge).await;
    databases.close().await;
    let story = story?;
    if story.is_empty() {
        return Err(Failure::Usage(format!(
            "there is nothing about {} (what was archived is in the archive)",
            story.about
        )));
    }
    match args.output {
        Output::Text => say(story.to_string().trim_end())?,
        Output::Json => say(&serde_json::to_string(&story).map_err(Failure::crypto)?)?,
    }
    match story.findings() {
        0 => Ok(()),
        findings => Err(Failure::Audit(findings)),
    }
}

async fn tell(args: &ShowAudit, ledgers: &Ledgers, judge: &Judge<'_>) -> Result<Story, Failure> {
    let (subject, about) = match (&args.order, &args.resource) {
        (Some(jti), _) => (Subject::Order(jti.clone()), format!("order:{jti}")),
        (None, Some(name)) => (Subject::Resource(name.clone()), name.clone()),
        (None, None) => {
            return Err(Failure::Usage("name --order or --resource".to_owned()));
        }
    };
    let is_wanted = |database| args.service.is_none_or(|wanted| wanted == database);
    let Ledgers {
        registry,
        custody,
        sts,
    } = ledgers;
    let mut records = registry.store.read().await.map_err(registry.failed())?;
    let mut chapters = Vec::new();
    if is_wanted(Database::Registry) {
        chapters.push(chapter(registry, &mut records, &subject, judge).await?);
    }
    if is_wanted(Database::Custody) {
        chapters.push(chapter(custody, &mut records, &subject, judge).await?);
    }
    if is_wanted(Database::Sts) {
        chapters.push(chapter(sts, &mut records, &subject, judge).await?);
    }
    Ok(Story {
        about: judge.mask.text(&about),
        chapters,
    })
}

async fn chapter<S: AuditStore, R: RegistryRead>(
    ledger: &Ledger<S>,
    records: &mut R,
    subject: &Subject,
    judge: &Judge<'_>,
) -> Result<Chapter, Failure> {
    let mut evidence = ledger.store.read().await.map_err(ledger.failed())?;
    let name = (ledger.name, ledger.service);
    let chapter = story::read(name, &mut evidence, records, subject, judge).await;
    chapter.map_err(ledger.failed())
}

/// The root KEK, where it can be had. One that somebody names has to be there.
fn at_hand(
    place: &KekPlace,
    record: &Record,
    data_dir: &DataDir,
) -> Result<Option<RootKek>, Failure> {
    match place.load(&record.kek(data_dir)?) {
        Ok(kek) => Ok(Some(kek)),
        Err(_) if place.is_beside_the_data() => Ok(None),
        Err(error) => Err(error),
    }
}
