//! An installation with a custody service, its callers, and a way past the store.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use kleis_custody::{Call, Custody, CustodyConfig, CustodyError, OpenError};
use kleis_jose::{Jwk, KeyType};
use kleis_proto::custody::v1 as wire;
use kleis_proto::method::custody as method;
use kleis_store::custody::{CustodyRead as _, Record, WrappingKey};
use kleis_store::{EvidenceRead as _, Store as _, StoredAuditRow};
use kleis_store_sqlite::{CustodySqlite, test_util};
use kleis_trust::order::{self, Draft, SignedOrder};
use kleis_trust::status::{StatusList, StatusSource, StatusUnavailable};
use kleis_trust::test_util::World;
use kleis_trust::{Signer, release, reply};
use kleis_types::{
    Clock, CredentialMap, ManualClock, Principal, SeededRandom, Service, Timestamp, TypeTable,
};
use kleis_wrap::{RootKek, Work};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) use crate::bodies::{create, encode, get, identifier, policy, policy_with, secret};

/// Who writes prescriptions: an organisation, so that it has no pseudonym to be looked up.
pub(crate) const OWNER: &str = "CBE:0823257311";
/// A pharmacy that the policies of these tests let read.
pub(crate) const PHARMACY: &str = "NIHII-PHARMACY:71000436";
/// A pharmacy that they do not.
pub(crate) const STRANGER: &str = "NIHII-PHARMACY:19997341";
/// A doctor, a person.
pub(crate) const DOCTOR: &str = "NIHII:18749704";

/// When the policies of these tests end, unless they say otherwise: 30 days after the epoch.
pub(crate) const LIFE: i64 = 30 * 86_400;

pub(crate) type OpenCustody = Custody<CustodySqlite, Board>;

/// The status list of the moment, or none.
#[derive(Clone)]
pub(crate) struct Board(Arc<Mutex<Option<Arc<StatusList>>>>);

impl StatusSource for Board {
    async fn current(&self) -> Result<Arc<StatusList>, StatusUnavailable> {
        self.0.lock().unwrap().clone().ok_or(StatusUnavailable)
    }
}

/// A certified caller with a key for its replies.
pub(crate) struct Caller {
    pub(crate) signer: Signer,
    pub(crate) key: Jwk,
    call: Call,
}

impl Caller {
    pub(crate) fn of(signer: Signer, key: Jwk) -> Self {
        let call = call_of(&signer);
        Self { signer, key, call }
    }

    pub(crate) fn call(&self) -> &Call {
        &self.call
    }

    pub(crate) fn reply_to(&self) -> String {
        self.key.public().to_value().to_string()
    }
}

pub(crate) struct Office {
    pub(crate) world: World,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) board: Board,
    pub(crate) store: CustodySqlite,
    pub(crate) custody: OpenCustody,
    pub(crate) signer: Signer,
    pub(crate) transport: Jwk,
    directory: TempDir,
}

/// The KEK of a seed.
pub(crate) fn kek(seed: u64) -> RootKek {
    RootKek::generate(&SeededRandom::new(seed))
}

impl Office {
    pub(crate) async fn open() -> Self {
        let mut world = World::new(7);
        let signer = world.service(Service::Custody);
        let transport = world.key(KeyType::X25519);
        let clock = Arc::new(ManualClock::new(world.now().unix()));
        let board = Board(Arc::new(Mutex::new(Some(Arc::new(world.status_list())))));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("custody.db");
        CustodySqlite::migrate(&path).await.unwrap();
        let store = open_store(&path, "first").await;
        let config = config(&world, &signer, &transport, 1);
        let custody = start(&store, config, &board, &clock, 11).await.unwrap();
        Self {
            world,
            clock,
            board,
            store,
            custody,
            signer,
            transport,
            directory,
        }
    }

    /// Stops the service and starts it again, from what is on the disk.
    pub(crate) async fn restart(&mut self) {
        self.store.close().await;
        self.store = open_store(&self.path(), "second").await;
        self.custody = self.start(1).await.unwrap();
    }

    /// Another process with the KEK of `seed` on the same database.
    pub(crate) async fn start(&self, seed: u64) -> Result<OpenCustody, OpenError> {
        let config = config(&self.world, &self.signer, &self.transport, seed);
        start(&self.store, config, &self.board, &self.clock, 100 + seed).await
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("custody.db")
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
        self.world.clock().advance(seconds);
        self.publish_status();
    }

