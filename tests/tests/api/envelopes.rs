//! What is wrong with an order before its body is looked at, at every RPC that takes one.

mod faults;

use kleis_e2e::{Caller, Forge, Installation, NOTHING, Party, people};
use kleis_jose::{Jwk, KeyType};
use kleis_proto::method;
use kleis_types::OsRandom;
use serde_json::json;
use tonic::Code;

use self::faults::FAULTS;

/// Everybody who may call something.
struct Scene {
    installation: Installation,
    caller: Party,
    other: Party,
    key: Jwk,
}

impl Scene {
    fn new() -> Self {
        let installation = Installation::new();
        let caller = installation.enrolled("caller", people::DOCTOR);
        let other = installation.enrolled("other", people::PHARMACY);
        let key = Jwk::generate(KeyType::P256, &OsRandom).unwrap();
        Self {
            installation,
            caller,
            other,
            key,
        }
    }

    /// An order that nothing is wrong with but its body, which is empty.
    fn sound(&self, method: &str) -> Forge {
        match method {
            _ if is_enrolment(method) => {
                Forge::enrolment(&self.installation, &self.key, method, json!({}))
            }
            _ => Forge::order(&self.installation, self.who(method), method, json!({})),
        }
    }

    /// Who calls a method.
    fn who(&self, method: &str) -> &Party {
        if is_admin(method) {
            self.installation.operator()
        } else {
            &self.caller
        }
    }
}

fn is_admin(method: &str) -> bool {
    method::registration_admin::ALL.contains(&method)
}

fn is_enrolment(method: &str) -> bool {
    [
        method::registration::ENROL,
        method::registration::SUBMIT_CERTIFICATE_REQUEST,
        method::registration::GET_CERTIFICATE_REQUEST,
        method::registration::WITHDRAW_CERTIFICATE_REQUEST,
        method::registration::VALIDATE_CERTIFICATE_REQUEST,
        method::registration_admin::BOOTSTRAP_OPERATOR,
    ]
    .contains(&method)
}

fn all_methods() -> Vec<&'static str> {
    [
        method::registration::ALL,
        method::registration_admin::ALL,
        method::custody::ALL,
    ]
    .concat()
}

/// Whose fault a refusal is: that of the message, or that of the one who sent it.
fn code_of(reason: &str) -> Code {
    match reason {
        "ORDER_SIGNATURE_INVALID" | "ORDER_EXPIRED" | "ORDER_NOT_YET_VALID" => {
            Code::Unauthenticated
        }
        _ => Code::InvalidArgument,
    }
}

#[tokio::test]
async fn api_every_faulty_order_is_refused_by_name_at_every_rpc_and_nothing_is_written() {
    let scene = Scene::new();
    let (caller, operator) = (
        Caller::of(&scene.installation, &scene.caller),
        Caller::of(&scene.installation, scene.installation.operator()),
    );
    let databases = scene.installation.databases();
    let before = databases.contents();
    for method in all_methods() {
        let connection = if is_admin(method) { &operator } else { &caller };
        for (fault, make, reason) in FAULTS {
            let refused = connection
                .order(method, &make(&scene, method))
                .await
                .unwrap_err();
            let said = (refused.code, refused.reason.as_str());
            assert_eq!(
                said,
                (code_of(reason), *reason),
                "{method}: {fault}: {refused:?}"
            );
            // What is far too long is not even read, so nothing in it can be named.
            let unread = *reason == "REQUEST_TOO_LARGE" && refused.field.is_empty();
            assert!(
                unread || refused.field == "order",
                "{method}: {fault}: {refused:?}"
            );
        }
    }
    assert_eq!(databases.changes_since(&before), NOTHING);
}

