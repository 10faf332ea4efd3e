//! An installation with a token service, its clients, and a directory that says what it is told to.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use kleis_access::token::{AccessToken, IssuerRules, TYP, Unverified};
use kleis_access::{assertion, dpop};
use kleis_jose::{Jwk, JwkSet, KeyType, SignatureAlgorithm};
use kleis_store::{EvidenceRead as _, Store as _, StoredAuditRow, audit};
use kleis_store_sqlite::StsSqlite;
use kleis_sts::{Clients, ClientsUnavailable, Lifetimes, OpenError, Sts, StsConfig, http::routes};
use kleis_trust::Signer;
use kleis_trust::status::{StatusList, StatusSource, StatusUnavailable};
use kleis_trust::test_util::{World, private_key};
use kleis_types::{
    Clock, CredentialMap, Identifier, ManualClock, Principal, SeededRandom, Timestamp, TypeTable,
};
use kleis_wrap::RootKek;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

pub(crate) const ISSUER: &str = "https://sts.example:8443";
pub(crate) const TOKEN: &str = "/oauth2/token";
pub(crate) const REVOKE: &str = "/oauth2/revoke";
pub(crate) const INTROSPECT: &str = "/oauth2/introspect";
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An organisation with an application: it has no pseudonym to be looked up.
pub(crate) const CLINIC: &str = "CBE:0123456749/MAILBOX";
/// Another organisation.
pub(crate) const LAB: &str = "CBE:0888888895";
/// A doctor, a person, and the same person by another name.
pub(crate) const DOCTOR: &str = "NIHII:18749704";
pub(crate) const CITIZEN: &str = "SSIN:85073003328";

pub(crate) type OpenSts = Sts<StsSqlite, Arc<Register>, Board>;

/// The status list of the moment, or none.
#[derive(Clone)]
pub(crate) struct Board(Arc<Mutex<Option<Arc<StatusList>>>>);

impl StatusSource for Board {
    async fn current(&self) -> Result<Arc<StatusList>, StatusUnavailable> {
        self.0.lock().unwrap().clone().ok_or(StatusUnavailable)
    }
}

/// A directory: what is published of whom, or that it is out of order.
#[derive(Default)]
pub(crate) struct Register(Mutex<Option<BTreeMap<Identifier, JwkSet>>>);

impl Clients for Register {
    async fn keys(&self, client: &Identifier) -> Result<Option<JwkSet>, ClientsUnavailable> {
        let published = self.0.lock().unwrap();
        let published = published.as_ref().ok_or(ClientsUnavailable)?;
        Ok(published.get(client).cloned())
    }
}

/// A client with its certified key, and a key for DPoP proofs.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) signer: Signer,
    pub(crate) dpop: Jwk,
}

impl Client {
    /// The certified private key.
    pub(crate) fn key(&self) -> &Jwk {
        private_key(&self.signer)
    }

    /// The caller that the layers in front make of its connection.
    pub(crate) fn principal(&self) -> Principal {
        let identity = self.signer.identity();
        let x5t = self.signer.certificate().x5t_s256();
        let device = identity.device().clone();
        let map = CredentialMap::belgian();
        Principal::from_certificate(identity.identifiers(), device, x5t, map).unwrap()
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    /// The error, after a look at what every one has in common.
    pub(crate) fn error(&self) -> &str {
        assert!(self.status.is_client_error() || self.status.is_server_error());
        assert_eq!(self.header("cache-control"), "no-store");
        assert!(!self.text("error_description").is_empty(), "{self:?}");
        self.text("error")
    }
}

/// A request under construction.
pub(crate) struct Post {
    path: &'static str,
    form: Vec<(String, String)>,
    proofs: Vec<String>,
    principal: Option<Principal>,
}

impl Post {
    pub(crate) fn to(path: &'static str) -> Self {
        Self {
            path,
            form: Vec::new(),
            proofs: Vec::new(),
            principal: None,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.form.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Authenticates with this assertion.
    pub(crate) fn by(self, assertion: &str) -> Self {
        self.with("client_assertion_type", ASSERTION_TYPE)
            .with("client_assertion", assertion)
    }

    pub(crate) fn proof(mut self, proof: impl Into<String>) -> Self {
        self.proofs.push(proof.into());
        self
    }

    /// Sends it over a connection on which this client showed its certificate.
    pub(crate) fn over(mut self, client: &Client) -> Self {
        self.principal = Some(client.principal());
        self
    }

    pub(crate) fn body(&self) -> String {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(&self.form).finish()
    }

    pub(crate) fn into_request(self) -> Request<Body> {
        let mut request =
            Request::post(self.path).header("content-type", "application/x-www-form-urlencoded");
        for proof in &self.proofs {
            request = request.header("dpop", proof);
        }
        let mut request = request.body(Body::from(self.body())).unwrap();
        if let Some(principal) = self.principal {
            request.extensions_mut().insert(principal);
        }
        request
    }
}

pub(crate) struct Office {
    pub(crate) world: World,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) board: Board,
    pub(crate) register: Arc<Register>,
    pub(crate) store: StsSqlite,
    pub(crate) sts: OpenSts,
    directory: TempDir,
}

/// The KEK of a seed.
pub(crate) fn kek(seed: u64) -> RootKek {
    RootKek::generate(&SeededRandom::new(seed))
}

impl Office {
    pub(crate) async fn open() -> Self {
        Self::open_as(7).await
    }

