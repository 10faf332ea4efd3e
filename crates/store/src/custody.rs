//! The custody service's records: wrapped keys, their state, and the wrapping keys.

use std::future::Future;

use kleis_types::{RecordState, Timestamp};

use crate::{
    Audited, EvidenceRead, EvidenceTx, ProofRead, ProofTx, Store, StoreError, shown::shows,
};

/// A symmetric key in custody. The store sees it wrapped alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The key id, b64u of 16 bytes, the primary key.
    pub key_id: String,
    /// The owner, text form.
    pub owner: String,
    /// `oct-256` and so on.
    pub algorithm: String,
    /// The policy document as received.
    pub policy: Vec<u8>,
    /// The wrapping key.
    pub wrapping_key: String,
    /// The wrapped key; empty once it is destroyed.
    pub wrapped: Vec<u8>,
    /// When it came into custody.
    pub created_at: Timestamp,
    /// The policy's end, for the sweeper.
    pub expires_at: Timestamp,
    /// Where it is in its life.
    pub state: RecordState,
    /// How often it was released.
    pub reads: u64,
    /// When an exhausted key is to be destroyed.
    pub destroy_at: Option<Timestamp>,
    /// The version, from 1; the next one is stored by [`CustodyTx::update_record`].
    pub version: u64,
    /// The state MAC of docs/formats.md section 10.
    pub mac: [u8; 32],
}

impl Audited for Record {
    fn resource(&self) -> String {
        format!("record:{}", self.key_id)
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn digest(&self) -> [u8; 32] {
        self.mac
    }
}

/// A wrapping key, itself wrapped under the root KEK.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappingKey {
    /// The id, b64u of 16 bytes.
    pub id: String,
    /// The expiry period, `YYYY-MM`.
    pub period: String,
    /// The version within the period, from 1.
    pub version: u32,
    /// Whether new keys of the period are wrapped under it.
    pub current: bool,
    /// The id of the root KEK.
    pub kek: String,
    /// The wrapped wrapping key.
    pub wrapped: Vec<u8>,
    /// The MAC of the row.
    pub mac: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
}

impl Audited for WrappingKey {
    fn resource(&self) -> String {
        format!("wrapping-key:{}", self.id)
    }
    fn version(&self) -> u64 {
        // A row changes once: when it ceases to be the current one.
        if self.current { 1 } else { 2 }
    }
    fn digest(&self) -> [u8; 32] {
        self.mac
    }
}

/// A release of a key, counted once.
#[derive(Clone, PartialEq, Eq)]
pub struct Read {
    /// The key.
    pub key_id: String,
    /// The order it was released to.
    pub jti: String,
    /// The reader, text form of the primary identity.
    pub reader: String,
    /// When.
    pub at: Timestamp,
    /// Whether the reader said that it has arrived.
    pub confirmed: bool,
}

/// What custody reads.
pub trait CustodyRead: EvidenceRead {
    /// A record by its key id.
    fn record(
        &mut self,
        key_id: &str,
    ) -> impl Future<Output = Result<Option<Record>, StoreError>> + Send;
    /// All wrapping keys.
    fn wrapping_keys(
        &mut self,
    ) -> impl Future<Output = Result<Vec<WrappingKey>, StoreError>> + Send;
    /// The release of a key to an order.
    fn release(
        &mut self,
        key_id: &str,
        jti: &str,
    ) -> impl Future<Output = Result<Option<Read>, StoreError>> + Send;
    /// Records that hold wrapped bytes and are to lose them: expired at `now`, or their
    /// `destroy_at` has come; at most `limit`.
    fn records_due(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Record>, StoreError>> + Send;
}

/// What custody writes.
pub trait CustodyTx: CustodyRead + EvidenceTx {
    /// Adds records, all with one statement where the database can.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if a key id is taken.
    fn insert_records(
        &mut self,
        records: &[Record],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Stores a record's new state, version, MAC and wrapped bytes. `record.version` is the new
    /// version, and the stored one must be one less.
    ///
    /// # Errors
    /// [`StoreError::VersionConflict`] if it is not.
    fn update_record(
        &mut self,
        record: &Record,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Adds or replaces a wrapping key.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if another one has this period and version.
    fn put_wrapping_key(
        &mut self,
        key: &WrappingKey,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Remembers a release.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if this key was released to this order already.
    fn insert_release(
        &mut self,
        read: &Read,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Marks a release as confirmed; harmless if it is already, or if there is none.
    fn confirm_release(
        &mut self,
        key_id: &str,
        jti: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A database of the custody service.
pub trait CustodyStore: Store<Tx: CustodyTx + ProofTx, Reader: CustodyRead + ProofRead> {}
impl<S: Store<Tx: CustodyTx + ProofTx, Reader: CustodyRead + ProofRead>> CustodyStore for S {}

shows!(Record {
    key_id,
    algorithm,
    wrapping_key,
    state,
    reads,
    version
});
shows!(WrappingKey {
    id,
    period,
    version,
    current,
    kek
});
shows!(Read {
    key_id,
    jti,
    at,
    confirmed
});
