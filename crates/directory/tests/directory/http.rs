//! The directory over plain HTTP: statuses, tags, media types, and what never stands in an address.

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::{HeaderMap, Method, Request, StatusCode, header};
use kleis_directory::http::{HttpSettings, routes};
use kleis_directory::{Audience, Audiences, Settings};
use kleis_store::Store as _;
use kleis_types::{ErrorCode, KeyState, Principal, Problem};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::world::{
    DOCTOR, EHR, EMPTY, KID, LAB, PERSON, PLAIN, World, caller, publish, put_key, world,
};

const PLAIN_SET: &str = "/v1/recipients/CBE/0999999922/jwks";
const ORIGIN: &str = "https://app.example";

fn settings() -> HttpSettings {
    HttpSettings {
        max_age: 60,
        ..HttpSettings::default()
    }
}

/// What was answered.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    problem: Option<Problem>,
    body: Vec<u8>,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            problem: parts.extensions.get::<Problem>().cloned(),
            body: to_bytes(body, 1 << 20).await.unwrap().to_vec(),
        }
    }

    fn code(&self) -> ErrorCode {
        self.problem.as_ref().unwrap().code()
    }

    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK);
        serde_json::from_slice(&self.body).unwrap()
    }
}

struct Ask<'a> {
    world: &'a World,
    settings: HttpSettings,
    principal: Option<Principal>,
}

impl<'a> Ask<'a> {
    fn of(world: &'a World) -> Self {
        Self {
            world,
            settings: settings(),
            principal: None,
        }
    }

    fn known(world: &'a World) -> Self {
        Self {
            principal: Some(caller()),
            ..Self::of(world)
        }
    }