    pub(crate) fn publish_status(&self) {
        *self.board.0.lock().unwrap() = Some(Arc::new(self.world.status_list()));
    }

    pub(crate) fn lose_status(&self) {
        *self.board.0.lock().unwrap() = None;
    }

    /// A caller with an X25519 key for its replies.
    pub(crate) fn caller(&mut self, identifier: &str) -> Caller {
        let signer = self.world.certify(identifier, "main");
        self.publish_status();
        let key = self.world.key(KeyType::X25519);
        Caller::of(signer, key)
    }

    // --- orders -------------------------------------------------------------------------------

    pub(crate) fn order<B: Serialize>(&self, by: &Caller, method: &str, body: B) -> SignedOrder {
        self.sign(by, &Draft::new(method, body))
    }

    pub(crate) fn sign<B: Serialize>(&self, by: &Caller, draft: &Draft<'_, B>) -> SignedOrder {
        let installation = self.world.installation();
        order::sign(
            &by.signer,
            installation,
            draft,
            self.now(),
            self.world.random(),
        )
        .unwrap()
    }

    /// The body of a release that answers `order`.
    pub(crate) fn open_release<R: DeserializeOwned>(
        &self,
        by: &Caller,
        method: &str,
        order: &SignedOrder,
        release: &str,
    ) -> R {
        let reply = release::open(&by.key, release).unwrap();
        self.open_reply(method, order, &reply)
    }

    /// The body of a reply to `order`.
    pub(crate) fn open_reply<R: DeserializeOwned>(
        &self,
        method: &str,
        order: &SignedOrder,
        reply: &str,
    ) -> R {
        let (anchors, status) = (self.world.anchors(), self.world.status_list());
        reply::verify(
            reply,
            anchors,
            &status,
            Service::Custody,
            method,
            order,
            self.now(),
        )
        .unwrap()
    }

    pub(crate) async fn create(
        &self,
        by: &Caller,
        policy: &Value,
        count: u32,
    ) -> Vec<wire::ReleasedKey> {
        let order = self.order(by, method::CREATE_KEYS, create(by, policy, count));
        let release = self
            .custody
            .create_keys(order.compact(), by.call())
            .await
            .unwrap();
        let result: wire::CreateKeysResult =
            self.open_release(by, method::CREATE_KEYS, &order, &release);
        result.keys
    }

    /// The id of one fresh key.
    pub(crate) async fn key(&self, by: &Caller, policy: &Value) -> String {
        self.create(by, policy, 1).await.remove(0).key_id
    }

    pub(crate) async fn get(
        &self,
        by: &Caller,
        key_id: &str,
    ) -> Result<wire::GetKeyResult, CustodyError> {
        let order = self.order(by, method::GET_KEY, get(by, key_id));
        self.send_get(by, &order).await
    }

    pub(crate) async fn send_get(
        &self,
        by: &Caller,
        order: &SignedOrder,
    ) -> Result<wire::GetKeyResult, CustodyError> {
        let release = self.custody.get_key(order.compact(), by.call()).await?;
        Ok(self.open_release(by, method::GET_KEY, order, &release))
    }

    pub(crate) async fn confirm(
        &self,
        by: &Caller,
        key_id: &str,
        read: &SignedOrder,
    ) -> Result<wire::ConfirmReadResult, CustodyError> {
        let body = wire::ConfirmReadOrder {
            key_id: key_id.to_owned(),
            read: read.jti().to_string(),
        };
        let order = self.order(by, method::CONFIRM_READ, body);
        let reply = self
            .custody
            .confirm_read(order.compact(), by.call())
            .await?;
        Ok(self.open_reply(method::CONFIRM_READ, &order, &reply))
    }

    pub(crate) async fn describe(
        &self,
        by: &Caller,
        key_id: &str,
    ) -> Result<wire::DescribeKeyResult, CustodyError> {
        let body = wire::DescribeKeyOrder {
            key_id: key_id.to_owned(),
        };
        let order = self.order(by, method::DESCRIBE_KEY, body);
        let reply = self
            .custody
            .describe_key(order.compact(), by.call())
            .await?;
        Ok(self.open_reply(method::DESCRIBE_KEY, &order, &reply))
    }

