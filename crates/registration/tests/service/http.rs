//! What the CA publishes, as HTTP clients get it.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use kleis_pki::{Certificate, pem_text};
use kleis_registration::http;
use kleis_types::{CredentialMap, ErrorCode, Principal, Problem, RevocationReason};
use tower::ServiceExt as _;

use crate::{
    house::{House, JOHN, KGSS},
    people::Device,
    revocation::question,
};

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    problem: Option<ErrorCode>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    pub(crate) fn certificates(&self) -> Vec<Certificate> {
        let blocks = pem_text::blocks(&self.body).unwrap();
        let read = |block: &pem::Pem| Certificate::from_der(block.contents()).unwrap();
        blocks.iter().map(read).collect()
    }
}

async fn send(house: &House, request: Request<Body>) -> Answer {
    let router: Router = http::routes(house.registration.clone());
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        problem: parts.extensions.get::<Problem>().map(Problem::code),
        headers: parts.headers,
        body: to_bytes(body, 1 << 20).await.unwrap().to_vec(),
    }
}

pub(crate) async fn get(house: &House, path: &str) -> Answer {
    send(house, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn get_if_changed(house: &House, path: &str, tag: &str) -> Answer {
    let request = Request::get(path).header(header::IF_NONE_MATCH, tag);
    send(house, request.body(Body::empty()).unwrap()).await
}

async fn post(house: &House, kind: &str, body: Vec<u8>) -> Answer {
    let request = Request::post("/pki/ocsp").header(header::CONTENT_TYPE, kind);
    send(house, request.body(body.into()).unwrap()).await
}

async fn john() -> (House, Device, Device) {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    (house, operator, john)
}

#[tokio::test]
async fn a_list_is_fetched_once_until_it_changes() {
    let (house, operator, john) = john().await;
    let path = format!("/pki/crl/{}/0.crl", house.authority.ca.id());
    let first = get(&house, &path).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.header(header::CONTENT_TYPE), "application/pkix-crl");
    assert_eq!(first.header(header::CACHE_CONTROL), "public, max-age=60");
    let tag = first.header(header::ETAG).to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'));
    for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
        let again = get_if_changed(&house, &path, &known).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!((again.body.len(), again.header(header::ETAG)), (0, &*tag));
    }
    house
        .revoke_because(&operator, &john.serial(), RevocationReason::KeyCompromise)
        .await
        .unwrap();
    let changed = get_if_changed(&house, &path, &tag).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_ne!(changed.body, first.body);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (house, _, john) = john().await;
    let issuer = house.authority.ca.id();
    for path in [
        format!("/pki/crl/{issuer}/1.crl"),
        format!("/pki/crl/{issuer}/00.crl"),
        format!("/pki/crl/{issuer}/+0.crl"),
        format!("/pki/crl/{issuer}/4294967296.crl"),
        format!("/pki/crl/{issuer}/0"),
        "/pki/crl/0123456789abcdef/0.crl".to_owned(),
        "/pki/crl/x/0.crl".to_owned(),
        "/pki/ca/0123456789abcdef.cer".to_owned(),
        format!("/pki/ca/{issuer}"),
        "/pki/certificates/4123.pem".to_owned(),
        format!("/pki/certificates/{}", john.serial()),
    ] {
        let answer = get(&house, &path).await;
        assert_eq!(answer.problem, Some(ErrorCode::NotFound), "{path}");
    }
}

#[tokio::test]
async fn ocsp_is_asked_by_get_and_by_post() {
    let (house, _, john) = john().await;
    let request = question(&house, &[&john.serial()], false);
    let posted = post(&house, "application/ocsp-request", request.clone()).await;
    assert_eq!(posted.status, StatusCode::OK);
    let kind = "application/ocsp-response";
    assert_eq!(posted.header(header::CONTENT_TYPE), kind);
    assert_eq!(posted.header(header::CACHE_CONTROL), "no-store");
    assert_eq!(posted.body[4..7], [0x0a, 0x01, 0x00]);

    let encoded = data_encoding::BASE64.encode(&request);
    let escaped = encoded
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    for written in [encoded, escaped] {
        let got = get(&house, &format!("/pki/ocsp/{written}")).await;
        assert_eq!(got.status, StatusCode::OK);
        assert_eq!(got.body[4..7], [0x0a, 0x01, 0x00], "{written}");
        let control = "public, max-age=60, no-transform, must-revalidate";
        assert_eq!(got.header(header::CACHE_CONTROL), control);
        assert!(!got.header(header::ETAG).is_empty());
    }
}

