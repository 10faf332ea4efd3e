//! Certificates that are forwarded: from the edge alone, verified again, and never more than what its holder could read.

use kleis_e2e::{
    Caller, EdgeKeys, Forge, Installation, Lone, NOTHING, Party, Refusal, people, xfcc,
};
use kleis_proto::directory::v1::LookupResponse;
use kleis_proto::method::{custody, registration, registration_admin};
use kleis_proto::registration::v1::{ListKeysRequest, ListKeysResponse};
use kleis_types::base64url;
use serde_json::json;
use tonic::Code;

use super::{LIST_KEYS, LOOKUP, now, wanted};

const XFCC: &str = "x-forwarded-client-cert";
const LIST_REGISTRANTS: &str = "kleis.registration.v1.RegistrationAdminService/ListRegistrants";

/// What a party's certificate looks like behind the edge.
fn of(party: &Party) -> String {
    xfcc::of_chain(party.signer().chain())
}

async fn list(caller: &Caller, header: &str) -> Result<usize, Refusal> {
    let headers = [(XFCC, header)];
    let list = caller.call_with::<_, ListKeysResponse>(LIST_KEYS, ListKeysRequest {}, &headers);
    let list = list.await.map_err(Refusal::from)?;
    Ok(list.into_inner().keys.len())
}

async fn refused(caller: &Caller, method: &str, text: &str, header: &str) -> (Code, String) {
    let refused = caller.order_with(method, text, &[(XFCC, header)]).await;
    let refused = refused.unwrap_err();
    (refused.code, refused.reason)
}

fn with_edge() -> (Installation, EdgeKeys, Party) {
    let (installation, edge) = Installation::with_edge();
    let holder = installation.published("holder", people::ORGANISATION);
    (installation, edge, holder)
}

#[tokio::test]
async fn access_nobody_but_the_edge_forwards() {
    let installation = Installation::new();
    let party = installation.enrolled("party", people::DOCTOR);
    let victim = installation.published("victim", people::ORGANISATION);
    let before = installation.databases().contents();
    let methods = [
        registration::ALL,
        registration_admin::ALL,
        custody::ALL,
        &[LIST_KEYS, LOOKUP, LIST_REGISTRANTS],
        &["kleis.registration.v1.RegistrationService/GetInstallation"],
    ];
    for caller in [
        Caller::anonymous(&installation),
        Caller::of(&installation, &party),
        Caller::of(&installation, installation.operator()),
    ] {
        for method in methods.concat() {
            for header in [&of(&victim), &of(&party), "noise", ""] {
                let told = refused(&caller, method, "", header).await;
                let expected = (Code::Unauthenticated, "FORWARDING_REFUSED".to_owned());
                assert_eq!(told, expected, "{method}");
            }
        }
    }
    assert_eq!(installation.databases().changes_since(&before), NOTHING);
}

#[tokio::test]
async fn access_through_the_edge_holders_read_what_is_theirs() {
    let (installation, edge, holder) = with_edge();
    let patient = installation.published("patient", people::PATIENT);
    let doctor = installation.enrolled("doctor", people::DOCTOR);
    let caller = edge.caller(&installation);
    assert_eq!(list(&caller, &of(&holder)).await, Ok(1));
    assert_eq!(list(&caller, &of(&patient)).await, Ok(1));
    // On one connection, each is themselves.
    assert_eq!(list(&caller, &of(&doctor)).await, Ok(0));
    let header = of(&doctor);
    let headers = [(XFCC, header.as_str())];
    let found = caller.call_with::<_, LookupResponse>(LOOKUP, wanted(people::PATIENT), &headers);
    found.await.unwrap();
}

#[tokio::test]
async fn access_the_edge_by_itself_is_nobody() {
    let (installation, edge, _) = with_edge();
    let caller = edge.caller(&installation);
    let lookup = async |whom| caller.call::<_, LookupResponse>(LOOKUP, wanted(whom)).await;
    lookup(people::ORGANISATION).await.unwrap();
    let needed = (Code::Unauthenticated, "CERTIFICATE_REQUIRED");
    let person = lookup(people::PATIENT).await.unwrap_err();
    assert_eq!((person.code, person.reason.as_str()), needed);
    let list = caller.call::<_, ListKeysResponse>(LIST_KEYS, ListKeysRequest {});
    let list = list.await.unwrap_err();
    assert_eq!((list.code, list.reason.as_str()), needed);
}

