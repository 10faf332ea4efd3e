//! The source of registrants that a configuration names.

mod cache;
mod http;
mod wire;

use std::{sync::Arc, time::Duration};

use kleis_registration::{RegisterTable, RegistrantSource};
use kleis_runtime::{Bounds, Breaker, HttpsClient, RegistrantSourceConfig, Tolerance, secret_file};

use self::{
    cache::{Cache, Memory},
    http::HttpSource,
};
use crate::{access, failure::Failure, services::Basics};

/// Bytes that an answer may have: one registrant.
const LONGEST_ANSWER: usize = 16 * 1024;
/// Bytes that a bearer token may have.
const LONGEST_TOKEN: usize = 8 * 1024;

/// The source, or else the register alone.
pub(crate) fn of(
    config: Option<&RegistrantSourceConfig>,
    basics: &Basics,
) -> Result<Arc<dyn RegistrantSource>, Failure> {
    let Some(config) = config else {
        return Ok(Arc::new(RegisterTable));
    };
    let client = HttpsClient::new(access::roots(&config.roots)?).map_err(Failure::crypto)?;
    let token = config
        .token_file
        .as_deref()
        .map(|path| secret_file::read(path, LONGEST_TOKEN))
        .transpose()?;
    let authorization = token.as_ref().map(http::bearer).transpose()?;
    let memory = Memory {
        known: config.cache_seconds.get().into(),
        nobody: config.unknown_seconds.get().into(),
        stale: config.stale_seconds.get().into(),
        entries: usize::try_from(config.cache_entries.get()).unwrap_or(usize::MAX),
    };
    let tolerance = Tolerance {
        failures: config.failures.get(),
        pause: config.pause_seconds.get().into(),
    };
    Ok(Arc::new(HttpSource {
        client: Arc::new(client),
        address: config.url.clone(),
        authorization,
        bounds: Bounds {
            patience: Duration::from_secs(config.timeout_seconds.get().into()),
            answer: LONGEST_ANSWER,
        },
        types: basics.types.clone(),
        clock: Arc::clone(&basics.clock),
        breaker: Breaker::new(tolerance, Arc::clone(&basics.clock)),
        cache: Cache::new(memory),
    }))
}

#[cfg(test)]
mod tests;
