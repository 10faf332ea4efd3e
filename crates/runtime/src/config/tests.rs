use super::*;

fn keys(errors: &ConfigErrors) -> Vec<&str> {
    errors.iter().map(ConfigError::key).collect()
}

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn nothing_at_all_gives_the_defaults() {
    assert_eq!(Config::load(None, []).unwrap(), Config::default());
    assert_eq!(Config::parse("").unwrap(), Config::default());
}

#[test]
fn the_sample_that_is_shipped_says_the_defaults() {
    let sample = include_str!("../../../../deploy/config/kleisd.toml");
    assert_eq!(Config::parse(sample).unwrap(), Config::default());
    // Also what stands in comments must be settings that exist.
    let all: String = sample
        .lines()
        .map(|line| line.strip_prefix("#: ").unwrap_or(line))
        .flat_map(|line| [line, "\n"])
        .collect();
    let config = Config::parse(&all).unwrap();
    assert!(config.kek.file.is_some() && config.audit.sink.is_some());
    assert_eq!(config.identifier_types.len(), 1);
    assert_eq!(config.directory.audiences.len(), 2);
    assert_eq!((config.issuers.len(), config.client_cas.len()), (1, 1));
    assert_eq!((config.contracts.len(), config.profiles.len()), (1, 1));
    assert!(config.registrants.source.is_some());
    assert!(config.notices.mail.is_some() && config.notices.webhook.is_some());
}

#[test]
fn the_environment_stands_above_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("kleisd.toml");
    std::fs::write(&file, "[limits]\nburst = 7\nmax_requests = 8\n").unwrap();
    let environment = env(&[
        ("KLEIS_LIMITS__BURST", "9"),
        ("KLEIS_TLS__NAMES", "[kleis.example, 192.0.2.1]"),
        ("KLEIS_TELEMETRY__FORMAT", "json"),
        ("KLEIS_KEK", "a secret, not a setting"),
        ("KLEIS_OTHER", "another program's"),
        ("OTHER__THING", "1"),
    ]);
    let config = Config::load(Some(&file), environment).unwrap();
    assert_eq!(
        (config.limits.burst.get(), config.limits.max_requests.get()),
        (9, 8)
    );
    assert_eq!(config.tls.names, ["kleis.example", "192.0.2.1"]);
    assert_eq!(config.telemetry.format, LogFormat::Json);
}

#[test]
fn all_errors_are_told_at_once_with_their_places() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("kleisd.toml");
    let text = "surprise = 1\n[listen]\npublic = \"nowhere\"\n[limits]\nbrust = 7\nburst = 0\n";
    std::fs::write(&file, text).unwrap();
    let environment = env(&[
        ("KLEIS_LIMITS__MAX_REQUESTS", "many"),
        ("KLEIS_NO__SUCH", "1"),
    ]);
    let errors = Config::load(Some(&file), environment).unwrap_err();
    let mut found = keys(&errors);
    found.sort_unstable();
    let expected = [
        "limits.brust",
        "limits.burst",
        "limits.max_requests",
        "listen.public",
        "no",
        "surprise",
    ];
    assert_eq!(found, expected);
    let text = errors.to_string();
    assert!(text.contains(&format!("(in {})", file.display())), "{text}");
    assert!(text.contains("(in the environment)"), "{text}");
}

#[test]
fn bounds_are_kept() {
    let text = "[limits]\nhandshake_seconds = 61\ndeadline_seconds = 301\ndrain_seconds = 301\n\
        max_body_bytes = 67108865\ntracked_callers = 16777217\nrequests_per_second = 1000001\n\
        max_handshakes = 5\nmax_connections = 4\n\
        [audit]\ncheckpoint_seconds = 3601\n\
        [listen]\npublic = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:1\"\npki = \"127.0.0.1:1\"\n";
    let errors = Config::parse(text).unwrap_err();
    assert_eq!(
        keys(&errors),
        [
            "limits.handshake_seconds",
            "limits.deadline_seconds",
            "limits.drain_seconds",
            "limits.max_body_bytes",
            "limits.tracked_callers",
            "limits.requests_per_second",
            "audit.checkpoint_seconds",
            "limits.max_handshakes",
            "listen.admin",
            "listen.pki",
        ]
    );
    let chosen = "[listen]\npublic = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n";
    assert!(Config::parse(chosen).is_ok());
}

#[test]
fn what_is_no_base_address_is_refused() {
    let of = |base: &str| Config::parse(&format!("[pki]\nbase_url = \"{base}\"\n"));
    let good = of("http://pki.kleis.example").unwrap();
    assert!(good.pki.base_url.is_some());
    for bad in ["pki.kleis.example", "http://pki.kleis.example/"] {
        assert_eq!(keys(&of(bad).unwrap_err()), ["pki.base_url"], "{bad}");
    }
}

