//! Role grants.

use kleis_store::{
    StoreError,
    registry::{Role, RoleGrant},
};
use kleis_types::{Identifier, Timestamp};

use crate::{
    link::Link,
    row::{Row, before, integer},
};

pub(crate) struct RoleRow {
    person: String,
    role: String,
    resource: String,
    state: String,
    granted_at: i64,
    granted_by: String,
    version: i64,
    mac: Vec<u8>,
}

impl TryFrom<RoleRow> for RoleGrant {
    type Error = StoreError;

    fn try_from(stored: RoleRow) -> Result<Self, StoreError> {
        let row = Row::new("role_grants", &stored.resource);
        let grant = Self {
            person: row.parse("person", &stored.person)?,
            role: row.parse("role", &stored.role)?,
            state: row.parse("state", &stored.state)?,
            granted_at: Timestamp::from_unix(stored.granted_at),
            version: row.unsigned("version", stored.version)?,
            mac: row.hash("mac", &stored.mac)?,
            granted_by: stored.granted_by,
        };
        if Self::resource_of(&grant.person, grant.role) == stored.resource {
            Ok(grant)
        } else {
            Err(row.inconsistent("resource"))
        }
    }
}

/// The columns of a role grant, and the rest of the statement.
macro_rules! select_grants {
    ($rest:literal, $($value:expr),+) => {
        sqlx::query_as!(
            RoleRow,
            "SELECT person, role, resource, state, granted_at, granted_by, version, mac \
             FROM role_grants "
                + $rest,
            $($value),+
        )
    };
}

pub(crate) async fn of_person(
    link: &mut Link,
    person: &Identifier,
    role: Role,
) -> Result<Option<RoleGrant>, StoreError> {
    let (person, role) = (person.to_string(), role.as_str());
    let found = select_grants!("WHERE person = ? AND role = ?", person, role)
        .fetch_optional(link.next()?)
        .await;
    link.record(found)
}

pub(crate) async fn holders(link: &mut Link, role: Role) -> Result<Vec<RoleGrant>, StoreError> {
    let role = role.as_str();
    let found = select_grants!(
        "WHERE role = ? AND state = 'GRANTED' ORDER BY resource",
        role
    )
    .fetch_all(link.next()?)
    .await;
    link.records(found)
}

/// Those whose name in the audit comes after `after`.
pub(crate) async fn after(
    link: &mut Link,
    after: &str,
    limit: u32,
) -> Result<Vec<RoleRow>, StoreError> {
    let found = select_grants!("WHERE resource > ? ORDER BY resource LIMIT ?", after, limit)
        .fetch_all(link.next()?)
        .await;
    link.done(found)
}

pub(crate) async fn put(
    link: &mut Link,
    grant: &RoleGrant,
    resource: &str,
) -> Result<(), StoreError> {
    let (person, role) = (grant.person.to_string(), grant.role.as_str());
    let (state, granted_at) = (grant.state.as_str(), grant.granted_at.unix());
    let (version, mac) = (integer(grant.version), &grant.mac[..]);
    if grant.version == 1 {
        let inserted = sqlx::query!(
            "INSERT INTO role_grants \
             (person, role, resource, state, granted_at, granted_by, version, mac) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            person,
            role,
            resource,
            state,
            granted_at,
            grant.granted_by,
            version,
            mac
        )
        .execute(link.next()?)
        .await;
        return link
            .done_unless("a grant of this role to this person", inserted)
            .map(drop);
    }
    let expected = before(grant.version);
    let updated = sqlx::query!(
        "UPDATE role_grants SET resource = ?, state = ?, granted_at = ?, granted_by = ?, \
         version = ?, mac = ? WHERE person = ? AND role = ? AND version = ?",
        resource,
        state,
        granted_at,
        grant.granted_by,
        version,
        mac,
        person,
        role,
        expected
    )
    .execute(link.next()?)
    .await;
    match link.done(updated)?.rows_affected() {
        0 => Err(StoreError::VersionConflict),
        _ => Ok(()),
    }
}
