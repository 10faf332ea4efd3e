//! Registrants and enrolment codes.

use kleis_store::{
    StoreError,
    registry::{EnrolmentCode, Registrant},
};
use kleis_types::{Contact, Identifier, MailAddress, Timestamp, WebhookUrl};

use crate::{
    link::Link,
    row::{Row, before, integer, time},
};

pub(crate) struct RegistrantRow {
    id: String,
    resource: String,
    name: String,
    active: i64,
    mail: Option<String>,
    webhook: Option<String>,
    version: i64,
    /// Joined by spaces, which stand in no identifier.
    identifiers: String,
}

impl TryFrom<RegistrantRow> for Registrant {
    type Error = StoreError;

    fn try_from(stored: RegistrantRow) -> Result<Self, StoreError> {
        let row = Row::new("registrants", &stored.resource);
        let identifiers = stored.identifiers.split_ascii_whitespace();
        let contact = Contact {
            mail: stored
                .mail
                .map(|text| MailAddress::parse(&text).map_err(|_| row.inconsistent("mail")))
                .transpose()?,
            webhook: stored
                .webhook
                .map(|text| WebhookUrl::parse(&text).map_err(|_| row.inconsistent("webhook")))
                .transpose()?,
        };
        Ok(Self {
            id: row.parse("id", &stored.id)?,
            identifiers: identifiers
                .map(|identifier| row.parse("identifiers", identifier))
                .collect::<Result<_, _>>()?,
            active: stored.active == 1,
            contact,
            version: row.unsigned("version", stored.version)?,
            name: stored.name,
        })
    }
}

/// The columns of a registrant, and the rest of the statement.
macro_rules! select_registrants {
    ($rest:literal, $($value:expr),+) => {
        sqlx::query_as!(
            RegistrantRow,
            "SELECT id, resource, name, active, mail, webhook, version, (SELECT \
             group_concat(identifier, ' ' ORDER BY position) FROM registrant_identifiers \
             WHERE registrant = registrants.id) AS \"identifiers!: String\" FROM registrants "
                + $rest,
            $($value),+
        )
    };
}

pub(crate) async fn of_identifier(
    link: &mut Link,
    identifier: &Identifier,
) -> Result<Option<Registrant>, StoreError> {
    let identifier = identifier.with_application(None).to_string();
    let found = select_registrants!(
        "WHERE id = (SELECT registrant FROM registrant_identifiers WHERE identifier = ?)",
        identifier
    )
    .fetch_optional(link.next()?)
    .await;
    link.record(found)
}

pub(crate) async fn after(
    link: &mut Link,
    after: &str,
    limit: u32,
) -> Result<Vec<Registrant>, StoreError> {
    let found = select_registrants!("WHERE id > ? ORDER BY id LIMIT ?", after, limit)
        .fetch_all(link.next()?)
        .await;
    link.records(found)
}

/// Those whose name in the audit comes after `after`.
pub(crate) async fn after_resource(
    link: &mut Link,
    after: &str,
    limit: u32,
) -> Result<Vec<RegistrantRow>, StoreError> {
    let found = select_registrants!("WHERE resource > ? ORDER BY resource LIMIT ?", after, limit)
        .fetch_all(link.next()?)
        .await;
    link.done(found)
}

pub(crate) async fn put(
    link: &mut Link,
    registrant: &Registrant,
    resource: &str,
) -> Result<(), StoreError> {
    link.mark().await?;
    let put = put_whole(link, registrant, resource).await;
    link.resolve(put).await
}

