//! The fixed files in `tests/vectors/trust` mean what they say.
//!
//! Each case is accepted, with the output that stands in the file, or refused for the reason that
//! stands there.
#![expect(clippy::unwrap_used, reason = "tests: a panic is a failure")]

use std::path::Path;

use kleis_jose::{Jwk, JwkSet, Thumbprint};
use kleis_pki::{Certificate, TrustAnchors};
use kleis_trust::{
    Anchors,
    challenge::{self, Subject},
    checkpoint::{self, Head},
    deposit::{self, Context},
    endorsement,
    enrolment_code::{self, Announcement, EnrolmentCode},
    order::{self, MAX_SIZE, SignedOrder},
    recipient, release, reply, sealed, segment,
    status::{StatusList, StatusMemory},
    typ,
};
use kleis_types::{Identifier, InstallationId, SecretBytes, Service, Timestamp, base64url};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// What a case gives: its output, or the reason of its refusal.
type Outcome = Result<Value, &'static str>;

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    input: Value,
    accepted: Option<Value>,
    refused: Option<String>,
}

struct World {
    installation: InstallationId,
    anchors: Anchors,
    now: Timestamp,
    status: StatusList,
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/trust");
    let bytes = std::fs::read(directory.join(name).with_extension("json")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

impl World {
    fn read() -> Self {
        let context: Value = read("context");
        let installation: InstallationId = get(&context, "installation");
        let root = base64(context["root"].as_str().unwrap());
        let roots = TrustAnchors::from_ders(vec![root]).unwrap();
        let anchors = Anchors::new(roots, installation.clone());
        let now = get(&context, "now");
        let list = context["statusList"].as_str().unwrap();
        let status = StatusList::verify(list, &anchors, now).unwrap();
        Self {
            installation,
            anchors,
            now,
            status,
        }
    }
}

/// Runs every case of a file; `least` guards against a file that lost its cases.
fn check(file: &str, least: usize, run: impl Fn(&World, &Value) -> Outcome) {
    let world = World::read();
    let file: File = read(file);
    assert!(file.cases.len() >= least, "only {} cases", file.cases.len());
    for Case {
        name,
        input,
        accepted,
        refused,
    } in file.cases
    {
        match (run(&world, &input), accepted, refused.as_deref()) {
            (Ok(output), Some(accepted), None) => assert_eq!(output, accepted, "{name}"),
            (Err(reason), None, Some(refused)) => assert_eq!(reason, refused, "{name}"),
            (outcome, ..) => panic!("{name}: {outcome:?}"),
        }
    }
}

fn get<T: DeserializeOwned>(input: &Value, member: &str) -> T {
    serde_json::from_value(input[member].clone()).unwrap()
}

fn text<'a>(input: &'a Value, member: &str) -> &'a str {
    input[member].as_str().unwrap()
}

fn key(input: &Value) -> Jwk {
    Jwk::from_value(input["key"].clone()).unwrap()
}

fn base64(text: &str) -> Vec<u8> {
    let text = text
        .trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_");
    base64url::decode(&text).unwrap()
}

#[test]
fn orders() {
    check("orders", 35, |world, input| {
        let (compact, method) = (text(input, "compact"), text(input, "method"));
        if text(input, "type") == typ::ENROLMENT {
            return enrolment(world, compact, method);
        }
        let World {
            anchors,
            status,
            now,
            ..
        } = world;
        let order = order::verify::<Body>(compact, MAX_SIZE, method, anchors, status, *now)
            .map_err(order::OrderError::reason)?;
        let identity = order.signer().identity();
        Ok(json!({
            "jti": order.jti(),
            "digest": base64url::encode(order.digest()),
            "version": order.version(),
            "body": {"keyId": order.body().key_id},
            "identifiers": identity.identifiers(),
            "device": identity.device(),
        }))
    });
}

/// The message of the vectors' method, with one member.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
struct Body {
    key_id: String,
}

