//! What every command has in common: help, output, errors, exit codes.

mod support;

use support::{Place, refused};

/// Every command there is, without its arguments.
const COMMANDS: [&str; 57] = [
    "init",
    "enroll",
    "request submit",
    "request status",
    "request validate",
    "request withdraw",
    "contract",
    "certificate describe",
    "certificate renew",
    "whoami",
    "status",
    "devices request",
    "devices endorse",
    "devices list",
    "devices revoke",
    "keys publish",
    "keys activate",
    "keys rotate",
    "keys revoke",
    "keys list",
    "keys import-p12",
    "notices",
    "lookup",
    "watch",
    "seal",
    "open",
    "sign",
    "verify",
    "custody create",
    "custody deposit",
    "custody get",
    "custody describe",
    "custody shred",
    "operator bootstrap",
    "operator registrants import",
    "operator registrants list",
    "operator codes create",
    "operator codes approve",
    "operator codes list",
    "operator codes revoke",
    "operator requests list",
    "operator requests approve",
    "operator requests reject",
    "operator revoke",
    "operator grant",
    "operator roles grant",
    "operator roles withdraw",
    "operator roles list",
    "audit list",
    "audit show",
    "jose encrypt",
    "jose decrypt",
    "jose generate",
    "jose inspect",
    "jose sign",
    "jose thumbprint",
    "jose verify",
];

#[test]
fn without_arguments_there_is_help() {
    let run = Place::new().run("");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("Usage: kleis"), "{}", run.stderr);
    for group in ["devices", "keys", "custody", "operator", "audit", "jose"] {
        let run = Place::new().run(group);
        assert_eq!(run.code, 2);
        assert!(
            run.stderr.contains("Usage: kleis"),
            "{group}: {}",
            run.stderr
        );
    }
}

#[test]
fn help_is_prose_with_the_exit_codes() {
    let help = Place::new().run("--help");
    let help = help.text();
    for word in ["health care", "Exit codes", "70", "--output", "lookup"] {
        assert!(help.contains(word), "{word}");
    }
    assert!(Place::new().run("--version").text().starts_with("kleis 0."));
}

#[test]
fn every_command_has_help_of_a_readable_width() {
    let place = Place::new();
    for command in COMMANDS {
        let help = place.run(&format!("{command} --help"));
        let help = help.text();
        assert!(
            help.contains(&format!("Usage: kleis {command}")),
            "{command}"
        );
        let wide = help.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wide, None, "{command}");
    }
}

