//! What the CA publishes, over HTTP.
//!
//! | | | |
//! |---|---|---|
//! | `GET /pki/crl/{issuer}/{shard}.crl` | a revocation list | RFC 5280 section 5 |
//! | `POST /pki/ocsp`, `GET /pki/ocsp/{request}` | what became of certificates | RFC 6960 appendix A |
//! | `GET /pki/ca/{issuer}.cer` | an issuing CA, DER | RFC 5280 section 4.2.2.1 |
//! | `GET /pki/ca.pem`, `GET /pki/root.pem` | issuing CAs, the present one first; root | |
//! | `GET /pki/certificates/{serial}.pem` | a certificate and its issuer, without the root | |
//!
//! All of it is signed, so it needs no TLS: clients fetch revocation lists over plain HTTP, since
//! with TLS they would have to know first what became of the server's certificate. The root is what
//! everybody has pinned already; whoever takes it from here takes it on trust.
//!
//! A certificate names its holder. Those of organisations and services are for everybody, as in the
//! directory; those of persons for known callers alone, and to others they do not exist.

mod answer;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, header},
    response::Response,
    routing::get,
};
use data_encoding::BASE64;
use kleis_pki::{Certificate, ocsp::MAX_REQUEST};
use kleis_store::registry::RegistryStore;
use kleis_types::{ErrorCode, Principal, Problem, RpcRule, Rule, Scope};

use self::answer::{Kept, refuse};
use crate::Registration;

const CRL: &str = "/pki/crl/{issuer}/{list}";
const OCSP: &str = "/pki/ocsp";
const OCSP_GET: &str = "/pki/ocsp/{*request}";
const ISSUER: &str = "/pki/ca/{issuer}";
const CHAIN: &str = "/pki/ca.pem";
const ROOT: &str = "/pki/root.pem";
const CERTIFICATE: &str = "/pki/certificates/{certificate}";

const OCSP_REQUEST: &str = "application/ocsp-request";

/// Who may ask what, by the templates of the paths.
pub const RULES: &[RpcRule] = &[
    (CRL, Rule::Anyone),
    (OCSP, Rule::Anyone),
    (OCSP_GET, Rule::Anyone),
    (ISSUER, Rule::Anyone),
    (CHAIN, Rule::Anyone),
    (ROOT, Rule::Anyone),
    (CERTIFICATE, Rule::Lookup(Scope::Registration)),
];

/// The addresses of a registration service.
pub fn routes<S: RegistryStore>(registration: Registration<S>) -> Router {
    Router::new()
        .route(CRL, get(crl))
        .route(OCSP, axum::routing::post(ocsp_post))
        .route(OCSP_GET, get(ocsp_get))
        .route(ISSUER, get(issuer))
        .route(CHAIN, get(chain))
        .route(ROOT, get(root))
        .route(CERTIFICATE, get(certificate))
        .with_state(registration)
}

async fn crl<S: RegistryStore>(
    State(registration): State<Registration<S>>,
    Path((issuer, list)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let shard = list.strip_suffix(".crl").and_then(plain_number);
    let (Ok(issuer), Some(shard)) = (issuer.parse(), shard) else {
        return nothing();
    };
    match registration.crl(issuer, shard).await {
        Ok(Some(crl)) => {
            let kept = Kept::public("application/pkix-crl", crl.der().to_vec(), 60);
            kept.tagged(crl.tag()).answer(&headers)
        }
        Ok(None) => nothing(),
        Err(error) => refuse(&error),
    }
}

async fn ocsp_post<S: RegistryStore>(
    State(registration): State<Registration<S>>,
    request: Request,
) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != OCSP_REQUEST) {
        let advice = format!("send a request of OCSP as {OCSP_REQUEST}");
        return answer::problem(Problem::new(ErrorCode::RequestMalformed, advice));
    }
    // One that is too large is as malformed as any other.
    let body = to_bytes(request.into_body(), MAX_REQUEST).await;
    let answer = registration.ocsp(&body.unwrap_or_default()).await;
    Kept::never(answer::OCSP_RESPONSE, answer.der).answer(&HeaderMap::new())
}

async fn ocsp_get<S: RegistryStore>(
    State(registration): State<Registration<S>>,
    Path(request): Path<String>,
    headers: HeaderMap,
) -> Response {
    let request = BASE64.decode(request.as_bytes()).unwrap_or_default();
    let answer = registration.ocsp(&request).await;
    if answer.is_public {
        let tag = answer::tag(&answer.der);
        let kept = Kept::public(answer::OCSP_RESPONSE, answer.der, 60);
        kept.untouched().tagged(&tag).answer(&headers)
    } else {
        Kept::never(answer::OCSP_RESPONSE, answer.der).answer(&headers)
    }
}

async fn issuer<S: RegistryStore>(
    State(registration): State<Registration<S>>,
    Path(issuer): Path<String>,
    headers: HeaderMap,
) -> Response {
    let named = issuer.strip_suffix(".cer").and_then(|id| id.parse().ok());
    let mut cas = registration.issuing_cas();
    match cas.find(|ca| named == Some(ca.id())) {
        Some(ca) => {
            let der = ca.chain_certificate().der().to_vec();
            of_ca("application/pkix-cert", der, &headers)
        }
        None => nothing(),
    }
}

async fn chain<S: RegistryStore>(
    State(registration): State<Registration<S>>,
    headers: HeaderMap,
) -> Response {
    let cas = registration.issuing_cas();
    let pem: String = cas.map(|ca| ca.chain_certificate().to_pem()).collect();
    of_ca(answer::PEM, pem.into_bytes(), &headers)
}

async fn root<S: RegistryStore>(
    State(registration): State<Registration<S>>,
    headers: HeaderMap,
) -> Response {
    let roots = registration.roots().iter().map(Certificate::to_pem);
    of_ca(
        answer::PEM,
        roots.collect::<String>().into_bytes(),
        &headers,
    )
}

async fn certificate<S: RegistryStore>(
    State(registration): State<Registration<S>>,
    Path(name): Path<String>,
    request: axum::http::Request<Body>,
) -> Response {
    let Some(serial) = name.strip_suffix(".pem") else {
        return nothing();
    };
    let caller = request.extensions().get::<Principal>();
    match registration.published_chain(serial, caller).await {
        Ok(Some(chain)) => {
            let pem: String = chain.certificates.iter().map(Certificate::to_pem).collect();
            let tag = answer::tag(pem.as_bytes());
            let kept = if chain.is_public {
                Kept::public(answer::PEM, pem.into_bytes(), 300)
            } else {
                Kept::never(answer::PEM, pem.into_bytes())
            };
            kept.tagged(&tag).answer(request.headers())
        }
        Ok(None) => nothing(),
        Err(error) => refuse(&error),
    }
}

/// The certificate of a CA, which stays what it is.
fn of_ca(kind: &'static str, body: Vec<u8>, headers: &HeaderMap) -> Response {
    let tag = answer::tag(&body);
    Kept::public(kind, body, 3600).tagged(&tag).answer(headers)
}

fn nothing() -> Response {
    let advice = "there is nothing at this address";
    answer::problem(Problem::new(ErrorCode::NotFound, advice))
}

/// A number in its one decimal form.
fn plain_number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