#[test]
fn the_directory_is_set_within_bounds() {
    let text = "[directory]\ncache_bytes = 68719476737\nfeed_millis = 1001\nsilence_seconds = 1\n\
        max_age_seconds = 61\ncors_origins = [\"https://app.example/path\"]\n\
        [directory.audiences]\nNOSUCH = \"open\"\n";
    let errors = Config::parse(text).unwrap_err();
    assert_eq!(
        keys(&errors),
        [
            "directory.cache_bytes",
            "directory.feed_millis",
            "directory.max_age_seconds",
            "directory.silence_seconds",
            "directory.cors_origins",
            "directory.audiences",
        ]
    );
    for origin in [
        "*",
        "null",
        "https://",
        "app.example",
        "https://App.example",
        "ftp://a",
    ] {
        let text = format!("[directory]\ncors_origins = [{origin:?}]\n");
        let errors = Config::parse(&text).unwrap_err();
        assert_eq!(keys(&errors), ["directory.cors_origins"], "{origin}");
    }
    let good = "[directory]\ncors_origins = [\"https://app.example\", \"http://localhost:3000\"]\n\
        [directory.audiences]\nssin = \"authenticated\"\nNIHII = \"open\"\n";
    let audiences = Config::parse(good).unwrap().directory.audiences;
    assert_eq!(audiences["NIHII"], Audience::Open);
    let bad = "[directory.audiences]\nSSIN = \"nobody\"\n";
    assert_eq!(
        keys(&Config::parse(bad).unwrap_err()),
        ["directory.audiences.SSIN"]
    );
}

#[test]
fn a_bad_identifier_type_is_refused() {
    let type_of = |name: &str| {
        format!(
            "[[identifier_types]]\nname = \"{name}\"\ndescription = \"d\"\nlength = 4\n\
             pattern = \"[0-9]{{4}}\"\nkind = \"ORGANISATION\"\n"
        )
    };
    let good = Config::parse(&type_of("WARD")).unwrap();
    assert!(good.type_table().unwrap().get("WARD").is_some());
    for taken in ["SSIN", "SERVICE", "ward"] {
        let errors = Config::parse(&type_of(taken)).unwrap_err();
        assert_eq!(keys(&errors), ["identifier_types"], "{taken}");
    }
    let unknown = type_of("WARD") + "colour = 1\n[limits]\nbrust = 1\n";
    let errors = Config::parse(&unknown).unwrap_err();
    assert_eq!(keys(&errors), ["identifier_types.0.colour", "limits.brust"]);
}

#[test]
fn registration_is_bounded_and_contracts_are_for_known_types() {
    let text = "[registration]\napprovals = 3\nrequest_days = 91\nreplacement_days = 1201\n\
        certificate_days = 1201\n\
        [[profiles]]\ntypes = [\"SSIN\", \"SSIN\"]\ncertificate_days = 1201\nreplacement_days = 1201\n\
        [[contracts]]\ntypes = []\nfile = \"a\"\n\
        [[contracts]]\ntypes = [\"NIHII\", \"WARD\"]\nfile = \"b\"\n\
        [[contracts]]\ntypes = [\"NIHII\"]\nfile = \"c\"\n";
    let errors = Config::parse(text).unwrap_err();
    let expected = [
        "registration.approvals",
        "registration.certificate_days",
        "registration.request_days",
        "registration.replacement_days",
        "profiles.certificate_days",
        "profiles.replacement_days",
        "profiles.types",
        "contracts.types",
        "contracts.types",
        "contracts.types",
    ];
    assert_eq!(keys(&errors), expected);
    let media_type = |name: &str| {
        let contract = "[[contracts]]\ntypes = [\"NIHII\"]\nfile = \"a\"\nmedia_type = ";
        Config::parse(&format!("{contract}\"{name}\"\n"))
    };
    let html = media_type("text/html; charset=utf-8").unwrap();
    assert_eq!(html.contracts[0].media_type, ContractMediaType::Html);
    assert!(media_type("application/pdf").is_err());
    for none in [
        "approvals",
        "certificate_days",
        "request_days",
        "replacement_days",
    ] {
        assert!(Config::parse(&format!("[registration]\n{none} = 0\n")).is_err());
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing.toml");
    let errors = Config::load(Some(&missing), []).unwrap_err();
    assert!(errors.to_string().contains("missing.toml"), "{errors}");
    assert!(Config::parse("[limits").is_err());
    assert!(Config::parse("limits = 5").is_err());
}
