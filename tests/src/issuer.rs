//! An issuer of access tokens that the test plays: it signs whatever it is told to.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Json, Router, extract::State, routing::get};
use kleis_jose::{
    Jwk, JwkSet, KeyType,
    jws::{self, Header},
};
use kleis_types::{Clock as _, OsRandom, Random as _, SystemClock, base64url};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{
    service::Routes,
    transport::{Identity, Server, ServerTlsConfig, server::TcpIncoming},
};

use crate::{Installation, tls_certificate};

/// An issuer on a port of its own, with one signing key.
#[derive(Debug)]
pub struct PlayedIssuer {
    name: String,
    key: Jwk,
    published: Arc<Published>,
    task: JoinHandle<()>,
    dir: TempDir,
}

#[derive(Debug)]
struct Published {
    name: String,
    keys: Value,
    asked: AtomicUsize,
}

impl PlayedIssuer {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("https://{}", listener.local_addr().unwrap());
        let key = Jwk::generate(KeyType::P256, &OsRandom).unwrap();
        let keys: JwkSet = [key.public().with_thumbprint_kid()].into_iter().collect();
        let published = Arc::new(Published {
            name: name.clone(),
            keys: keys.to_value(),
            asked: AtomicUsize::new(0),
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(jwks))
            .with_state(Arc::clone(&published));
        let tls = tls_certificate();
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("ca.pem"), &tls.authority).unwrap();
        let identity = Identity::from_pem(&tls.certificate, &tls.key);
        let server = Server::builder()
            .accept_http1(true)
            .tls_config(ServerTlsConfig::new().identity(identity))
            .unwrap()
            .add_routes(Routes::from(routes))
            .serve_with_incoming(TcpIncoming::from(listener));
        let task = tokio::spawn(async { server.await.unwrap() });
        Self {
            name,
            key,
            published,
            task,
            dir,
        }
    }

    /// Its name, the claim `iss`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its signing key.
    pub fn key(&self) -> &Jwk {
        &self.key
    }

    /// The certificates to trust, PEM.
    pub fn roots(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// How often its keys were asked for.
    pub fn asked(&self) -> usize {
        self.published.asked.load(Ordering::SeqCst)
    }

    /// The lines of a configuration that make an installation accept it. It certifies organisations
    /// (claim `cbe`) and persons (claim `ssin`), and whether somebody is a recognised pharmacy.
    pub fn configuration(&self) -> String {
        let (name, roots) = (&self.name, self.roots());
        let roots = roots.display();
        format!(
            r#"
[[issuers]]
issuer = "{name}"
roots = "{roots}"
[issuers.mapping]
namespaces = ["urn:kleis:identifier", "urn:be:fgov:certified-namespace:ehealth"]
[[issuers.mapping.identifiers]]
claim = ["cbe"]
type = "CBE"
application_claim = ["application"]
[[issuers.mapping.identifiers]]
claim = ["ssin"]
type = "SSIN"
[[issuers.mapping.credentials]]
namespace = "urn:be:fgov:certified-namespace:ehealth"
name = "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean"
claim = ["pharmacy"]
value = "true"
conclusive = true
"#
        )
    }

    /// The claims of a good token for an installation.
    pub fn claims(&self, installation: &Installation) -> Value {
        let now = SystemClock.now().unix();
        json!({
            "iss": self.name,
            "sub": "client-1",
            "client_id": "client-1",
            "aud": format!("urn:kleis:installation:{}", installation.facts().installation),
            "iat": now,
            "exp": now + 300,
            "jti": base64url::encode(&OsRandom.array::<16>()),
            "scope": "directory registration custody",
            "cbe": "0123456749",
        })
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&self.key, "at+jwt", claims)
    }

    /// A token of any type by any key, under the name of its own key.
    pub fn sign_with(&self, key: &Jwk, typ: &str, claims: &Value) -> String {
        let header = Header::default()
            .with_typ(typ)
            .with_kid(self.key.thumbprint().to_string());
        jws::sign(key, &header, claims.to_string().as_bytes()).unwrap()
    }
}

impl Drop for PlayedIssuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn metadata(State(published): State<Arc<Published>>) -> Json<Value> {
    let name = &published.name;
    Json(json!({"issuer": name, "jwks_uri": format!("{name}/jwks")}))
}

async fn jwks(State(published): State<Arc<Published>>) -> Json<Value> {
    published.asked.fetch_add(1, Ordering::SeqCst);
    Json(published.keys.clone())
}
