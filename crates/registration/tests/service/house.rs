//! An installation on a database in a directory of its own, with a clock that stands still.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use kleis_jose::{Jwk, JwkSet, KeyType};
use kleis_pki::{CaMaterial, IssuingCa, Publication, TrustAnchors, WeakModuli, ca::CaCredential};
use kleis_registration::{
    Admission, Authority, Call, Lifetimes, Profile, RegisterTable, RegistrantSource, Registration,
    RegistrationConfig, RegistrationError, ServiceKeys, provision_service,
};
use kleis_store::{
    EvidenceRead, Store as _,
    registry::{RegistryRead as _, StoredJwkSet},
};
use kleis_store_sqlite::RegistrySqlite;
use kleis_trust::{
    Anchors, Signer,
    recipient::{self, RecipientError, Seen, VerifiedRecipient},
    status::{Status, StatusList, StatusView as _},
};
use kleis_types::{
    Clock as _, CredentialMap, ErrorCode, Identifier, InstallationId, ManualClock, Principal,
    Problem, SeededRandom, Service, Timestamp, TraceId, TypeTable,
};
use kleis_wrap::RootKek;
use tempfile::TempDir;

pub(crate) const JANE: &str = "SSIN:85073003328";
pub(crate) const JOHN: &str = "SSIN:93051822361";
pub(crate) const MARY: &str = "SSIN:73011136173";
pub(crate) const DOCTOR: &str = "NIHII:18749704";
/// Certificates of pharmacies live for thirty days here.
const PHARMACIES: Profile = Profile {
    certificate: 30 * DAY,
    replacement: 10 * DAY,
};
pub(crate) const KGSS: &str = "CBE:0809394427/KGSS";

/// 2026-11-23T22:15:30Z.
const START: i64 = 1_795_472_130;
pub(crate) const DAY: i64 = 86_400;

/// The modulus of `weak_key.pem`, a key that openssl made.
const WEAK_MODULUS: &str = include_str!("weak_modulus.hex");

pub(crate) struct House {
    directory: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) random: Arc<SeededRandom>,
    pub(crate) installation: InstallationId,
    pub(crate) anchors: Anchors,
    pub(crate) authority: Authority,
    root: CaCredential,
    pub(crate) former_cas: Vec<Arc<IssuingCa>>,
    kek: Arc<RootKek>,
    pub(crate) admission: Admission,
    pub(crate) keys: Vec<(Service, ServiceKeys)>,
    pub(crate) store: RegistrySqlite,
    pub(crate) registration: Registration<RegistrySqlite>,
}

impl House {
    /// A new installation: provisioned, without an operator.
    pub(crate) async fn new() -> Self {
        Self::with(Admission::default()).await
    }

