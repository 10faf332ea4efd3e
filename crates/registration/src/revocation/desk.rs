//! Where lists and answers are asked for.

use std::{collections::HashMap, sync::Arc};

use kleis_pki::{
    CertStatus, Crl, CrlRequest, IssuerId, IssuingCa, OcspFailure, OcspRequest, SerialNumber,
    crl::CrlEntry, publication::SHARD,
};
use kleis_store::{
    Actor, StoreError,
    registry::{Certificate, RegistryRead, RegistryStore},
};
use kleis_types::{Service, Timestamp};

use super::{abandoned_entry, lists::LIFE, serial, withdrawal};
use crate::{
    Registration, RegistrationError,
    acts::{Account, life::is_active_now, serials::TakeCrlNumbers},
};

/// How many numbers of lists a process takes at a time: more than it makes in months.
const NUMBERS: u32 = 1 << 16;
/// How long an answer of OCSP may be used, in seconds: as long as the status list.
const ANSWER_LIFE: i64 = 900;

/// An answer of OCSP, in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspAnswer {
    /// The whole OCSPResponse.
    pub der: Vec<u8>,
    /// Whether it says the same to whoever else asks the same: it is signed, and repeats no nonce.
    pub is_public: bool,
}

impl<S: RegistryStore> Registration<S> {
    /// The revocation list of a CA for a shard of the status list, as the records stand now; `None`
    /// if there is no such CA or shard, or the CA publishes nowhere.
    ///
    /// # Errors
    /// [`RegistrationError::Store`] if the records cannot be read, [`RegistrationError::Issue`] if
    /// the list was not signed.
    pub async fn crl(
        &self,
        issuer: IssuerId,
        shard: u32,
    ) -> Result<Option<Arc<Crl>>, RegistrationError> {
        let parts = &*self.parts;
        let (board, lists) = (&parts.board, &parts.lists);
        let now = self.now();
        let Some(ca) = parts.authorities.named(issuer, now) else {
            return Ok(None);
        };
        let Some(publication) = ca.publication() else {
            return Ok(None);
        };
        if shard >= board.shards() {
            return Ok(None);
        }
        let place = (issuer, shard);
        if let Some(crl) = lists.at_hand(place, board.shard_generation(shard), now) {
            return Ok(Some(crl));
        }
        let mut numbers = lists.numbers.lock().await;
        // Read first: a change that comes while the list is made calls for the next one.
        let generation = board.shard_generation(shard);
        if let Some(crl) = lists.at_hand(place, generation, now) {
            return Ok(Some(crl));
        }
        if numbers.is_empty() {
            let first = self.take_crl_numbers(now).await?;
            *numbers = first..first + u64::from(NUMBERS);
        }
        let number = numbers.start;
        numbers.start += 1;
        let entries = self.entries(ca, shard, now).await?;
        let crl = ca.issue_crl(&CrlRequest {
            uri: &publication.crl_uri(issuer, shard),
            number,
            this_update: now,
            next_update: now.plus_seconds(LIFE),
            entries: &entries,
        })?;
        let crl = Arc::new(crl);
        lists.keep(place, generation, &crl);
        Ok(Some(crl))
    }

    async fn take_crl_numbers(&self, now: Timestamp) -> Result<u64, RegistrationError> {
        let actor = Actor::Service(Service::Registration);
        let account = Account::unordered(now, "registration.take_crl_numbers", actor);
        let count = NUMBERS;
        self.store.run(TakeCrlNumbers { count, account }).await
    }

    /// What does not hold of a CA's shard, in one snapshot, by serial number.
    async fn entries(
        &self,
        ca: &IssuingCa,
        shard: u32,
        now: Timestamp,
    ) -> Result<Vec<CrlEntry>, RegistrationError> {
        let first = shard.saturating_mul(SHARD);
        let range = first..first.saturating_add(SHARD);
        // What has ended stays for one more list (RFC 5280 section 5).
        let ended = now.plus_seconds(-2 * LIFE);
        let mut reader = self.store.read().await?;
        let mut entries = Vec::new();
        for certificate in reader.withdrawn(range.clone(), ended).await? {
            if !is_of(&certificate, ca.chain_certificate().der()) {
                continue;
            }
            let withdrawn = withdrawal(&mut reader, &certificate, false, now).await?;
            if let Some((since, reason)) = withdrawn {
                let serial = serial(&certificate.serial)?;
                entries.push(CrlEntry {
                    serial,
                    since,
                    reason,
                });
            }
        }
        let issuer = ca.id().to_string();
        for reservation in reader.abandoned_serials(range).await? {
            if reservation.issuer == issuer {
                entries.extend(abandoned_entry(&reservation, now)?);
            }
        }
        entries.sort_by(|one, next| one.serial.cmp(&next.serial));
        Ok(entries)
    }

