//! The registration service's records.

mod certificates;
mod claims;
mod keys;
mod notices;
mod published;
mod registrants;
mod requests;
mod roles;
mod serials;

use std::ops::Range;

use kleis_store::{
    Audited, StoreError,
    registry::{
        Approval, Certificate, CertificateRequest, ChangeEvent, Delivery, DeliveryCounts,
        EncryptionKey, EnrolmentCode, KeySession, Notice, PlacedRequest, PublicKeyClaim,
        Registrant, RegistryRead, RegistryTx, RequestFilter, Role, RoleGrant, SerialReservation,
        StatusEntry, StoredJwkSet,
    },
};
use kleis_types::{Channel, Identifier, Timestamp};

use crate::{
    link::Link,
    schema::{AuditedState, Registry},
    session::{Session, Tx},
    states::{add_states, key_after},
};

type Found<T> = Result<Option<T>, StoreError>;
type Listed<T> = Result<Vec<T>, StoreError>;
type Done = Result<(), StoreError>;

impl<M: Send> RegistryRead for Session<Registry, M> {
    async fn registrant(&mut self, identifier: &Identifier) -> Found<Registrant> {
        registrants::of_identifier(&mut self.link, identifier).await
    }

    async fn registrants(&mut self, after: &str, limit: u32) -> Listed<Registrant> {
        registrants::after(&mut self.link, after, limit).await
    }

    async fn role_grant(&mut self, person: &Identifier, role: Role) -> Found<RoleGrant> {
        roles::of_person(&mut self.link, person, role).await
    }

    async fn role_holders(&mut self, role: Role) -> Listed<RoleGrant> {
        roles::holders(&mut self.link, role).await
    }

    async fn role_grants(&mut self, after: &str, limit: u32) -> Listed<RoleGrant> {
        let rows = roles::after(&mut self.link, after, limit).await?;
        rows.into_iter().map(RoleGrant::try_from).collect()
    }

    async fn enrolment_code(&mut self, id: &str) -> Found<EnrolmentCode> {
        registrants::code(&mut self.link, id).await
    }

    async fn enrolment_codes(&mut self, after: &str, limit: u32) -> Listed<EnrolmentCode> {
        let rows = registrants::codes_after(&mut self.link, after, limit).await?;
        rows.into_iter().map(EnrolmentCode::try_from).collect()
    }

    async fn certificate_request(&mut self, id: &str) -> Found<CertificateRequest> {
        requests::by_id(&mut self.link, id).await
    }

    async fn certificate_requests(
        &mut self,
        filter: &RequestFilter,
        before: u64,
        limit: u32,
    ) -> Listed<PlacedRequest> {
        requests::list(&mut self.link, filter, before, limit).await
    }

    async fn pending_requests(&mut self, of: &Identifier) -> Result<(u64, u64), StoreError> {
        requests::pending(&mut self.link, of).await
    }

    async fn overdue_requests(&mut self, now: Timestamp, limit: u32) -> Listed<CertificateRequest> {
        requests::overdue(&mut self.link, now, limit).await
    }

    async fn approvals(&mut self, resource: &str) -> Listed<Approval> {
        requests::approvals(&mut self.link, resource).await
    }

    async fn certificate(&mut self, serial: &str) -> Found<Certificate> {
        certificates::by_serial(&mut self.link, serial).await
    }

    async fn certificate_by_x5t(&mut self, x5t: &str) -> Found<Certificate> {
        certificates::by_x5t(&mut self.link, x5t).await
    }

    async fn certificates_of(&mut self, owner: &Identifier) -> Listed<Certificate> {
        certificates::of_owner(&mut self.link, owner).await
    }

    async fn certificates_of_registrant(&mut self, registrant: &Identifier) -> Listed<Certificate> {
        certificates::of_registrant(&mut self.link, registrant).await
    }

    async fn encryption_key(&mut self, kid: &str) -> Found<EncryptionKey> {
        keys::by_kid(&mut self.link, kid).await
    }

    async fn encryption_keys_of(&mut self, owner: &Identifier) -> Listed<EncryptionKey> {
        keys::of_owner(&mut self.link, owner).await
    }

    async fn key_session(&mut self, id: &str) -> Found<KeySession> {
        keys::session(&mut self.link, id).await
    }

    async fn public_key(&mut self, jkt: &str) -> Found<PublicKeyClaim> {
        claims::public_key(&mut self.link, jkt).await
    }