    pub(crate) async fn shred(
        &self,
        by: &Caller,
        key_id: &str,
    ) -> Result<wire::ShredKeyResult, CustodyError> {
        let body = wire::ShredKeyOrder {
            key_id: key_id.to_owned(),
        };
        let order = self.order(by, method::SHRED_KEY, body);
        let reply = self.custody.shred_key(order.compact(), by.call()).await?;
        Ok(self.open_reply(method::SHRED_KEY, &order, &reply))
    }

    // --- what is stored -----------------------------------------------------------------------

    pub(crate) async fn record(&self, key_id: &str) -> Record {
        let mut reader = self.store.read().await.unwrap();
        reader.record(key_id).await.unwrap().unwrap()
    }

    pub(crate) async fn wrapping_keys(&self) -> Vec<WrappingKey> {
        let mut reader = self.store.read().await.unwrap();
        reader.wrapping_keys().await.unwrap()
    }

    /// Whether the record is there, in good order, and its bytes are not.
    pub(crate) async fn store_has_no_bytes(&self, key_id: &str) -> bool {
        let mut reader = self.store.read().await.unwrap();
        let record = reader.record(key_id).await;
        record.is_ok_and(|found| found.is_some_and(|record| record.wrapped.is_empty()))
    }

    /// Overwrites a record as somebody with write access to the file would.
    pub(crate) async fn overwrite(&self, record: &Record) {
        test_util::overwrite_record(&self.path(), record).await;
    }

    pub(crate) async fn tamper(&self, statements: &[&'static str]) {
        test_util::tamper(&self.path(), statements).await;
    }

    /// All rows of the audit, over all chains.
    pub(crate) async fn audit(&self) -> Vec<StoredAuditRow> {
        let mut reader = self.store.read().await.unwrap();
        let mut rows = Vec::new();
        for chain in reader.chains().await.unwrap() {
            rows.extend(reader.audit_rows(&chain, 0, 100_000).await.unwrap());
        }
        rows
    }

    /// What the audit says of the last thing done: its outcome and details.
    pub(crate) async fn last_audit(&self) -> (String, String) {
        let last = self.audit().await.pop().unwrap();
        (last.outcome, last.details)
    }

    /// Whether the audit agrees with every record.
    pub(crate) async fn audit_is_clean(&self) -> bool {
        let mut reader = self.store.read().await.unwrap();
        kleis_store::audit::verify(&mut reader)
            .await
            .unwrap()
            .is_clean()
    }

    /// Statements, signatures and work so far.
    pub(crate) fn effort(&self) -> (u64, u64, Work) {
        let custody = &self.custody;
        (
            self.store.statements(),
            custody.signatures(),
            custody.work(),
        )
    }
}

async fn open_store(path: &Path, chain: &str) -> CustodySqlite {
    let random = Arc::new(SeededRandom::new(5));
    CustodySqlite::open(path, chain, random).await.unwrap()
}

async fn start(
    store: &CustodySqlite,
    config: CustodyConfig,
    board: &Board,
    clock: &Arc<ManualClock>,
    seed: u64,
) -> Result<OpenCustody, OpenError> {
    let random = Arc::new(SeededRandom::new(seed));
    Custody::open(store.clone(), config, board.clone(), clock.clone(), random).await
}

pub(crate) fn config(world: &World, signer: &Signer, transport: &Jwk, seed: u64) -> CustodyConfig {
    CustodyConfig {
        anchors: world.anchors().clone(),
        signer: signer.clone(),
        transport_key: transport.clone(),
        root_kek: kek(seed),
        credentials: CredentialMap::belgian().clone(),
        types: TypeTable::belgian().clone(),
    }
}

/// The call of a caller whose connection shows the certificate of `signer`.
pub(crate) fn call_of(signer: &Signer) -> Call {
    let identity = signer.identity();
    let principal = Principal::from_certificate(
        identity.identifiers(),
        identity.device().clone(),
        signer.certificate().x5t_s256(),
        CredentialMap::belgian(),
    );
    Call::new(Some(principal.unwrap()), None)
}

/// Whether the answer is the one that says nothing.
pub(crate) fn is_refused<T>(result: Result<T, CustodyError>) -> bool {
    matches!(result.err(), Some(CustodyError::NotAvailable))
}
