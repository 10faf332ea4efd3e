//! Keys that their owner brings.

use kleis_custody::CustodyError;
use kleis_jose::KeyType;
use kleis_proto::custody::v1 as wire;
use kleis_proto::method::custody as method;
use kleis_trust::order::{Draft, SignedOrder};
use kleis_trust::{Jti, deposit};
use kleis_types::{Identifier, Problem, Random, SecretBytes, base64url};

use crate::fixture::{Caller, OWNER, Office, PHARMACY, encode, policy, policy_with, secret};

/// What a deposit says, to be changed by tests.
struct Parcel {
    jti: Jti,
    depositor: Identifier,
    policy: serde_json::Value,
    keys: Vec<SecretBytes>,
    count: u32,
    to: kleis_jose::Jwk,
}

impl Parcel {
    fn of(office: &Office, keys: Vec<Vec<u8>>) -> Self {
        Self {
            jti: Jti::random(office.world.random()),
            depositor: OWNER.parse().unwrap(),
            policy: policy(),
            count: u32::try_from(keys.len()).unwrap(),
            keys: keys.into_iter().map(SecretBytes::from).collect(),
            to: office.transport.public(),
        }
    }

    /// The order of `jti` under `around` with this parcel in it.
    fn order(
        &self,
        office: &Office,
        by: &Caller,
        jti: Jti,
        around: &serde_json::Value,
    ) -> SignedOrder {
        let hash = kleis_jose::digest::sha256(self.policy.to_string().as_bytes());
        let context = deposit::Context {
            jti: self.jti,
            depositor: &self.depositor,
            policy_hash: &hash,
        };
        let sealed = deposit::seal(&self.to, &context, &self.keys, office.world.random());
        let body = wire::DepositKeysOrder {
            count: self.count,
            policy: encode(around),
            sealed: sealed.unwrap(),
        };
        office.sign(by, &Draft::new(method::DEPOSIT_KEYS, body).with_jti(jti))
    }
}

async fn send(
    office: &Office,
    by: &Caller,
    order: &SignedOrder,
) -> Result<wire::DepositKeysResult, CustodyError> {
    let reply = office
        .custody
        .deposit_keys(order.compact(), by.call())
        .await?;
    Ok(office.open_reply(method::DEPOSIT_KEYS, order, &reply))
}

fn random_key(office: &Office, length: usize) -> Vec<u8> {
    let mut key = vec![0; length];
    office.world.random().fill(&mut key);
    key
}

#[tokio::test]
async fn deposited_keys_of_every_length_come_out_as_they_went_in() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let pharmacy = office.caller(PHARMACY);
    let keys: Vec<_> = [16, 24, 32, 48, 64]
        .map(|length| random_key(&office, length))
        .into();
    let parcel = Parcel::of(&office, keys.clone());
    let order = parcel.order(&office, &owner, parcel.jti, &policy());
    let result = send(&office, &owner, &order).await.unwrap();
    assert_eq!(result.key_ids.len(), 5);
    for (key_id, key) in result.key_ids.iter().zip(&keys) {
        let read = office.get(&pharmacy, key_id).await.unwrap();
        let released = read.key.unwrap();
        assert_eq!(secret(&released).expose(), key);
        assert_eq!(released.policy_hash, result.policy_hash);
        assert_eq!(read.owner, OWNER);
        assert_eq!(read.reads_left, None);
        let record = office.record(key_id).await;
        assert_eq!(record.algorithm, format!("oct-{}", key.len() * 8));
    }
    assert!(office.audit_is_clean().await);
}

#[tokio::test]
async fn the_same_deposit_again_makes_no_second_key() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let parcel = Parcel::of(&office, vec![random_key(&office, 32)]);
    let order = parcel.order(&office, &owner, parcel.jti, &policy());
    let first = send(&office, &owner, &order).await.unwrap();
    let rows = office.audit().await.len();
    assert_eq!(send(&office, &owner, &order).await.unwrap(), first);
    assert_eq!(
        office.audit().await.len(),
        rows,
        "a second answer to the same act"
    );
}

