//! The life of a process: it runs, it stops taking on work, it is cut off.

use std::{future::Future, io, time::Duration};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How the work of a process ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It came to its own end.
    Finished(T),
    /// It was still under way when its time was up.
    Cut,
}

/// Two tokens: the soft one says that no more work is taken on, the hard one that the time to
/// finish is up.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    stopping: CancellationToken,
    cut: CancellationToken,
    drain: Duration,
}

impl Lifecycle {
    /// A life that has `drain` from the request to stop until it is cut off.
    pub fn new(drain: Duration) -> Self {
        Self {
            stopping: CancellationToken::new(),
            cut: CancellationToken::new(),
            drain,
        }
    }

    /// Cancelled when the process takes on no more work. Open streams end then.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Stops taking on work.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Lets SIGTERM and SIGINT stop the process, and a second one of them cut it off.
    ///
    /// Call it before there is anything to lose: until then the signals kill.
    ///
    /// # Errors
    /// If the system does not let us listen to signals.
    pub fn listen_to_signals(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let life = self.clone();
        tokio::spawn(async move {
            for token in [&life.stopping, &life.cut] {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                tracing::info!(signal = name, "told to stop");
                token.cancel();
            }
        });
        Ok(())
    }

    /// Runs work that ends by itself some time after [`Lifecycle::stopping`], and cuts it off if it
    /// takes too long.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Outcome<T> {
        let too_late = async {
            self.stopping.cancelled().await;
            tokio::select! {
                () = tokio::time::sleep(self.drain) => {}
                () = self.cut.cancelled() => {}
            }
        };
        tokio::select! {
            biased;
            result = work => Outcome::Finished(result),
            () = too_late => Outcome::Cut,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const DRAIN: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn work_that_ends_is_never_cut() {
        let life = Lifecycle::new(DRAIN);
        assert_eq!(life.run(ready(7)).await, Outcome::Finished(7));
        life.stop();
        assert_eq!(life.run(ready(8)).await, Outcome::Finished(8));
    }

    #[tokio::test(start_paused = true)]
    async fn work_under_way_has_its_time_and_no_more() {
        let life = Lifecycle::new(DRAIN);
        life.stop();
        let in_time = tokio::time::sleep(DRAIN.saturating_sub(Duration::from_secs(1)));
        assert_eq!(life.run(in_time).await, Outcome::Finished(()));
        assert_eq!(life.run(pending::<()>()).await, Outcome::Cut);
    }

    #[tokio::test]
    async fn the_first_signal_stops_and_the_second_cuts() {
        let life = Lifecycle::new(Duration::from_hours(1));
        life.listen_to_signals().unwrap();
        let process = rustix::process::getpid();
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        life.stopping().cancelled().await;
        rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
        assert_eq!(life.run(pending::<()>()).await, Outcome::Cut);
    }
}