fn enrolment(world: &World, compact: &str, method: &str) -> Outcome {
    let World { anchors, now, .. } = world;
    let order = order::verify_enrolment::<Body>(compact, MAX_SIZE, method, anchors, *now)
        .map_err(order::OrderError::reason)?;
    Ok(json!({
        "jti": order.jti(),
        "digest": base64url::encode(order.digest()),
        "version": order.version(),
        "body": {},
        "thumbprint": order.key().thumbprint(),
    }))
}

#[test]
fn replies() {
    check("replies", 13, |world, input| {
        let World {
            anchors,
            status,
            now,
            ..
        } = world;
        let issuer: Identifier = get(input, "issuer");
        let order = SignedOrder::restore(text(input, "order")).unwrap();
        let (compact, method) = (text(input, "compact"), text(input, "method"));
        let service = issuer.as_service().unwrap();
        reply::verify::<Value>(compact, anchors, status, service, method, &order, *now)
            .map(|body| json!({ "body": body }))
            .map_err(reply::ReplyError::reason)
    });
}

#[test]
fn endorsements() {
    check("endorsements", 14, |world, input| {
        let certificate = Certificate::from_der(&base64(text(input, "certificate"))).unwrap();
        let identity = certificate.identity().unwrap();
        let endorsement = endorsement::verify(text(input, "compact"), &world.anchors)
            .map_err(endorsement::EndorsementError::reason)?;
        endorsement
            .covers(&certificate, &identity)
            .map_err(endorsement::EndorsementError::reason)?;
        Ok(json!({
            "owner": endorsement.owner(),
            "device": endorsement.device(),
            "thumbprint": endorsement.thumbprint(),
            "endorser": endorsement.endorser().identity().device(),
            "expires": endorsement.expires_at(),
        }))
    });
}

#[test]
fn recipients() {
    check("recipients", 37, |world, input| {
        let World {
            anchors,
            status,
            now,
            ..
        } = world;
        let set = JwkSet::from_slice(input["set"].to_string().as_bytes(), 1_000_000).unwrap();
        let wanted: Identifier = get(input, "recipient");
        let seen = input
            .get("seen")
            .map(|seen| recipient::Seen::deserialize(seen).unwrap());
        let recipient = recipient::verify(&set, &wanted, anchors, status, *now, seen)
            .map_err(recipient::RecipientError::reason)?;
        assert_eq!(recipient.identifier(), &wanted);
        let mut kids: Vec<&Thumbprint> = recipient
            .keys()
            .iter()
            .map(recipient::VerifiedKey::kid)
            .collect();
        kids.sort();
        Ok(json!({
            "kids": kids,
            "sequence": recipient.sequence(),
            "recovered": recipient.is_recovered(),
        }))
    });
}

#[test]
fn documents() {
    check("documents", 8, |world, input| {
        let World {
            anchors,
            status,
            now,
            ..
        } = world;
        let names: Vec<String> = get(input, "readers");
        let readers: Vec<_> = names.iter().map(|name| name.parse().unwrap()).collect();
        let compact = text(input, "compact");
        let document = sealed::verify(compact, 1_000_000, &readers, anchors, status, *now)
            .map_err(sealed::DocumentError::reason)?;
        let recipients: Vec<_> = document
            .addressees()
            .iter()
            .map(sealed::Addressee::to_string)
            .collect();
        Ok(json!({
            "sender": document.sender().identity().identifiers(),
            "senderStatus": document.sender_status().bits(),
            "mediaType": document.media_type(),
            "recipients": recipients,
            "content": base64url::encode(document.content()),
        }))
    });
}

#[test]
fn status_lists() {
    check("status_lists", 16, |world, input| {
        let list = StatusList::verify(text(input, "compact"), &world.anchors, world.now)
            .map_err(kleis_trust::status::StatusError::reason)?;
        if let Some(seen) = input.get("seen") {
            let memory: StatusMemory = serde_json::from_value(json!({
                "version": seen["version"],
                "iat": seen["iat"],
            }))
            .unwrap();
            list.not_older_than(&memory)
                .map_err(kleis_trust::status::StatusError::reason)?;
        }
        Ok(json!({
            "version": list.version(),
            "issued": list.issued_at(),
            "expires": list.expires_at(),
            "entries": base64url::encode(list.entries().packed()),
        }))
    });
}