    /// The installation of a seed.
    pub(crate) async fn open_as(seed: u64) -> Self {
        let world = World::new(seed);
        let clock = Arc::new(ManualClock::new(world.now().unix()));
        let board = Board(Arc::new(Mutex::new(Some(Arc::new(world.status_list())))));
        let register = Arc::new(Register(Mutex::new(Some(BTreeMap::new()))));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sts.db");
        StsSqlite::migrate(&path).await.unwrap();
        let store = open_store(&path, "first").await;
        let config = config(&world, 1);
        let sts = start(&store, config, &register, &board, &clock, 11)
            .await
            .unwrap();
        Self {
            world,
            clock,
            board,
            register,
            store,
            sts,
            directory,
        }
    }

    /// Stops the service and starts it again, from what is on the disk.
    pub(crate) async fn restart(&mut self) {
        self.store.close().await;
        self.store = open_store(&self.path(), "second").await;
        self.sts = self.start(config(&self.world, 1), 12).await.unwrap();
    }

    /// Another process on the same database.
    pub(crate) async fn another(&self) -> OpenSts {
        let store = open_store(&self.path(), "another").await;
        let config = config(&self.world, 1);
        start(&store, config, &self.register, &self.board, &self.clock, 13)
            .await
            .unwrap()
    }

