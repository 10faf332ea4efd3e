//! The fixed examples in `tests/vectors/wrap`, made by a program that shares no code with ours.
#![expect(clippy::unwrap_used, reason = "a test helper that fails should panic")]

use data_encoding::HEXLOWER;
use kleis_types::{Role, SecretBytes, Timestamp};
use kleis_wrap::{
    Keyring, OrderFields, RecordContext, RoleFields, RootKek, StateFields, StoredWrappingKey,
};
use serde::Deserialize;

const VECTORS: &str = include_str!("../../../tests/vectors/wrap/derivation.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    installation: String,
    kek: Hex,
    kek_id: String,
    wrapping_keys: Vec<WrappingKey>,
    records: Vec<Record>,
    secrets: Vec<Secret>,
    orders: Vec<Order>,
    roles: Vec<Grant>,
}

#[derive(Deserialize)]
struct WrappingKey {
    id: String,
    period: String,
    version: u32,
    current: bool,
    wrapped: Hex,
    mac: Hex,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    wrapping_key: String,
    algorithm: String,
    key_id: String,
    owner: String,
    policy_hash: Hex,
    secret: Option<Hex>,
    wrapped: Hex,
    created: i64,
    state: String,
    version: u64,
    reads: u64,
    destroy_at: Option<i64>,
    state_mac: Hex,
}

#[derive(Deserialize)]
struct Secret {
    purpose: String,
    name: String,
    #[serde(rename = "secret")]
    plain: Hex,
    wrapped: Hex,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    jti: String,
    digest: Hex,
    method: String,
    signer: String,
    result: String,
    reply: String,
    received_at: i64,
    expires_at: i64,
    mac: Hex,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    person: String,
    role: Role,
    state: String,
    granted_at: i64,
    granted_by: String,
    version: u64,
    mac: Hex,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Hex(Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = data_encoding::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        HEXLOWER.decode(text.as_bytes()).map(Self)
    }
}

impl Hex {
    fn array(&self) -> [u8; 32] {
        self.0.as_slice().try_into().unwrap()
    }

    fn secret(&self) -> SecretBytes {
        SecretBytes::from(self.0.clone())
    }
}

impl Vectors {
    fn load() -> Self {
        serde_json::from_str(VECTORS).unwrap()
    }

    fn kek(&self) -> RootKek {
        RootKek::from_bytes(&self.kek.secret()).unwrap()
    }

    fn rows(&self) -> Vec<StoredWrappingKey> {
        let row = |key: &WrappingKey| StoredWrappingKey {
            id: key.id.parse().unwrap(),
            period: key.period.parse().unwrap(),
            version: key.version,
            current: key.current,
            kek: self.kek_id.parse().unwrap(),
            wrapped: key.wrapped.0.clone(),
            mac: key.mac.array(),
        };
        self.wrapping_keys.iter().map(row).collect()
    }

    fn ring(&self) -> Keyring {
        Keyring::open(self.kek(), self.installation.parse().unwrap(), self.rows()).unwrap()
    }
}

#[test]
fn the_kek_has_the_expected_id() {
    let vectors = Vectors::load();
    assert_eq!(vectors.kek().id().as_str(), vectors.kek_id);
}

#[test]
fn rows_of_wrapping_keys_open_and_are_made_again_to_the_byte() {
    let vectors = Vectors::load();
    let mut rows = vectors.rows();
    assert_eq!(rows.len(), 3);
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    let mut made = vectors.ring().rewrapped(&vectors.kek());
    made.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(made, rows);
}

#[test]
fn records_open_and_are_made_again_to_the_byte() {
    let vectors = Vectors::load();
    let ring = vectors.ring();
    assert_eq!(vectors.records.len(), 6);
    for record in &vectors.records {
        let id = record.wrapping_key.parse().unwrap();
        let policy_hash = record.policy_hash.array();
        let context = RecordContext {
            algorithm: record.algorithm.parse().unwrap(),
            key_id: &record.key_id,
            owner: &record.owner,
            policy_hash: &policy_hash,
        };
        if let Some(secret) = &record.secret {
            assert_eq!(
                ring.wrap(&id, &context, &secret.secret()).unwrap(),
                record.wrapped.0
            );
            let opened = ring.unwrap(&id, &context, &record.wrapped.0).unwrap();
            assert_eq!(opened.expose(), secret.0);
        }
        let state = StateFields {
            context,
            wrapped: &record.wrapped.0,
            created: Timestamp::from_unix(record.created),
            state: record.state.parse().unwrap(),
            version: record.version,
            reads: record.reads,
            destroy_at: record.destroy_at.map(Timestamp::from_unix),
        };
        let mac = record.state_mac.array();
        assert_eq!(ring.state_mac(&id, &state).unwrap(), mac);
        assert_eq!(ring.verify_state_mac(&id, &state, &mac), Ok(()));
    }
}

#[test]
fn other_secrets_open_and_are_made_again_to_the_byte() {
    let vectors = Vectors::load();
    let (kek, installation) = (vectors.kek(), vectors.installation.parse().unwrap());
    assert_eq!(vectors.secrets.len(), 3);
    for Secret {
        purpose,
        name,
        plain,
        wrapped,
    } in &vectors.secrets
    {
        let made = kek
            .wrap_secret(&installation, purpose, name, &plain.secret())
            .unwrap();
        assert_eq!(made, wrapped.0);
        let opened = kek
            .unwrap_secret(&installation, purpose, name, &wrapped.0)
            .unwrap();
        assert_eq!(opened.expose(), plain.0);
    }
}

#[test]
fn rows_of_kept_orders_verify_and_are_made_again_to_the_byte() {
    let vectors = Vectors::load();
    let (kek, installation) = (vectors.kek(), vectors.installation.parse().unwrap());
    assert_eq!(vectors.orders.len(), 2);
    for order in &vectors.orders {
        let digest = order.digest.array();
        let fields = OrderFields {
            jti: &order.jti,
            digest: &digest,
            method: &order.method,
            signer: &order.signer,
            result: &order.result,
            reply: &order.reply,
            received_at: Timestamp::from_unix(order.received_at),
            expires_at: Timestamp::from_unix(order.expires_at),
        };
        let mac = order.mac.array();
        assert_eq!(kek.order_mac(&installation, &fields), mac);
        assert_eq!(kek.verify_order_mac(&installation, &fields, &mac), Ok(()));
    }
}

#[test]
fn rows_of_role_grants_verify_and_are_made_again_to_the_byte() {
    let vectors = Vectors::load();
    let (kek, installation) = (vectors.kek(), vectors.installation.parse().unwrap());
    assert_eq!(vectors.roles.len(), 2);
    for grant in &vectors.roles {
        let fields = RoleFields {
            person: &grant.person,
            role: grant.role,
            state: &grant.state,
            granted_at: Timestamp::from_unix(grant.granted_at),
            granted_by: &grant.granted_by,
            version: grant.version,
        };
        let mac = grant.mac.array();
        assert_eq!(kek.role_mac(&installation, &fields), mac);
        assert_eq!(kek.verify_role_mac(&installation, &fields, &mac), Ok(()));
    }
}
