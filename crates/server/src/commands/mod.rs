//! The commands, and what they have in common.

mod audit;
mod bootstrap;
mod ca;
mod edge;
mod migrate;
mod notices;
mod registrants;

use std::{
    ffi::OsString,
    io::{Write as _, stdout},
    path::Path,
};

use kleis_runtime::{Config, telemetry};

use crate::{
    all,
    args::{All, Bootstrap, Ca, Command, Edge, Notices, Site},
    data_dir::DataDir,
    failure::Failure,
    kek::KekPlace,
};

type Environment = Vec<(OsString, OsString)>;

/// Runs a command.
pub(crate) fn run(
    command: Command,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(), Failure> {
    let environment: Environment = environment.into_iter().collect();
    match command {
        Command::All(args) => {
            let config = config_of(&args, &environment)?;
            telemetry::start(&config.telemetry)?;
            let kek = kek_of(&args.site, &config, &environment)?;
            block_on(all::run(&args, &config, kek))
        }
        Command::Migrate(place) => block_on(migrate::run(&DataDir::new(place.data_dir))),
        Command::Bootstrap(Bootstrap { site }) => {
            let (config, kek) = begin(&site, &environment)?;
            let data_dir = DataDir::new(site.place.data_dir);
            block_on(bootstrap::run(&data_dir, &config, kek))
        }
        Command::Ca(Ca::Rotate(site)) => {
            let (config, kek) = begin(&site, &environment)?;
            ca::rotate(&DataDir::new(site.place.data_dir), &config, &kek)
        }
        Command::Edge(Edge::Certify(args)) => {
            let (config, kek) = begin(&args.site, &environment)?;
            let data_dir = DataDir::new(args.site.place.data_dir);
            block_on(edge::certify(&data_dir, &args.out, &config, kek))
        }
        Command::Registrants(command) => registrants::run(command, &environment),
        Command::Notices(Notices::Failed(args)) => block_on(notices::failed(&args)),
        Command::Audit(command) => audit::run(command, &environment),
        Command::CheckConfig(args) => {
            load(args.config.as_deref(), &environment)?;
            say("the configuration can be used")
        }
        Command::Version => say(concat!("kleisd ", env!("CARGO_PKG_VERSION"))),
    }
}

/// The configuration of `kleisd all`: the defaults, under the file, under the environment, under
/// the options.
fn config_of(args: &All, environment: &Environment) -> Result<Config, Failure> {
    let mut config = load(args.site.config.as_deref(), environment)?;
    config.listen.public = args.listen.unwrap_or(config.listen.public);
    config.listen.admin = args.admin_listen.unwrap_or(config.listen.admin);
    config.tls.names.extend(args.tls_name.iter().cloned());
    Ok(config.checked()?)
}

fn load(file: Option<&Path>, environment: &Environment) -> Result<Config, Failure> {
    let texts = environment.iter().filter_map(|(name, value)| {
        // What is no text cannot be one of ours.
        Some((name.to_str()?.to_owned(), value.to_str()?.to_owned()))
    });
    Ok(Config::load(file, texts)?)
}

fn kek_of(site: &Site, config: &Config, environment: &Environment) -> Result<KekPlace, Failure> {
    let file = site.kek_file.as_deref().or(config.kek.file.as_deref());
    KekPlace::choose(file, environment, &DataDir::new(&site.place.data_dir))
}

/// What every command needs that works in an installation: its configuration, with the telemetry started, and where its
/// root KEK is.
fn begin(site: &Site, environment: &Environment) -> Result<(Config, KekPlace), Failure> {
    let config = load(site.config.as_deref(), environment)?;
    telemetry::start(&config.telemetry)?;
    let kek = kek_of(site, &config, environment)?;
    Ok((config, kek))
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(Failure::System)?;
    let outcome = runtime.block_on(work);
    // What is still running now has been given its time.
    runtime.shutdown_background();
    outcome
}

fn say(line: &str) -> Result<(), Failure> {
    writeln!(stdout(), "{line}").map_err(Failure::System)
}