#[test]
fn challenges() {
    check("challenges", 9, |world, input| {
        let subject = Subject {
            installation: &world.installation,
            session: text(input, "session"),
            owner: &get(input, "owner"),
            device: &get(input, "device"),
        };
        challenge::open(&key(input), text(input, "compact"), &subject)
            .map(|nonce| json!({ "nonce": *nonce.to_text() }))
            .map_err(challenge::ChallengeError::reason)
    });
}

#[test]
fn deposits() {
    check("deposits", 5, |_, input| {
        let policy_hash = base64url::decode_array(text(input, "policyHash")).unwrap();
        let context = Context {
            jti: get(input, "jti"),
            depositor: &get(input, "depositor"),
            policy_hash: &policy_hash,
        };
        let keys = deposit::open(&key(input), text(input, "compact"), &context)
            .map_err(deposit::DepositError::reason)?;
        let encode = |key: &SecretBytes| base64url::encode(key.expose());
        Ok(json!({ "keys": keys.iter().map(encode).collect::<Vec<_>>() }))
    });
}

#[test]
fn releases() {
    check("releases", 6, |_, input| {
        release::open(&key(input), text(input, "compact"))
            .map(|reply| json!({ "reply": *reply }))
            .map_err(release::ReleaseError::reason)
    });
}

#[test]
fn codes() {
    check("codes", 10, |world, input| {
        let code: EnrolmentCode = text(input, "code").parse().map_err(|_| "ENROLMENT_CODE")?;
        let verifier = code.verifier(&world.installation, text(input, "codeFor"));
        let csr = base64url::decode(text(input, "csr")).unwrap();
        let (identifier, device) = (get(input, "identifier"), get(input, "device"));
        let installation = &world.installation;
        let proof = enrolment_code::proof(&verifier, &csr, &identifier, &device, installation);
        Ok(json!({
            "codeId": code.id(),
            "verifier": base64url::encode(verifier.expose()),
            "proof": base64url::encode(&proof),
        }))
    });
}

#[test]
fn announcements() {
    check("announcements", 5, |_, input| {
        let announcement = Announcement {
            jti: get(input, "jti"),
            code: get(input, "codeId"),
            identifier: &get(input, "identifier"),
        };
        announcement
            .open(&key(input), text(input, "compact"))
            .map(|verifier| json!({ "verifier": base64url::encode(verifier.expose()) }))
            .map_err(enrolment_code::AnnouncementError::reason)
    });
}

/// The service whose signature a case asks for.
fn service(input: &Value) -> Service {
    let identifier: Identifier = get(input, "service");
    identifier.as_service().unwrap()
}

#[test]
fn checkpoints() {
    check("checkpoints", 13, |world, input| {
        let read = checkpoint::Verifier::new(&world.anchors, service(input))
            .verify(text(input, "compact"))
            .map_err(checkpoint::CheckpointError::reason)?;
        let content = read.content();
        let head = |head: &Head| {
            json!({
                "chain": head.chain,
                "seq": head.seq,
                "hash": base64url::encode(&head.hash),
            })
        };
        Ok(json!({
            "issued": read.issued_at(),
            "seq": content.seq,
            "previous": content.previous.map(|hash| base64url::encode(&hash)),
            "full": content.full,
            "gap": content.gap,
            "heads": content.heads.iter().map(head).collect::<Vec<_>>(),
        }))
    });
}

#[test]
fn segments() {
    check("segments", 9, |world, input| {
        let read = segment::Verifier::new(&world.anchors, service(input))
            .verify(text(input, "compact"))
            .map_err(segment::SegmentError::reason)?;
        let kept = |(seq, hash): &(u64, [u8; 32])| json!([seq, base64url::encode(hash)]);
        Ok(json!({
            "chain": read.chain,
            "from": read.first,
            "to": read.last,
            "before": base64url::encode(&read.before),
            "last": base64url::encode(&read.head),
            "rows": base64url::encode(&read.rows),
            "kept": read.kept.iter().map(kept).collect::<Vec<_>>(),
        }))
    });
}
