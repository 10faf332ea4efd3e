//! What the registration service and the directory ask of a database.

use std::{future::Future, ops::Range};

use kleis_types::{Channel, Identifier, Timestamp};

use super::{
    Approval, Certificate, CertificateRequest, ChangeEvent, Delivery, DeliveryCounts,
    EncryptionKey, EnrolmentCode, KeySession, Notice, PlacedRequest, PublicKeyClaim, Registrant,
    RequestFilter, Role, RoleGrant, SerialReservation, StatusEntry, StoredJwkSet,
};
use crate::{EvidenceRead, EvidenceTx, ProofRead, ProofTx, Store, StoreError};

type Found<T> = Result<Option<T>, StoreError>;
type Listed<T> = Result<Vec<T>, StoreError>;
type Done = Result<(), StoreError>;

/// What registration and directory read.
pub trait RegistryRead: EvidenceRead {
    /// The registrant that an identifier belongs to (application ignored).
    fn registrant(
        &mut self,
        identifier: &Identifier,
    ) -> impl Future<Output = Found<Registrant>> + Send;
    /// The registrants whose `id`, as text, comes after `after`, in order.
    fn registrants(
        &mut self,
        after: &str,
        limit: u32,
    ) -> impl Future<Output = Listed<Registrant>> + Send;
    /// What a person has of a role, in whatever state.
    fn role_grant(
        &mut self,
        person: &Identifier,
        role: Role,
    ) -> impl Future<Output = Found<RoleGrant>> + Send;
    /// The grants of a role that hold, in the order of their resource names.
    fn role_holders(&mut self, role: Role) -> impl Future<Output = Listed<RoleGrant>> + Send;
    /// The grants of all roles and states whose resource name comes after `after`, in order.
    fn role_grants(
        &mut self,
        after: &str,
        limit: u32,
    ) -> impl Future<Output = Listed<RoleGrant>> + Send;
    /// An enrolment code.
    fn enrolment_code(&mut self, id: &str) -> impl Future<Output = Found<EnrolmentCode>> + Send;
    /// The enrolment codes whose id comes after `after`, in order.
    fn enrolment_codes(
        &mut self,
        after: &str,
        limit: u32,
    ) -> impl Future<Output = Listed<EnrolmentCode>> + Send;
    /// A certificate request.
    fn certificate_request(
        &mut self,
        id: &str,
    ) -> impl Future<Output = Found<CertificateRequest>> + Send;
    /// The certificate requests that came before the one in the place `before` (0: all of them),
    /// the newest first.
    fn certificate_requests(
        &mut self,
        filter: &RequestFilter,
        before: u64,
        limit: u32,
    ) -> impl Future<Output = Listed<PlacedRequest>> + Send;
    /// How many certificate requests wait for a decision: at all, and of this identity.
    fn pending_requests(
        &mut self,
        identifier: &Identifier,
    ) -> impl Future<Output = Result<(u64, u64), StoreError>> + Send;
    /// The certificate requests that were not decided about in time, at most `limit`.
    fn overdue_requests(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Listed<CertificateRequest>> + Send;
    /// Where the orders stand by which this was approved, in the order of the persons' names.
    fn approvals(&mut self, resource: &str) -> impl Future<Output = Listed<Approval>> + Send;
    /// A certificate by serial number.
    fn certificate(&mut self, serial: &str) -> impl Future<Output = Found<Certificate>> + Send;
    /// A certificate by `x5t#S256`.
    fn certificate_by_x5t(&mut self, x5t: &str) -> impl Future<Output = Found<Certificate>> + Send;
    /// The certificates of an owner, newest first, of all states.
    fn certificates_of(
        &mut self,
        owner: &Identifier,
    ) -> impl Future<Output = Listed<Certificate>> + Send;
    /// The certificates issued to a registrant under any of its identities and applications.
    fn certificates_of_registrant(
        &mut self,
        registrant: &Identifier,
    ) -> impl Future<Output = Listed<Certificate>> + Send;
    /// An encryption key.
    fn encryption_key(&mut self, kid: &str) -> impl Future<Output = Found<EncryptionKey>> + Send;
    /// The encryption keys of an owner, newest first, of all states.
    fn encryption_keys_of(
        &mut self,
        owner: &Identifier,
    ) -> impl Future<Output = Listed<EncryptionKey>> + Send;
    /// A registration under way.
    fn key_session(&mut self, id: &str) -> impl Future<Output = Found<KeySession>> + Send;
    /// Whose a public key is.
    fn public_key(&mut self, jkt: &str) -> impl Future<Output = Found<PublicKeyClaim>> + Send;
    /// The largest sequence in a binding of this owner; 0 if there is none.
    fn owner_sequence(
        &mut self,
        owner: &Identifier,
    ) -> impl Future<Output = Result<u32, StoreError>> + Send;
    /// A recipient's JWK Set.
    fn jwk_set(
        &mut self,
        recipient: &Identifier,
    ) -> impl Future<Output = Found<StoredJwkSet>> + Send;
    /// The recipients of this type and value that have an encryption key, whatever their
    /// application, in order.
    fn recipients(
        &mut self,
        type_name: &str,
        value: &str,
    ) -> impl Future<Output = Listed<Identifier>> + Send;
    /// The primary identity that an alias stands for in a certificate.
    fn alias(&mut self, alias: &Identifier) -> impl Future<Output = Found<Identifier>> + Send;
    /// The version of the status list and all its entries, by index: one byte each (0 to 3).
    fn status_entries(&mut self)
    -> impl Future<Output = Result<(u64, Vec<u8>), StoreError>> + Send;
    /// The changes after `after`, in commit order.
    fn changes(
        &mut self,
        after: u64,
        limit: u32,
    ) -> impl Future<Output = Listed<ChangeEvent>> + Send;
    /// The newest change; `None` if there was none.
    fn newest_change(&mut self) -> impl Future<Output = Found<ChangeEvent>> + Send;
    /// Active keys and certificates whose end has come, at most `limit` of each.
    fn ended(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<(Vec<Certificate>, Vec<EncryptionKey>), StoreError>> + Send;
    /// The certificates with an entry of the status list among `entries` that do not hold, though
    /// their end is not before `since`: revoked, superseded, or active while their entry is
    /// suspended. Costs as much as there are of them, however many others there are.
    fn withdrawn(
        &mut self,
        entries: Range<u32>,
        since: Timestamp,
    ) -> impl Future<Output = Listed<Certificate>> + Send;
    /// A serial number that led to no certificate, or has not yet.
    fn serial_reservation(
        &mut self,
        serial: &str,
    ) -> impl Future<Output = Found<SerialReservation>> + Send;
    /// The serial numbers with an entry of the status list among `entries` that were given up, in
    /// the order of these.
    fn abandoned_serials(
        &mut self,
        entries: Range<u32>,
    ) -> impl Future<Output = Listed<SerialReservation>> + Send;
    /// The serial numbers that were reserved before `before` and neither settled nor given up: those
    /// after `after`, in order.
    fn open_serials(
        &mut self,
        before: Timestamp,
        after: &str,
        limit: u32,
    ) -> impl Future<Output = Listed<SerialReservation>> + Send;
    /// Active keys and certificates, but for those of services, that end after `now` and no later
    /// than `until`, and of whose end there is no notice; at most `limit` of each.
    fn ending(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<(Vec<Certificate>, Vec<EncryptionKey>), StoreError>> + Send;
    /// How many certificates and keys that are active end after `now` and no later than `until`,
    /// those of services left out.
    fn count_ending(
        &mut self,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<(u64, u64), StoreError>> + Send;
    /// The notices of a registrant with numbers below `before`, newest first.
    fn notices_of(
        &mut self,
        registrant: &Identifier,
        before: u64,
        limit: u32,
    ) -> impl Future<Output = Listed<Notice>> + Send;
    /// The deliveries that are to be tried at `now`, those that have waited longest first.
    fn due_deliveries(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Listed<Delivery>> + Send;
    /// The deliveries that were given up, of notices with numbers below `before`, newest first.
    fn failed_deliveries(
        &mut self,
        before: u64,
        limit: u32,
    ) -> impl Future<Output = Listed<Delivery>> + Send;
    /// How many deliveries there are in each state that is of interest.
    fn count_deliveries(
        &mut self,
    ) -> impl Future<Output = Result<DeliveryCounts, StoreError>> + Send;
}

/// What registration writes. The directory never gets one of these.
///
/// Methods that store a versioned record take it with its *new* version: 1 adds it, any other
/// replaces the version before.
pub trait RegistryTx: RegistryRead + EvidenceTx {
    /// Adds or changes a registrant.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if an identifier belongs to another one;
    /// [`StoreError::VersionConflict`].
    fn put_registrant(&mut self, registrant: &Registrant) -> impl Future<Output = Done> + Send;
    /// Adds or changes a role grant.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`], [`StoreError::VersionConflict`].
    fn put_role_grant(&mut self, grant: &RoleGrant) -> impl Future<Output = Done> + Send;
    /// Adds or changes an enrolment code.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`], [`StoreError::VersionConflict`].
    fn put_enrolment_code(&mut self, code: &EnrolmentCode) -> impl Future<Output = Done> + Send;
    /// Adds or changes a certificate request.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the id is taken, or if another request of the same key
    /// waits for a decision; [`StoreError::VersionConflict`].
    fn put_certificate_request(
        &mut self,
        request: &CertificateRequest,
    ) -> impl Future<Output = Done> + Send;
    /// Remembers where an approval stands, in place of an earlier one of the same person.
    fn put_approval(&mut self, approval: &Approval) -> impl Future<Output = Done> + Send;
    /// Forgets where the approvals of this stand: they have served.
    fn remove_approvals(&mut self, resource: &str) -> impl Future<Output = Done> + Send;
    /// Adds or changes a certificate.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the serial is taken, or if the (owner, device) has an
    /// active certificate in this place; [`StoreError::VersionConflict`].
    fn put_certificate(&mut self, certificate: &Certificate) -> impl Future<Output = Done> + Send;
    /// Adds or changes an encryption key.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`], [`StoreError::VersionConflict`].
    fn put_encryption_key(&mut self, key: &EncryptionKey) -> impl Future<Output = Done> + Send;
    /// Adds or replaces a registration under way.
    fn put_key_session(&mut self, session: &KeySession) -> impl Future<Output = Done> + Send;
    /// Claims a public key for an owner and a use; harmless if the same claim stands already.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if it belongs to another owner or another use.
    fn claim_public_key(&mut self, claim: &PublicKeyClaim) -> impl Future<Output = Done> + Send;
    /// Remembers the largest sequence of an owner.
    fn put_owner_sequence(
        &mut self,
        owner: &Identifier,
        sequence: u32,
    ) -> impl Future<Output = Done> + Send;
    /// Lets an alias stand for a primary identity.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if it stands for another one.
    fn put_alias(
        &mut self,
        alias: &Identifier,
        primary: &Identifier,
    ) -> impl Future<Output = Done> + Send;
    /// Replaces a recipient's JWK Set and appends the change event.
    fn put_jwk_set(
        &mut self,
        set: &StoredJwkSet,
        at: Timestamp,
    ) -> impl Future<Output = Done> + Send;
    /// Takes the next entry of the status list, with the value 3 (OTHER).
    fn allocate_status(&mut self) -> impl Future<Output = Result<u32, StoreError>> + Send;
    /// Sets an entry of the status list and raises the list's version.
    fn put_status(&mut self, entry: StatusEntry) -> impl Future<Output = Done> + Send;
    /// Reserves a serial number.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if a certificate or another reservation has it.
    fn reserve_serial(
        &mut self,
        reservation: &SerialReservation,
    ) -> impl Future<Output = Done> + Send;
    /// Ends a reservation that led to a certificate.
    ///
    /// # Errors
    /// [`StoreError::VersionConflict`] if there is none, or it was given up.
    fn settle_serial(&mut self, serial: &str) -> impl Future<Output = Done> + Send;
    /// Gives up a reservation: from then on the number is revoked.
    ///
    /// # Errors
    /// [`StoreError::VersionConflict`] if there is none, or it was given up already.
    fn abandon_serial(&mut self, serial: &str, at: Timestamp) -> impl Future<Output = Done> + Send;
    /// Takes a run of so many numbers for revocation lists, at least 1, and answers the first. No
    /// number is given out twice.
    fn take_crl_numbers(
        &mut self,
        count: u32,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// Adds a notice, whatever its number is, and puts it on its way over `channels`. Answers the
    /// number that it got.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is one of the same end.
    fn put_notice(
        &mut self,
        notice: &Notice,
        channels: &[Channel],
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// Changes state, attempts and time of a delivery that is pending.
    ///
    /// # Errors
    /// [`StoreError::VersionConflict`] if it is not.
    fn settle_delivery(&mut self, delivery: &Delivery) -> impl Future<Output = Done> + Send;
}

/// A database of the registration service.
pub trait RegistryStore: Store<Tx: RegistryTx + ProofTx, Reader: RegistryRead + ProofRead> {}
impl<S: Store<Tx: RegistryTx + ProofTx, Reader: RegistryRead + ProofRead>> RegistryStore for S {}
