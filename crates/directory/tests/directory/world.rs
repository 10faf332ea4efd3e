//! What the tests are about: a database as registration leaves it.

use std::path::PathBuf;
use std::sync::Arc;

use kleis_directory::{Directory, Settings, grpc};
use kleis_store::registry::{
    Certificate, EncryptionKey, RegistryStore, RegistryTx as _, StoredJwkSet,
};
use kleis_store::suite::perform;
use kleis_store::{Actor, AuditEvent, AuditOutcome, Audited, EvidenceTx as _};
use kleis_store_sqlite::RegistrySqlite;
use kleis_types::{
    CertificateState, Clock, CredentialMap, Identifier, KeyState, ManualClock, Principal,
    SeededRandom, Timestamp, TypeTable,
};

pub(crate) const PERSON: &str = "SSIN:85073003328";
pub(crate) const DOCTOR: &str = "NIHII:18749704";
pub(crate) const EHR: &str = "CBE:0123456749/EHR";
pub(crate) const LAB: &str = "CBE:0123456749/LAB";
pub(crate) const PLAIN: &str = "CBE:0999999922";
pub(crate) const EMPTY: &str = "CBE:0888888895";
pub(crate) const KID: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
pub(crate) const PENDING: &str = "0SVmHlR8xpwXa1rFcA5J3-uPmsAHuFWUkYPTFJDoeQ0";

/// A registry's database with some recipients, and a directory over it.
pub(crate) struct World {
    dir: tempfile::TempDir,
    pub(crate) store: RegistrySqlite,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) directory: Directory<RegistrySqlite>,
}

impl World {
    async fn over(dir: tempfile::TempDir, store: RegistrySqlite, settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new(1_000));
        let directory = directory(store.clone(), settings, &clock);
        directory.catch_up().await.unwrap();
        Self {
            dir,
            store,
            clock,
            directory,
        }
    }

    /// The same database with a directory of other settings.
    pub(crate) async fn with(self, settings: Settings) -> Self {
        Self::over(self.dir, self.store, settings).await
    }

    /// The same database as another process has it open.
    pub(crate) async fn another_process(&self) -> RegistrySqlite {
        let random = Arc::new(SeededRandom::new(8));
        let path = self.dir.path().join("registry.db");
        RegistrySqlite::open(&path, "other", random).await.unwrap()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("registry.db")
    }

    pub(crate) fn service(&self) -> grpc::Adapter<RegistrySqlite> {
        grpc::adapter(self.directory.clone())
    }
}

pub(crate) fn directory<S: RegistryStore>(
    store: S,
    settings: Settings,
    clock: &Arc<ManualClock>,
) -> Directory<S> {
    let clock: Arc<dyn Clock> = clock.clone();
    Directory::new(store, TypeTable::belgian().clone(), settings, clock)
}

pub(crate) fn id(text: &str) -> Identifier {
    text.parse().unwrap()
}

pub(crate) fn row(resource: Option<&dyn Audited>) -> AuditEvent {
    AuditEvent {
        at: Timestamp::from_unix(1_000),
        action: "test.publish",
        actor: Actor::Local,
        resource: resource.map(Audited::resource).unwrap_or_default(),
        resource_version: resource.map_or(0, Audited::version),
        resource_digest: resource.map(Audited::digest),
        outcome: AuditOutcome::Done,
        order_digest: None,
        trace_id: String::new(),
        details: String::new(),
    }
}

pub(crate) async fn world() -> World {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("registry.db");
    RegistrySqlite::migrate(&path).await.unwrap();
    let random = Arc::new(SeededRandom::new(7));
    let store = RegistrySqlite::open(&path, "test", random).await.unwrap();
    for recipient in [PERSON, EHR, LAB, PLAIN] {
        publish(&store, recipient, true).await;
    }
    publish(&store, EMPTY, false).await;
    perform(&store, |tx| {
        Box::pin(async move {
            tx.put_alias(&id(DOCTOR), &id(PERSON)).await?;
            tx.append_audit(&row(None)).await
        })
    })
    .await
    .unwrap();
    World::over(dir, store, Settings::default()).await
}

