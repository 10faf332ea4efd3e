//! A source that the test plays.

use std::sync::Mutex;

use axum::{
    body::Bytes,
    http::{Request, Response, header},
};
use kleis_registration::{Behind, SourceError};
use kleis_runtime::{Answered, FetchError, HttpClient};
use kleis_types::{Identifier, ManualClock, SecretBytes, TypeTable};

use super::*;

const JANE: &str = "SSIN:85073003328";
const KNOWN: &str = r#"{"registrant":{"name":"Doe Jane","identifiers":["SSIN:85073003328","NIHII11:18749704477"],
    "active":true,"mail":"jane@practice.example"}}"#;
const NOBODY: &str = r#"{"registrant":null}"#;

#[derive(Clone, Debug)]
enum Says {
    Status(u16, &'static str),
    Nothing,
    TooMuch,
}

#[derive(Debug)]
struct Server {
    says: Mutex<Says>,
    asked: Mutex<Vec<Request<Bytes>>>,
}

impl HttpClient for Server {
    fn send(&self, request: Request<Bytes>, _bounds: Bounds) -> Answered<'_> {
        self.asked.lock().unwrap().push(request);
        let answer = match self.says.lock().unwrap().clone() {
            Says::Nothing => Err(FetchError::TimedOut),
            Says::TooMuch => Err(FetchError::TooLong),
            Says::Status(status, body) => Ok(Response::builder()
                .status(status)
                .body(Bytes::from_static(body.as_bytes()))
                .unwrap()),
        };
        Box::pin(std::future::ready(answer))
    }
}

struct Scene {
    server: Arc<Server>,
    clock: Arc<ManualClock>,
    source: HttpSource,
}

impl Scene {
    fn new() -> Self {
        let server = Arc::new(Server {
            says: Mutex::new(Says::Status(200, KNOWN)),
            asked: Mutex::default(),
        });
        let clock = Arc::new(ManualClock::new(1_800_000_000));
        let tolerance = Tolerance {
            failures: 2,
            pause: 30,
        };
        let source = HttpSource {
            client: Arc::clone(&server) as _,
            address: "https://source.example/who".to_owned(),
            authorization: Some(http::bearer(&SecretBytes::from(b"t0ken\n".to_vec())).unwrap()),
            bounds: Bounds {
                patience: Duration::from_secs(5),
                answer: LONGEST_ANSWER,
            },
            types: TypeTable::belgian().clone(),
            clock: Arc::clone(&clock) as _,
            breaker: Breaker::new(tolerance, Arc::clone(&clock) as _),
            cache: Cache::new(Memory {
                known: 60,
                nobody: 5,
                stale: 300,
                entries: 3,
            }),
        };
        Self {
            server,
            clock,
            source,
        }
    }

    fn says(&self, says: Says) {
        *self.server.says.lock().unwrap() = says;
    }

    fn asked(&self) -> usize {
        self.server.asked.lock().unwrap().len()
    }

    async fn ask(&self, identifier: &str) -> Result<Behind, SourceError> {
        let identifier: Identifier = identifier.parse().unwrap();
        self.source.who_is(&identifier).await
    }
}

fn is_jane(answer: &Result<Behind, SourceError>) -> bool {
    matches!(answer, Ok(Behind::Registrant(entry)) if entry.id().to_string() == JANE
        && entry.identifiers().len() == 2)
}

#[tokio::test]
async fn the_question_names_nobody_in_its_address_and_the_answer_is_remembered() {
    let scene = Scene::new();
    assert!(is_jane(&scene.ask(JANE).await));
    scene.clock.advance(59);
    scene.says(Says::Status(200, NOBODY));
    assert!(is_jane(&scene.ask(JANE).await));
    {
        let asked = scene.server.asked.lock().unwrap();
        let [question] = &asked[..] else {
            panic!("{asked:?}")
        };
        assert_eq!(question.uri(), "https://source.example/who");
        assert_eq!(question.method(), "POST");
        assert_eq!(
            &question.body()[..],
            br#"{"identifier":"SSIN:85073003328"}"#
        );
        assert_eq!(question.headers()[header::AUTHORIZATION], "Bearer t0ken");
        assert!(question.headers()[header::AUTHORIZATION].is_sensitive());
    }
    scene.clock.advance(1);
    assert_eq!(scene.ask(JANE).await, Ok(Behind::Nobody));
    // That nobody is there is remembered for a shorter time.
    scene.says(Says::Status(200, KNOWN));
    scene.clock.advance(4);
    assert_eq!(scene.ask(JANE).await, Ok(Behind::Nobody));
    scene.clock.advance(1);
    assert!(is_jane(&scene.ask(JANE).await));
    assert_eq!(scene.asked(), 3);
}

