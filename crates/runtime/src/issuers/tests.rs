//! Discovery and keys, from an issuer that the test plays.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{body::Bytes, http::StatusCode};
use kleis_access::{
    mapping::MappingDefinition,
    token::{self, NewToken},
};
use kleis_jose::{JwkSet, KeyType, SignatureAlgorithm};
use kleis_types::{Clock as _, CredentialMap, ManualClock, OsRandom, Scope, TypeTable};
use serde_json::{Map, json};

use super::*;

const ISSUER: &str = "https://idp.example/realms/health";
const OPENID: &str = "https://idp.example/realms/health/.well-known/openid-configuration";
const OAUTH: &str = "https://idp.example/.well-known/oauth-authorization-server/realms/health";
const JWKS: &str = "https://keys.example/jwks";
const NOW: i64 = 1_800_000_000;

/// Documents by address, and how often each was asked for.
#[derive(Debug, Default)]
struct Web {
    documents: Mutex<BTreeMap<&'static str, String>>,
    asked: AtomicUsize,
}

impl Web {
    fn put(&self, address: &'static str, document: &serde_json::Value) {
        let mut documents = self.documents.lock().unwrap();
        documents.insert(address, document.to_string());
    }

    fn take(&self, address: &str) {
        self.documents.lock().unwrap().remove(address);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Fetch for Web {
    fn get<'a>(&'a self, address: &'a str) -> Fetched<'a> {
        if address == JWKS {
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
        let found = self.documents.lock().unwrap().get(address).cloned();
        let answer = found.map(Bytes::from);
        let missing = FetchError::Status(StatusCode::SERVICE_UNAVAILABLE);
        Box::pin(std::future::ready(answer.ok_or(missing)))
    }
}

struct Scene {
    web: Arc<Web>,
    clock: Arc<ManualClock>,
    issuers: Issuers,
}

impl Scene {
    fn new(metadata_at: &'static str) -> Self {
        let web = Arc::new(Web::default());
        web.put(metadata_at, &json!({"issuer": ISSUER, "jwks_uri": JWKS}));
        let clock = Arc::new(ManualClock::new(NOW));
        let keys = DiscoveredKeys::new(
            ISSUER,
            Arc::clone(&web) as _,
            Arc::clone(&clock) as _,
            Freshness::default(),
        );
        let map = CredentialMap::belgian();
        let definition = MappingDefinition::kleis_sts(map);
        let issuer = Issuer {
            rules: IssuerRules {
                issuer: ISSUER.to_owned(),
                audiences: vec!["urn:kleis:installation:x".to_owned()],
                algorithms: vec![SignatureAlgorithm::Es256],
                types: vec![token::TYP.to_owned()],
                max_lifetime: 3600,
            },
            mapping: Mapping::new(definition, TypeTable::belgian(), map).unwrap(),
            keys: Arc::new(keys),
        };
        Self {
            web,
            clock,
            issuers: Issuers::new([issuer]),
        }
    }

    /// Publishes these keys, beside some that nobody here understands.
    fn publish(&self, keys: &[&Jwk]) {
        let set: JwkSet = keys
            .iter()
            .map(|key| key.public().with_thumbprint_kid())
            .collect();
        let mut set = set.to_value();
        let strange = json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "pq"});
        set["keys"].as_array_mut().unwrap().push(strange);
        self.web.put(JWKS, &set);
    }

    async fn verify(&self, token: &str) -> Result<Principal, ErrorCode> {
        let unverified = Unverified::parse(token).unwrap();
        let verified = self.issuers.verify(&unverified, self.clock.now()).await;
        verified
            .map(|(_, principal)| principal)
            .map_err(|problem| problem.code())
    }

    fn token(&self, key: &Jwk) -> String {
        token_of(key, ISSUER, self.clock.now())
    }
}

fn key() -> Jwk {
    Jwk::generate(KeyType::P256, &OsRandom).unwrap()
}

fn token_of(key: &Jwk, issuer: &str, now: Timestamp) -> String {
    let mut extra = Map::new();
    let urn = "urn:kleis:id:CBE:0123456749".to_owned();
    extra.insert("identifiers".to_owned(), json!([urn]));
    let token = NewToken {
        issuer,
        subject: "CBE:0123456749",
        client_id: "CBE:0123456749",
        audience: "urn:kleis:installation:x",
        scope: [Scope::Directory].into(),
        confirmation: None,
        jti: "jti",
        issued_at: now,
        lifetime: 300,
        extra,
    };
    token::sign(key, &token).unwrap()
}

#[tokio::test]
async fn an_issuer_is_found_by_its_name_in_either_way() {
    for metadata_at in [OPENID, OAUTH] {
        let (scene, key) = (Scene::new(metadata_at), key());
        scene.publish(&[&key]);
        let principal = scene.verify(&scene.token(&key)).await.unwrap();
        assert_eq!(principal.primary().to_string(), "CBE:0123456749");
    }
}

#[tokio::test]
async fn an_unknown_issuer_is_not_even_looked_for() {
    let (scene, key) = (Scene::new(OPENID), key());
    scene.publish(&[&key]);
    let token = token_of(&key, "https://evil.example", scene.clock.now());
    assert_eq!(
        scene.verify(&token).await.unwrap_err(),
        ErrorCode::TokenInvalid
    );
    assert_eq!(scene.web.asked(), 0);
}

#[tokio::test]
async fn metadata_of_another_issuer_is_refused() {
    let (scene, key) = (Scene::new(OPENID), key());
    scene.publish(&[&key]);
    let metadata = json!({"issuer": "https://other.example", "jwks_uri": JWKS});
    scene.web.put(OPENID, &metadata);
    let refused = scene.verify(&scene.token(&key)).await.unwrap_err();
    assert_eq!(refused, ErrorCode::IssuerUnavailable);
    assert_eq!(scene.web.asked(), 0);
}

#[tokio::test]
async fn keys_are_asked_for_once_and_then_kept() {
    let (scene, key) = (Scene::new(OPENID), key());
    scene.publish(&[&key]);
    for _ in 0..100 {
        assert!(scene.verify(&scene.token(&key)).await.is_ok());
    }
    assert_eq!(scene.web.asked(), 1);
    scene.clock.advance(Freshness::default().fresh);
    assert!(scene.verify(&scene.token(&key)).await.is_ok());
    assert_eq!(scene.web.asked(), 2);
}

#[tokio::test]
async fn a_rotated_key_is_found_and_a_withdrawn_one_goes() {
    let (scene, old, new) = (Scene::new(OPENID), key(), key());
    scene.publish(&[&old]);
    assert!(scene.verify(&scene.token(&old)).await.is_ok());
    scene.publish(&[&new]);
    scene.clock.advance(Freshness::default().pause);
    assert!(scene.verify(&scene.token(&new)).await.is_ok());
    let refused = scene.verify(&scene.token(&old)).await.unwrap_err();
    assert_eq!(refused, ErrorCode::TokenInvalid);
}

#[tokio::test]
async fn a_flood_of_invented_keys_costs_the_issuer_nothing() {
    let (scene, key) = (Scene::new(OPENID), key());
    scene.publish(&[&key]);
    assert!(scene.verify(&scene.token(&key)).await.is_ok());
    for _ in 0..100 {
        let invented = scene.token(&self::key());
        let refused = scene.verify(&invented).await.unwrap_err();
        assert_eq!(refused, ErrorCode::TokenInvalid);
    }
    assert_eq!(
        scene.web.asked(),
        1,
        "within the pause after the first time"
    );
    scene.clock.advance(Freshness::default().pause);
    for _ in 0..100 {
        assert!(scene.verify(&scene.token(&self::key())).await.is_err());
    }
    assert_eq!(scene.web.asked(), 2);
}

#[tokio::test]
async fn old_keys_serve_while_the_issuer_is_away_but_not_for_ever() {
    let (scene, key) = (Scene::new(OPENID), key());
    scene.publish(&[&key]);
    assert!(scene.verify(&scene.token(&key)).await.is_ok());
    scene.web.take(JWKS);
    let Freshness { stale, fresh, .. } = Freshness::default();
    scene.clock.advance(fresh);
    assert!(scene.verify(&scene.token(&key)).await.is_ok());
    scene.clock.advance(stale - fresh);
    let refused = scene.verify(&scene.token(&key)).await.unwrap_err();
    assert_eq!(refused, ErrorCode::IssuerUnavailable);
    // It comes back by itself, a pause later.
    scene.publish(&[&key]);
    scene.clock.advance(Freshness::default().pause);
    assert!(scene.verify(&scene.token(&key)).await.is_ok());
}

/// A token service of this process that has taken a token back.
#[derive(Debug)]
struct Regretting(Arc<[Jwk]>);

impl KeySource for Regretting {
    fn keys(&self) -> Keys<'_> {
        Box::pin(std::future::ready(Ok(Arc::clone(&self.0))))
    }

    fn newer_than<'a>(&'a self, _: &'a Arc<[Jwk]>) -> Keys<'a> {
        self.keys()
    }

    fn is_revoked(&self, jti: &str) -> bool {
        jti == "jti"
    }
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_refused() {
    let (scene, key) = (Scene::new(OPENID), key());
    scene.publish(&[&key]);
    let Scene { issuers, .. } = scene;
    let mut issuer = issuers.0.into_values().next().unwrap();
    issuer.keys = Arc::new(Regretting([key.public().with_thumbprint_kid()].into()));
    let scene = Scene {
        issuers: Issuers::new([issuer]),
        ..Scene::new(OPENID)
    };
    let refused = scene.verify(&scene.token(&key)).await.unwrap_err();
    assert_eq!(refused, ErrorCode::TokenInvalid);
}
