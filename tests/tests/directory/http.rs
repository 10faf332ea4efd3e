//! Look-ups over plain HTTP: what is answered, what is not sent again, and what never stands in an address.

use std::fs;

use http::{Method, StatusCode};
use kleis_e2e::{Installation, Web, people};
use serde_json::json;
use tempfile::NamedTempFile;

const SET: &str = "/v1/recipients/CBE/0123456749/jwks?application=MAILBOX";
const LOOKUP: &str = "/v1/recipients:lookup";
const ETEE: &str = "/etee/v1/pubKeys/cacerts/jwks";
const ORIGIN: &str = "https://app.example";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn directory_an_organisations_keys_are_had_over_http_and_not_sent_again() {
    let installation = Installation::new();
    let mailbox = installation.published("mailbox", people::APPLICATION);
    let web = Web::anonymous(&installation);
    let found = web.get(SET).await;
    assert_eq!(found.status, StatusCode::OK);
    assert_eq!(found.header("content-type"), "application/jwk-set+json");
    assert_eq!(found.header("cache-control"), "public, max-age=60");
    assert_ne!(found.header("kleis-trace-id"), "");
    let set = found.json();
    let signer = mailbox.signer();
    assert_eq!(set["keys"][0]["use"], "sig");
    assert_eq!(set["keys"][0]["x5c"].as_array().unwrap().len(), 2);
    assert_eq!(set["keys"][0]["x5t#S256"], signer.certificate().x5t_s256());
    assert_eq!(set["keys"][1]["use"], "enc");
    assert!(set["keys"][1]["kleis_binding"].is_string());
    // The same bytes as over gRPC, under the same tag.
    let etag = found.header("etag");
    let posted = web
        .post(LOOKUP, &json!({ "identifier": people::APPLICATION }))
        .await;
    assert_eq!(
        (&posted.json()["jwks"], &posted.json()["etag"]),
        (&set, &json!(etag))
    );

    let head = web.ask(Method::HEAD, SET, ORIGIN).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.header("content-length"), found.body.len().to_string());
    assert_eq!(head.header("etag"), etag);
    for known in [etag, "*", &format!("\"x\", W/{etag}")] {
        let same = web.get_unless(SET, known).await;
        assert_eq!(
            (same.status, same.body.len()),
            (StatusCode::NOT_MODIFIED, 0)
        );
        assert_eq!(same.header("etag"), etag);
    }
    let refused = web.ask(Method::DELETE, SET, ORIGIN).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(
        (refused.header("allow"), &*refused.code()),
        ("GET,HEAD", "")
    );

    // Revoked is gone, and the tag with it.
    let kid = set["keys"][1]["kid"].as_str().unwrap();
    let key = format!("/v1/keys/{kid}");
    assert_eq!(web.get(&key).await.json()["state"], "ACTIVE");
    mailbox.kleis(&["keys", "revoke", kid, "--reason", "keyCompromise"]);
    let after = web.get_unless(SET, etag).await;
    assert_eq!(after.status, StatusCode::OK);
    assert_eq!(after.json()["keys"].as_array().unwrap().len(), 1);
    let none = web.get(&format!("{SET}&use=enc")).await;
    assert_eq!(
        (none.status, &*none.code()),
        (StatusCode::NOT_FOUND, "RECIPIENT_NOT_FOUND")
    );
    let revoked = web.get(&key).await.json();
    assert_eq!(revoked["state"], "REVOKED");
    assert!(revoked["revokedAt"].as_i64() >= revoked["activatedAt"].as_i64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn directory_persons_are_posted_for_and_stand_in_no_address_and_no_log() {
    let config = NamedTempFile::new().unwrap();
    fs::write(config.path(), "[telemetry]\nfilter = \"debug\"\n").unwrap();
    let installation = Installation::with(&["--config", config.path().to_str().unwrap()]);
    let patient = installation.published("patient", people::PATIENT);
    let (stranger, known) = (
        Web::anonymous(&installation),
        Web::of(&installation, &patient),
    );
    let wanted = json!({ "identifier": people::PATIENT, "use": "enc" });
    let refused = stranger.post(LOOKUP, &wanted).await;
    assert_eq!(
        (refused.status, &*refused.code()),
        (StatusCode::UNAUTHORIZED, "CERTIFICATE_REQUIRED")
    );
    let found = known.post(LOOKUP, &wanted).await;
    assert_eq!(found.json()["identifier"], people::PATIENT);
    assert_eq!(found.header("cache-control"), "no-store");
    let (_, number) = people::PATIENT.split_once(':').unwrap();
    for web in [&stranger, &known] {
        for path in [
            format!("/v1/recipients/SSIN/{number}/jwks"),
            format!("{ETEE}?type=ssin&identifier={number}&use=enc"),
        ] {
            let refused = web.get(&path).await;
            assert_eq!(
                (refused.status, &*refused.code()),
                (StatusCode::BAD_REQUEST, "REQUEST_MALFORMED")
            );
            assert!(!String::from_utf8(refused.body).unwrap().contains(number));
        }
    }
    let log = installation.kleisd().log();
    assert!(log.contains("/v1/recipients/{type}/{value}/jwks"), "{log}");
    assert!(!log.contains(number));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn directory_ehealths_rest_clients_are_answered_in_their_way() {
    let installation = Installation::new();
    installation.published("mailbox", people::APPLICATION);
    let web = Web::anonymous(&installation);
    let ask = async |query: &str| web.get(&format!("{ETEE}?{query}")).await;
    for (key_use, kind) in [("enc", "cbe"), ("sig", "CBE")] {
        let query = format!(
            "identifier=0123456749&type={kind}&applicationIdentifier=MAILBOX&use={key_use}"
        );
        let found = ask(&query).await;
        assert_eq!(found.header("content-type"), "application/jwk-set+json");
        let keys = found.json()["keys"].as_array().unwrap().clone();
        assert_eq!((keys.len(), &keys[0]["use"]), (1, &json!(key_use)));
        let same = web
            .get_unless(&format!("{ETEE}?{query}"), found.header("etag"))
            .await;
        assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    }
    for (query, status, code) in [
        (
            "identifier=0123456749&type=CBE&use=enc",
            404,
            "RECIPIENT_NOT_FOUND",
        ),
        (
            "identifier=0123456749&type=NOSUCH&use=enc",
            400,
            "IDENTIFIER_TYPE_UNKNOWN",
        ),
        (
            "identifier=0123456749&type=CBE&use=enc&use=enc",
            400,
            "REQUEST_MALFORMED",
        ),
        (
            "identifier=0123456749&type=CBE&application=MAILBOX&use=enc",
            400,
            "REQUEST_MALFORMED",
        ),
        ("type=CBE&use=enc", 400, "REQUEST_MALFORMED"),
    ] {
        let refused = ask(query).await;
        assert_eq!(
            (refused.status.as_u16(), &*refused.code()),
            (status, code),
            "{query}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn directory_the_operator_lets_pages_read_and_decides_who_looks_up_whom() {
    let config = NamedTempFile::new().unwrap();
    let settings = format!(
        "[directory]\nmax_age_seconds = 5\ncors_origins = [{ORIGIN:?}]\npersons_over_etee = true\n\
         [directory.audiences]\nNIHII-PHARMACY = \"authenticated\"\n"
    );
    fs::write(config.path(), settings).unwrap();
    let installation = Installation::with(&["--config", config.path().to_str().unwrap()]);
    let mailbox = installation.published("mailbox", people::APPLICATION);
    installation.published("pharmacy", people::PHARMACY);
    installation.published("patient", people::PATIENT);
    let (stranger, known) = (
        Web::anonymous(&installation),
        Web::of(&installation, &mailbox),
    );

    let found = stranger.ask(Method::GET, SET, ORIGIN).await;
    assert_eq!(found.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(found.header("cache-control"), "public, max-age=5");
    assert_eq!(found.header("vary"), "origin");
    let leave = stranger.ask(Method::OPTIONS, SET, ORIGIN).await;
    assert_eq!(leave.status, StatusCode::NO_CONTENT);
    assert_eq!(
        leave.header("access-control-allow-methods"),
        "GET, HEAD, POST"
    );
    // A page may also read why it was refused.
    let path = "/v1/recipients/CBE/0123456749/jwks";
    let refused = stranger.ask(Method::GET, path, ORIGIN).await;
    assert_eq!(refused.code(), "RECIPIENT_NOT_FOUND");
    assert_eq!(refused.header("access-control-allow-origin"), ORIGIN);
    let other = stranger
        .ask(Method::GET, SET, "https://other.example")
        .await;
    assert_eq!(
        (other.status, other.header("access-control-allow-origin")),
        (StatusCode::OK, "")
    );

    let pharmacy = "/v1/recipients/NIHII-PHARMACY/71000436/jwks";
    assert_eq!(stranger.get(pharmacy).await.code(), "CERTIFICATE_REQUIRED");
    assert_eq!(
        known.get(pharmacy).await.header("cache-control"),
        "private, max-age=5"
    );
    let patient = format!("{ETEE}?type=ssin&identifier=85073003328&use=enc");
    assert_eq!(stranger.get(&patient).await.code(), "CERTIFICATE_REQUIRED");
    assert_eq!(known.get(&patient).await.json()["keys"][0]["use"], "enc");
}