    /// The same, with these rules of admission.
    pub(crate) async fn with(admission: Admission) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let random = Arc::new(SeededRandom::new(7));
        let installation = InstallationId::random(&*random);
        let material = CaMaterial::generate(&installation, clock.now(), &*random).unwrap();
        let issuing = material.intermediate();
        let ca = IssuingCa::new(issuing.certificate().der(), issuing.key_pkcs8()).unwrap();
        let ca = ca.publishing(Publication::new("http://pki.hospital.example").unwrap());
        let root = material.root().certificate().der().to_vec();
        let roots = TrustAnchors::from_ders(vec![root]).unwrap();
        let authority = Authority {
            ca: Arc::new(ca),
            installation: installation.clone(),
            lifetimes: Lifetimes::default(),
        };
        let key = |kind| Jwk::generate(kind, &*random).unwrap();
        let encryption = || Some(key(KeyType::X25519));
        let keys = vec![
            (
                Service::Registration,
                ServiceKeys {
                    signing: key(KeyType::P256),
                    encryption: encryption(),
                },
            ),
            (
                Service::Status,
                ServiceKeys {
                    signing: key(KeyType::P256),
                    encryption: None,
                },
            ),
        ];
        let path = directory.path().join("registry.db");
        RegistrySqlite::migrate(&path).await.unwrap();
        let kek = Arc::new(RootKek::generate(&*random));
        let anchors = Anchors::new(roots, installation.clone());
        let store = open(&path, &random).await;
        let config =
            configuration(&store, &authority, &anchors, &kek, &keys, &clock, &random).await;
        let config = RegistrationConfig {
            admission: admission.clone(),
            ..config
        };
        let registration = Registration::new(store.clone(), config, clock.clone(), random.clone())
            .await
            .unwrap();
        Self {
            directory,
            clock,
            random,
            installation,
            anchors,
            authority,
            root: material.root().clone(),
            former_cas: Vec::new(),
            kek,
            admission,
            keys,
            store,
            registration,
        }
    }

    /// The process ends and another one begins on the same database.
    pub(crate) async fn restart(&mut self) {
        self.registration.release_serials().await.unwrap();
        self.die_and_restart().await;
    }

    /// The same, of a process that had no time to say goodbye.
    pub(crate) async fn die_and_restart(&mut self) {
        self.store.close().await;
        self.store = open(&self.path(), &self.random).await;
        let config = self.configuration().await;
        let (clock, random) = (self.clock.clone(), self.random.clone());
        self.registration = Registration::new(self.store.clone(), config, clock, random)
            .await
            .unwrap();
    }

    /// Another issuing CA takes over, from the next start.
    pub(crate) async fn roll_over(&mut self) {
        let number = self.former_cas.len() + 2;
        let (id, now) = (&self.installation, self.clock.now());
        let made = CaMaterial::generate_next(&self.root, id, number, now, &*self.random).unwrap();
        let ca = IssuingCa::new(made.certificate().der(), made.key_pkcs8()).unwrap();
        let publication = self.authority.ca.publication().unwrap().clone();
        let ca = Arc::new(ca.publishing(publication));
        self.former_cas
            .push(std::mem::replace(&mut self.authority.ca, ca));
        self.restart().await;
    }

    /// The same process with another source of registrants.
    pub(crate) async fn ask(&mut self, source: Arc<dyn RegistrantSource>) {
        let mut config = self.configuration().await;
        config.source = source;
        let (clock, random) = (self.clock.clone(), self.random.clone());
        self.registration = Registration::new(self.store.clone(), config, clock, random)
            .await
            .unwrap();
    }

    /// Two years go by, and the services' certificates are replaced as they should: they outlive
    /// those that were issued before.
    pub(crate) async fn renew_services(&mut self) {
        self.clock.advance(2 * 366 * DAY);
        self.restart().await;
    }

    pub(crate) async fn configuration(&self) -> RegistrationConfig {
        let Self {
            store,
            authority,
            anchors,
            kek,
            admission,
            keys,
            clock,
            random,
            ..
        } = self;
        let config = configuration(store, authority, anchors, kek, keys, clock, random).await;
        RegistrationConfig {
            admission: admission.clone(),
            former_cas: self.former_cas.clone(),
            ..config
        }
    }

    pub(crate) async fn provision(
        &self,
        service: Service,
        keys: &ServiceKeys,
    ) -> Result<Signer, RegistrationError> {
        let random = self.random.clone();
        provision_service(
            &self.store,
            &self.authority,
            service,
            keys,
            &*self.clock,
            random,
        )
        .await
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("registry.db")
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh private key.
    pub(crate) fn key(&self, kind: KeyType) -> Jwk {
        Jwk::generate(kind, &*self.random).unwrap()
    }

    /// The encryption key of registration, as a client has looked it up.
    pub(crate) async fn transport_key(&self) -> Jwk {
        let owner = Identifier::service(Service::Registration);
        self.recipient(&owner, None).await.unwrap().keys()[0]
            .jwk()
            .clone()
    }

    // --- what is published ---------------------------------------------------------------------

    pub(crate) async fn stored_set(&self, owner: &Identifier) -> Option<StoredJwkSet> {
        self.store
            .read()
            .await
            .unwrap()
            .jwk_set(owner)
            .await
            .unwrap()
    }

    /// The owner's keys, as a sender verifies them with the signed list.
    pub(crate) async fn recipient(
        &self,
        owner: &Identifier,
        seen: Option<Seen>,
    ) -> Result<VerifiedRecipient, RecipientError> {
        let set = self.stored_set(owner).await.expect("a set");
        let set = JwkSet::from_slice(&set.body, 1 << 20).expect("a JWK Set");
        let status = self.status_list().await;
        recipient::verify(&set, owner, &self.anchors, &status, self.now(), seen)
    }

    /// The signed list, which says the same as the board and the database.
    pub(crate) async fn status_list(&self) -> StatusList {
        let token = self.registration.status_token().await.unwrap();
        let list = StatusList::verify(&token, &self.anchors, self.now()).unwrap();
        let (version, entries) = self
            .store
            .read()
            .await
            .unwrap()
            .status_entries()
            .await
            .unwrap();
        assert_eq!(list.version(), version);
        let board = self.registration.status_board();
        for (index, bits) in (0..).zip(entries) {
            assert_eq!(
                list.entries().get(index).bits(),
                bits,
                "list, entry {index}"
            );
            assert_eq!(board.status(index).bits(), bits, "board, entry {index}");
        }
        list
    }

    pub(crate) async fn status(&self, index: u32) -> Status {
        self.status_list().await.entries().get(index)
    }

    // --- what is written -----------------------------------------------------------------------

    /// Everything that tells of a write: no write goes without an audit row.
    pub(crate) async fn footprint(&self) -> Footprint {
        let mut reader = self.store.read().await.unwrap();
        let mut rows = 0;
        for chain in reader.chains().await.unwrap() {
            rows += reader.audit_rows(&chain, 0, 100_000).await.unwrap().len();
        }
        Footprint {
            rows,
            states: reader.audited_states("", 100_000).await.unwrap(),
            status: reader.status_entries().await.unwrap(),
            changes: reader.changes(0, 100_000).await.unwrap().len(),
        }
    }

    /// The newest audit row of the present process.
    pub(crate) async fn last_row(&self) -> kleis_store::StoredAuditRow {
        let mut reader = self.store.read().await.unwrap();
        let chain = reader.chains().await.unwrap().pop().unwrap();
        reader
            .audit_rows(&chain, 0, 100_000)
            .await
            .unwrap()
            .pop()
            .unwrap()
    }

    /// Every record is in the state that the audit knows.
    pub(crate) async fn check_audit(&self) {
        let mut reader = self.store.read().await.unwrap();
        let report = kleis_store::audit::verify(&mut reader).await.unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
        assert!(report.rows > 0 && report.records > 0);
    }

    /// Asserts that `work` is refused and leaves nothing behind.
    pub(crate) async fn refuses<T: std::fmt::Debug>(
        &self,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> (ErrorCode, Option<String>) {
        let before = self.footprint().await;
        let problem = work.await.expect_err("a refusal");
        assert_eq!(
            self.footprint().await,
            before,
            "a refusal has written: {problem}"
        );
        (problem.code(), problem.field().map(str::to_owned))
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Footprint {
    pub(crate) rows: usize,
    states: Vec<(String, u64, [u8; 32])>,
    status: (u64, Vec<u8>),
    changes: usize,
}

async fn open(path: &std::path::Path, random: &Arc<SeededRandom>) -> RegistrySqlite {
    let chain = TraceId::random(&**random).to_string();
    RegistrySqlite::open(path, &chain, random.clone())
        .await
        .unwrap()
}

async fn configuration(
    store: &RegistrySqlite,
    authority: &Authority,
    anchors: &Anchors,
    kek: &Arc<RootKek>,
    keys: &[(Service, ServiceKeys)],
    clock: &Arc<ManualClock>,
    random: &Arc<SeededRandom>,
) -> RegistrationConfig {
    let mut signers = Vec::new();
    for (service, keys) in keys {
        let clock = &**clock;
        let signer =
            provision_service(store, authority, *service, keys, clock, random.clone()).await;
        signers.push(signer.unwrap());
    }
    RegistrationConfig {
        anchors: anchors.clone(),
        ca: Arc::clone(&authority.ca),
        former_cas: Vec::new(),
        signer: signers[0].clone(),
        status_signer: signers[1].clone(),
        transport_key: keys[0].1.encryption.clone().unwrap(),
        kek: Arc::clone(kek),
        types: TypeTable::belgian().clone(),
        weak_moduli: WeakModuli::parse(WEAK_MODULUS).unwrap(),
        lifetimes: authority.lifetimes,
        profiles: BTreeMap::from([("NIHII-PHARMACY".to_owned(), PHARMACIES)]),
        admission: Admission::default(),
        source: Arc::new(RegisterTable),
    }
}

/// A call over the connection of this signer.
pub(crate) fn call_of(signer: &Signer) -> Call {
    let (identity, map) = (signer.identity(), CredentialMap::belgian());
    let thumbprint = signer.certificate().x5t_s256();
    let principal = Principal::from_certificate(
        identity.identifiers(),
        identity.device().clone(),
        thumbprint,
        map,
    );
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736".parse().unwrap();
    Call::new(Some(principal.unwrap()), Some(trace))
}

pub(crate) fn id(text: &str) -> Identifier {
    TypeTable::belgian().parse(text).unwrap()
}

/// What a caller is told.
pub(crate) fn told<T>(result: Result<T, RegistrationError>) -> Result<T, Problem> {
    result.map_err(|error| Problem::from(&error))
}
