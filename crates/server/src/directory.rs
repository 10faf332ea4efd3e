//! The directory of this process, and the feed that keeps it in the know.

use std::{sync::Arc, time::Duration};

use kleis_directory::{Audiences, Directory, Every, Settings, http::HttpSettings};
use kleis_runtime::{Audience, Config};
use kleis_store_sqlite::RegistrySqlite;
use kleis_types::TypeTable;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{failure::Failure, services::Basics};

/// The directory over registration's database, which knows of all changes until now.
pub(crate) async fn open(
    registry: &RegistrySqlite,
    config: &Config,
    basics: &Basics,
) -> Result<Directory<RegistrySqlite>, Failure> {
    let types = basics.types.clone();
    let settings = settings(config, &types);
    let clock = Arc::clone(&basics.clock);
    let directory = Directory::new(registry.clone(), types, settings, clock);
    directory
        .catch_up()
        .await
        .map_err(|error| Failure::Service {
            service: kleis_types::Service::Directory.as_str(),
            reason: error.to_string(),
        })?;
    Ok(directory)
}

fn settings(config: &Config, types: &TypeTable) -> Settings {
    let config = &config.directory;
    // By the names that identifiers bear: the configuration may say another of the same type.
    let audiences = config.audiences.iter().filter_map(|(name, audience)| {
        let audience = match audience {
            Audience::Open => kleis_directory::Audience::Open,
            Audience::Authenticated => kleis_directory::Audience::Authenticated,
        };
        Some((types.get(name)?.name().to_owned(), audience))
    });
    let defaults = Settings::default();
    Settings {
        audiences: Audiences::new(audiences),
        cache_bytes: config.cache_bytes,
        silence: Duration::from_secs(config.silence_seconds.get().into()),
        watch: kleis_directory::WatchSettings {
            watchers: usize::try_from(config.watchers.get()).unwrap_or(usize::MAX),
            ..defaults.watch
        },
    }
}

/// How it answers over HTTP.
pub(crate) fn http_settings(config: &Config) -> HttpSettings {
    HttpSettings {
        max_age: config.directory.max_age_seconds,
        origins: config.directory.cors_origins.clone(),
        persons_over_etee: config.directory.persons_over_etee,
    }
}

/// Hears of changes until it is stopped, or forgotten.
#[derive(Debug)]
pub(crate) struct Feed {
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl Feed {
    /// Looks for changes with the period of the configuration.
    pub(crate) fn start(directory: &Directory<RegistrySqlite>, config: &Config) -> Self {
        let period = Duration::from_millis(config.directory.feed_millis.get().into());
        let (directory, stopped) = (directory.clone(), CancellationToken::new());
        let stop = stopped.clone().drop_guard();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = directory.follow(Every::new(period)) => {}
            }
        });
        Self { stop, task }
    }

    /// Ends it. Nothing is answered for long then.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        drop(self.stop);
        let ended = self.task.await;
        ended.map_err(|error| Failure::System(error.into()))
    }
}
