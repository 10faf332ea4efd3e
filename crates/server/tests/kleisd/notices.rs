//! Notices, from the act to the mail server, whatever happens to the process in between.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

use crate::support::{Place, code, stderr, stdout};

/// Longer than the worker's round takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// A mail server that tells what it was given; a silent one says nothing beyond its greeting.
fn mail_server(is_silent: bool) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let tell = tell.clone();
            thread::spawn(move || converse(&stream.unwrap(), is_silent, &tell));
        }
    });
    (port, told)
}

fn converse(stream: &TcpStream, is_silent: bool, tell: &Sender<String>) {
    let mut out = stream;
    if out.write_all(b"220 sink\r\n").is_err() {
        return;
    }
    let (mut letter, mut in_data) = (String::new(), false);
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if is_silent {
            // Somebody has begun to send.
            tell.send(line).ok();
            continue;
        }
        let reply = match line.as_str() {
            "." if in_data => {
                in_data = false;
                tell.send(std::mem::take(&mut letter)).ok();
                "250 taken"
            }
            _ if in_data => {
                letter.push_str(&line);
                letter.push('\n');
                continue;
            }
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        if out.write_all(format!("{reply}\r\n").as_bytes()).is_err() {
            return;
        }
    }
}

/// An installation with somebody who has an address, and was suspended: that is told.
fn place() -> Place {
    let place = Place::new().installed();
    let file = place.beside("people.csv");
    let lines = "name,identifiers,active,mail,webhook\n\
                 Jane Doe,SSIN:85073003328,true,jane@practice.example,\n";
    fs::write(&file, lines).unwrap();
    for words in [
        ["registrants", "import", file.to_str().unwrap()],
        ["registrants", "deactivate", "SSIN:85073003328"],
    ] {
        let done = place.run(&words);
        assert_eq!(code(&done), 0, "{}", stderr(&done));
    }
    place
}

fn config(place: &Place, port: u16) -> String {
    let path = place.beside("kleisd.toml");
    let text = format!(
        "[notices.mail]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
         from = \"kleis@registry.example\"\n"
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn failed(place: &Place) -> String {
    let listed = place.run(&["notices", "failed"]);
    assert_eq!(code(&listed), 0, "{}", stderr(&listed));
    stdout(&listed)
}

#[test]
fn what_a_killed_process_was_sending_is_sent_by_the_next_one() {
    let place = place();
    assert_eq!(failed(&place), "1 pending, 0 given up\n");
    let (port, begun) = mail_server(true);
    let server = place.start(&["--config", &config(&place, port)]);
    begun.recv_timeout(PATIENCE).unwrap();
    server.kill();
    assert_eq!(failed(&place), "1 pending, 0 given up\n");

    let (port, letters) = mail_server(false);
    let server = place.start(&["--config", &config(&place, port)]);
    let letter = letters.recv_timeout(PATIENCE).unwrap();
    assert!(letter.contains("To: jane@practice.example"), "{letter}");
    assert!(
        letter.contains("Subject: Kleis: your registration is suspended"),
        "{letter}"
    );
    assert!(!letter.contains("85073003328"), "{letter}");
    assert!(server.stop().success());
    assert_eq!(failed(&place), "0 pending, 0 given up\n");
    assert_eq!(code(&place.run(&["audit", "verify"])), 0);
    let audit = stdout(&place.run(&["audit", "export", "--database", "registry"]));
    assert!(audit.contains("1 delivered, 0 to be tried again, 0 given up"));
}

#[test]
fn what_cannot_go_out_is_shown_to_operators() {
    let place = place();
    let server = place.start(&[]);
    // No mail server is configured: the first round gives it up.
    let mut listed = failed(&place);
    while !listed.ends_with("0 pending, 1 given up\n") {
        assert!(listed.ends_with("1 pending, 0 given up\n"), "{listed}");
        listed = failed(&place);
    }
    assert!(
        listed.starts_with("notice 1 MAIL SUSPENDED about registrant:"),
        "{listed}"
    );
    assert!(!listed.contains("85073003328"));
    assert!(server.stop().success());
}