    async fn send(&self, mut request: Request<Body>) -> Answer {
        if let Some(principal) = &self.principal {
            request.extensions_mut().insert(principal.clone());
        }
        let routes = routes(self.world.directory.clone(), self.settings.clone());
        Answer::of(routes.oneshot(request).await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    async fn get_unless(&self, path: &str, tag: &str) -> Answer {
        let request = Request::get(path).header(header::IF_NONE_MATCH, tag);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, body: &str) -> Answer {
        let request = Request::post("/v1/recipients:lookup")
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8");
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }
}

#[tokio::test]
async fn an_organisations_set_with_its_tag_and_its_age() {
    let world = world().await;
    let ask = Ask::of(&world);
    let found = ask.get(PLAIN_SET).await;
    assert_eq!(found.json()["keys"][1]["of"], PLAIN);
    assert_eq!(found.header("content-type"), "application/jwk-set+json");
    assert_eq!(found.header("cache-control"), "public, max-age=60");
    assert_eq!(found.header("vary"), "");
    let etag = found.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    // The application is named, or there is none.
    let ehr = ask
        .get("/v1/recipients/cbe/0123456749/jwks?application=ehr")
        .await;
    assert_eq!(ehr.json()["keys"][0]["of"], EHR);
    let none = ask.get("/v1/recipients/CBE/0123456749/jwks").await;
    assert_eq!(none.code(), ErrorCode::RecipientNotFound);
    // Keys for one use have a tag of their own.
    let sig = ask.get(&format!("{PLAIN_SET}?use=sig")).await;
    assert_eq!(sig.json()["keys"].as_array().unwrap().len(), 1);
    assert_ne!(sig.header("etag"), etag);
    let enc = ask.get("/v1/recipients/CBE/0888888895/jwks?use=enc").await;
    assert_eq!(enc.code(), ErrorCode::RecipientNotFound, "{EMPTY}");
    // Nobody need keep anything.
    let unkept = Ask {
        settings: HttpSettings::default(),
        ..Ask::of(&world)
    };
    assert_eq!(
        unkept.get(PLAIN_SET).await.header("cache-control"),
        "public, no-cache"
    );
}

#[tokio::test]
async fn who_has_it_already_is_told_so() {
    let world = world().await;
    let ask = Ask::of(&world);
    let whole = ask.get(PLAIN_SET).await;
    let etag = whole.header("etag").to_owned();
    for has in [etag.clone(), format!("\"x\", W/{etag}"), "*".to_owned()] {
        let same = ask.get_unless(PLAIN_SET, &has).await;
        assert_eq!(same.status, StatusCode::NOT_MODIFIED, "{has}");
        assert!(same.body.is_empty());
        for name in ["etag", "cache-control", "vary"] {
            assert_eq!(same.header(name), whole.header(name), "{name}");
        }
    }
    assert_eq!(
        ask.get_unless(PLAIN_SET, "\"other\"").await.status,
        StatusCode::OK
    );
    // A refusal stays one.
    let none = ask
        .get_unless("/v1/recipients/CBE/0123456749/jwks", "*")
        .await;
    assert_eq!(none.code(), ErrorCode::RecipientNotFound);
    publish(&world.store, PLAIN, false).await;
    world.directory.catch_up().await.unwrap();
    assert_eq!(
        ask.get_unless(PLAIN_SET, &etag).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn head_is_get_without_the_body_and_other_methods_are_named() {
    let world = world().await;
    let ask = Ask::of(&world);
    let request = |method: Method| {
        let request = Request::builder().method(method).uri(PLAIN_SET);
        request.body(Body::empty()).unwrap()
    };
    let (get, head) = (
        ask.get(PLAIN_SET).await,
        ask.send(request(Method::HEAD)).await,
    );
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    for name in ["etag", "content-type", "cache-control"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let refused = ask.send(request(method)).await;
        assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(refused.header("allow"), "GET,HEAD");
    }
}

#[tokio::test]
async fn a_person_in_an_address_is_refused_before_anything_is_looked_at() {
    let world = world().await;
    let before = world.store.statements();
    let etee = "/etee/v1/pubKeys/cacerts/jwks?use=sig&";
    for ask in [Ask::of(&world), Ask::known(&world)] {
        for path in [
            "/v1/recipients/SSIN/85073003328/jwks".to_owned(),
            "/v1/recipients/ssin/85073003328/jwks?use=sig".to_owned(),
            "/v1/recipients/SSIN/no-number/jwks".to_owned(),
            "/v1/recipients/NIHII/18749704/jwks".to_owned(),
            "/v1/recipients/NIHII11/18749704001/jwks".to_owned(),
            format!("{etee}type=ssin&identifier=85073003328"),
            format!("{etee}type=NIHII&identifier=18749704"),
        ] {
            let refused = ask.get(&path).await;
            let problem = refused.problem.unwrap();
            assert_eq!(problem.code(), ErrorCode::RequestMalformed, "{path}");
            assert!(problem.detail().contains("POST /v1/recipients:lookup"));
            assert!(!problem.detail().contains("85073003328"));
        }
    }
    assert_eq!(world.store.statements(), before);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_its_place() {
    let world = world().await;
    let ask = Ask::of(&world);
    let etee = "/etee/v1/pubKeys/cacerts/jwks";
    let known = "identifier=0999999922&type=CBE&use=sig";
    for (path, code, field) in [
        (
            "/v1/recipients/NOSUCH/1/jwks",
            ErrorCode::IdentifierTypeUnknown,
            Some("type"),
        ),
        (
            "/v1/recipients/CBE/0425222333/jwks",
            ErrorCode::IdentifierCheckDigit,
            Some("identifier"),
        ),
        (
            "/v1/recipients/CBE/0123456749%2FEHR/jwks",
            ErrorCode::IdentifierInvalid,
            Some("identifier"),
        ),
        (
            "/v1/recipients/CBE/0123456749/jwks?application=%20",
            ErrorCode::ApplicationInvalid,
            Some("application"),
        ),
        (
            &format!("{PLAIN_SET}?use=both"),
            ErrorCode::RequestMalformed,
            Some("use"),
        ),
        (
            &format!("{PLAIN_SET}?use=enc&use=enc"),
            ErrorCode::RequestMalformed,
            Some("use"),
        ),
        (
            &format!("{PLAIN_SET}?aplication=X"),
            ErrorCode::RequestMalformed,
            None,
        ),
        ("/v1/keys/none", ErrorCode::RequestMalformed, Some("kid")),
        (
            &format!("/v1/keys/{KID}?asOf=soon"),
            ErrorCode::RequestMalformed,
            Some("asOf"),
        ),
        (&format!("/v1/keys/{KID}"), ErrorCode::NotFound, None),
        (
            &format!("{etee}?{known}&x=1"),
            ErrorCode::RequestMalformed,
            None,
        ),
        (
            &format!("{etee}?{known}&type=CBE"),
            ErrorCode::RequestMalformed,
            Some("type"),
        ),
        (
            &format!("{etee}?identifier=0999999922&use=sig"),
            ErrorCode::RequestMalformed,
            Some("type"),
        ),
        (
            &format!("{etee}?type=CBE&use=sig"),
            ErrorCode::RequestMalformed,
            Some("identifier"),
        ),
        (
            &format!("{etee}?type=CBE&identifier=0999999922"),
            ErrorCode::RequestMalformed,
            Some("use"),
        ),
    ] {
        let refused = ask.get(path).await;
        assert_eq!(refused.code(), code, "{path}");
        let told = refused.problem.as_ref().and_then(Problem::field);
        assert_eq!(told, field, "{path}");
    }
}

#[tokio::test]
async fn ehealths_clients_get_keys_of_the_one_use() {
    let world = world().await;
    let ask = Ask::of(&world);
    let jwks = async |query: &str| {
        let path = format!("/etee/v1/pubKeys/cacerts/jwks?{query}");
        ask.get(&path).await
    };
    for (query, key_use, of) in [
        ("identifier=0999999922&type=CBE&use=enc", "enc", PLAIN),
        (
            "identifier=0999999922&type=cbe&use=sig&applicationIdentifier=",
            "sig",
            PLAIN,
        ),
        (
            "identifier=0123456749&type=cbe&applicationIdentifier=LAB&use=enc",
            "enc",
            LAB,
        ),
    ] {
        let found = jwks(query).await;
        let set = found.json();
        assert_eq!(set["keys"].as_array().unwrap().len(), 1, "{query}");
        assert_eq!(
            (&set["keys"][0]["use"], &set["keys"][0]["of"]),
            (&json!(key_use), &json!(of))
        );
        assert_eq!(found.header("content-type"), "application/jwk-set+json");
        let path = format!("/etee/v1/pubKeys/cacerts/jwks?{query}");
        let again = ask.get_unless(&path, found.header("etag")).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    }
    for query in [
        "identifier=0888888895&type=CBE&use=enc",
        "identifier=0777777870&type=CBE&use=sig",
        "identifier=0123456749&type=CBE&use=enc",
    ] {
        assert_eq!(
            jwks(query).await.code(),
            ErrorCode::RecipientNotFound,
            "{query}"
        );
    }
}

#[tokio::test]
async fn ehealths_clients_find_persons_where_they_may_and_are_known() {
    let world = world().await;
    let path = "/etee/v1/pubKeys/cacerts/jwks?identifier=18749704&type=nihii&use=enc";
    let settings = HttpSettings {
        persons_over_etee: true,
        ..settings()
    };
    let stranger = Ask {
        settings: settings.clone(),
        ..Ask::of(&world)
    };
    assert_eq!(
        stranger.get(path).await.code(),
        ErrorCode::CertificateRequired,
        "{DOCTOR}"
    );
    let known = Ask {
        settings,
        ..Ask::known(&world)
    };
    let found = known.get(path).await;
    assert_eq!(found.json()["keys"][0]["of"], PERSON);
    assert_eq!(found.header("cache-control"), "private, max-age=60");
    assert_eq!(found.header("vary"), "authorization");
    // In a path they never stand.
    let refused = known.get("/v1/recipients/NIHII/18749704/jwks").await;
    assert_eq!(refused.code(), ErrorCode::RequestMalformed);
}

#[tokio::test]
async fn a_lookup_is_posted_for_persons_and_for_whom_else() {
    let world = world().await;
    let (stranger, known) = (Ask::of(&world), Ask::known(&world));
    let person = json!({ "identifier": DOCTOR, "use": "enc" }).to_string();
    assert_eq!(
        stranger.post(&person).await.code(),
        ErrorCode::CertificateRequired
    );
    let found = known.post(&person).await;
    assert_eq!(found.header("content-type"), "application/json");
    assert_eq!(found.header("cache-control"), "no-store");
    let answer = found.json();
    assert_eq!(answer["identifier"], PERSON);
    assert_eq!(answer["jwks"]["keys"][1]["of"], PERSON);
    let again = json!({ "identifier": DOCTOR, "use": "enc", "ifEtag": answer["etag"] });
    let again = known.post(&again.to_string()).await.json();
    assert_eq!(
        again,
        json!({ "notModified": true, "etag": answer["etag"] })
    );
    let open = json!({ "identifier": "CBE:0123456749", "anyApplication": true });
    let candidates = stranger.post(&open.to_string()).await.json();
    assert_eq!(candidates, json!({ "candidates": [EHR, LAB] }));
    for bad in [
        "",
        "[]",
        "{\"identifier\":\"CBE:0999999922\",\"identifier\":\"CBE:0999999922\"}",
        "{\"identifier\":\"CBE:0999999922\",\"application\":\"EHR\"}",
        "{\"identifier\":1}",
    ] {
        assert_eq!(
            stranger.post(bad).await.code(),
            ErrorCode::RequestMalformed,
            "{bad}"
        );
    }
    let long = format!("{{\"identifier\":\"{}\"}}", "x".repeat(5_000));
    assert_eq!(
        stranger.post(&long).await.code(),
        ErrorCode::RequestTooLarge
    );
    let empty = stranger.post("{}").await;
    assert_eq!(empty.code(), ErrorCode::IdentifierInvalid);
    // A form of a foreign page is no JSON.
    let form = Request::post("/v1/recipients:lookup").header(header::CONTENT_TYPE, "text/plain");
    let form = stranger.send(form.body(Body::from(person)).unwrap()).await;
    assert_eq!(form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_key_is_shown_with_its_times_and_a_persons_to_known_callers() {
    let world = world().await;
    put_key(&world.store, KID, PERSON, KeyState::Revoked).await;
    let path = format!("/v1/keys/{KID}");
    assert_eq!(Ask::of(&world).get(&path).await.code(), ErrorCode::NotFound);
    let known = Ask::known(&world);
    let found = known.get(&path).await;
    assert_eq!(
        found.json(),
        json!({
            "identifier": PERSON, "device": "main", "jwk": { "kty": "OKP", "use": "enc" }, "state": "REVOKED",
            "createdAt": 10, "activatedAt": 20, "revokedAt": 30, "expiresAt": 8_000,
        })
    );
    assert_eq!(found.header("cache-control"), "private, max-age=60");
    let same = known.get_unless(&path, found.header("etag")).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    let then = known.get(&format!("{path}?asOf=29")).await;
    assert_eq!(then.json()["state"], "ACTIVE");
    let before = known.get(&format!("{path}?asOf=19")).await;
    assert_eq!(before.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn who_hears_of_no_changes_says_when_to_come_again() {
    let world = world().await;
    world.clock.advance(6);
    let refused = Ask::of(&world).get(PLAIN_SET).await;
    assert_eq!(refused.code(), ErrorCode::DirectoryBehind);
    assert_eq!(refused.header("retry-after"), "1");
}

#[tokio::test]
async fn web_pages_that_are_named_may_read() {
    let world = world().await;
    let named = Ask {
        settings: HttpSettings {
            origins: vec![ORIGIN.to_owned()],
            ..settings()
        },
        ..Ask::of(&world)
    };
    let from = |method: Method, origin: &str| {
        let request = Request::builder().method(method).uri(PLAIN_SET);
        let request = request.header(header::ORIGIN, origin);
        let request = request.header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET");
        request.body(Body::empty()).unwrap()
    };
    let found = named.send(from(Method::GET, ORIGIN)).await;
    assert_eq!(found.status, StatusCode::OK);
    assert_eq!(found.header("access-control-allow-origin"), ORIGIN);
    assert!(
        found
            .header("access-control-expose-headers")
            .contains("etag")
    );
    assert_eq!(found.header("vary"), "origin");
    let leave = named.send(from(Method::OPTIONS, ORIGIN)).await;
    assert_eq!(leave.status, StatusCode::NO_CONTENT);
    assert_eq!(leave.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(
        leave.header("access-control-allow-methods"),
        "GET, HEAD, POST"
    );
    assert!(
        leave
            .header("access-control-allow-headers")
            .contains("authorization")
    );
    assert_eq!(leave.header("access-control-allow-credentials"), "");
    // Others get what programs get, and no leave to show it to a page.
    for origin in [
        "https://app.example.evil",
        "null",
        "https://APP.example",
        "",
    ] {
        let found = named.send(from(Method::GET, origin)).await;
        assert_eq!(found.status, StatusCode::OK);
        assert_eq!(found.header("access-control-allow-origin"), "", "{origin}");
        assert_eq!(found.header("vary"), "origin");
        let refused = named.send(from(Method::OPTIONS, origin)).await;
        assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    // By default nobody has.
    let found = Ask::of(&world).send(from(Method::GET, ORIGIN)).await;
    assert_eq!(found.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn the_operator_may_open_and_close_types() {
    let audiences = Audiences::new([
        ("CBE".to_owned(), Audience::Authenticated),
        ("SSIN".to_owned(), Audience::Open),
    ]);
    let settings = Settings {
        audiences,
        ..Settings::default()
    };
    let world = world().await.with(settings).await;
    let (stranger, known) = (Ask::of(&world), Ask::known(&world));
    assert_eq!(
        stranger.get(PLAIN_SET).await.code(),
        ErrorCode::CertificateRequired
    );
    let found = known.get(PLAIN_SET).await;
    assert_eq!(found.header("cache-control"), "private, max-age=60");
    let person = json!({ "identifier": PERSON }).to_string();
    assert_eq!(stranger.post(&person).await.json()["identifier"], PERSON);
    // The alias is of a type that is closed as usual.
    let alias = json!({ "identifier": DOCTOR }).to_string();
    assert_eq!(
        stranger.post(&alias).await.code(),
        ErrorCode::CertificateRequired
    );
    // Open or not, a person stands in no address.
    let path = "/v1/recipients/SSIN/85073003328/jwks";
    assert_eq!(stranger.get(path).await.code(), ErrorCode::RequestMalformed);
}
