//! What may be told of a key.

use kleis_jose::Jwk;
use serde_json::{Map, Value, json};

use super::certificates;
use crate::commands::key_source;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Report, Table};

/// Members that are key material or are shown by themselves.
const SHOWN: [&str; 14] = [
    "kty", "crv", "x", "y", "n", "e", "kid", "use", "alg", "key_ops", "x5c", "x5t", "x5t#S256",
    "oth",
];

pub(super) fn report(context: &Context, text: &str, name: &str) -> Result<Report, CliError> {
    let keys = key_source::parse(context, text, name)?;
    if let [key] = &keys[..] {
        return Ok(one(key));
    }
    let mut table = Table::new(&[
        ("kid", "KID"),
        ("type", "TYPE"),
        ("use", "USE"),
        ("alg", "ALGORITHM"),
        ("private", "PRIVATE"),
        ("thumbprint", "THUMBPRINT"),
    ]);
    for key in &keys {
        table.row([
            Cell::optional(key.kid()),
            Cell::text(key.key_type()),
            Cell::optional(key.key_use()),
            Cell::optional(key.alg()),
            Cell::flag(key.is_private()),
            Cell::text(key.thumbprint()),
        ]);
    }
    Ok(Report::new()
        .field("kind", "kind", Cell::text("JWK Set"))
        .table("keys", table, "No keys that are supported."))
}

fn one(key: &Jwk) -> Report {
    let others = other_members(key);
    let chain = key.x5c().ok().flatten().unwrap_or_default();
    let report = Report::new()
        .field("kind", "kind", Cell::text("JWK"))
        .field("type", "type", Cell::text(key.key_type()))
        .field("private", "private", Cell::flag(key.is_private()))
        .field("thumbprint", "thumbprint", Cell::text(key.thumbprint()))
        .field("kid", "kid", Cell::optional(key.kid()))
        .field("use", "use", Cell::optional(key.key_use()))
        .field("alg", "algorithm", Cell::optional(key.alg()))
        .field("keyOps", "operations", operations(key))
        .field("members", "other members", Cell::list(others))
        .data("public", public(key));
    if chain.is_empty() {
        report
    } else {
        report.table("certificates", certificates::table(&chain), "")
    }
}

fn operations(key: &Jwk) -> Cell {
    key.key_ops().map_or_else(Cell::none, Cell::list)
}

/// The names of members that are not shown: what they hold is somebody else's business.
fn other_members(key: &Jwk) -> Vec<String> {
    match key.to_value() {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| !is_shown(name))
            .collect(),
        _ => Vec::new(),
    }
}

/// The key material that is public, without any other member.
fn public(key: &Jwk) -> Value {
    let Value::Object(members) = key.public().to_value() else {
        return json!({});
    };
    let material = ["kty", "crv", "x", "y", "n", "e"];
    let members = members
        .into_iter()
        .filter(|(name, _)| material.contains(&name.as_str()));
    Value::Object(members.collect::<Map<_, _>>())
}

fn is_shown(name: &str) -> bool {
    SHOWN.contains(&name)
}