/// A set whose bytes name the recipient, so that a wrong one shows.
pub(crate) fn set(recipient: &str, with_encryption_key: bool) -> StoredJwkSet {
    let enc = format!(r#",{{"use":"enc","of":"{recipient}"}}"#);
    let body = format!(
        r#"{{"keys":[{{"use":"sig","of":"{recipient}"}}{}]}}"#,
        if with_encryption_key {
            enc.as_str()
        } else {
            ""
        }
    );
    StoredJwkSet {
        recipient: id(recipient),
        body: body.into_bytes(),
        etag: format!("\"{recipient}:{with_encryption_key}\""),
        has_keys: with_encryption_key,
    }
}

pub(crate) async fn publish(store: &RegistrySqlite, recipient: &str, with_encryption_key: bool) {
    let set = set(recipient, with_encryption_key);
    perform(store, move |tx| {
        let set = set.clone();
        Box::pin(async move {
            tx.put_jwk_set(&set, Timestamp::from_unix(1_000)).await?;
            tx.append_audit(&row(None)).await
        })
    })
    .await
    .unwrap();
}

pub(crate) async fn put_key(
    store: &RegistrySqlite,
    kid: &'static str,
    owner: &'static str,
    state: KeyState,
) {
    let mut issuer = kleis_trust::test_util::World::new(3);
    let chain = issuer.certify(owner, "main").chain().to_vec();
    perform(store, move |tx| {
        let chain = chain.clone();
        Box::pin(async move {
            let index = tx.allocate_status().await?;
            let serial = format!("{index:04x}");
            let certificate = Certificate {
                serial: serial.clone(),
                owner: id(owner),
                registrant: id(owner).with_application(None),
                device: "main".parse().unwrap(),
                jkt: format!("jkt-{index}"),
                x5t: format!("x5t-{index}"),
                chain,
                not_before: Timestamp::from_unix(0),
                not_after: Timestamp::from_unix(9_000),
                status_index: index,
                endorsement: String::new(),
                recovered: false,
                state: CertificateState::Superseded,
                reason: None,
                revoked_at: None,
                place: 0,
                version: 1,
            };
            let index = tx.allocate_status().await?;
            let key = EncryptionKey {
                kid: kid.to_owned(),
                owner: id(owner),
                device: "main".parse().unwrap(),
                jwk: r#"{"kty":"OKP","use":"enc"}"#.to_owned(),
                sequence: index,
                status_index: index,
                certificate: serial,
                created_at: Timestamp::from_unix(10),
                activated_at: Some(Timestamp::from_unix(20)),
                superseded_at: None,
                revoked_at: (state == KeyState::Revoked).then(|| Timestamp::from_unix(30)),
                expires_at: Timestamp::from_unix(8_000),
                state,
                reason: None,
                version: 1,
            };
            tx.put_registrant(&registrant(owner)).await?;
            tx.append_audit(&row(Some(&registrant(owner)))).await?;
            tx.put_certificate(&certificate).await?;
            tx.append_audit(&row(Some(&certificate))).await?;
            tx.put_encryption_key(&key).await?;
            tx.append_audit(&row(Some(&key))).await
        })
    })
    .await
    .unwrap();
}

fn registrant(owner: &str) -> kleis_store::registry::Registrant {
    let id = id(owner).with_application(None);
    kleis_store::registry::Registrant {
        id: id.clone(),
        name: "Somebody".to_owned(),
        identifiers: vec![id],
        active: true,
        contact: kleis_types::Contact::default(),
        version: 1,
    }
}

pub(crate) fn caller() -> Principal {
    let device = "main".parse().unwrap();
    Principal::from_certificate(&[id(PLAIN)], device, "x5t", CredentialMap::belgian()).unwrap()
}
