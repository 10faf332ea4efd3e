//! What has to be done from time to time.

use std::{sync::Arc, time::Duration};

use kleis_runtime::{Config, Counters, ForeignCa};
use kleis_types::Clock;
use rustls::ServerConfig;
use tokio::{sync::watch, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::{
    access,
    all::team::Team,
    audit::Keepers,
    failure::Failure,
    notices::{self, Post},
    premises::Premises,
    server_certificate::{self, Names},
    services::Basics,
};

/// How often what has ended is put away.
const SWEEP: Duration = Duration::from_mins(1);
/// How often the token service reads what other processes have written.
const REFRESH: Duration = Duration::from_secs(5);
/// How often the revocation lists of foreign CAs are read.
const LISTS: Duration = Duration::from_mins(5);
/// How often notices go out.
const POST: Duration = Duration::from_secs(5);
/// How long letters under way may take when the process is told to stop.
const LAST_POST: Duration = Duration::from_secs(5);
/// How often owners are told of what ends soon.
const ENDS: Duration = Duration::from_hours(1);
/// How often the server's certificate is looked at.
const CERTIFICATE: Duration = Duration::from_hours(1);

/// Does for the services what they do not do by themselves, until told to stop: what has ended is
/// put away, the token service's keys take their turns.
pub(crate) async fn tend(team: &Team, clock: &dyn Clock, stopping: &CancellationToken) {
    let sweeping = every(SWEEP, stopping, async || sweep(team, clock).await);
    let refreshing = async {
        if let Some(sts) = &team.sts {
            every(REFRESH, stopping, async || {
                if let Err(error) = sts.refresh(clock.now()).await {
                    tracing::error!(%error, "the token service cannot read its database");
                }
            })
            .await;
        }
    };
    tokio::join!(sweeping, refreshing);
}

/// Tells owners what happens to their certificates and keys, until told to stop.
pub(crate) async fn tell(
    team: &Team,
    post: &Post,
    counters: &Counters,
    stopping: &CancellationToken,
) {
    let registration = &team.registration;
    let delivering = every(POST, stopping, async || {
        let given_up = async {
            stopping.cancelled().await;
            tokio::time::sleep(LAST_POST).await;
        };
        tokio::select! {
            () = notices::deliver(registration, post, counters, stopping) => {}
            // What is cut off here is sent again by the next process.
            () = given_up => {}
        }
    });
    let warning = every(ENDS, stopping, async || {
        notices::warn(registration, counters).await;
    });
    tokio::join!(delivering, warning);
}

/// Puts away certificates, keys, records and tokens whose end has come.
async fn sweep(team: &Team, clock: &dyn Clock) {
    match team.registration.sweep(clock.now()).await {
        Ok(swept) => tracing::debug!(?swept, "registration swept"),
        Err(error) => tracing::error!(%error, "registration cannot sweep"),
    }
    match team.custody.sweep(clock.now()).await {
        Ok(swept) => tracing::debug!(?swept, "custody swept"),
        Err(error) => tracing::error!(%error, "custody cannot sweep"),
    }
    let Some(sts) = &team.sts else { return };
    if let Err(error) = sts.rotate(clock.now()).await {
        tracing::error!(%error, "the token service's keys cannot take their turns");
    }
    match sts.sweep(clock.now()).await {
        Ok(swept) => tracing::debug!(?swept, "the token service swept"),
        Err(error) => tracing::error!(%error, "the token service cannot sweep"),
    }
}

/// Makes the audit's checkpoints, until told to stop.
pub(crate) async fn checkpoint(
    keepers: &mut Keepers,
    period: Duration,
    stopping: &CancellationToken,
) {
    every(period, stopping, async || keepers.keep().await).await;
}

/// Reads the revocation lists of foreign CAs anew, until told to stop.
pub(crate) async fn renew_lists(
    config: &Config,
    cas: &[Arc<ForeignCa>],
    stopping: &CancellationToken,
) {
    if !cas.is_empty() {
        every(LISTS, stopping, async || access::renew_lists(config, cas)).await;
    }
}

/// Renews the server's certificate when its time has come, also where the process runs for longer
/// than that.
pub(crate) async fn renew_certificate(
    premises: &Premises,
    foreign: &[Vec<u8>],
    names: &Names,
    tls: watch::Sender<Arc<ServerConfig>>,
    basics: &Basics,
    stopping: &CancellationToken,
) {
    let mut renew_at = None;
    every(CERTIFICATE, stopping, async || {
        let now = basics.clock.now();
        if renew_at.is_some_and(|at| now < at) {
            return;
        }
        let renewed = server_certificate::load_or_issue(premises, names, now, &*basics.random);
        let configured = renewed.and_then(|certificate| {
            renew_at = Some(certificate.renew_at());
            tls_config(premises, foreign, certificate)
        });
        match configured {
            Ok(config) => drop(tls.send_replace(config)),
            Err(error) => tracing::error!(%error, "the server's certificate cannot be renewed"),
        }
    })
    .await;
}

/// The TLS configuration with this certificate, for callers certified by this installation, or by
/// one of the foreign roots, in DER.
pub(crate) fn tls_config(
    premises: &Premises,
    foreign: &[Vec<u8>],
    certificate: server_certificate::ServerCertificate,
) -> Result<Arc<ServerConfig>, Failure> {
    let roots = premises
        .anchors
        .roots()
        .roots()
        .iter()
        .map(|root| root.der().to_vec())
        .chain(foreign.iter().cloned());
    Ok(kleis_runtime::tls::server_config(
        certificate.into_identity(),
        roots,
    )?)
}

/// Does something at once and then every so often, until told to stop. What has begun is finished.
async fn every(period: Duration, stopping: &CancellationToken, mut work: impl AsyncFnMut()) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = ticks.tick() => work().await,
        }
    }
}
