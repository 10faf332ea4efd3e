//! Checkpoints, their sink, archives, exports, and what is forgotten.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use kleis_store_sqlite::test_util::tamper;

use crate::support::{Place, code, stderr, stdout};

const PERSON: &str = "SSIN:85073003328";

fn sink(place: &Place) -> PathBuf {
    place.data().join("audit/registry.checkpoints")
}

fn lines(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(sink(place)).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn verified(place: &Place, words: &[&str]) -> (i32, String) {
    let output = place.run(&[&["audit", "verify"], words].concat());
    (code(&output), stdout(&output) + &stderr(&output))
}

fn is_clean(place: &Place) {
    let (code, said) = verified(place, &[]);
    assert_eq!(code, 0, "{said}");
}

/// More rows, and a checkpoint of them.
fn work(place: &Place) {
    assert!(place.run(&["bootstrap"]).status.success());
    assert!(place.start(&[]).stop().success());
}

/// An installation that was started twice, and its registry as it was in between.
fn worked() -> (Place, PathBuf) {
    let place = Place::new().installed();
    let earlier = place.beside("earlier.db");
    fs::copy(place.data().join("registry.db"), &earlier).unwrap();
    work(&place);
    (place, earlier)
}

#[test]
fn what_was_done_is_in_a_checkpoint_within_and_without() {
    let (place, _) = worked();
    is_clean(&place);
    let (_, said) = verified(&place, &[]);
    let count = lines(&place).len();
    assert!(count >= 2, "{count}");
    assert!(
        said.contains(&format!(", {count} checkpoints, 0 findings")),
        "{said}"
    );
    // Without new rows there is no new checkpoint.
    assert!(place.start(&[]).stop().success());
    assert_eq!(lines(&place).len(), count);
}

#[test]
fn the_sink_can_be_elsewhere() {
    let place = Place::new();
    let (elsewhere, config) = (place.beside("elsewhere"), place.beside("kleisd.toml"));
    let path = elsewhere.to_str().unwrap();
    fs::write(&config, format!("[audit]\nsink = {path:?}\n")).unwrap();
    let running = place.start(&["--config", config.to_str().unwrap()]);
    assert!(running.stop().success());
    assert!(!place.data().join("audit").exists());
    let (code, said) = verified(&place, &["--sink", path]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = verified(&place, &[]);
    assert!(code == 0 && said.contains("name it with --sink"), "{said}");
    let nowhere = place.beside("nowhere");
    let (code, said) = verified(&place, &["--sink", nowhere.to_str().unwrap()]);
    assert_eq!(code, 69, "{said}");
}

#[tokio::test]
async fn a_chain_that_was_cut_off_is_named_and_not_started_on() {
    let (place, _) = worked();
    let registry = place.data().join("registry.db");
    // The last row, and the record that it speaks of.
    tamper(
        &registry,
        &[
            "DELETE FROM enrolment_codes WHERE 'code:' || id = \
             (SELECT resource FROM audit ORDER BY id DESC LIMIT 1)",
            "DELETE FROM audit WHERE id = (SELECT MAX(id) FROM audit)",
        ],
    )
    .await;
    let (verdict, said) = verified(&place, &[]);
    assert!(verdict == 65 && said.contains("was cut off"), "{said}");
    let refused = place.start_in_vain(&[]);
    assert_eq!(code(&refused), 65);
    assert!(
        stderr(&refused).contains("was cut off"),
        "{}",
        stderr(&refused)
    );
    let refused = place.start_in_vain(&["--accept-audit-gap", " "]);
    assert_eq!(code(&refused), 64);
    // Somebody answers for it; the evidence stays.
    let accepted = place.start(&["--accept-audit-gap", "the disk was lost"]);
    assert!(accepted.stop().success());
    assert!(place.start(&[]).stop().success());
    let (verdict, said) = verified(&place, &[]);
    assert!(verdict == 65 && said.contains("was cut off"), "{said}");
}

#[test]
fn a_database_put_back_from_a_backup_is_started_on_for_a_reason() {
    let (place, earlier) = worked();
    fs::copy(&earlier, place.data().join("registry.db")).unwrap();
    let (verdict, said) = verified(&place, &[]);
    assert!(
        verdict == 65 && said.contains("the database is older than its sink"),
        "{said}"
    );
    let refused = place.start_in_vain(&[]);
    let said = stderr(&refused);
    assert_eq!(code(&refused), 65, "{said}");
    for text in ["the database is older than its sink", "--accept-audit-gap"] {
        assert!(said.contains(text), "{said}");
    }
    let before = lines(&place).len();
    let accepted = place.start(&["--accept-audit-gap", "restored after a fire"]);
    assert!(accepted.stop().success());
    assert!(lines(&place).len() > before, "the sink goes on");
    is_clean(&place);
    work(&place);
    is_clean(&place);
    let exported = stdout(&place.run(&["audit", "export", "--database", "registry"]));
    assert!(
        exported.contains("\"action\":\"audit.accept_gap\""),
        "{exported}"
    );
    assert!(exported.contains("restored after a fire (the database is older"));
}

#[test]
fn a_sink_that_a_crash_left_behind_is_brought_up_to_date() {
    let (place, _) = worked();
    let whole = fs::read_to_string(sink(&place)).unwrap();
    for left in [0, 100, whole.len() - 1, whole.find('\n').unwrap() + 1] {
        fs::write(sink(&place), &whole[..left]).unwrap();
        assert!(place.start(&[]).stop().success(), "{left}");
        is_clean(&place);
        let lines = lines(&place);
        assert!(
            whole.lines().all(|line| lines.iter().any(|l| l == line)),
            "{left}"
        );
    }
    fs::remove_file(sink(&place)).unwrap();
    let (verdict, said) = verified(&place, &[]);
    assert!(
        verdict == 65 && said.contains("the sink is older than its database"),
        "{said}"
    );
    assert!(place.start(&[]).stop().success());
    assert_eq!(fs::read_to_string(sink(&place)).unwrap(), whole);
}

#[tokio::test]
async fn checkpoints_that_are_tampered_with_are_named() {
    let (place, _) = worked();
    let whole = fs::read_to_string(sink(&place)).unwrap();
    let last = lines(&place).pop().unwrap();
    let edited = last.replacen("eyJ", "eyK", 2);
    fs::write(sink(&place), whole.replace(&last, &edited)).unwrap();
    let (verdict, said) = verified(&place, &[]);
    assert!(
        verdict == 65 && said.contains("of the sink was edited"),
        "{said}"
    );
    assert_eq!(code(&place.start_in_vain(&[])), 65);
    fs::write(sink(&place), &whole).unwrap();
    is_clean(&place);

    let registry = place.data().join("registry.db");
    tamper(
        &registry,
        &["DELETE FROM checkpoints WHERE seq = (SELECT MAX(seq) FROM checkpoints)"],
    )
    .await;
    let (verdict, said) = verified(&place, &[]);
    assert!(
        verdict == 65 && said.contains("are missing in the database"),
        "{said}"
    );
    assert_eq!(code(&place.start_in_vain(&[])), 65);
    // Custody's service did not sign registration's.
    tamper(
        &registry,
        &["UPDATE checkpoints SET token = 'e30.e30.AA' WHERE seq = 1"],
    )
    .await;
    let (verdict, said) = verified(&place, &[]);
    assert!(
        verdict == 65 && said.contains("checkpoint 1 was edited or forged"),
        "{said}"
    );
}

fn archive(place: &Place, before: &str, out: &std::path::Path) -> Output {
    let out = out.to_str().unwrap();
    place.run(&["audit", "archive", "--before", before, "--out", out])
}

#[test]
fn what_was_archived_is_proven_here_and_there() {
    let (place, _) = worked();
    let out = place.beside("archive.jsonl");
    let running = place.start(&[]);
    assert_eq!(code(&archive(&place, "2100-01-01", &out)), 75);
    assert!(running.stop().success());
    let nothing = archive(&place, "2000-01-01", &out);
    assert!(
        stdout(&nothing).contains("nothing that old"),
        "{}",
        stderr(&nothing)
    );
    assert!(!out.exists());
    let done = archive(&place, "2100-01-01", &out);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    is_clean(&place);
    let again = archive(&place, "2100-01-01", &out);
    assert_eq!(code(&again), 69, "it is not overwritten");
    work(&place);
    let with = ["--archive", out.to_str().unwrap()];
    let (verdict, said) = verified(&place, &with);
    assert_eq!(verdict, 0, "{said}");

    let whole = fs::read_to_string(&out).unwrap();
    let mut lines: Vec<&str> = whole.lines().collect();
    let forged = whole.replacen("\"outcome\":\"DONE\"", "\"outcome\":\"REFUSED\"", 1);
    fs::write(&out, forged).unwrap();
    let (verdict, said) = verified(&place, &with);
    assert!(
        verdict == 65 && said.contains("are not those that were archived"),
        "{said}"
    );
    lines.remove(1);
    fs::write(&out, lines.join("\n") + "\n").unwrap();
    assert_eq!(verified(&place, &with).0, 65);
}

#[tokio::test]
async fn rows_do_not_leave_an_audit_that_does_not_hold() {
    let (place, _) = worked();
    tamper(
        &place.data().join("registry.db"),
        &["UPDATE audit SET details = 'x' WHERE id = 1"],
    )
    .await;
    let out = place.beside("archive.jsonl");
    assert_eq!(code(&archive(&place, "2100-01-01", &out)), 65);
    assert!(!out.exists());
}

#[tokio::test]
async fn a_person_is_forgotten_and_the_audit_holds() {
    let place = Place::new().installed();
    let registry = place.data().join("registry.db");
    tamper(
        &registry,
        &["INSERT INTO pseudonyms VALUES ('AAAAAAAAAAAAAAAAAAAAAA', 'SSIN:85073003328')"],
    )
    .await;
    let holds = || {
        let bytes = fs::read(&registry).unwrap();
        bytes.windows(PERSON.len()).any(|w| w == PERSON.as_bytes())
    };
    assert!(holds());
    let running = place.start(&[]);
    assert_eq!(code(&place.run(&["audit", "forget", "--id", PERSON])), 75);
    assert!(running.stop().success());
    let done = place.run(&["audit", "forget", "--id", PERSON]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let said = stdout(&done);
    assert!(
        said.contains("registry.db: 1 pseudonyms destroyed"),
        "{said}"
    );
    assert!(
        said.contains("custody.db: 0 pseudonyms destroyed"),
        "{said}"
    );
    assert!(!holds());
    let exported = stdout(&place.run(&["audit", "export"]));
    assert!(exported.contains("\"action\":\"audit.forget\""));
    assert!(exported.contains("\"resource\":\"person:AAAAAAAAAAAAAAAAAAAAAA\""));
    assert!(!exported.contains("85073003328"));
    is_clean(&place);
    for id in ["CBE:0123456749", "SSIN:1", "nobody"] {
        let refused = place.run(&["audit", "forget", "--id", id]);
        assert_eq!(code(&refused), 64, "{id}");
    }
}

/// The verifier that knows the format alone.
fn python(place: &Place, export: &str) -> (i32, String) {
    let path = place.beside("export.jsonl");
    fs::write(&path, export).unwrap();
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/tools/verify_audit_export.py"
    );
    let output = Command::new("python3")
        .args([script, "--root"])
        .arg(place.data().join("root.pem"))
        .arg(&path)
        .output()
        .unwrap();
    (code(&output), stdout(&output) + &stderr(&output))
}

#[test]
fn an_export_is_verified_by_another_program() {
    let (place, _) = worked();
    let out = place.beside("archive.jsonl");
    assert_eq!(code(&archive(&place, "2100-01-01", &out)), 0);
    work(&place);
    // Beside a running server.
    let running = place.start(&[]);
    let export = stdout(&place.run(&["audit", "export", "--format", "jsonl"]));
    assert!(running.stop().success());
    let (verdict, said) = python(&place, &export);
    assert!(verdict == 0 && said.contains("3 databases"), "{said}");

    let edited = export.replacen("\"outcome\":\"DONE\"", "\"outcome\":\"REFUSED\"", 1);
    let (verdict, said) = python(&place, &edited);
    assert!(verdict == 65 && said.contains("was edited"), "{said}");
    let lines: Vec<&str> = export.lines().collect();
    let rows = |line: &&&str| line.starts_with("{\"row\"");
    let last = lines.iter().rfind(rows).unwrap();
    let cut = export.replace(&format!("{last}\n"), "");
    let (verdict, said) = python(&place, &cut);
    assert!(
        verdict == 65 && said.contains("which a checkpoint has seen, is missing"),
        "{said}"
    );
    let checkpoint = lines
        .iter()
        .find(|line| line.starts_with("{\"checkpoint\""))
        .unwrap();
    let removed = export.replace(&format!("{checkpoint}\n"), "");
    let (verdict, said) = python(&place, &removed);
    assert!(
        verdict == 65 && said.contains("checkpoints before 2 are missing"),
        "{said}"
    );
}
