//! Watching changes: through restarts of the server, losing and repeating nothing.

use std::io::{BufRead as _, BufReader};

use kleis_client::Heard;
use kleis_e2e::{Installation, Party, people};
use serde_json::Value;

/// Where the changes stand now.
fn now(party: &Party) -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = party.client();
        let mut watch = client.watch(&[], None).await.unwrap();
        assert_eq!(watch.next().await.unwrap(), Heard::Nothing);
        watch.cursor().to_owned()
    })
}

fn identifiers(lines: &[Value]) -> Vec<&str> {
    let names = lines
        .iter()
        .map(|line| line["identifier"].as_str().unwrap());
    names.collect()
}

#[test]
fn directory_a_watcher_goes_on_where_it_was_when_the_server_was_away() {
    let mut installation = Installation::new();
    let mailbox = installation.enrolled("mailbox", people::APPLICATION);
    let watcher = installation.stranger("watcher", people::ORGANISATION, "main");
    let start = now(&watcher);
    let place = installation.path("place.txt");
    std::fs::write(&place, &start).unwrap();
    let kept = place.to_str().unwrap();
    let mut child = watcher.start(&["watch", "--cursor-file", kept, "--count", "3"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    mailbox.kleis(&["keys", "publish"]);
    let mut heard = vec![next()];

    // An open stream does not hold up the stop.
    assert!(installation.take_kleisd().stop().success());
    installation.start_again(&[]).unwrap();
    mailbox.kleis(&["keys", "rotate"]);
    heard.push(next());
    // Nor does a death lose anything.
    installation.take_kleisd().kill();
    installation.start_again(&[]).unwrap();
    mailbox.kleis(&["keys", "rotate"]);
    heard.push(next());
    assert!(child.wait().unwrap().success());
    assert_eq!(identifiers(&heard), [people::APPLICATION; 3]);

    // The same once more, by the cursors that were told.
    let first = heard[0]["cursor"].as_str().unwrap();
    for (cursor, rest) in [(start.as_str(), &heard[..]), (first, &heard[1..])] {
        let count = rest.len().to_string();
        let again = watcher.run(&["watch", "--cursor", cursor, "--count", &count], b"");
        let again: Vec<Value> = again
            .stdout
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(again, rest);
    }
    let last = heard[2]["cursor"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(&place).unwrap().trim(), last);
}

#[test]
fn directory_strangers_watch_organisations_and_known_callers_persons_too() {
    let installation = Installation::new();
    let stranger = installation.stranger("stranger", people::ORGANISATION, "main");
    let doctor = installation.enrolled("doctor", people::DOCTOR);
    let start = now(&stranger);
    installation.published("patient", people::PATIENT);
    installation.published("mailbox", people::APPLICATION);
    let watch = |party: &Party, arguments: &[&str]| {
        let arguments = [&["watch", "--cursor", &start, "--count", "1"], arguments].concat();
        let output = party.run(&arguments, b"");
        assert!(output.status.success());
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["identifier"].clone()
    };
    assert_eq!(watch(&stranger, &[]), people::APPLICATION);
    assert_eq!(watch(&doctor, &[]), people::PATIENT);
    assert_eq!(watch(&doctor, &[people::APPLICATION]), people::APPLICATION);
    let refused = stranger.refused(&["watch", people::PATIENT]);
    assert_eq!(refused.reason, "CERTIFICATE_REQUIRED");
    let gone = stranger.refused(&["watch", "--cursor", "AQAAAAAAAAD_AAAAAAAAAAA"]);
    assert_eq!(gone.reason, "CURSOR_GONE");
    let broken = stranger.refused(&["watch", "--cursor", "nonsense"]);
    assert_eq!(broken.reason, "REQUEST_MALFORMED");
}
