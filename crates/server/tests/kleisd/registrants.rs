//! `kleisd registrants ...`

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::support::{Place, code, stderr, stdout};

const HEADING: &str = "name,identifiers,active,mail,webhook\n";

fn place(lines: &str) -> (Place, String) {
    let place = Place::new().installed();
    let file = place.beside("people.csv");
    fs::write(&file, format!("{HEADING}{lines}")).unwrap();
    let file = file.to_str().unwrap().to_owned();
    (place, file)
}

fn export(place: &Place) -> String {
    let exported = place.run(&["registrants", "export"]);
    assert_eq!(code(&exported), 0, "{}", stderr(&exported));
    stdout(&exported)
}

#[test]
fn a_file_is_imported_exported_and_imported_again() {
    let lines = "Jane Doe,SSIN:85073003328 NIHII:18749704,true,jane@practice.example,\n\
                 \"Clinic, North\",CBE:0123456749,true,,https://clinic.example/hook\n";
    let (place, file) = place(lines);
    let imported = place.run(&["registrants", "import", &file]);
    assert_eq!(code(&imported), 0, "{}", stderr(&imported));
    assert_eq!(
        stdout(&imported).trim(),
        "2 created, 0 updated, 0 unchanged"
    );

    let exported = export(&place);
    let jane = lines.lines().next().unwrap();
    assert!(
        exported.starts_with(HEADING) && exported.contains(jane),
        "{exported}"
    );
    let copy = place.beside("copy.csv");
    let out = place.run(&["registrants", "export", copy.to_str().unwrap()]);
    assert_eq!(code(&out), 0, "{}", stderr(&out));
    assert_eq!(fs::read_to_string(&copy).unwrap(), exported);
    assert_eq!(
        fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let again = place.run(&["registrants", "import", copy.to_str().unwrap()]);
    assert_eq!(stdout(&again).trim(), "0 created, 0 updated, 2 unchanged");
    let taken = place.run(&["registrants", "export", copy.to_str().unwrap()]);
    assert_eq!(code(&taken), 69);

    // An old file leaves the contacts as they are.
    fs::write(
        &file,
        "name,identifiers,active\nJane Roe,SSIN:85073003328 NIHII:18749704,true\n",
    )
    .unwrap();
    assert_eq!(code(&place.run(&["registrants", "import", &file])), 0);
    assert!(
        export(&place)
            .contains("Jane Roe,SSIN:85073003328 NIHII:18749704,true,jane@practice.example,")
    );
    assert_eq!(code(&place.run(&["audit", "verify"])), 0);
}

#[test]
fn every_bad_line_is_told_and_nothing_is_changed() {
    let (place, file) = place(
        "North,CBE:0123456749,true,,\n\
         Check,CBE:0425222333,true,,\n\
         Mail,CBE:0888888895,true,nobody,\n",
    );
    let refused = place.run(&["registrants", "import", &file]);
    assert_eq!(code(&refused), 64);
    let told = stdout(&refused);
    let told: Vec<_> = told.lines().collect();
    assert!(
        told[0].starts_with("line 3: identifiers: IDENTIFIER_CHECK_DIGIT: "),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("line 4: mail: CSV_CONTACT: "),
        "{told:?}"
    );
    assert_eq!(told.len(), 2);
    assert!(!stderr(&refused).contains("0425222333") && !told[0].contains("0425222333"));
    assert_eq!(export(&place), HEADING);
}

#[test]
fn lines_that_do_not_go_with_the_register_undo_the_others() {
    let (place, file) = place("Jane,SSIN:85073003328 NIHII:18749704,true,,\n");
    assert_eq!(code(&place.run(&["registrants", "import", &file])), 0);
    let before = export(&place);
    let lines = "North,CBE:0123456749,true,,\nOther,NIHII:18749704,true,,\n";
    fs::write(&file, format!("{HEADING}{lines}")).unwrap();
    let refused = place.run(&["registrants", "import", &file]);
    assert_eq!(code(&refused), 64);
    assert!(
        stdout(&refused).starts_with("line 3: identifiers: ALREADY_EXISTS: "),
        "{}",
        stdout(&refused)
    );
    assert_eq!(export(&place), before);
    assert_eq!(code(&place.run(&["audit", "verify"])), 0);
}

#[test]
fn one_is_suspended_and_restored_by_any_of_its_identifiers() {
    let (place, file) = place("Jane,SSIN:85073003328 NIHII:18749704,true,,\n");
    assert_eq!(code(&place.run(&["registrants", "import", &file])), 0);
    let run = |command: &str, id: &str| place.run(&["registrants", command, id]);
    assert!(stdout(&run("deactivate", "NIHII:18749704")).starts_with("suspended"));
    assert!(export(&place).contains(",false,"));
    assert!(stdout(&run("deactivate", "SSIN:85073003328")).starts_with("unchanged"));
    assert!(stdout(&run("activate", "SSIN:85073003328")).starts_with("active again"));
    assert!(export(&place).contains(",true,"));
    assert_eq!(code(&run("deactivate", "CBE:0123456749")), 64);
    assert_eq!(code(&run("deactivate", "CBE:0123456748")), 64);
    let audit = stdout(&place.run(&["audit", "export", "--database", "registry"]));
    for action in [
        "import_register",
        "suspend_registrant",
        "restore_registrant",
    ] {
        assert!(
            audit.contains(&format!("\"registration.{action}\"")),
            "{action}"
        );
    }
    assert!(audit.contains("\"local\"") && !audit.contains("85073003328"));
}

#[test]
fn beside_a_running_server_the_register_is_only_read() {
    let (place, file) = place("North,CBE:0123456749,true,,\n");
    let server = place.start(&[]);
    for words in [
        ["registrants", "import", &file],
        ["registrants", "deactivate", "CBE:0123456749"],
        ["registrants", "activate", "CBE:0123456749"],
    ] {
        let refused = place.run(&words);
        assert_eq!(code(&refused), 75);
        let told = stderr(&refused);
        assert!(told.contains("kleis operator registrants import"), "{told}");
    }
    assert_eq!(export(&place), HEADING);
    assert!(server.stop().success());
}