#[tokio::test]
async fn a_deposit_that_is_not_of_its_order_is_refused() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let good = || Parcel::of(&office, vec![random_key(&office, 32)]);
    let other_policy = policy_with("maxReads", 1);
    let cases = [
        ("DEPOSIT_INVALID", {
            let parcel = good();
            parcel.order(
                &office,
                &owner,
                Jti::random(office.world.random()),
                &policy(),
            )
        }),
        ("DEPOSIT_INVALID", {
            let parcel = Parcel {
                depositor: PHARMACY.parse().unwrap(),
                ..good()
            };
            parcel.order(&office, &owner, parcel.jti, &policy())
        }),
        ("DEPOSIT_INVALID", {
            let parcel = good();
            parcel.order(&office, &owner, parcel.jti, &other_policy)
        }),
        ("DEPOSIT_INVALID", {
            let to = office.world.key(KeyType::X25519).public();
            let parcel = Parcel { to, ..good() };
            parcel.order(&office, &owner, parcel.jti, &policy())
        }),
        ("DEPOSIT_INVALID", {
            let parcel = Parcel { count: 2, ..good() };
            parcel.order(&office, &owner, parcel.jti, &policy())
        }),
        ("ORDER_BODY_INVALID", {
            let parcel = Parcel { count: 0, ..good() };
            parcel.order(&office, &owner, parcel.jti, &policy())
        }),
        ("DEPOSIT_INVALID", {
            let body = wire::DepositKeysOrder {
                count: 1,
                policy: encode(&policy()),
                sealed: "not a JWE".to_owned(),
            };
            office.order(&owner, method::DEPOSIT_KEYS, body)
        }),
    ];
    for (reason, order) in cases {
        let refused = send(&office, &owner, &order).await.unwrap_err();
        assert_eq!(Problem::from(&refused).code().reason(), reason, "{refused}");
    }
    assert_eq!(office.audit().await, []);
}

#[tokio::test]
async fn somebody_elses_parcel_is_of_no_use() {
    let mut office = Office::open().await;
    let thief = office.caller(PHARMACY);
    // Sealed by the owner, taken from its order, and put into an order of the thief's own.
    let parcel = Parcel::of(&office, vec![random_key(&office, 32)]);
    let order = parcel.order(&office, &thief, parcel.jti, &policy());
    let refused = send(&office, &thief, &order).await.unwrap_err();
    assert_eq!(Problem::from(&refused).code().reason(), "DEPOSIT_INVALID");
}

#[tokio::test]
async fn lengths_and_patterns_that_are_no_keys_are_refused_by_place() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let counting: Vec<u8> = (0..32).collect();
    let mut falling = counting.clone();
    falling.reverse();
    for (key, reason) in [
        (vec![0; 32], "KEY_TRIVIAL"),
        (vec![0xff; 64], "KEY_TRIVIAL"),
        (counting, "KEY_TRIVIAL"),
        (falling, "KEY_TRIVIAL"),
        (random_key(&office, 0), "DEPOSIT_INVALID"),
        (random_key(&office, 15), "DEPOSIT_INVALID"),
        (random_key(&office, 33), "DEPOSIT_INVALID"),
        (random_key(&office, 65), "DEPOSIT_INVALID"),
    ] {
        let parcel = Parcel::of(&office, vec![random_key(&office, 16), key]);
        let order = parcel.order(&office, &owner, parcel.jti, &policy());
        let problem = Problem::from(&send(&office, &owner, &order).await.unwrap_err());
        assert_eq!(
            (problem.code().reason(), problem.field()),
            (reason, Some("sealed.keys[1]"))
        );
    }
    assert_eq!(office.audit().await, []);
}

#[tokio::test]
async fn a_hundred_of_the_longest_keys_fit_into_an_order() {
    let mut office = Office::open().await;
    let owner = office.caller(OWNER);
    let keys = (0..100).map(|_| random_key(&office, 64)).collect();
    let parcel = Parcel::of(&office, keys);
    let order = parcel.order(&office, &owner, parcel.jti, &policy());
    let result = send(&office, &owner, &order).await.unwrap();
    assert_eq!(result.key_ids.len(), 100);
    assert_eq!(base64url::decode(&result.key_ids[99]).unwrap().len(), 16);
}
