//! What holds for all generated messages alike.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FileDescriptorSet};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{FILE_DESCRIPTOR_SET, custody, directory, registration};

/// The protos, decoded.
pub(crate) fn descriptors() -> FileDescriptorSet {
    FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("the compiler wrote it")
}

/// The messages of all `orders.proto`, by full name.
fn order_messages() -> BTreeMap<String, DescriptorProto> {
    let files = descriptors()
        .file
        .into_iter()
        .filter(|f| f.name().ends_with("orders.proto"));
    let named = files.flat_map(|file| {
        let package = file.package().to_owned();
        file.message_type
            .into_iter()
            .map(move |m| (format!("{package}.{}", m.name()), m))
    });
    named.collect()
}

/// A JSON object with every field of a message set to something that is not its default.
fn full_object(messages: &BTreeMap<String, DescriptorProto>, name: &str) -> Value {
    let fields = messages[name].field.iter().map(|field| {
        let one = match field.r#type() {
            Type::String => json!("text"),
            Type::Bool => json!(true),
            Type::Uint32 => json!(u32::MAX),
            Type::Message => full_object(messages, field.type_name().trim_start_matches('.')),
            other => panic!("{name}.{}: no JSON for {other:?}", field.name()),
        };
        let repeated = field.label() == Label::Repeated;
        (
            field.json_name().to_owned(),
            if repeated { json!([one]) } else { one },
        )
    });
    Value::Object(fields.collect())
}

/// Reads and writes a message as the JSON that the protos say, and refuses everything else.
fn check_json<M>(messages: &BTreeMap<String, DescriptorProto>, name: &str)
where
    M: DeserializeOwned + Serialize + Default + PartialEq,
{
    let full = full_object(messages, name);
    let message: M = serde_json::from_value(full.clone()).expect(name);
    assert!(message != M::default(), "{name}: nothing was read");
    assert_eq!(serde_json::to_value(&message).expect(name), full, "{name}");

    let empty: M = serde_json::from_value(json!({})).expect(name);
    assert!(empty == M::default(), "{name}: absent members are defaults");
    let written = serde_json::to_value(&empty).expect(name);
    assert!(!written.to_string().contains("null"), "{name}: {written}");

    let mut unknown = full.clone();
    unknown["noSuchMember"] = json!(1);
    assert!(
        serde_json::from_value::<M>(unknown).is_err(),
        "{name}: unknown member"
    );

    for field in &messages[name].field {
        let mut wrong = full.clone();
        wrong[field.json_name()] = json!(-1.5);
        assert!(
            serde_json::from_value::<M>(wrong).is_err(),
            "{name}.{}: a fraction",
            field.name()
        );
        if field.json_name() != field.name() {
            let mut snake = full.clone();
            snake[field.name()] = snake[field.json_name()].take();
            assert!(
                serde_json::from_value::<M>(snake).is_err(),
                "{name}.{}",
                field.name()
            );
        }
    }

    let twice = {
        let text = full.to_string();
        let member = messages[name].field[0].json_name();
        text.replacen('{', &format!("{{\"{member}\":{},", full[member]), 1)
    };
    assert!(
        serde_json::from_str::<M>(&twice).is_err(),
        "{name}: a member twice"
    );
}

macro_rules! check_json_of {
    ($package:literal, $module:path, $($message:ident)+) => {{
        use $module as module;
        let messages = order_messages();
        let mut checked = BTreeSet::new();
        $(
            let name = concat!($package, ".", stringify!($message));
            check_json::<module::$message>(&messages, name);
            checked.insert(name.to_owned());
        )+
        let all = messages.into_keys().filter(|name| name.starts_with($package));
        assert_eq!(checked, all.collect(), "every message of orders.proto is checked");
    }};
}

