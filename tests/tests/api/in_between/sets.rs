//! False key sets: whatever is changed, the sender refuses the set, or gets exactly the keys that are true.

use kleis_client::{ClientError, Kleis, Lookup};
use kleis_e2e::{Mischief, Nth, Reply, Way, mutation, people};
use kleis_proto::{
    directory::v1::{LookupRequest, LookupResponse, Recipient, lookup_response},
    lookup::Lookup as Wanted,
};
use prost::Message as _;
use serde_json::Value;

use super::Scene;

const LOOKUP: &str = "kleis.directory.v1.DirectoryService/Lookup";

/// The keys as a sender uses them.
async fn keys(client: &Kleis, identifier: &str) -> Result<Vec<String>, ClientError> {
    let wanted = Wanted::new(identifier.parse().unwrap());
    match client.lookup(&wanted).await? {
        Lookup::Recipient(recipient) => Ok(recipient
            .keys()
            .iter()
            .map(|key| format!("{} {} {}", key.kid(), key.algorithm(), key.device()))
            .collect()),
        Lookup::Candidates(_) => panic!("one recipient was asked for"),
    }
}

fn recipient(message: &[u8]) -> Recipient {
    match LookupResponse::decode(message).unwrap().result {
        Some(lookup_response::Result::Recipient(recipient)) => recipient,
        other => panic!("{other:?}"),
    }
}

fn answer(recipient: Recipient) -> Vec<u8> {
    let result = Some(lookup_response::Result::Recipient(recipient));
    LookupResponse { result }.encode_to_vec()
}

/// Every form of an answer with something changed in its set.
fn forms(message: &[u8]) -> Vec<(String, Vec<u8>)> {
    let told = recipient(message);
    let set: Value = serde_json::from_slice(&told.jwks).unwrap();
    // Who leaves a key out denies a device its mail, which is no false key.
    let forms = mutation::of_json(&set, &[])
        .into_iter()
        .filter(|(name, _)| !name.starts_with("keys without ["));
    let falsified = |set: Value| {
        let jwks = set.to_string().into_bytes();
        answer(Recipient {
            jwks,
            ..told.clone()
        })
    };
    forms.map(|(name, set)| (name, falsified(set))).collect()
}

#[tokio::test]
async fn api_no_changed_key_set_gives_a_sender_a_false_key() {
    let scene = Scene::new().await;
    let client = scene.tapped.client();
    let phone = scene.installation.published("phone", people::PATIENT);
    let tablet = scene.installation.endorsed("tablet", "tablet", &phone);
    tablet.kleis(&["keys", "publish"]);
    let honest = keys(&client, people::PATIENT).await.unwrap();
    assert_eq!(honest.len(), 2);
    let (mut number, mut refused) = (0, 0);
    loop {
        let mischief = Nth::new(Way::Back, LOOKUP, number, forms);
        scene.proxy.set(Whole(mischief.clone()));
        let told = keys(&client, people::PATIENT).await;
        if mischief.is_exhausted() {
            assert_eq!(told.unwrap(), honest);
            break;
        }
        match told {
            Ok(keys) => assert_eq!(keys, honest, "{}", mischief.applied()),
            Err(ClientError::NotVerified { .. }) => refused += 1,
            Err(error) => panic!("{}: {error:?}", mischief.applied()),
        }
        number += 1;
    }
    // What is accepted is what means nothing: members that nobody reads.
    assert!(
        refused > 60 && number - refused < 10,
        "{refused} of {number} were refused"
    );
}

/// Mischief with sets that are always sent: the client has one in memory, which would not be sent again.
struct Whole(Nth);

impl Mischief for Whole {
    fn request(&self, method: &str, message: Vec<u8>) -> Vec<u8> {
        if method != LOOKUP {
            return message;
        }
        let mut asked = LookupRequest::decode(message.as_slice()).unwrap();
        asked.if_etag.clear();
        asked.encode_to_vec()
    }

    fn reply(&self, method: &str, reply: Reply) -> Reply {
        self.0.reply(method, reply)
    }
}

