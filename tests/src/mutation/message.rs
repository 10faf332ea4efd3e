//! A protobuf message with one thing made false: its fields are those that the protos declare, set or not.

use std::sync::LazyLock;

use kleis_proto::FILE_DESCRIPTOR_SET;
use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MethodDescriptor, ReflectMessage as _,
    Value,
};

use super::{Forms, of_text, within};

static PROTOS: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap());

/// What is reached on the admin listener alone.
const ADMIN: [&str; 2] = [
    "kleis.registration.v1.RegistrationAdminService",
    "kleis.audit.v1.AuditService",
];

/// Every RPC of the public services, `PACKAGE.SERVICE/RPC`.
pub fn rpcs() -> Vec<String> {
    let services = PROTOS.services();
    let public = services.filter(|service| {
        let name = service.full_name();
        name.starts_with("kleis.") && !ADMIN.contains(&name)
    });
    let methods = public.flat_map(|service| service.methods().collect::<Vec<_>>());
    methods.map(|method| name(&method)).collect()
}

fn name(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().full_name(), method.name())
}

/// The forms of a request (or else a reply) of an RPC, with donors of the same kind.
pub fn of_message(rpc: &str, is_request: bool, here: &[u8], donors: &[&[u8]]) -> Forms<Vec<u8>> {
    let mut methods = PROTOS
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>());
    let method = methods.find(|method| name(method) == rpc).unwrap();
    let kind = if is_request {
        method.input()
    } else {
        method.output()
    };
    let decode = |bytes: &[u8]| DynamicMessage::decode(kind.clone(), bytes).unwrap();
    let donors: Vec<_> = donors.iter().map(|bytes| decode(bytes)).collect();
    let donors: Vec<_> = donors.iter().collect();
    let forms = of_fields(&decode(here), &donors).into_iter();
    forms
        .map(|(name, form)| (name, form.encode_to_vec()))
        .collect()
}

fn of_fields(here: &DynamicMessage, donors: &[&DynamicMessage]) -> Forms<DynamicMessage> {
    let mut forms = Vec::new();
    for field in here.descriptor().fields() {
        if here.has_field(&field) {
            let mut without = here.clone();
            without.clear_field(&field);
            forms.push((format!("without {}", field.name()), without));
        } else if let (Kind::Message(kind), false) = (field.kind(), field.is_list()) {
            let mut with = here.clone();
            with.set_field(&field, Value::Message(DynamicMessage::new(kind)));
            forms.push((format!("with {}", field.name()), with));
        }
        let theirs = donors
            .iter()
            .map(|donor| donor.get_field(&field).into_owned());
        let theirs: Vec<_> = theirs.collect();
        let value = here.get_field(&field);
        forms.extend(within(
            field.name(),
            of_field(&field, &value, &theirs),
            |value| {
                let mut with = here.clone();
                with.set_field(&field, value);
                with
            },
        ));
    }
    forms
}

fn of_field(field: &FieldDescriptor, here: &Value, donors: &[Value]) -> Forms<Value> {
    let Some(items) = here.as_list() else {
        return of_value(&field.kind(), here, &donors.iter().collect::<Vec<_>>());
    };
    let mut forms = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let place = format!("[{index}]");
        let lists = donors.iter().filter_map(Value::as_list);
        let donors: Vec<_> = lists.filter_map(|list| list.get(index)).collect();
        forms.extend(within(
            &place,
            of_value(&field.kind(), item, &donors),
            |value| {
                let mut with = items.to_vec();
                with[index] = value;
                Value::List(with)
            },
        ));
        let mut twice = items.to_vec();
        twice.push(item.clone());
        forms.push((format!("{place} twice"), Value::List(twice)));
        let mut without = items.to_vec();
        without.remove(index);
        forms.push((format!("without {place}"), Value::List(without)));
    }
    forms
}

fn of_value(kind: &Kind, here: &Value, donors: &[&Value]) -> Forms<Value> {
    let mut forms = match here {
        Value::Message(message) => {
            let donors: Vec<_> = donors
                .iter()
                .filter_map(|donor| donor.as_message())
                .collect();
            within("", of_fields(message, &donors), Value::Message)
        }
        Value::String(text) => {
            let donors: Vec<_> = donors.iter().filter_map(|donor| donor.as_str()).collect();
            return within("", of_text(text, &donors), Value::String);
        }
        Value::Bytes(bytes) => of_bytes(bytes, donors),
        Value::Bool(flag) => vec![("changed".to_owned(), Value::Bool(!flag))],
        Value::U32(number) => vec![("changed".to_owned(), Value::U32(number + 1))],
        Value::I64(number) => vec![("changed".to_owned(), Value::I64(number + 1))],
        other => panic!("{kind:?} is not made false yet: {other:?}"),
    };
    if let Some(other) = donors.iter().find(|donor| **donor != here) {
        forms.push(("swapped".to_owned(), (*other).clone()));
    }
    forms
}

/// A text as bytes, or bytes that are none.
fn of_bytes(here: &[u8], donors: &[&Value]) -> Forms<Value> {
    let put = |text: String| Value::Bytes(text.into_bytes().into());
    if let Ok(text) = str::from_utf8(here)
        && !text.is_empty()
    {
        let donors = donors.iter().filter_map(|donor| donor.as_bytes());
        let donors: Vec<_> = donors
            .filter_map(|bytes| str::from_utf8(bytes).ok())
            .collect();
        return within("", of_text(text, &donors), put);
    }
    let mut other = here.to_vec();
    match other.get_mut(here.len() / 2) {
        Some(byte) => *byte ^= 1,
        None => other.push(1),
    }
    vec![("changed".to_owned(), Value::Bytes(other.into()))]
}
