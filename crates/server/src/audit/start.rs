//! What a start compares: the database with its newest checkpoints, and these with the sink.

use std::sync::Arc;

use kleis_store::{
    ProofRead as _,
    audit::{self, AuditReport, Newest, Place, ReadProofs as _},
};
use kleis_trust::Anchors;
use kleis_types::{Clock, Timestamp};

use super::{
    AuditStore, Ledger, Ledgers,
    acts::AcceptGap,
    keeper::{Keeper, Keepers},
};
use crate::{failure::Failure, services::Certified};

/// The longest reason that the audit takes, in bytes.
const MAX_REASON: usize = 200;
/// How many findings a refusal lists.
const LISTED: usize = 20;

/// How a database and its sink stand.
pub(super) struct Compared {
    pub(super) newest: Newest,
    /// The last checkpoint of the sink.
    pub(super) sink: Place,
    /// The last checkpoint about which both agree.
    pub(super) agreed: u64,
    report: AuditReport,
}

/// Compares a database with its checkpoints and with its sink. What costs more with every year (all
/// checkpoints, all rows) is left to `kleisd audit verify`, but for a sink that does not agree.
async fn compare<S: AuditStore>(
    ledger: &Ledger<S>,
    anchors: &Anchors,
) -> Result<Compared, Failure> {
    let mut proofs = ledger.proofs(anchors);
    let mut reader = ledger.store.read().await.map_err(ledger.failed())?;
    let (newest, mut report) = audit::verify_newest(&mut reader, &mut proofs)
        .await
        .map_err(ledger.failed())?;
    let Some(tail) = ledger.sink.last_line()? else {
        return Ok(Compared {
            agreed: newest.place.seq,
            sink: Place::default(),
            newest,
            report,
        });
    };
    if let Ok(last) = proofs.checkpoint(&tail) {
        let same = reader.checkpoints(last.seq.saturating_sub(1), 1).await;
        let same = same.map_err(ledger.failed())?;
        if same
            .first()
            .is_some_and(|stored| stored.seq == last.seq && stored.token == tail)
        {
            return Ok(Compared {
                agreed: newest.place.seq,
                sink: Place::of(last.seq, &tail),
                newest,
                report,
            });
        }
    }
    let mut lines = ledger.sink.lines()?;
    let compared = audit::compare_sink(&mut reader, &mut proofs, &mut lines, &mut report)
        .await
        .map_err(ledger.unproven())?;
    Ok(Compared {
        newest,
        sink: compared.last,
        agreed: compared.agreed,
        report,
    })
}

impl Compared {
    /// Refuses a database that does not agree.
    fn check<S>(&self, ledger: &Ledger<S>) -> Result<(), Failure> {
        if self.report.is_clean() {
            return Ok(());
        }
        let findings = self.report.findings.iter().take(LISTED);
        Err(Failure::AuditGap {
            path: ledger.path.clone(),
            findings: findings.map(ToString::to_string).collect(),
        })
    }

    /// Tells of a sink that lags: one checkpoint is what a crash leaves, more may have been taken out
    /// of it. They are written again.
    fn warn_of_sink<S>(&self, ledger: &Ledger<S>) {
        let (sink, newest) = (self.sink.seq, self.newest.place.seq);
        if sink + 1 < newest {
            tracing::warn!(
                target: "kleis::audit",
                database = ledger.name,
                sink,
                newest,
                "the sink of the audit's checkpoints is older than its database, or new; it is \
                 brought up to date"
            );
        }
    }

    /// Whether checkpoints are lost to the database, so that the next one has to say so.
    pub(super) fn gap(&self) -> Option<u64> {
        let known = self.sink.seq.max(self.newest.place.seq);
        (self.agreed < known).then_some(self.agreed)
    }

    /// The checkpoint that the next one follows: the sink's, where there is a choice.
    pub(super) fn place(&self) -> Place {
        if self.sink.seq >= self.newest.place.seq {
            self.sink
        } else {
            self.newest.place
        }
    }
}

/// All databases, compared.
pub(crate) struct Started {
    ledgers: Ledgers,
    registry: Compared,
    custody: Compared,
    sts: Compared,
}

impl Started {
    /// Compares all, and refuses what does not agree, unless somebody answers for it with a reason.
    pub(crate) async fn compare(
        ledgers: Ledgers,
        anchors: &Anchors,
        accepted: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        if let Some(reason) = accepted {
            check_reason(reason)?;
        }
        let registry = opened(&ledgers.registry, anchors, accepted, now).await?;
        let custody = opened(&ledgers.custody, anchors, accepted, now).await?;
        let sts = opened(&ledgers.sts, anchors, accepted, now).await?;
        Ok(Self {
            ledgers,
            registry,
            custody,
            sts,
        })
    }

    /// Those who keep the checkpoints from here on.
    pub(crate) fn keepers(self, certified: &Certified, clock: &Arc<dyn Clock>) -> Keepers {
        let Ledgers {
            registry,
            custody,
            sts,
        } = self.ledgers;
        let signer = certified.registration_signer().clone();
        let registry = Keeper::new(registry, self.registry, signer, clock);
        let signer = certified.custody_signer().clone();
        let custody = Keeper::new(custody, self.custody, signer, clock);
        let sts = Keeper::new(sts, self.sts, certified.sts_signer().clone(), clock);
        Keepers {
            registry,
            custody,
            sts,
        }
    }
}

async fn opened<S: AuditStore>(
    ledger: &Ledger<S>,
    anchors: &Anchors,
    accepted: Option<&str>,
    now: Timestamp,
) -> Result<Compared, Failure> {
    let compared = compare(ledger, anchors).await?;
    let Err(refusal) = compared.check(ledger) else {
        compared.warn_of_sink(ledger);
        return Ok(compared);
    };
    let (Some(reason), Some(first)) = (accepted, compared.report.findings.first()) else {
        return Err(refusal);
    };
    tracing::warn!(
        target: "kleis::audit",
        database = ledger.name,
        reason,
        first = %first,
        findings = compared.report.findings.len(),
        "the audit does not agree with its checkpoints; an operator answers for it"
    );
    let details = format!("{reason} ({first})");
    ledger
        .store
        .run(AcceptGap { at: now, details })
        .await
        .map_err(ledger.failed())?;
    Ok(compared)
}

fn check_reason(reason: &str) -> Result<(), Failure> {
    let is_text = !reason.trim().is_empty() && !reason.chars().any(char::is_control);
    if is_text && reason.len() <= MAX_REASON {
        Ok(())
    } else {
        Err(Failure::Usage(format!(
            "--accept-audit-gap takes a reason in words, at most {MAX_REASON} bytes: it is written \
             into the audit"
        )))
    }
}
