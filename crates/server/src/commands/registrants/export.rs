//! `kleisd registrants export`

use std::{
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
};

use kleis_roster::{Line, Writer};
use kleis_runtime::Config;
use kleis_store::{
    Store as _,
    registry::{Registrant, RegistryRead as _},
};

use crate::{
    args::ExportRegistrants, data_dir::DataDir, databases::Databases, durable, failure::Failure,
    premises::Record, services::Basics,
};

/// How many registrants are read at a time.
const PAGE: u32 = 1_000;

/// Writes the register as one snapshot has it, beside a server that may be running.
pub(super) async fn run(args: &ExportRegistrants) -> Result<(), Failure> {
    let data_dir = DataDir::new(&args.place.data_dir);
    let record = Record::read(&data_dir)?;
    let basics = Basics::new(&Config::default())?;
    let databases = Databases::open(&data_dir, record.installation(), &basics).await?;
    let written = async {
        databases
            .recognise(&data_dir, record.installation())
            .await?;
        let Some(path) = &args.file else {
            return write(&data_dir, &databases, io::stdout().lock(), Failure::System)
                .await
                .map(drop);
        };
        // For its owner alone: it names persons.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(Failure::io(path))?;
        let file = write(&data_dir, &databases, file, |error| {
            Failure::io(path)(error)
        })
        .await?;
        file.sync_all().map_err(Failure::io(path))?;
        durable::sync_parent(path)
    }
    .await;
    databases.close().await;
    written
}

async fn write<W: Write>(
    data_dir: &DataDir,
    databases: &Databases,
    out: W,
    failed: impl Fn(io::Error) -> Failure,
) -> Result<W, Failure> {
    let unread = || Failure::store(data_dir.registry());
    let mut writer = Writer::new(BufWriter::new(out)).map_err(&failed)?;
    let mut reader = databases.registry.read().await.map_err(unread())?;
    let mut after = String::new();
    loop {
        let page = reader.registrants(&after, PAGE).await.map_err(unread())?;
        let Some(last) = page.last() else { break };
        after = last.id.to_string();
        for registrant in page {
            writer.line(&line(registrant)).map_err(&failed)?;
        }
    }
    let buffered = writer.finish().map_err(&failed)?;
    buffered
        .into_inner()
        .map_err(|error| failed(error.into_error()))
}

fn line(registrant: Registrant) -> Line {
    Line {
        name: registrant.name,
        identifiers: registrant.identifiers,
        active: registrant.active,
        contact: Some(registrant.contact),
    }
}
