//! What became of the certificates, in the two forms that all the world reads: revocation lists and
//! answers of OCSP. Both are made from the records, in one snapshot, when somebody asks.
//!
//! | state of the records | list | OCSP |
//! |---|---|---|
//! | active | - | good |
//! | active, the registrant deactivated | certificateHold | revoked, certificateHold |
//! | revoked | its reason | revoked, its reason |
//! | superseded | superseded | revoked, superseded |
//! | expired | - | unknown |
//! | reserved and given up | no reason | revoked |
//! | reserved, or never heard of | - | unknown |

mod desk;
mod lists;
mod responders;

use kleis_pki::{CrlReason, crl::CrlEntry};
use kleis_store::{
    Audited as _, StoreError,
    registry::{Certificate, RegistryRead, SerialReservation},
};
use kleis_types::{CertificateState, Timestamp};

pub use desk::OcspAnswer;
pub(crate) use lists::Lists;
pub(crate) use responders::Responders;

use crate::{RegistrationError, history};

/// The longest that a certificate can live, in seconds: after it a number that was given up says
/// nothing any more.
const LONGEST_LIFE: i64 = 1200 * 86_400;

/// Since when and why a certificate does not hold; `None` where it does, as far as it has not ended.
///
/// `held` says whether its registrant is active.
async fn withdrawal<R: RegistryRead>(
    reader: &mut R,
    certificate: &Certificate,
    held: bool,
    now: Timestamp,
) -> Result<Option<(Timestamp, Option<CrlReason>)>, StoreError> {
    // A time that the audit does not tell any more is the earliest possible: what does not hold
    // must not seem to have held for a while.
    let earliest = certificate.not_before;
    Ok(match certificate.state {
        CertificateState::Active if held => None,
        CertificateState::Active => {
            let since = suspended_since(reader, certificate).await?;
            Some((
                since.unwrap_or(earliest).max(earliest),
                Some(CrlReason::CertificateHold),
            ))
        }
        CertificateState::Revoked => {
            let since = certificate.revoked_at.unwrap_or(earliest);
            Some((since, certificate.reason.map(CrlReason::from)))
        }
        CertificateState::Superseded => {
            let history = history::history_of(reader, certificate, now).await?;
            let since = history.superseded_at.unwrap_or(earliest);
            Some((since, Some(CrlReason::Superseded)))
        }
        CertificateState::Expired => None,
    })
}

/// When the registrant came to stand as it stands: it is deactivated.
async fn suspended_since<R: RegistryRead>(
    reader: &mut R,
    certificate: &Certificate,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(registrant) = reader.registrant(&certificate.registrant).await? else {
        return Ok(None);
    };
    let row = reader.newest_audit_row(&registrant.resource()).await?;
    Ok(row.map(|row| row.at))
}

/// The entry of a list for a number that was given up, while a certificate with it could still be
/// in its time.
fn abandoned_entry(
    reservation: &SerialReservation,
    now: Timestamp,
) -> Result<Option<CrlEntry>, RegistrationError> {
    let Some(since) = reservation.abandoned_at else {
        return Ok(None);
    };
    if now.seconds_since(reservation.reserved_at) > LONGEST_LIFE {
        return Ok(None);
    }
    let serial = serial(&reservation.serial)?;
    Ok(Some(CrlEntry {
        serial,
        since,
        reason: None,
    }))
}

fn serial(text: &str) -> Result<kleis_pki::SerialNumber, RegistrationError> {
    let serial = text.parse();
    serial.map_err(|error| {
        RegistrationError::StoredCertificate(kleis_pki::CertificateError::Serial(error))
    })
}