    async fn owner_sequence(&mut self, owner: &Identifier) -> Result<u32, StoreError> {
        claims::sequence(&mut self.link, owner).await
    }

    async fn jwk_set(&mut self, recipient: &Identifier) -> Found<StoredJwkSet> {
        published::jwk_set(&mut self.link, recipient).await
    }

    async fn recipients(&mut self, type_name: &str, value: &str) -> Listed<Identifier> {
        published::recipients(&mut self.link, type_name, value).await
    }

    async fn alias(&mut self, alias: &Identifier) -> Found<Identifier> {
        claims::alias(&mut self.link, alias).await
    }

    async fn status_entries(&mut self) -> Result<(u64, Vec<u8>), StoreError> {
        published::status_entries(&mut self.link).await
    }

    async fn changes(&mut self, after: u64, limit: u32) -> Listed<ChangeEvent> {
        published::changes(&mut self.link, after, limit).await
    }

    async fn newest_change(&mut self) -> Found<ChangeEvent> {
        published::newest_change(&mut self.link).await
    }

    async fn ended(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<(Vec<Certificate>, Vec<EncryptionKey>), StoreError> {
        let certificates = certificates::ended(&mut self.link, now, limit).await?;
        let keys = keys::ended(&mut self.link, now, limit).await?;
        Ok((certificates, keys))
    }

    async fn withdrawn(&mut self, entries: Range<u32>, since: Timestamp) -> Listed<Certificate> {
        let mut found = certificates::withdrawn(&mut self.link, entries.clone(), since).await?;
        found.extend(certificates::suspended(&mut self.link, entries, since).await?);
        Ok(found)
    }

    async fn serial_reservation(&mut self, serial: &str) -> Found<SerialReservation> {
        serials::by_serial(&mut self.link, serial).await
    }

    async fn abandoned_serials(&mut self, entries: Range<u32>) -> Listed<SerialReservation> {
        serials::abandoned(&mut self.link, entries).await
    }

    async fn open_serials(
        &mut self,
        before: Timestamp,
        after: &str,
        limit: u32,
    ) -> Listed<SerialReservation> {
        serials::open_before(&mut self.link, before, after, limit).await
    }

    async fn ending(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<(Vec<Certificate>, Vec<EncryptionKey>), StoreError> {
        let certificates = certificates::ending(&mut self.link, now, until, limit).await?;
        let keys = keys::ending(&mut self.link, now, until, limit).await?;
        Ok((certificates, keys))
    }

    async fn count_ending(
        &mut self,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(u64, u64), StoreError> {
        let certificates = certificates::count_ending(&mut self.link, now, until).await?;
        let keys = keys::count_ending(&mut self.link, now, until).await?;
        Ok((certificates, keys))
    }

    async fn notices_of(
        &mut self,
        registrant: &Identifier,
        before: u64,
        limit: u32,
    ) -> Listed<Notice> {
        notices::of_registrant(&mut self.link, registrant, before, limit).await
    }

    async fn due_deliveries(&mut self, now: Timestamp, limit: u32) -> Listed<Delivery> {
        notices::due(&mut self.link, now, limit).await
    }

    async fn failed_deliveries(&mut self, before: u64, limit: u32) -> Listed<Delivery> {
        notices::failed(&mut self.link, before, limit).await
    }

    async fn count_deliveries(&mut self) -> Result<DeliveryCounts, StoreError> {
        notices::counts(&mut self.link).await
    }
}

impl RegistryTx for Tx<Registry> {
    async fn put_registrant(&mut self, registrant: &Registrant) -> Done {
        registrants::put(&mut self.link, registrant, &registrant.resource()).await?;
        self.mode.duty.changed(registrant);
        Ok(())
    }

    async fn put_role_grant(&mut self, grant: &RoleGrant) -> Done {
        roles::put(&mut self.link, grant, &grant.resource()).await?;
        self.mode.duty.changed(grant);
        Ok(())
    }

    async fn put_enrolment_code(&mut self, code: &EnrolmentCode) -> Done {
        registrants::put_code(&mut self.link, code).await?;
        self.mode.duty.changed(code);
        Ok(())
    }

    async fn put_certificate_request(&mut self, request: &CertificateRequest) -> Done {
        requests::put(&mut self.link, request).await?;
        self.mode.duty.changed(request);
        Ok(())
    }

    async fn put_approval(&mut self, approval: &Approval) -> Done {
        requests::put_approval(&mut self.link, approval).await?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn remove_approvals(&mut self, resource: &str) -> Done {
        requests::remove_approvals(&mut self.link, resource).await?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn put_certificate(&mut self, certificate: &Certificate) -> Done {
        certificates::put(&mut self.link, certificate).await?;
        self.mode.duty.changed(certificate);
        Ok(())
    }

    async fn put_encryption_key(&mut self, key: &EncryptionKey) -> Done {
        keys::put(&mut self.link, key).await?;
        self.mode.duty.changed(key);
        Ok(())
    }

    async fn put_key_session(&mut self, session: &KeySession) -> Done {
        keys::put_session(&mut self.link, session).await?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn claim_public_key(&mut self, claim: &PublicKeyClaim) -> Done {
        claims::claim_public_key(&mut self.link, claim).await?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn put_owner_sequence(&mut self, owner: &Identifier, sequence: u32) -> Done {
        claims::put_sequence(&mut self.link, owner, sequence).await?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn put_alias(&mut self, alias: &Identifier, primary: &Identifier) -> Done {
        claims::put_alias(&mut self.link, alias, primary).await?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn put_jwk_set(&mut self, set: &StoredJwkSet, at: Timestamp) -> Done {
        published::put_jwk_set(&mut self.link, set, at).await?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn allocate_status(&mut self) -> Result<u32, StoreError> {
        let index = published::allocate_status(&mut self.link).await?;
        self.mode.duty.wrote();
        Ok(index)
    }

    async fn put_status(&mut self, entry: StatusEntry) -> Done {
        published::put_status(&mut self.link, entry).await?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn reserve_serial(&mut self, reservation: &SerialReservation) -> Done {
        serials::reserve(&mut self.link, reservation).await?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn settle_serial(&mut self, serial: &str) -> Done {
        serials::settle(&mut self.link, serial).await?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn abandon_serial(&mut self, serial: &str, at: Timestamp) -> Done {
        serials::abandon(&mut self.link, serial, at).await?;
        self.mode.duty.wrote();
        Ok(())
    }

    async fn take_crl_numbers(&mut self, count: u32) -> Result<u64, StoreError> {
        let first = serials::take_crl_numbers(&mut self.link, count).await?;
        self.mode.duty.wrote();
        Ok(first)
    }

    async fn put_notice(
        &mut self,
        notice: &Notice,
        channels: &[Channel],
    ) -> Result<u64, StoreError> {
        let id = notices::put(&mut self.link, notice, channels).await?;
        self.mode.duty.wrote();
        Ok(id)
    }

    async fn settle_delivery(&mut self, delivery: &Delivery) -> Done {
        notices::settle(&mut self.link, delivery).await?;
        self.mode.duty.wrote();
        Ok(())
    }
}

/// The states of certificates, codes, keys, registrants, requests and roles: in the order of their names.
pub(crate) async fn audited_states(
    link: &mut Link,
    after: &str,
    limit: u32,
) -> Result<Vec<AuditedState>, StoreError> {
    let mut states = Vec::new();
    let mut left = limit;
    if let Some(key) = key_after("certificate:", after) {
        let rows = certificates::after(link, key, left).await?;
        add_states::<Certificate, _>(&mut states, &mut left, rows)?;
    }
    if let Some(key) = key_after("code:", after) {
        let rows = registrants::codes_after(link, key, left).await?;
        add_states::<EnrolmentCode, _>(&mut states, &mut left, rows)?;
    }
    if let Some(key) = key_after("key:", after) {
        let rows = keys::after(link, key, left).await?;
        add_states::<EncryptionKey, _>(&mut states, &mut left, rows)?;
    }
    if key_after("registrant:", after).is_some() {
        // Its resource column holds the whole name.
        let rows = registrants::after_resource(link, after, left).await?;
        add_states::<Registrant, _>(&mut states, &mut left, rows)?;
    }
    if let Some(key) = key_after("request:", after) {
        let rows = requests::after(link, key, left).await?;
        add_states::<CertificateRequest, _>(&mut states, &mut left, rows)?;
    }
    if key_after("role:", after).is_some() {
        let rows = roles::after(link, after, left).await?;
        add_states::<RoleGrant, _>(&mut states, &mut left, rows)?;
    }
    Ok(states)
}
