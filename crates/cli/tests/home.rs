//! Commands with a home, as far as they need no server.

mod support;

use serde_json::Value;
use support::{Place, enrolled, refused};

const JANE: &str = "SSIN:85073003328";

#[test]
fn whoami_reads_the_home_and_needs_no_passphrase() {
    let place = Place::new();
    let key = enrolled::enrol(&place, JANE, Some("correct horse"));
    let who = place.run("--output json whoami").json();
    assert_eq!(who["identifier"], JANE);
    assert_eq!(who["device"], "main");
    assert_eq!(who["kid"], key.thumbprint().as_str());
    assert_eq!(
        (&who["encrypted"], &who["endorsed"]),
        (&true.into(), &false.into())
    );
    assert_eq!(who["keys"], Value::Array(Vec::new()));
    let people = place.run("whoami");
    assert!(people.text().contains(JANE) && people.text().contains("kleis keys publish"));
    assert_eq!(place.mode("home"), 0o700);
    assert_eq!(place.mode("home/auth.jwk"), 0o600);
}

#[test]
fn a_document_is_signed_with_the_chain() {
    let place = Place::new();
    enrolled::enrol(&place, JANE, None);
    place.write("report.pdf", b"%PDF");
    let signed = place
        .run("sign --type application/pdf report.pdf --output json")
        .json();
    assert_eq!(signed["signer"], JANE);
    place.write("report.jws", signed["jws"].as_str().unwrap());
    let inspected = place.run("--output json jose inspect report.jws").json();
    assert_eq!(inspected["header"]["typ"], "JOSE");
    assert_eq!(inspected["header"]["cty"], "application/pdf");
    assert_eq!(inspected["certificates"][0]["identifiers"][0], JANE);
    assert_eq!(inspected["certificates"].as_array().unwrap().len(), 2);
    assert_eq!(inspected["refusal"], Value::Null);
}

#[test]
fn nobody_is_tricked_into_signing_an_order() {
    let place = Place::new();
    enrolled::enrol(&place, JANE, None);
    place.write("order.json", "{}");
    for option in [
        "--typ kleis-order+jwt",
        "--type Application/Kleis-Order+JWT",
        "--typ client-authentication+jwt",
        "--typ dpop+jwt",
        "--typ at+jwt",
    ] {
        let run = place.run(&format!("--output json sign {option} order.json"));
        assert_eq!(run.refusal(), refused(1, "RESERVED_TYPE"));
    }
}

#[test]
fn a_home_under_a_passphrase_opens_with_the_right_one() {
    let place = Place::new();
    enrolled::enrol(&place, JANE, Some("correct horse"));
    place.write("note.txt", "x");
    place.write_private("right", "correct horse\n");
    place.write_private("wrong", "wrong horse\n");
    let sign = |file: &str| place.run(&format!("--output json {file} sign note.txt"));
    assert!(sign("--passphrase-file right").json()["jws"].is_string());
    assert_eq!(
        sign("--passphrase-file wrong").refusal(),
        refused(4, "PASSPHRASE")
    );
    // Nobody at a terminal to ask.
    if std::fs::File::open("/dev/tty").is_err() {
        assert_eq!(sign("").refusal(), refused(4, "PASSPHRASE"));
    }
}

#[test]
fn a_new_device_asks_and_a_sibling_endorses() {
    let place = Place::new();
    enrolled::enrol(&place, JANE, None);
    let new = Place::new();
    std::fs::create_dir(new.path("home")).unwrap();
    for file in ["config.toml", "root.pem"] {
        std::fs::copy(place.path("home").join(file), new.path("home").join(file)).unwrap();
    }
    new.write_private("pass", "correct horse");
    let request = format!(
        "--passphrase-file pass devices request --id {JANE} --device tablet --out request.json"
    );
    new.run(&request).text();
    assert_eq!(new.mode("home/auth.jwk"), 0o600);
    assert!(!new.read_text("home/auth.jwk").contains("\"d\""));
    let told: Value = serde_json::from_slice(&new.read("request.json")).unwrap();
    assert_eq!(
        (&told["identifier"], &told["device"]),
        (&JANE.into(), &"tablet".into())
    );
    // The same key again: the request may have been lost.
    let again = new.run(&format!("{request}2"));
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(new.read("request.json"), new.read("request.json2"));

    place.write("request.json", new.read("request.json"));
    let unasked = place.run("--output json devices endorse request.json");
    assert_eq!(unasked.refusal(), refused(2, "USAGE"));
    let endorsed = place
        .run("--output json devices endorse request.json --yes")
        .json();
    assert_eq!(endorsed["jkt"], told["jkt"]);
    place.write("endorsement", endorsed["endorsement"].as_str().unwrap());
    let inspected = place
        .run("--output json jose inspect --claims endorsement")
        .json();
    assert_eq!(inspected["header"]["typ"], "kleis-endorsement+jwt");
    assert_eq!(inspected["payload"]["jkt"], told["jkt"]);

    place.write("request.json", "{\"identifier\":\"SSIN:85073003328\"}");
    let run = place.run("--output json devices endorse request.json --yes");
    assert_eq!(run.refusal(), refused(7, "FILE"));
    // Somebody else's device is none of ours.
    let bob = told.to_string().replace(JANE, "SSIN:93051822361");
    place.write("request.json", bob);
    assert_eq!(place.run("devices endorse request.json --yes").code, 7);
}