#[test]
fn registration_orders_speak_json() {
    check_json_of!(
        "kleis.registration.v1", registration::v1,
        EnrolOrder EnrolResult BeginKeyOrder BeginKeyResult CompleteKeyOrder CompleteKeyResult
        ActivateKeyOrder ActivateKeyResult RevokeKeyOrder RevokeKeyResult
        RevokeCertificateOrder RevokeCertificateResult
        DescribeCertificateOrder DescribeCertificateResult
        SubmitCertificateRequestOrder SubmitCertificateRequestResult
        GetCertificateRequestOrder GetCertificateRequestResult
        WithdrawCertificateRequestOrder WithdrawCertificateRequestResult
        ValidateCertificateRequestOrder ValidateCertificateRequestResult
        ApproveCertificateRequestOrder ApproveCertificateRequestResult
        RejectCertificateRequestOrder RejectCertificateRequestResult
        ApproveEnrolmentCodeOrder ApproveEnrolmentCodeResult
        RevokeEnrolmentCodeOrder RevokeEnrolmentCodeResult
        RenewCertificateOrder RenewCertificateResult
        ImportRegistrantsOrder Registrant ImportRegistrantsResult
        CreateEnrolmentCodeOrder CreateEnrolmentCodeResult
        RevokeCertificateAsOperatorOrder RevokeCertificateAsOperatorResult
        GrantRoleOrder GrantRoleResult WithdrawRoleOrder WithdrawRoleResult
    );
}

#[test]
fn custody_orders_speak_json() {
    check_json_of!(
        "kleis.custody.v1", custody::v1,
        CreateKeysOrder CreateKeysResult ReleasedKey DepositKeysOrder DepositKeysResult
        GetKeyOrder GetKeyResult ConfirmReadOrder ConfirmReadResult
        DescribeKeyOrder DescribeKeyResult ShredKeyOrder ShredKeyResult
    );
}

#[test]
fn every_order_of_an_rpc_has_its_bodies() {
    use crate::method::{custody, registration, registration_admin};

    let messages = order_messages();
    for method in [registration::ALL, registration_admin::ALL, custody::ALL].concat() {
        if method == registration_admin::BOOTSTRAP_OPERATOR {
            continue; // An enrolment like the others: EnrolOrder, EnrolResult.
        }
        let (service, rpc) = method.split_once('/').expect("a slash");
        let (package, _) = service.rsplit_once('.').expect("a package");
        for kind in ["Order", "Result"] {
            let name = format!("{package}.{rpc}{kind}");
            assert!(messages.contains_key(&name), "{name}");
        }
    }
}

#[test]
fn debug_shows_no_content() {
    let key = custody::v1::ReleasedKey {
        key_id: "id".into(),
        policy_hash: "hash".into(),
        jwk: r#"{"kty":"oct","k":"c2VjcmV0"}"#.into(),
    };
    assert_eq!(format!("{key:?}"), "ReleasedKey(..)");
    let recipient = directory::v1::Recipient::default();
    let found = directory::v1::lookup_response::Result::Recipient(recipient);
    assert_eq!(format!("{found:?}"), "LookupResponse(..)");
    let response = directory::v1::LookupResponse {
        result: Some(found),
    };
    assert_eq!(format!("{response:?}"), "LookupResponse(..)");
}

#[test]
fn every_field_rpc_and_service_is_documented() {
    for file in descriptors()
        .file
        .iter()
        .filter(|f| f.package().starts_with("kleis."))
    {
        let info = file.source_code_info.as_ref().expect("comments are kept");
        let documented: BTreeSet<&[i32]> = info
            .location
            .iter()
            .filter(|l| !l.leading_comments().trim().is_empty())
            .map(|l| l.path.as_slice())
            .collect();
        let index = |i: usize| i32::try_from(i).expect("small");
        for (m, message) in file.message_type.iter().enumerate() {
            for (f, field) in message.field.iter().enumerate() {
                let path = [4, index(m), 2, index(f)];
                assert!(
                    documented.contains(&path[..]),
                    "{}.{}",
                    message.name(),
                    field.name()
                );
            }
        }
        for (s, service) in file.service.iter().enumerate() {
            assert!(
                documented.contains(&[6, index(s)][..]),
                "{}",
                service.name()
            );
            for (r, rpc) in service.method.iter().enumerate() {
                let path = [6, index(s), 2, index(r)];
                assert!(
                    documented.contains(&path[..]),
                    "{}/{}",
                    service.name(),
                    rpc.name()
                );
            }
        }
    }
}
