//! `kleis custody describe` and `kleis custody shred`: what the owner of a key can do.

use kleis_types::{Timestamp, base64url};
use serde_json::Value;

use crate::args;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Report};

/// Show the policy and the state of a key of yours
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis custody describe Qp1xJ3mXQmqk0V2q8Vd0Zw")]
pub(crate) struct DescribeArgs {
    /// The key's id
    #[arg(value_name = "KEYID", value_parser = args::key_id, allow_hyphen_values = true)]
    key_id: String,
}

/// Destroy a key of yours, for good
///
/// What was encrypted under it can no longer be read by anybody who has not read the key before.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  kleis custody shred Qp1xJ3mXQmqk0V2q8Vd0Zw")]
pub(crate) struct ShredArgs {
    /// The key's id
    #[arg(value_name = "KEYID", value_parser = args::key_id, allow_hyphen_values = true)]
    key_id: String,
}

pub(super) async fn describe(context: &Context, args: &DescribeArgs) -> Result<(), CliError> {
    let key = context.kleis()?.describe_key(&args.key_id).await?;
    let policy = policy(&key.policy);
    let at = |seconds: u32| Cell::time(Timestamp::from_unix(seconds.into()));
    let report = Report::new()
        .field("keyId", "key", Cell::text(key.key_id))
        .field("owner", "owner", Cell::text(key.owner))
        .field("algorithm", "algorithm", Cell::text(key.algorithm))
        .field("state", "state", Cell::text(key.state))
        .field("reads", "reads", Cell::number(key.reads))
        .field("createdAt", "created", at(key.created_at))
        .field("expiresAt", "ends", at(key.expires_at))
        .field("version", "version", Cell::number(key.version))
        .field(
            "policyHash",
            "policy (SHA-256)",
            Cell::text(key.policy_hash),
        )
        .block("policy", "policy", policy.clone(), policy);
    context.print(&report)
}

/// The policy document; its text where it is no JSON, and what was sent where it is no text.
fn policy(encoded: &str) -> Value {
    let bytes = base64url::decode(encoded).unwrap_or_else(|_| encoded.as_bytes().to_vec());
    serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into())
}

pub(super) async fn shred(context: &Context, args: &ShredArgs) -> Result<(), CliError> {
    let shredded = context.kleis()?.shred_key(&args.key_id).await?;
    let report = Report::new()
        .field("keyId", "key", Cell::text(shredded.key_id))
        .field("state", "state", Cell::text(shredded.state));
    context.print(&report)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_is_shown_as_what_it_is() {
        assert_eq!(
            policy(&base64url::encode(b"{\"maxReads\":1}")),
            json!({"maxReads": 1})
        );
        assert_eq!(policy(&base64url::encode(b"no json")), json!("no json"));
        assert_eq!(policy("{\"maxReads\":1}"), json!({"maxReads": 1}));
    }
}