#[test]
fn a_wrong_command_line_is_an_error_in_the_form_asked_for() {
    let place = Place::new();
    for args in [
        "nonsense",
        "seal",
        "lookup report.pdf",
        "lookup CBE:0425222333",
        "lookup CBE:0809394427/KGSS --any-application",
        "lookup CBE:0809394427 --any-application --use sig",
        "lookup CBE:0809394427 --use sig --as-of 2026-11-01T00:00:00Z",
        "lookup CBE:0809394427 --any-application --as-of 2026-11-01T00:00:00Z",
        "lookup CBE:0809394427 --as-of yesterday",
        "watch nobody",
        "watch --count 0",
        "watch --cursor A --cursor-file b",
        "custody get tooshort",
        "keys activate nothumbprint",
        "keys revoke M0nc0bPJKgbg4mkVXvDrgvHNTYKs5MRtd3u7rDv7jjQ",
        "devices revoke Tablet",
        "enroll --id SSIN:85073003328",
        "enroll --id SSIN:85073003328 --code A --code-file b",
        "enroll --id SSIN:85073003328 --code A --csr request.pem",
        "operator codes create --id SSIN:85073003328 --days 31",
        "operator roles grant SSIN:85073003328",
        "operator roles grant SSIN:85073003328 emperor",
        "operator roles withdraw auditor",
        "audit list --service directory",
        "audit list --actor nobody",
        "audit list --outcome success",
        "audit list --since yesterday",
        "audit list --since 2026-11-02T00:00:00Z --until 2026-11-01T00:00:00Z",
        "audit list --limit 0",
        "audit show custody",
        "audit show custody chain 0",
        "custody create --policy p --count 101",
        "custody deposit --policy p",
        "jose sign",
    ] {
        let run = place.run(&format!("{args} --output json"));
        assert_eq!(run.refusal(), refused(2, "USAGE"), "{args}");
        let run = place.run(args);
        assert_eq!(run.code, 2, "{args}");
        assert!(
            run.stdout.is_empty() && run.stderr.starts_with("error"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_home_that_is_none_is_named_by_every_command_that_needs_it() {
    let place = Place::new();
    place.write("file", "x");
    place.write("policy.json", "{}");
    place.write("code.txt", "0".repeat(45));
    place.write(
        "r.csv",
        "name,identifiers,active\nJane Doe,SSIN:85073003328,true\n",
    );
    let kid = "M0nc0bPJKgbg4mkVXvDrgvHNTYKs5MRtd3u7rDv7jjQ";
    for args in [
        "whoami".to_owned(),
        "status".to_owned(),
        "enroll --id SSIN:85073003328 --code-file code.txt".to_owned(),
        "devices request --id SSIN:85073003328 --device tablet".to_owned(),
        "devices list".to_owned(),
        "devices revoke tablet".to_owned(),
        "keys publish".to_owned(),
        format!("keys activate {kid}"),
        "keys rotate".to_owned(),
        "keys list".to_owned(),
        "lookup CBE:0809394427".to_owned(),
        "watch CBE:0809394427".to_owned(),
        "seal --to CBE:0809394427 file".to_owned(),
        "open file".to_owned(),
        "sign file".to_owned(),
        "verify file".to_owned(),
        "custody create --policy policy.json".to_owned(),
        "custody get AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "operator bootstrap --id SSIN:85073003328 --code-file code.txt".to_owned(),
        "operator registrants import r.csv".to_owned(),
        "operator registrants list".to_owned(),
        "operator grant SSIN:85073003328".to_owned(),
        "operator roles grant SSIN:85073003328 auditor".to_owned(),
        "operator roles withdraw SSIN:85073003328 operator".to_owned(),
        "operator roles list".to_owned(),
        "audit list --actor SSIN:85073003328 --outcome refused".to_owned(),
        "audit show sts chain 1".to_owned(),
    ] {
        let run = place.run(&format!("{args} --output json"));
        assert_eq!(run.refusal(), refused(5, "NOT_INITIALISED"), "{args}");
        let run = place.run(&args);
        assert_eq!(run.code, 5, "{args}");
        assert!(
            run.stderr.starts_with("error[NOT_INITIALISED]: "),
            "{}",
            run.stderr
        );
    }
    // And no key was made for nothing.
    assert!(!place.path("home/auth.jwk").exists());
}

#[test]
fn quiet_leaves_the_result_alone() {
    let place = Place::new();
    place.run("jose generate --type Ed25519 --out k.jwk").text();
    let loud = place.pipe("jose sign --key k.jwk", b"x");
    assert!(loud.stderr.contains("EdDSA"));
    let quiet = place.pipe("--quiet jose sign --key k.jwk", b"x");
    assert!(quiet.stderr.is_empty());
    assert_eq!(quiet.text().lines().count(), 1);
}

#[test]
fn a_result_in_a_file_is_written_whole_or_not_at_all() {
    let place = Place::new();
    place.run("jose generate --type Ed25519 --out k.jwk").text();
    let signed = place
        .pipe("--output json jose sign --key k.jwk --out x.jws", b"x")
        .json();
    assert_eq!(
        (&signed["out"], &signed["jws"]),
        (&"x.jws".into(), &serde_json::Value::Null)
    );
    assert_eq!(place.read_text("x.jws").trim().split('.').count(), 3);
    let args = "--output json jose sign --key k.jwk --out missing/x.jws";
    assert_eq!(place.pipe(args, b"x").refusal(), refused(7, "FILE"));
    let payload = place.run("jose verify --key k.jwk x.jws --out payload");
    assert!(payload.text().contains("written to payload"));
    assert_eq!(
        (place.read("payload"), place.mode("payload")),
        (b"x".to_vec(), 0o600)
    );
}
