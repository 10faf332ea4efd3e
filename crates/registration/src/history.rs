//! What the records say of a certificate, for whoever looks back.

use kleis_store::{
    Audited as _, StoreError,
    registry::{Certificate, RegistryRead},
};
use kleis_trust::standing::History;
use kleis_types::{CertificateState, Timestamp};

/// More than the states through which a certificate goes in its life.
const MAX_CHANGES: u32 = 16;

/// The history of the certificate of this `x5t#S256`, as of `now`; none if it was never issued here.
///
/// # Errors
/// [`StoreError`].
pub async fn certificate_history<R: RegistryRead>(
    reader: &mut R,
    x5t: &str,
    now: Timestamp,
) -> Result<Option<History>, StoreError> {
    match reader.certificate_by_x5t(x5t).await? {
        Some(certificate) => history_of(reader, &certificate, now).await.map(Some),
        None => Ok(None),
    }
}

pub(crate) async fn history_of<R: RegistryRead>(
    reader: &mut R,
    certificate: &Certificate,
    now: Timestamp,
) -> Result<History, StoreError> {
    let resource = certificate.resource();
    let changes = reader.audited_versions(&resource, MAX_CHANGES).await?;
    // No column has it: the row of the change does, until it is archived.
    let superseded = CertificateState::Superseded.as_str();
    let superseded = changes.iter().find(|row| row.details == superseded);
    let holds = |version| changes.iter().any(|row| row.resource_version == version);
    Ok(History {
        x5t: certificate.x5t.clone(),
        state: certificate.state,
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        revoked_at: certificate.revoked_at,
        reason: certificate.reason,
        superseded_at: superseded.map(|row| row.at),
        is_complete: (2..=certificate.version).all(holds),
        as_of: now,
    })
}