    pub(crate) async fn start(&self, config: StsConfig, seed: u64) -> Result<OpenSts, OpenError> {
        let (register, board, clock) = (&self.register, &self.board, &self.clock);
        start(&self.store, config, register, board, clock, seed).await
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("sts.db")
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

    pub(crate) fn lose_directory(&self) {
        *self.register.0.lock().unwrap() = None;
    }

    // --- clients ------------------------------------------------------------------------------

    /// A client whose certificate names `ids`, and whose key is published under each.
    pub(crate) fn client(&mut self, ids: &[&str]) -> Client {
        let signer = self.world.certify_all(ids, "main");
        self.enlist(ids, signer)
    }

    /// A client of a signer, whose key is published under each of `ids`.
    pub(crate) fn enlist(&mut self, ids: &[&str], signer: Signer) -> Client {
        let device = self.world.bind(signer.clone(), KeyType::X25519);
        self.publish_status();
        // Both keys: a directory may answer with more than was asked for.
        let set = World::set(&[&device]);
        for id in ids {
            self.publish(id, set.clone());
        }
        Client {
            id: ids[0].to_owned(),
            signer,
            dpop: self.world.key(KeyType::P256),
        }
    }

    pub(crate) fn publish(&self, id: &str, set: JwkSet) {
        let mut published = self.register.0.lock().unwrap();
        let published = published.as_mut().unwrap();
        published.insert(id.parse().unwrap(), set);
    }

    /// A fresh assertion of a client.
    pub(crate) fn assertion(&self, client: &Client) -> String {
        self.assertion_as(client, &client.id)
    }

    /// A fresh assertion of a client, which calls itself `id`.
    pub(crate) fn assertion_as(&self, client: &Client, id: &str) -> String {
        let random = self.world.random();
        assertion::make(client.key(), id, ISSUER, None, self.now(), random).unwrap()
    }

    /// A fresh proof of a client's DPoP key, with a fresh nonce.
    pub(crate) async fn proof(&self, client: &Client) -> String {
        let nonce = self.nonce().await;
        self.proof_with(client, TOKEN, Some(&nonce))
    }

    pub(crate) fn proof_with(&self, client: &Client, path: &str, nonce: Option<&str>) -> String {
        let request = dpop::Request {
            method: "POST",
            url: &format!("{ISSUER}{path}"),
            access_token: None,
            nonce,
        };
        dpop::make(&client.dpop, &request, self.now(), self.world.random()).unwrap()
    }

    /// The nonce that comes with any answer of the token endpoint.
    pub(crate) async fn nonce(&self) -> String {
        let answer = self.send(Post::to(TOKEN)).await;
        answer.header("dpop-nonce").to_owned()
    }

    // --- requests -----------------------------------------------------------------------------

    pub(crate) fn router(&self) -> Router {
        routes(self.sts.clone())
    }

    pub(crate) async fn send(&self, post: Post) -> Answer {
        ask(self.router(), post.into_request()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        ask(self.router(), request).await
    }

    /// A request for a token, authenticated, not bound yet.
    pub(crate) fn wish(&self, client: &Client) -> Post {
        Post::to(TOKEN)
            .with("grant_type", "client_credentials")
            .by(&self.assertion(client))
    }

    /// A token that is bound to the client's DPoP key.
    pub(crate) async fn token(&self, client: &Client) -> String {
        let wish = self.wish(client).proof(self.proof(client).await);
        let answer = self.send(wish).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.text("access_token").to_owned()
    }

    /// A token of a new client.
    pub(crate) async fn token_of(&mut self, id: &str) -> String {
        let client = self.client(&[id]);
        self.token(&client).await
    }

    /// Verifies a token as a resource server would, by the published keys.
    pub(crate) async fn verify(&self, token: &str) -> Option<AccessToken> {
        let set = self.get("/oauth2/jwks").await.body.to_string();
        let keys = JwkSet::from_slice(set.as_bytes(), 65_536).unwrap();
        let rules = IssuerRules {
            issuer: ISSUER.to_owned(),
            audiences: vec![self.world.installation().audience()],
            algorithms: vec![SignatureAlgorithm::Es256],
            types: vec![TYP.to_owned()],
            max_lifetime: 300,
        };
        let token = Unverified::parse(token).unwrap();
        token.verify(keys.keys(), &rules, self.now()).ok()
    }

    // --- evidence -----------------------------------------------------------------------------

    /// All rows of the audit, chain by chain, after a walk through it that found nothing wrong.
    pub(crate) async fn audit(&self) -> Vec<StoredAuditRow> {
        let mut reader = self.store.read().await.unwrap();
        let report = audit::verify(&mut reader).await.unwrap();
        assert!(report.is_clean(), "{report:?}");
        let mut rows = Vec::new();
        for chain in reader.chains().await.unwrap() {
            rows.extend(reader.audit_rows(&chain, 0, 1000).await.unwrap());
        }
        rows
    }

    /// What the audit says of requests: action, outcome, details.
    pub(crate) async fn acts(&self) -> Vec<(String, String, String)> {
        let rows = self.audit().await.into_iter();
        rows.filter(|row| row.actor != "SERVICE:sts")
            .map(|row| (row.action, row.outcome, row.details))
            .collect()
    }
}

/// Sends a request to a router.
pub(crate) async fn ask(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let body = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body).unwrap()
    };
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

pub(crate) fn config(world: &World, seed: u64) -> StsConfig {
    StsConfig {
        anchors: world.anchors().clone(),
        issuer: ISSUER.to_owned(),
        root_kek: kek(seed),
        types: TypeTable::belgian().clone(),
        lifetimes: Lifetimes::default(),
    }
}

async fn open_store(path: &std::path::Path, chain: &str) -> StsSqlite {
    let random = Arc::new(SeededRandom::new(3));
    StsSqlite::open(path, chain, random).await.unwrap()
}

async fn start(
    store: &StsSqlite,
    config: StsConfig,
    register: &Arc<Register>,
    board: &Board,
    clock: &Arc<ManualClock>,
    seed: u64,
) -> Result<OpenSts, OpenError> {
    let random = Arc::new(SeededRandom::new(seed));
    let (clients, clock) = (Arc::clone(register), Arc::clone(clock));
    Sts::new(store.clone(), config, clients, board.clone(), clock, random).await
}
