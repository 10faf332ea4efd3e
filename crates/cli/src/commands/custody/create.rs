//! `kleis custody create`.

use std::path::{Path, PathBuf};

use kleis_client::CustodyKey;
use kleis_types::SecretBytes;
use zeroize::Zeroizing;

use super::read_policy;
use crate::context::Context;
use crate::error::CliError;
use crate::files::{self, Access};
use crate::output::{Cell, Form, Product, Report, Table};

/// Let custody make fresh 256-bit keys under a policy
///
/// Without --out the ids alone are shown: the keys stay in custody, for those whom the policy lets.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kleis custody create --policy pharmacists.json --out keys/
  kleis custody create --policy pharmacists.json --count 10 --output json | jq -r '.keys[].keyId'

A policy for any pharmacy, but not for the prescriber, until a time, to be read once:
  {
    \"readers\": [
      {\"allOf\": [{\"namespace\": \"urn:kleis:identifier\", \"name\": \"NIHII-PHARMACY\"}]}
    ],
    \"excluded\": [
      {\"namespace\": \"urn:kleis:identifier\", \"name\": \"NIHII\", \"values\": [\"18749704\"]}
    ],
    \"expiresAt\": 1795472130,
    \"maxReads\": 1
  }")]
pub(crate) struct CreateArgs {
    /// The policy (JSON, docs/formats.md section 10)
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,

    /// How many keys
    #[arg(long, default_value_t = 1, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=100))]
    count: u32,

    /// Keep the keys too: each in DIR/KEYID.jwk, or with `-` all on standard output (JWK Set)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) async fn run(context: &Context, args: &CreateArgs) -> Result<(), CliError> {
    let policy = read_policy(&args.policy)?;
    let dir = args.out.as_deref().filter(|out| !files::is_stream(out));
    if let Some(dir) = dir {
        // Before keys are made that cannot be kept.
        std::fs::create_dir_all(dir).map_err(|error| CliError::file(dir, error))?;
    }
    let keys = context.kleis()?.create_keys(&policy, args.count).await?;
    if let Some(dir) = dir {
        save(dir, &keys)?;
    }
    let mut table = Table::new(&[("keyId", "KEY ID"), ("policyHash", "POLICY (SHA-256)")]);
    for key in &keys {
        table.row([Cell::text(&key.key_id), Cell::text(&key.policy_hash)]);
    }
    let mut report = Report::new().table("keys", table, "");
    if let Some(dir) = dir {
        report = report.field("out", "written to", Cell::text(dir.display()));
    }
    if args.out.is_some() && dir.is_none() {
        report = report.product(Product::private("jwks", Form::Json, jwks(&keys), None));
    }
    context.print(&report)
}

fn save(dir: &Path, keys: &[CustodyKey]) -> Result<(), CliError> {
    for key in keys {
        // The id was checked by the SDK against the key; as a file name it must be one too.
        let id = crate::args::key_id(&key.key_id).map_err(CliError::internal)?;
        let path = dir.join(format!("{id}.jwk"));
        let mut line = Zeroizing::new(key.jwk.to_private_json().expose().to_vec());
        line.push(b'\n');
        files::write(&path, &line, Access::Private)?;
    }
    Ok(())
}

/// The keys as a JWK Set, private members included.
fn jwks(keys: &[CustodyKey]) -> SecretBytes {
    let mut json = b"{\"keys\":[".to_vec();
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(key.jwk.to_private_json().expose());
    }
    json.extend_from_slice(b"]}");
    SecretBytes::from(json)
}

#[cfg(test)]
mod tests {
    use kleis_jose::{Jwk, JwkSet, KeyType};
    use kleis_types::SeededRandom;

    use super::*;

    #[test]
    fn a_set_of_keys_reads_back() {
        let random = SeededRandom::new(1);
        let keys: Vec<_> = (0..2)
            .map(|_| CustodyKey {
                key_id: String::new(),
                policy_hash: String::new(),
                jwk: Jwk::generate(KeyType::Oct { bytes: 32 }, &random).unwrap(),
            })
            .collect();
        let set = JwkSet::from_slice(jwks(&keys).expose(), 10_000).unwrap();
        assert_eq!(set.keys().len(), 2);
        assert!(
            set.keys()
                .iter()
                .zip(&keys)
                .all(|(read, key)| read.is_same_key(&key.jwk))
        );
    }

    #[test]
    fn a_server_cannot_choose_where_a_key_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let jwk = Jwk::generate(KeyType::Oct { bytes: 32 }, &SeededRandom::new(2)).unwrap();
        let key = CustodyKey {
            key_id: "../x".into(),
            policy_hash: String::new(),
            jwk,
        };
        assert!(save(dir.path(), &[key]).is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