#[tokio::test]
async fn access_a_forwarded_certificate_is_verified_again() {
    let (installation, edge, holder) = with_edge();
    let elsewhere = Installation::new();
    let stranger = elsewhere.published("stranger", people::ORGANISATION);
    let caller = edge.caller(&installation);
    // One whose key is lost, and one who has a newer certificate.
    let mut former = Vec::new();
    for (name, identifier, reason) in [
        ("revoked", people::INSURER, "keyCompromise"),
        ("superseded", people::PHARMACY, "superseded"),
    ] {
        let party = installation.enrolled(name, identifier);
        assert_eq!(list(&caller, &of(&party)).await, Ok(0));
        let serial = party.kleis(&["whoami"])["serial"].clone();
        let serial = serial.as_str().unwrap();
        let operator = installation.operator();
        operator.kleis(&["operator", "revoke", serial, "--reason", reason]);
        former.push(of(&party));
    }
    installation.enrolled("superseding", people::PHARMACY);
    let (good, chain) = (of(&holder), holder.signer().chain().to_vec());
    let swapped = vec![chain[0].clone(), stranger.signer().chain()[1].clone()];
    let of_another = of(&stranger);
    let (hash, _) = of_another.split_once(';').unwrap();
    let (_, rest) = good.split_once(';').unwrap();
    let other_hash = format!("{hash};{rest}");
    let mut turned = chain.clone();
    turned.reverse();
    let before = installation.databases().contents();
    for (name, header, reason) in [
        ("revoked", former.remove(0), "CERTIFICATE_REVOKED"),
        ("superseded", former.remove(0), "CERTIFICATE_REVOKED"),
        (
            "of another installation",
            of(&stranger),
            "CERTIFICATE_INVALID",
        ),
        (
            "under another's intermediate",
            xfcc::of_chain(&swapped),
            "CERTIFICATE_INVALID",
        ),
        (
            "without intermediate",
            xfcc::of_chain(&chain[..1]),
            "CERTIFICATE_INVALID",
        ),
        (
            "in the wrong order",
            xfcc::of_chain(&turned),
            "CERTIFICATE_INVALID",
        ),
        (
            "the edge's own",
            xfcc::of_chain(edge.chain()),
            "CERTIFICATE_INVALID",
        ),
        ("another hash", other_hash, "CERTIFICATE_INVALID"),
        (
            "two elements",
            format!("{good},{good}"),
            "CERTIFICATE_INVALID",
        ),
        (
            "a name and no certificate",
            "URI=urn:kleis:id:CBE:0123456749".to_owned(),
            "CERTIFICATE_INVALID",
        ),
        ("noise", "noise".to_owned(), "CERTIFICATE_INVALID"),
        ("nothing", String::new(), "CERTIFICATE_INVALID"),
    ] {
        let refused = list(&caller, &header).await.unwrap_err();
        let told = (refused.code, refused.reason.as_str());
        assert_eq!(told, (Code::Unauthenticated, reason), "{name}: {refused:?}");
    }
    let twice = [(XFCC, good.as_str()); 2];
    let list = caller.call_with::<_, ListKeysResponse>(LIST_KEYS, ListKeysRequest {}, &twice);
    let refused = Refusal::from(list.await.unwrap_err());
    assert_eq!(refused.reason, "REQUEST_MALFORMED");
    assert_eq!(installation.databases().changes_since(&before), NOTHING);
}

#[tokio::test]
async fn access_orders_through_the_edge_are_their_signers() {
    let (installation, edge, holder) = with_edge();
    let other = installation.enrolled("other", people::DOCTOR);
    let caller = edge.caller(&installation);
    let reader = json!({"namespace": "urn:kleis:identifier", "name": "CBE", "values": ["x"]});
    let policy = json!({"readers": [{"allOf": [reader]}], "expiresAt": now() + 86_400});
    let body = json!({
        "count": 1,
        "policy": base64url::encode(policy.to_string().as_bytes()),
        "replyTo": kleis_jose::Jwk::generate(kleis_jose::KeyType::X25519, &kleis_types::OsRandom)
            .unwrap()
            .to_value()
            .to_string(),
    });
    let order = Forge::order(&installation, &holder, custody::CREATE_KEYS, body);
    let before = installation.databases().contents();
    let mismatch = (Code::PermissionDenied, "SIGNER_MISMATCH".to_owned());
    let signed = order.sign();
    let by_other = refused(&caller, custody::CREATE_KEYS, &signed, &of(&other)).await;
    assert_eq!(by_other, mismatch);
    let alone = caller
        .order(custody::CREATE_KEYS, &signed)
        .await
        .unwrap_err();
    let needed = (Code::Unauthenticated, "CERTIFICATE_REQUIRED");
    assert_eq!((alone.code, alone.reason.as_str()), needed);
    assert_eq!(installation.databases().changes_since(&before), NOTHING);
    let header = of(&holder);
    let headers = [(XFCC, header.as_str())];
    let made = caller.order_with(custody::CREATE_KEYS, &signed, &headers);
    made.await.unwrap();
}

#[tokio::test]
async fn access_nobody_is_an_operator_through_the_edge() {
    let (installation, edge, holder) = with_edge();
    let operator = installation.operator();
    let caller = edge.caller(&installation);
    let import = json!({"registrants": [
        {"name": "New", "identifiers": ["CBE:0999999922"], "active": true},
    ]});
    let before = installation.databases().contents();
    let denied = (Code::PermissionDenied, "PERMISSION_DENIED".to_owned());
    let methods = registration_admin::ALL
        .iter()
        .copied()
        .filter(|method| *method != registration_admin::BOOTSTRAP_OPERATOR);
    for method in methods.chain([LIST_REGISTRANTS]) {
        let order = Forge::order(&installation, operator, method, import.clone()).sign();
        for header in [of(operator), of(&holder)] {
            assert_eq!(
                refused(&caller, method, &order, &header).await,
                denied,
                "{method}"
            );
        }
    }
    assert_eq!(installation.databases().changes_since(&before), NOTHING);
    // The same order on the operator's own connection.
    let method = registration_admin::IMPORT_REGISTRANTS;
    let order = Forge::order(&installation, operator, method, import).sign();
    let direct = Caller::of(&installation, operator);
    direct.order(method, &order).await.unwrap();
}

#[tokio::test]
async fn access_a_former_edge_is_one_no_more() {
    let (mut installation, former, holder) = with_edge();
    assert_eq!(
        list(&former.caller(&installation), &of(&holder)).await,
        Ok(1)
    );
    let edge = installation.certify_edge("next-edge");
    assert_eq!(list(&edge.caller(&installation), &of(&holder)).await, Ok(1));
    let caller = former.caller(&installation);
    let refused = list(&caller, &of(&holder)).await.unwrap_err();
    assert_eq!(refused.reason, "CERTIFICATE_REVOKED", "{refused:?}");
    let lookup = caller.call::<_, Lone>(LOOKUP, wanted(people::ORGANISATION));
    assert_eq!(lookup.await.unwrap_err().reason, "CERTIFICATE_REVOKED");
}
