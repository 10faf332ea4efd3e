//! What auditors ask for.

use kleis_store::{AuditFilter, AuditOutcome, AuditSpan, PlacedAuditRow, StoreError};
use kleis_types::Timestamp;

use crate::{
    evidence::{AuditRow, select_audit},
    link::Link,
    row::{Row, integer},
};

/// The first and the last row of a time, by an index that has both columns.
pub(crate) async fn span(
    link: &mut Link,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<AuditSpan, StoreError> {
    let (first, last) = if since.is_none() && until.is_none() {
        // Each by itself is one step in the index; together they read all of it.
        let found = sqlx::query!(
            "SELECT (SELECT MIN(id) FROM audit) AS \"first: i64\", \
             (SELECT MAX(id) FROM audit) AS \"last: i64\""
        )
        .fetch_one(link.next()?)
        .await;
        let found = link.done(found)?;
        (found.first, found.last)
    } else {
        let (since, until) = (
            since.map_or(i64::MIN, Timestamp::unix),
            until.map(Timestamp::unix),
        );
        let found = sqlx::query!(
            "SELECT MIN(id) AS \"first: i64\", MAX(id) AS \"last: i64\" FROM audit \
             WHERE at >= ?1 AND (?2 IS NULL OR at < ?2)",
            since,
            until
        )
        .fetch_one(link.next()?)
        .await;
        let found = link.done(found)?;
        (found.first, found.last)
    };
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(AuditSpan { after: 0, to: 0 });
    };
    let row = Row::new("audit", &first);
    Ok(AuditSpan {
        after: row.unsigned("id", first.saturating_sub(1))?,
        to: row.unsigned("id", last)?,
    })
}

/// Rows by a filter. `$front` names what is looked up by an index; the rest is one text for all.
macro_rules! filtered {
    ($front:tt, $link:ident, $filter:ident, $span:ident, $limit:ident) => {{
        let (after, to) = (integer($span.after), integer($span.to));
        let since = $filter.since.map(Timestamp::unix);
        let until = $filter.until.map(Timestamp::unix);
        let outcome = $filter.outcome.map(AuditOutcome::as_str);
        let (chain, action) = ($filter.chain.as_deref(), $filter.action.as_deref());
        let (actor, resource) = ($filter.actor.as_deref(), $filter.resource.as_deref());
        select_audit!(
            "WHERE id > ?1 AND id <= ?2 AND "
                + $front
                + "(?3 IS NULL OR chain = ?3) \
                 AND (?4 IS NULL OR substr(action, 1, length(?4)) = ?4) \
                 AND (?5 IS NULL OR actor = ?5) \
                 AND (?6 IS NULL OR (resource = ?6 AND resource <> '')) \
                 AND (?7 IS NULL OR outcome = ?7) \
                 AND (?8 IS NULL OR at >= ?8) AND (?9 IS NULL OR at < ?9) \
                 ORDER BY id LIMIT ?10",
            after,
            to,
            chain,
            action,
            actor,
            resource,
            outcome,
            since,
            until,
            $limit
        )
        .fetch_all($link.next()?)
        .await
    }};
}

pub(crate) async fn page(
    link: &mut Link,
    filter: &AuditFilter,
    span: AuditSpan,
    limit: u32,
) -> Result<Vec<PlacedAuditRow>, StoreError> {
    let found = if filter.resource.is_some() {
        filtered!(
            "resource = ?6 AND resource <> '' AND ",
            link,
            filter,
            span,
            limit
        )
    } else if filter.actor.is_some() {
        filtered!("actor = ?5 AND ", link, filter, span, limit)
    } else {
        filtered!("", link, filter, span, limit)
    };
    link.records(found)
}

impl TryFrom<AuditRow> for PlacedAuditRow {
    type Error = StoreError;

    fn try_from(stored: AuditRow) -> Result<Self, StoreError> {
        let place = Row::new("audit", &stored.id).unsigned("id", stored.id)?;
        let row = stored.try_into()?;
        Ok(Self { place, row })
    }
}