    /// The answer to a request of OCSP, in DER. Whatever goes wrong is answered too, as OCSP has it.
    pub async fn ocsp(&self, request: &[u8]) -> OcspAnswer {
        let failed = |failure: OcspFailure| OcspAnswer {
            der: failure.to_der().to_vec(),
            is_public: false,
        };
        let Ok(request) = OcspRequest::parse(request) else {
            return failed(OcspFailure::MalformedRequest);
        };
        let mut cas = self.parts.authorities.alive(self.now());
        let is_asked = |ca: &IssuingCa| {
            let ca = ca.chain_certificate();
            request.ids().iter().any(|id| id.names(ca))
        };
        // An answer has one signer: of what else is asked in the same breath, nothing is known.
        let Some(ca) = cas.find(|ca| is_asked(ca)) else {
            return failed(OcspFailure::Unauthorized);
        };
        match self.answer(ca, &request).await {
            Ok(der) => OcspAnswer {
                der,
                is_public: request.nonce().is_none(),
            },
            Err(RegistrationError::Store(error @ StoreError::Unavailable(_))) => {
                tracing::warn!(%error, "a request of OCSP could not be answered");
                failed(OcspFailure::TryLater)
            }
            Err(error) => {
                tracing::error!(%error, "a request of OCSP failed");
                failed(OcspFailure::InternalError)
            }
        }
    }

    async fn answer(
        &self,
        issuing: &IssuingCa,
        request: &OcspRequest,
    ) -> Result<Vec<u8>, RegistrationError> {
        let parts = &*self.parts;
        let (issuer, now) = (&parts.issuer, self.now());
        let responder = parts
            .responders
            .current(&self.store, issuing, &issuer.serials, &*parts.random, now)
            .await?;
        let ca = issuing.chain_certificate();
        let mut reader = self.store.read().await?;
        let mut known: HashMap<SerialNumber, CertStatus> = HashMap::new();
        for id in request.ids().iter().filter(|id| id.names(ca)) {
            if let Some(serial) = id.serial()
                && !known.contains_key(serial)
            {
                let status = status(&mut reader, serial, issuing, now).await?;
                known.insert(serial.clone(), status);
            }
        }
        let status = |id: &kleis_pki::ocsp::CertId| {
            let known = id
                .serial()
                .filter(|_| id.names(ca))
                .and_then(|it| known.get(it));
            known.copied().unwrap_or(CertStatus::Unknown)
        };
        Ok(responder.answer(request, status, now, now.plus_seconds(ANSWER_LIFE))?)
    }
}

/// What became of the certificate with this number, of this CA.
async fn status<R: RegistryRead>(
    reader: &mut R,
    serial: &SerialNumber,
    ca: &IssuingCa,
    now: Timestamp,
) -> Result<CertStatus, StoreError> {
    let (serial, issuer) = (serial.to_string(), ca.id());
    let Some(certificate) = reader.certificate(&serial).await? else {
        let reservation = reader.serial_reservation(&serial).await?;
        let reservation = reservation.filter(|one| one.issuer == issuer.to_string());
        return Ok(match reservation.and_then(|one| one.abandoned_at) {
            Some(since) => CertStatus::Revoked {
                since,
                reason: None,
            },
            None => CertStatus::Unknown,
        });
    };
    if !is_of(&certificate, ca.chain_certificate().der()) {
        return Ok(CertStatus::Unknown);
    }
    let held = is_active_now(reader, &certificate.owner).await?;
    Ok(match withdrawal(reader, &certificate, held, now).await? {
        Some((since, reason)) => CertStatus::Revoked { since, reason },
        None if certificate.not_after < now => CertStatus::Unknown,
        None => CertStatus::Good,
    })
}

/// Whether a certificate was issued by this CA.
fn is_of(certificate: &Certificate, ca: &[u8]) -> bool {
    certificate.chain.last().map(Vec::as_slice) == Some(ca)
}