/// Answers with the set of somebody else, under the name that was asked for or under its own.
struct Impostor {
    theirs: Recipient,
    renamed: bool,
}

impl Mischief for Impostor {
    fn reply(&self, method: &str, reply: Reply) -> Reply {
        let Reply::Message(message) = reply else {
            return reply;
        };
        if method != LOOKUP {
            return Reply::Message(message);
        }
        let mut told = recipient(&message);
        told.jwks.clone_from(&self.theirs.jwks);
        if !self.renamed {
            told.identifier.clone_from(&self.theirs.identifier);
        }
        Reply::Message(answer(told))
    }
}

/// Asks for somebody else than the caller wants.
struct Misdirect(&'static str);

impl Mischief for Misdirect {
    fn request(&self, method: &str, message: Vec<u8>) -> Vec<u8> {
        if method != LOOKUP {
            return message;
        }
        let mut asked = LookupRequest::decode(message.as_slice()).unwrap();
        self.0.clone_into(&mut asked.identifier);
        asked.encode_to_vec()
    }
}

#[tokio::test]
async fn api_nobody_gets_the_keys_of_somebody_else() {
    let scene = Scene::new().await;
    let client = scene.tapped.client();
    scene.installation.published("mailbox", people::APPLICATION);
    scene
        .installation
        .published("billing", people::OTHER_APPLICATION);
    scene.installation.published("insurer", people::INSURER);
    keys(&client, people::INSURER).await.unwrap();
    let seen = scene.proxy.seen();
    let exchange = seen
        .iter()
        .find(|exchange| exchange.method == LOOKUP)
        .unwrap();
    let Reply::Message(message) = &exchange.reply else {
        panic!("a message")
    };
    for renamed in [true, false] {
        scene.proxy.set(Impostor {
            theirs: recipient(message),
            renamed,
        });
        let error = keys(&client, people::APPLICATION).await.unwrap_err();
        assert_eq!(error.reason(), "RECIPIENT_WRONG_IDENTITY");
    }
    for (instead, reason) in [
        (people::INSURER, "RECIPIENT_WRONG_IDENTITY"),
        (people::OTHER_APPLICATION, "RECIPIENT_WRONG_APPLICATION"),
    ] {
        scene.proxy.set(Misdirect(instead));
        let error = keys(&client, people::APPLICATION).await.unwrap_err();
        assert_eq!(error.reason(), reason);
    }
    scene.proxy.be_honest();
    keys(&client, people::APPLICATION).await.unwrap();
}

/// Answers every look-up with one answer.
struct Always(Vec<u8>);

impl Mischief for Always {
    fn reply(&self, method: &str, reply: Reply) -> Reply {
        if method == LOOKUP {
            Reply::Message(self.0.clone())
        } else {
            reply
        }
    }
}

#[tokio::test]
async fn api_a_sender_does_not_go_back_behind_a_set_that_it_has_seen() {
    let scene = Scene::new().await;
    let client = scene.tapped.client();
    let phone = scene.installation.published("phone", people::PATIENT);
    let tablet = scene.installation.endorsed("tablet", "tablet", &phone);
    keys(&client, people::PATIENT).await.unwrap();
    let seen = scene.proxy.seen();
    let exchange = seen
        .iter()
        .find(|exchange| exchange.method == LOOKUP)
        .unwrap();
    let Reply::Message(old) = &exchange.reply else {
        panic!("a message")
    };
    tablet.kleis(&["keys", "publish"]);
    // Whoever has not seen the tablet's key cannot know of it. (Key transparency would tell.)
    scene.proxy.set(Always(old.clone()));
    keys(&client, people::PATIENT).await.unwrap();
    scene.proxy.be_honest();
    keys(&client, people::PATIENT).await.unwrap();
    scene.proxy.set(Always(old.clone()));
    let error = keys(&client, people::PATIENT).await.unwrap_err();
    assert_eq!(error.reason(), "RECIPIENT_ROLLED_BACK");
}