#[test]
fn a_bad_file_of_registrants_is_told_line_by_line_and_nothing_is_sent() {
    let place = Place::new();
    enrolled::enrol(&place, JANE, None);
    place.write(
        "r.csv",
        "name,identifiers,active\n\
         Jane Doe,SSIN:85073003328,true\n\
         Wrong,SSIN:85073003329,true\n\
         \"\",CBE:0809394427,true\n",
    );
    let run = place.run("--output json operator registrants import r.csv");
    let error = run.error();
    // Nobody listens at the address: a program that had sent something would say UNREACHABLE.
    assert_eq!((run.code, &error["reason"]), (7, &"CSV_INVALID".into()));
    let items = error["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(
        (&items[0]["what"], &items[1]["what"]),
        (&"line 3".into(), &"line 4".into())
    );
    assert_eq!(items[0]["reason"], "IDENTIFIER_CHECK_DIGIT");
    let people = place.run("operator registrants import r.csv");
    assert_eq!(people.stderr.lines().count(), 3, "{}", people.stderr);
}

#[test]
fn a_service_that_does_not_answer_is_told_as_such() {
    let place = Place::new();
    enrolled::enrol(&place, JANE, None);
    place.write("note.txt", "x");
    for args in [
        "lookup CBE:0809394427",
        "status",
        "seal --to CBE:0809394427 note.txt",
        "keys list",
        "operator registrants list",
    ] {
        let run = place.run(&format!("{args} --output json"));
        assert_eq!(run.refusal(), refused(6, "UNREACHABLE"), "{args}");
    }
}

#[test]
fn what_is_no_sealed_document_is_refused() {
    let place = Place::new();
    enrolled::enrol(&place, JANE, None);
    for text in ["{\"ciphertext\":", "a.b.c.d.e", ""] {
        place.write("x.jwe", text);
        let run = place.run("--output json open x.jwe");
        assert_eq!(run.refusal(), refused(7, "INPUT"), "{text}");
    }
}

#[test]
fn a_key_that_others_can_read_is_not_used() {
    let place = Place::new();
    enrolled::enrol(&place, JANE, None);
    place.write("note.txt", "x");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(place.path("home/auth.jwk"), mode).unwrap();
    let run = place.run("--output json sign note.txt");
    assert_eq!(run.refusal(), refused(4, "HOME_PERMISSIONS"));
}

#[test]
fn a_home_is_enrolled_once() {
    let place = Place::new();
    enrolled::enrol(&place, JANE, None);
    place.write("code.txt", "0".repeat(45));
    let run = place.run(&format!(
        "--output json enroll --id {JANE} --code-file code.txt"
    ));
    assert_eq!(run.refusal(), refused(5, "ALREADY_ENROLLED"));
    place.write("code.txt", "not a code");
    let run = place.run(&format!(
        "--output json enroll --id {JANE} --code-file code.txt"
    ));
    assert_eq!(run.refusal(), refused(7, "ENROLMENT_CODE"));
}

#[test]
fn a_policy_is_json_within_its_limit() {
    let place = Place::new();
    enrolled::enrol(&place, JANE, None);
    place.write("policy.json", "{\"readers\":[],\"readers\":[]}");
    let run = place.run("--output json custody create --policy policy.json");
    assert_eq!(run.refusal(), refused(7, "FILE"));
    place.write("policy.json", " ".repeat(16_385));
    let run = place.run("--output json custody create --policy policy.json");
    assert_eq!(run.refusal(), refused(7, "FILE"));
}
