//! What a walk through the audit finds.

/// How many findings are listed; the others are counted.
const MAX_FINDINGS: usize = 1000;

/// What a walk through the audit has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// The chains that were walked.
    pub chains: u64,
    /// The rows that were read.
    pub rows: u64,
    /// The records that were compared.
    pub records: u64,
    /// The checkpoints that were read.
    pub checkpoints: u64,
    /// What is wrong, at most 1000 of it, in the order in which it was found.
    pub findings: Vec<Finding>,
    /// How many more findings there are.
    pub unlisted: u64,
}

impl AuditReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many things are wrong.
    pub fn count(&self) -> u64 {
        self.findings.len() as u64 + self.unlisted
    }

    /// Takes a finding in: lists it, or counts it where there are too many.
    pub fn found(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.unlisted += 1;
        }
    }
}

/// A thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A row's contents do not give its hash.
    #[error("row {seq} of chain {chain} was edited")]
    Edited {
        /// The chain.
        chain: String,
        /// The row.
        seq: u64,
    },
    /// There is no row at a position that a later row shows to have been taken.
    #[error("rows {from} to {to} of chain {chain} are missing")]
    Missing {
        /// The chain.
        chain: String,
        /// The first missing row.
        from: u64,
        /// The last missing row.
        to: u64,
    },
    /// A row does not follow the one before it.
    #[error("row {seq} of chain {chain} does not follow the row before it")]
    OutOfOrder {
        /// The chain.
        chain: String,
        /// The row.
        seq: u64,
    },
    /// A record is older than the audit knows it: somebody put an earlier state back.
    #[error("{resource} is at version {version}, the audit has seen version {audited}")]
    RolledBack {
        /// The record.
        resource: String,
        /// Its version.
        version: u64,
        /// The newest version in the audit.
        audited: u64,
    },
    /// A record is newer than the audit knows it, or the audit does not know it at all.
    #[error("{resource} is at version {version}, which the audit has never seen")]
    Unaudited {
        /// The record.
        resource: String,
        /// Its version.
        version: u64,
    },
    /// A record's contents are not those that the audit saw at this version.
    #[error("{resource} was altered at version {version}")]
    Altered {
        /// The record.
        resource: String,
        /// Its version.
        version: u64,
    },
    /// The audit speaks of a record that is no more.
    #[error("{resource} has vanished")]
    Vanished {
        /// The record.
        resource: String,
    },
    /// A row is not the one that a checkpoint has seen: the chain was computed anew, with hashes that
    /// are good as such.
    #[error(
        "row {seq} of chain {chain} is not the one that checkpoint {checkpoint} has seen: the chain \
         was rewritten"
    )]
    Rewritten {
        /// The chain.
        chain: String,
        /// The row.
        seq: u64,
        /// The first checkpoint that says so.
        checkpoint: u64,
    },
    /// A chain is shorter than a checkpoint has seen it.
    #[error(
        "chain {chain} was cut off: rows {from} to {to}, which checkpoint {checkpoint} has seen, are \
         missing at its end"
    )]
    CutOff {
        /// The chain.
        chain: String,
        /// The first missing row.
        from: u64,
        /// The last row that is known to have been there.
        to: u64,
        /// The newest checkpoint that says so.
        checkpoint: u64,
    },
    /// A checkpoint is none.
    #[error("checkpoint {seq} was edited or forged: {reason}")]
    CheckpointForged {
        /// Its number, by the row that it stands in.
        seq: u64,
        /// Why it is not accepted.
        reason: String,
    },
    /// Checkpoints are not there, and none that follows says that they may be missing.
    #[error("checkpoints {from} to {to} are missing")]
    CheckpointsMissing {
        /// The first missing one.
        from: u64,
        /// The last missing one.
        to: u64,
    },
    /// A checkpoint does not name the one before it.
    #[error("checkpoint {seq} does not follow the checkpoint before it")]
    CheckpointOutOfOrder {
        /// Its number.
        seq: u64,
    },
    /// A segment is none.
    #[error("the segment of chain {chain} from row {first} was edited or forged: {reason}")]
    SegmentForged {
        /// The chain.
        chain: String,
        /// The first row, by the row that the segment stands in.
        first: u64,
        /// Why it is not accepted.
        reason: String,
    },
    /// A row among archived ones is not one that has stayed.
    #[error("row {seq} of chain {chain} is not one that stayed when its neighbours were archived")]
    NotKept {
        /// The chain.
        chain: String,
        /// The row.
        seq: u64,
    },
    /// What is in the sink is not in the database.
    #[error(
        "the database is older than its sink: checkpoints {from} to {to} are missing in the database"
    )]
    DatabaseLacks {
        /// The first missing one.
        from: u64,
        /// The last missing one.
        to: u64,
    },
    /// What is in the database is not in the sink.
    #[error(
        "the sink is older than its database: checkpoints {from} to {to} are missing in the sink"
    )]
    SinkLacks {
        /// The first missing one.
        from: u64,
        /// The last missing one.
        to: u64,
    },
    /// The sink has another checkpoint than the database.
    #[error("checkpoint {seq} in the sink is another one than in the database")]
    SinkDiffers {
        /// Its number.
        seq: u64,
    },
    /// A line of the sink is no checkpoint.
    #[error("{place} of the sink was edited or forged: {reason}")]
    SinkForged {
        /// Which line.
        place: String,
        /// Why it is not accepted.
        reason: String,
    },
    /// A line of the sink does not follow the one before it.
    #[error("checkpoint {seq} in the sink does not follow the line before it")]
    SinkOutOfOrder {
        /// The number of the checkpoint.
        seq: u64,
    },
    /// Rows in an archive are not those that were archived.
    #[error("rows {from} to {to} of chain {chain} in the archive are not those that were archived")]
    ArchiveAltered {
        /// The chain.
        chain: String,
        /// The first row.
        from: u64,
        /// The last row.
        to: u64,
    },
    /// An archive has a segment that the database does not know, or is no archive at all.
    #[error("{place} of the archive {problem}")]
    ArchiveStrange {
        /// Which line.
        place: String,
        /// What is strange.
        problem: String,
    },
}
