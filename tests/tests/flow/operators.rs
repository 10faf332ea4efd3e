//! What operators do.

use std::fs;

use kleis_e2e::{Installation, people};

#[test]
fn flow_a_registrant_who_is_deactivated_is_suspended_until_reactivated() {
    let installation = Installation::new();
    let sender = installation.enrolled("sender", people::PATIENT);
    let doctor = installation.published("doctor", people::DOCTOR);
    sender.kleis(&["lookup", people::DOCTOR]);
    let register = installation.path("change.csv");
    let set = |active: bool| {
        let line = format!(
            "Alix Peeters,{} {},{active}",
            people::DOCTOR,
            people::DOCTOR_ALIAS
        );
        fs::write(&register, format!("name,identifiers,active\n{line}\n")).unwrap();
        let file = register.to_str().unwrap();
        let report = installation
            .operator()
            .kleis(&["operator", "registrants", "import", file]);
        assert_eq!(report["updated"], 1);
    };
    set(false);
    assert_eq!(
        sender.refused(&["lookup", people::DOCTOR]).reason,
        "RECIPIENT_NOT_FOUND"
    );
    assert_eq!(doctor.refused(&["keys", "publish"]).code, 4);
    set(true);
    sender.kleis(&["lookup", people::DOCTOR]);
    doctor.kleis(&["keys", "rotate"]);
}

#[test]
fn flow_a_bad_line_stops_the_whole_import() {
    let installation = Installation::new();
    let before = installation
        .operator()
        .kleis(&["operator", "registrants", "list"]);
    let file = installation.path("bad.csv");
    let lines = "Good,CBE:0999999922,true\nBad,CBE:0425222333,true\nWorse,SSIN:1,perhaps\n";
    fs::write(&file, format!("name,identifiers,active\n{lines}")).unwrap();
    let file = file.to_str().unwrap();
    let refused = installation
        .operator()
        .refused(&["operator", "registrants", "import", file]);
    assert_eq!((refused.code, refused.items.len()), (7, 2), "{refused:?}");
    let after = installation
        .operator()
        .kleis(&["operator", "registrants", "list"]);
    assert_eq!(before, after);
}

#[test]
fn flow_only_operators_do_what_operators_do() {
    let installation = Installation::new();
    let doctor = installation.enrolled("doctor", people::DOCTOR);
    let file = installation.path("register.csv");
    for attempt in [
        &["operator", "registrants", "list"][..],
        &["operator", "registrants", "import", file.to_str().unwrap()],
        &["operator", "codes", "create", "--id", people::PATIENT],
        &["operator", "grant", people::DOCTOR],
        &[
            "operator",
            "revoke",
            "0123456789abcdef",
            "--reason",
            "keyCompromise",
        ],
    ] {
        let refused = doctor.refused(attempt);
        assert_eq!(
            (refused.code, refused.reason.as_str()),
            (4, "PERMISSION_DENIED"),
            "{attempt:?}"
        );
    }
    installation
        .operator()
        .kleis(&["operator", "grant", people::DOCTOR]);
    doctor.kleis(&["operator", "registrants", "list"]);
    // Not even an operator makes a code for themselves.
    let own = ["operator", "codes", "create", "--id", people::DOCTOR_ALIAS];
    assert_eq!(doctor.refused(&own).reason, "PERMISSION_DENIED");
}

#[test]
fn flow_there_is_one_bootstrap() {
    let installation = Installation::new();
    let code = installation.facts().bootstrap.clone().unwrap();
    let second = installation.stranger("second", people::PATIENT, "main");
    let again = [
        "operator",
        "bootstrap",
        "--id",
        people::PATIENT,
        "--code",
        &code,
    ];
    let refused = second.refused(&again);
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (5, "STATE_CONFLICT")
    );
}
