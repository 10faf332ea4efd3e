//! The audit as lines of JSON, for exports and archives (docs/formats.md section 11).

use kleis_store::StoredAuditRow;
use kleis_types::{InstallationId, Timestamp, base64url, strict_json};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The longest line that is read, in bytes: that of a segment.
pub(crate) const MAX_LINE: usize = 4 * 1024 * 1024;

/// The format of an export.
pub(crate) const EXPORT: &str = "kleis-audit-export-v1";
/// The format of an archive.
pub(crate) const ARCHIVE: &str = "kleis-audit-archive-v1";

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) enum Line {
    /// What follows, until the next header.
    Header(Header),
    /// A checkpoint, a compact JWS.
    Checkpoint(String),
    /// A segment, a compact JWS.
    Segment(String),
    /// A row.
    Row(Box<Row>),
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) format: String,
    pub(crate) installation: InstallationId,
    /// `registry`, `custody` or `sts`.
    pub(crate) database: String,
}

/// A row; hashes are base64url.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Row {
    chain: String,
    seq: u64,
    at: Timestamp,
    previous: String,
    action: String,
    actor: String,
    resource: String,
    resource_version: u64,
    resource_digest: String,
    outcome: String,
    order_digest: String,
    trace_id: String,
    details: String,
    hash: String,
}

impl From<StoredAuditRow> for Row {
    fn from(row: StoredAuditRow) -> Self {
        Self {
            previous: base64url::encode(&row.previous),
            resource_digest: base64url::encode(&row.resource_digest),
            order_digest: base64url::encode(&row.order_digest),
            hash: base64url::encode(&row.hash),
            chain: row.chain,
            seq: row.seq,
            at: row.at,
            action: row.action,
            actor: row.actor,
            resource: row.resource,
            resource_version: row.resource_version,
            outcome: row.outcome,
            trace_id: row.trace_id,
            details: row.details,
        }
    }
}

impl TryFrom<Row> for StoredAuditRow {
    type Error = base64url::DecodeError;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        Ok(Self {
            previous: base64url::decode_array(&row.previous)?,
            resource_digest: base64url::decode(&row.resource_digest)?,
            order_digest: base64url::decode(&row.order_digest)?,
            hash: base64url::decode_array(&row.hash)?,
            chain: row.chain,
            seq: row.seq,
            at: row.at,
            action: row.action,
            actor: row.actor,
            resource: row.resource,
            resource_version: row.resource_version,
            outcome: row.outcome,
            trace_id: row.trace_id,
            details: row.details,
        })
    }
}

impl Line {
    /// The line of a row.
    pub(crate) fn row(row: StoredAuditRow) -> Self {
        Self::Row(Box::new(row.into()))
    }

    /// The line with its line feed.
    pub(crate) fn to_text(&self) -> Result<String, Failure> {
        let mut text = serde_json::to_string(self).map_err(Failure::crypto)?;
        text.push('\n');
        Ok(text)
    }

    /// Reads a line without its line feed.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, strict_json::StrictJsonError> {
        strict_json::from_slice(text, MAX_LINE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_as_it_was() {
        let row = StoredAuditRow {
            chain: "c".to_owned(),
            seq: 2,
            at: Timestamp::from_unix(3),
            previous: [1; 32],
            action: "a".to_owned(),
            actor: "local".to_owned(),
            resource: String::new(),
            resource_version: 0,
            resource_digest: Vec::new(),
            outcome: "DONE".to_owned(),
            order_digest: vec![2; 32],
            trace_id: String::new(),
            details: "é\n\"".to_owned(),
            hash: [3; 32],
        };
        let text = Line::row(row.clone()).to_text().unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(text.starts_with("{\"row\":{\"chain\":\"c\",\"seq\":2,\"at\":3,"));
        let Line::Row(read) = Line::parse(text.trim_end().as_bytes()).unwrap() else {
            panic!("another line")
        };
        assert_eq!(StoredAuditRow::try_from(*read).unwrap(), row);
    }

    #[test]
    fn other_lines_are_refused() {
        for text in [
            "",
            "{}",
            "{\"row\":{}}",
            "{\"rows\":\"x\"}",
            "{\"segment\":1}",
            "{\"segment\":\"x\",\"checkpoint\":\"x\"}",
            "{\"header\":{\"format\":\"x\",\"installation\":\"x\",\"database\":\"x\"}}",
        ] {
            assert!(Line::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(matches!(
            Line::parse(b"{\"segment\":\"x\"}"),
            Ok(Line::Segment(_))
        ));
    }
}
