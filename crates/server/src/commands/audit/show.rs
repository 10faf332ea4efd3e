//! `kleisd audit show`

use kleis_store::Store as _;
use kleis_types::Service;
use kleis_wrap::RootKek;

use super::{open_to_read, say};
use crate::{
    args::{Database, Output, ShowAudit},
    audit::{
        Ledgers,
        story::{self, Judge, Mask, Story, Subject},
    },
    data_dir::DataDir,
    failure::Failure,
    kek::KekPlace,
    premises::{self, Record},
    services::Basics,
};

/// Tells the story of an order or a record: one snapshot of each database, beside a running server.
pub(super) async fn run(args: &ShowAudit, basics: &Basics, kek: KekPlace) -> Result<(), Failure> {
    let data_dir = DataDir::new(&args.place.data_dir);
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
    let (registry, custody) = (&ledgers.registry, &ledgers.custody);
    let mut records = registry.store.read().await.map_err(registry.failed())?;
    let mut chapters = Vec::new();
    if args.service != Some(Database::Custody) {
        let mut evidence = registry.store.read().await.map_err(registry.failed())?;
        let name = (registry.name, Service::Registration);
        let chapter = story::read(name, &mut evidence, &mut records, &subject, judge).await;
        chapters.push(chapter.map_err(registry.failed())?);
    }
    if args.service != Some(Database::Registry) {
        let mut evidence = custody.store.read().await.map_err(custody.failed())?;
        let name = (custody.name, Service::Custody);
        let chapter = story::read(name, &mut evidence, &mut records, &subject, judge).await;
        chapters.push(chapter.map_err(custody.failed())?);
    }
    Ok(Story {
        about: judge.mask.text(&about),
        chapters,
    })
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