#[tokio::test]
async fn a_bad_question_is_told_so_in_the_words_of_ocsp() {
    let (house, _, _) = john().await;
    let malformed = [0x30, 0x03, 0x0a, 0x01, 0x01];
    let kind = "application/ocsp-request";
    for body in [
        vec![],
        vec![0x30; 8192],
        vec![0x30; 8193],
        vec![0x30; 1 << 20],
    ] {
        let answer = post(&house, kind, body).await;
        assert_eq!(
            (answer.status, &answer.body[..]),
            (StatusCode::OK, &malformed[..])
        );
    }
    for path in [
        "/pki/ocsp/AAAA",
        "/pki/ocsp/not base64".replace(' ', "%20").as_str(),
    ] {
        let answer = get(&house, path).await;
        assert_eq!(answer.body, malformed);
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    }
    let answer = post(&house, "application/json", vec![]).await;
    assert_eq!(answer.problem, Some(ErrorCode::RequestMalformed));
    let without = Request::post("/pki/ocsp").body(Body::empty()).unwrap();
    assert!(send(&house, without).await.problem.is_some());
}

#[tokio::test]
async fn the_cas_are_there_for_everybody() {
    let (house, _, _) = john().await;
    let ca = house.authority.ca.chain_certificate();
    let one = get(&house, &format!("/pki/ca/{}.cer", house.authority.ca.id())).await;
    assert_eq!(one.header(header::CONTENT_TYPE), "application/pkix-cert");
    assert_eq!(one.body, ca.der());
    let chain = get(&house, "/pki/ca.pem").await;
    assert_eq!(chain.certificates(), std::slice::from_ref(ca));
    let root = get(&house, "/pki/root.pem").await;
    assert_eq!(root.certificates(), house.anchors.roots().roots());
    assert_eq!(root.header(header::CACHE_CONTROL), "public, max-age=3600");
    let tag = root.header(header::ETAG);
    let again = get_if_changed(&house, "/pki/root.pem", tag).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn organisations_are_open_and_persons_are_for_known_callers() {
    let (house, operator, john) = john().await;
    let kgss = house
        .welcome(&operator, &["CBE:0809394427"], KGSS, "main")
        .await;
    let path = |device: &Device| format!("/pki/certificates/{}.pem", device.serial());
    let open = get(&house, &path(&kgss)).await;
    assert_eq!(open.status, StatusCode::OK);
    assert_eq!(open.header(header::CACHE_CONTROL), "public, max-age=300");
    let ders: Vec<_> = open
        .certificates()
        .iter()
        .map(|it| it.der().to_vec())
        .collect();
    assert_eq!(ders, kgss.signer.chain());

    // Whoever is unknown learns not even that it exists.
    let closed = get(&house, &path(&john)).await;
    let never = get(&house, "/pki/certificates/4123.pem").await;
    assert_eq!(closed.problem, Some(ErrorCode::NotFound));
    assert_eq!(
        (closed.problem, closed.headers),
        (never.problem, never.headers)
    );

    let identity = kgss.signer.identity();
    let caller = Principal::from_certificate(
        identity.identifiers(),
        identity.device().clone(),
        kgss.signer.certificate().x5t_s256(),
        CredentialMap::belgian(),
    );
    let mut known = Request::get(path(&john)).body(Body::empty()).unwrap();
    known.extensions_mut().insert(caller.unwrap());
    let shown = send(&house, known).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert_eq!(shown.header(header::CACHE_CONTROL), "no-store");
    assert_eq!(shown.certificates()[0].der(), john.signer.chain()[0]);
}

#[tokio::test]
async fn every_address_has_a_rule() {
    let (house, _, _) = john().await;
    // A route without a rule is not served; the table is what the server goes by.
    assert_eq!(http::RULES.len(), 7);
    for path in ["/pki/ocsp", "/pki/elsewhere"] {
        assert_ne!(get(&house, path).await.status, StatusCode::OK);
    }
}
