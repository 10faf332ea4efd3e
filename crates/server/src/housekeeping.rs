//! What has to be done from time to time.

use std::{sync::Arc, time::Duration};

use kleis_custody::Custody;
use kleis_registration::Registration;
use kleis_store_sqlite::{CustodySqlite, RegistrySqlite};
use kleis_types::Clock;
use rustls::ServerConfig;
use tokio::{sync::watch, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::{
    audit::Keepers,
    failure::Failure,
    premises::Premises,
    server_certificate::{self, Names},
    services::Basics,
    status::RemoteStatus,
};

/// How often what has ended is put away.
const SWEEP: Duration = Duration::from_mins(1);
/// How often the server's certificate is looked at.
const CERTIFICATE: Duration = Duration::from_hours(1);

/// Puts away certificates, keys and records whose end has come, until told to stop.
pub(crate) async fn sweep(
    registration: Registration<RegistrySqlite>,
    custody: Custody<CustodySqlite, Arc<RemoteStatus>>,
    clock: Arc<dyn Clock>,
    stopping: &CancellationToken,
) {
    every(SWEEP, stopping, async || {
        match registration.sweep(clock.now()).await {
            Ok(swept) => tracing::debug!(?swept, "registration swept"),
            Err(error) => tracing::error!(%error, "registration cannot sweep"),
        }
        match custody.sweep(clock.now()).await {
            Ok(swept) => tracing::debug!(?swept, "custody swept"),
            Err(error) => tracing::error!(%error, "custody cannot sweep"),
        }
    })
    .await;
}

/// Makes the audit's checkpoints, until told to stop.
pub(crate) async fn checkpoint(
    keepers: &mut Keepers,
    period: Duration,
    stopping: &CancellationToken,
) {
    every(period, stopping, async || keepers.keep().await).await;
}

/// Renews the server's certificate when its time has come, also where the process runs for longer
/// than that.
pub(crate) async fn renew_certificate(
    premises: &Premises,
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
            tls_config(premises, certificate)
        });
        match configured {
            Ok(config) => drop(tls.send_replace(config)),
            Err(error) => tracing::error!(%error, "the server's certificate cannot be renewed"),
        }
    })
    .await;
}

/// The TLS configuration with this certificate, for callers certified by this installation.
pub(crate) fn tls_config(
    premises: &Premises,
    certificate: server_certificate::ServerCertificate,
) -> Result<Arc<ServerConfig>, Failure> {
    let roots = premises
        .anchors
        .roots()
        .roots()
        .iter()
        .map(|root| root.der().to_vec());
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