#[tokio::test]
async fn while_it_fails_old_answers_serve_for_a_while_and_then_it_is_unavailable() {
    let scene = Scene::new();
    assert!(is_jane(&scene.ask(JANE).await));
    for says in [
        Says::Nothing,
        Says::TooMuch,
        Says::Status(503, ""),
        Says::Status(404, NOBODY),
        Says::Status(302, KNOWN),
    ] {
        // Longer than the breaker's pause each time, so that it is asked.
        scene
            .clock
            .advance(if scene.asked() == 1 { 60 } else { 31 });
        scene.says(says.clone());
        let before = scene.asked();
        assert!(is_jane(&scene.ask(JANE).await), "{says:?}");
        assert_eq!(scene.asked(), before + 1);
        assert_eq!(
            scene.ask("CBE:0123456749").await,
            Err(SourceError::Unavailable)
        );
    }
    scene.clock.advance(300);
    assert_eq!(scene.ask(JANE).await, Err(SourceError::Unavailable));
}

#[tokio::test]
async fn old_news_do_not_say_that_nobody_is_there() {
    let scene = Scene::new();
    scene.says(Says::Status(200, NOBODY));
    assert_eq!(scene.ask(JANE).await, Ok(Behind::Nobody));
    scene.says(Says::Nothing);
    scene.clock.advance(5);
    assert_eq!(scene.ask(JANE).await, Err(SourceError::Unavailable));
}

#[tokio::test]
async fn the_breaker_opens_asks_once_and_closes() {
    let scene = Scene::new();
    scene.says(Says::Nothing);
    for _ in 0..5 {
        assert_eq!(scene.ask(JANE).await, Err(SourceError::Unavailable));
    }
    assert_eq!(scene.asked(), 2);
    scene.clock.advance(30);
    assert_eq!(scene.ask(JANE).await, Err(SourceError::Unavailable));
    assert_eq!(scene.ask(JANE).await, Err(SourceError::Unavailable));
    assert_eq!(scene.asked(), 3);
    scene.clock.advance(30);
    scene.says(Says::Status(200, KNOWN));
    assert!(is_jane(&scene.ask(JANE).await));
    assert!(scene.ask("CBE:0123456749").await.is_err());
    assert_eq!(scene.asked(), 5);
}

#[tokio::test]
async fn what_is_no_answer_is_neither_somebody_nor_nobody() {
    for bad in [
        "",
        "null",
        "{}",
        r#"{"registrant":{}}"#,
        r#"{"registrant":null,"more":1}"#,
        r#"{"registrant":null,"registrant":null}"#,
        // Somebody else.
        r#"{"registrant":{"name":"X","identifiers":["CBE:0123456749"],"active":true}}"#,
        r#"{"registrant":{"name":"X","identifiers":[],"active":true}}"#,
        r#"{"registrant":{"name":"X","identifiers":["SSIN:85073003328","CBE:0123456749"],"active":true}}"#,
        r#"{"registrant":{"name":"X","identifiers":["SSIN:85073003328"],"active":"true"}}"#,
        r#"{"registrant":{"name":"","identifiers":["SSIN:85073003328"],"active":true}}"#,
        r#"{"registrant":{"name":"X","identifiers":["SSIN:85073003328"],"active":true,"mail":"x"}}"#,
    ] {
        let scene = Scene::new();
        scene.says(Says::Status(200, bad));
        assert_eq!(scene.ask(JANE).await, Err(SourceError::Invalid), "{bad}");
        assert_eq!(scene.ask(JANE).await, Err(SourceError::Invalid));
        // Twice is as often as the breaker bears it.
        assert_eq!(scene.ask(JANE).await, Err(SourceError::Unavailable));
    }
}

#[tokio::test]
async fn what_is_remembered_is_bounded() {
    let scene = Scene::new();
    scene.says(Says::Status(200, NOBODY));
    let all = [
        "CBE:0123456749",
        "CBE:0888888895",
        "CBE:0999999922",
        "CBE:1000000021",
    ];
    for _ in 0..4 {
        for identifier in all {
            assert_eq!(scene.ask(identifier).await, Ok(Behind::Nobody));
            assert!(scene.source.cache.len() <= 3);
        }
    }
    // The oldest had to go each time.
    assert_eq!(scene.asked(), 16);
    assert_eq!(scene.ask(all[3]).await, Ok(Behind::Nobody));
    assert_eq!(scene.asked(), 16);
}

#[test]
fn a_token_that_is_none_is_refused() {
    for bad in [&b""[..], b"\n", b"two words", b"a\r\nb: c", b"\xff"] {
        assert!(http::bearer(&SecretBytes::from(bad.to_vec())).is_err());
    }
}