async fn put_whole(
    link: &mut Link,
    registrant: &Registrant,
    resource: &str,
) -> Result<(), StoreError> {
    const TAKEN: &str = "a registrant with this identifier";
    let id = registrant.id.to_string();
    let (active, version) = (i64::from(registrant.active), integer(registrant.version));
    let mail = registrant.contact.mail.as_ref().map(MailAddress::as_str);
    let webhook = registrant.contact.webhook.as_ref().map(WebhookUrl::as_str);
    let expected = before(registrant.version);
    if registrant.version == 1 {
        let inserted = sqlx::query!(
            "INSERT INTO registrants (id, resource, name, active, mail, webhook, version) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            id,
            resource,
            registrant.name,
            active,
            mail,
            webhook,
            version
        )
        .execute(link.next()?)
        .await;
        link.done_unless(TAKEN, inserted)?;
    } else {
        let updated = sqlx::query!(
            "UPDATE registrants SET name = ?, active = ?, mail = ?, webhook = ?, version = ? \
             WHERE id = ? AND version = ?",
            registrant.name,
            active,
            mail,
            webhook,
            version,
            id,
            expected
        )
        .execute(link.next()?)
        .await;
        if link.done(updated)?.rows_affected() == 0 {
            return Err(StoreError::VersionConflict);
        }
    }
    let removed = sqlx::query!(
        "DELETE FROM registrant_identifiers WHERE registrant = ?",
        id
    )
    .execute(link.next()?)
    .await;
    link.done(removed)?;
    for (position, identifier) in (0_i64..).zip(&registrant.identifiers) {
        let identifier = identifier.to_string();
        let inserted = sqlx::query!(
            "INSERT INTO registrant_identifiers (identifier, registrant, position) \
             VALUES (?, ?, ?)",
            identifier,
            id,
            position
        )
        .execute(link.next()?)
        .await;
        link.done_unless(TAKEN, inserted)?;
    }
    Ok(())
}

pub(crate) struct CodeRow {
    id: String,
    identifier: Option<String>,
    verifier: Vec<u8>,
    expires_at: i64,
    attempts_left: i64,
    used_at: Option<i64>,
    revoked_at: Option<i64>,
    version: i64,
}

impl TryFrom<CodeRow> for EnrolmentCode {
    type Error = StoreError;

    fn try_from(stored: CodeRow) -> Result<Self, StoreError> {
        let row = Row::new("enrolment_codes", &stored.id);
        Ok(Self {
            identifier: row.parse_optional("identifier", stored.identifier.as_deref())?,
            attempts_left: row.unsigned("attempts_left", stored.attempts_left)?,
            version: row.unsigned("version", stored.version)?,
            verifier: stored.verifier,
            expires_at: Timestamp::from_unix(stored.expires_at),
            used_at: time(stored.used_at),
            revoked_at: time(stored.revoked_at),
            id: stored.id,
        })
    }
}

/// The columns of an enrolment code, and the rest of the statement.
macro_rules! select_codes {
    ($rest:literal, $($value:expr),+) => {
        sqlx::query_as!(
            CodeRow,
            "SELECT id, identifier, verifier, expires_at, attempts_left, used_at, revoked_at, version \
             FROM enrolment_codes "
                + $rest,
            $($value),+
        )
    };
}

pub(crate) async fn code(link: &mut Link, id: &str) -> Result<Option<EnrolmentCode>, StoreError> {
    let found = select_codes!("WHERE id = ?", id)
        .fetch_optional(link.next()?)
        .await;
    link.record(found)
}

pub(crate) async fn codes_after(
    link: &mut Link,
    after: &str,
    limit: u32,
) -> Result<Vec<CodeRow>, StoreError> {
    let found = select_codes!("WHERE id > ? ORDER BY id LIMIT ?", after, limit)
        .fetch_all(link.next()?)
        .await;
    link.done(found)
}

pub(crate) async fn put_code(link: &mut Link, code: &EnrolmentCode) -> Result<(), StoreError> {
    let identifier = code.identifier.as_ref().map(ToString::to_string);
    let (expires_at, used_at) = (code.expires_at.unix(), code.used_at.map(Timestamp::unix));
    let revoked_at = code.revoked_at.map(Timestamp::unix);
    let (version, expected) = (integer(code.version), before(code.version));
    if code.version == 1 {
        let inserted = sqlx::query!(
            "INSERT INTO enrolment_codes \
             (id, identifier, verifier, expires_at, attempts_left, used_at, revoked_at, version) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            code.id,
            identifier,
            code.verifier,
            expires_at,
            code.attempts_left,
            used_at,
            revoked_at,
            version
        )
        .execute(link.next()?)
        .await;
        return link
            .done_unless("an enrolment code with this id", inserted)
            .map(drop);
    }
    let updated = sqlx::query!(
        "UPDATE enrolment_codes SET identifier = ?, verifier = ?, expires_at = ?, \
         attempts_left = ?, used_at = ?, revoked_at = ?, version = ? WHERE id = ? AND version = ?",
        identifier,
        code.verifier,
        expires_at,
        code.attempts_left,
        used_at,
        revoked_at,
        version,
        code.id,
        expected
    )
    .execute(link.next()?)
    .await;
    match link.done(updated)?.rows_affected() {
        0 => Err(StoreError::VersionConflict),
        _ => Ok(()),
    }
}