#[tokio::test]
async fn api_an_order_comes_over_the_connection_of_its_signer() {
    let scene = Scene::new();
    let anonymous = Caller::anonymous(&scene.installation);
    let other = Caller::of(&scene.installation, &scene.other);
    let databases = scene.installation.databases();
    let before = databases.contents();
    for method in all_methods()
        .into_iter()
        .filter(|method| !is_enrolment(method))
    {
        let order = scene.sound(method).sign();
        let refused = anonymous.order(method, &order).await.unwrap_err();
        assert_eq!(refused.reason, "CERTIFICATE_REQUIRED", "{method}");
        assert_eq!(refused.code, Code::Unauthenticated);
        let refused = other.order(method, &order).await.unwrap_err();
        // Who is no operator is refused before the order is read.
        let expected = if is_admin(method) {
            ("PERMISSION_DENIED", "")
        } else {
            ("SIGNER_MISMATCH", "order")
        };
        assert_eq!(refused.named(), expected, "{method}");
        assert_eq!(refused.code, Code::PermissionDenied);
    }
    assert_eq!(databases.changes_since(&before), NOTHING);
}

#[tokio::test]
async fn api_an_order_is_signed_by_a_certificate_of_this_installation_that_is_in_use() {
    let scene = Scene::new();
    let elsewhere = Installation::new();
    let stranger = elsewhere.enrolled("stranger", people::DOCTOR);
    let caller = Caller::of(&scene.installation, &scene.caller);
    for method in all_methods() {
        if is_enrolment(method) || is_admin(method) {
            continue;
        }
        // The installation's name, but a certificate of another CA.
        let order = Forge::order(&scene.installation, &stranger, method, json!({})).sign();
        let refused = caller.order(method, &order).await.unwrap_err();
        assert_eq!(
            refused.named(),
            ("CERTIFICATE_INVALID", "order"),
            "{method}"
        );
        // The right certificate, but the key of another one.
        let chain = scene.other.signer().chain().to_vec();
        let order = scene
            .sound(method)
            .with_header(|header| header.with_x5c(chain))
            .sign();
        let refused = caller.order(method, &order).await.unwrap_err();
        assert_eq!(
            refused.named(),
            ("ORDER_SIGNATURE_INVALID", "order"),
            "{method}"
        );
        // A chain without its intermediate.
        let leaf = scene.caller.signer().chain()[..1].to_vec();
        let order = scene
            .sound(method)
            .with_header(|header| header.with_x5c(leaf))
            .sign();
        let refused = caller.order(method, &order).await.unwrap_err();
        assert_eq!(
            refused.named(),
            ("CERTIFICATE_INVALID", "order"),
            "{method}"
        );
    }
}

#[tokio::test]
async fn api_operators_orders_are_for_operators() {
    let scene = Scene::new();
    let databases = scene.installation.databases();
    let caller = Caller::of(&scene.installation, &scene.caller);
    let bodies = [
        (
            method::registration_admin::IMPORT_REGISTRANTS,
            json!({"registrants": [
                {"name": "New", "identifiers": ["CBE:0999999922"], "active": true},
            ]}),
        ),
        (
            method::registration_admin::REVOKE_CERTIFICATE_AS_OPERATOR,
            json!({"serial": "01", "reason": "keyCompromise"}),
        ),
        (
            method::registration_admin::GRANT_ROLE,
            json!({"identifier": people::DOCTOR, "role": "operator"}),
        ),
    ];
    let before = databases.contents();
    for (method, body) in bodies {
        let order = Forge::order(&scene.installation, &scene.caller, method, body).sign();
        let refused = caller.order(method, &order).await.unwrap_err();
        assert_eq!(refused.reason, "PERMISSION_DENIED", "{method}");
        assert_eq!(refused.code, Code::PermissionDenied);
    }
    assert_eq!(databases.changes_since(&before), NOTHING);
}

#[tokio::test]
async fn api_the_public_listener_has_no_admin_rpcs() {
    let scene = Scene::new();
    let facts = scene.installation.facts().clone();
    let operator = scene.installation.operator().at(&facts.public);
    let file = operator.home().join("config.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let config = config.replace(&facts.admin, &facts.public);
    std::fs::write(&file, config).unwrap();
    let refused = operator.refused(&["operator", "registrants", "list"]);
    assert_ne!(refused.reason, "PERMISSION_DENIED");
    assert_ne!(refused.code, 0);
}
