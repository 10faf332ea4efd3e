//! Keys on their way in: wrapped under the current key of their period, and stored.

use std::sync::Arc;

use kleis_proto::custody::v1 as wire;
use kleis_store::StoreError;
use kleis_store::custody::CustodyStore;
use kleis_trust::{deposit, status::StatusSource};
use kleis_types::{ErrorCode, Identifier, Problem, SecretBytes, Timestamp, random_array};
use kleis_wrap::{Period, RecordAlgorithm, WrapError};
use zeroize::Zeroizing;

use super::{Inner, answer};
use crate::CustodyError;
use crate::acts::{Alarm, EnsureWrappingKey, KeepKeys, Kept, RepeatKeys, from_json, to_json};
use crate::admission::Admitted;
use crate::command::{CreateKeys, DepositKeys, KeyId, NewPolicy};
use crate::record;
use crate::trivial::is_trivial;

const CREATE: &str = "custody.create_keys";
const DEPOSIT: &str = "custody.deposit_keys";

/// How often keys are wrapped anew because another process has made a newer wrapping key meanwhile.
const ATTEMPTS: usize = 4;

/// The length of the keys that custody makes, in bytes.
const FRESH: usize = RecordAlgorithm::Oct256.bytes();

type NamedKey = (KeyId, SecretBytes);

impl<S: CustodyStore, V: StatusSource> Inner<S, V> {
    /// Makes and stores fresh keys; for an order that came before, finds its keys again.
    pub(super) async fn create(
        &self,
        admitted: &Admitted<wire::CreateKeysOrder>,
        command: &CreateKeys,
    ) -> Result<Vec<wire::ReleasedKey>, CustodyError> {
        let fresh = || SecretBytes::from(Zeroizing::new(random_array::<FRESH>(&*self.random)));
        let keys = self.named((0..command.count).map(|_| fresh()));
        let policy_hash = command.policy.policy().hash_text();
        let result = wire::CreateKeysResult {
            keys: keys
                .iter()
                .map(|(id, _)| answer::without_key(id, &policy_hash))
                .collect(),
        };
        let (_, before) = self
            .keep(CREATE, admitted, &command.policy, &keys, to_json(&result)?)
            .await?;
        let keys = match before {
            None => keys,
            Some((first, result)) => self.again(admitted, first, &result).await?,
        };
        keys.into_iter()
            .map(|(id, secret)| answer::released_key(&id, &policy_hash, secret))
            .collect()
    }

    /// Opens and stores the caller's own keys. Answers the reply.
    pub(super) async fn deposit(
        &self,
        admitted: &Admitted<wire::DepositKeysOrder>,
        command: &DepositKeys<'_>,
    ) -> Result<String, CustodyError> {
        let context = deposit::Context {
            jti: admitted.order.jti(),
            depositor: admitted.principal.primary(),
            policy_hash: command.policy.policy().hash(),
        };
        let secrets = deposit::open(&self.settings.transport_key, command.sealed, &context)?;
        check_deposit(&secrets, command.count)?;
        let keys = self.named(secrets.into_iter());
        let result = to_json(&wire::DepositKeysResult {
            key_ids: keys.iter().map(|(id, _)| id.to_string()).collect(),
            policy_hash: command.policy.policy().hash_text(),
        })?;
        let (reply, _) = self
            .keep(DEPOSIT, admitted, &command.policy, &keys, result)
            .await?;
        Ok(reply)
    }

    fn named(&self, secrets: impl Iterator<Item = SecretBytes>) -> Vec<NamedKey> {
        secrets
            .map(|secret| (KeyId::random(self.random.as_ref()), secret))
            .collect()
    }

    /// Stores keys under a policy. Answers the reply without key material and, if the same order came
    /// before, when that was and its result.
    async fn keep<B: Sync>(
        &self,
        action: &'static str,
        admitted: &Admitted<B>,
        policy: &NewPolicy,
        keys: &[NamedKey],
        result: String,
    ) -> Result<(String, Option<(Timestamp, String)>), CustodyError> {
        let evidence = &admitted.evidence;
        evidence.expect_none()?;
        let period = Period::of(policy.policy().expires_at())
            .map_err(|_| CustodyError::Document("the period of a policy"))?;
        for _ in 0..ATTEMPTS {
            let owner = admitted.principal.primary();
            let Some(records) = self.wrapped(period, owner, policy, keys, evidence.at())? else {
                self.ensure_wrapping_key(period, evidence.at()).await?;
                continue;
            };
            let act = KeepKeys {
                action,
                evidence: evidence.clone(),
                records,
                result: result.clone(),
            };
            match self.store.run(act).await? {
                Kept::Stored(reply) => return Ok((reply, None)),
                Kept::Before { at, result, reply } => return Ok((reply, Some((at, result)))),
                Kept::Tampered => return Err(WrapError::OrderTampered.into()),
                Kept::Overtaken => self.ensure_wrapping_key(period, evidence.at()).await?,
            }
        }
        let often = "the wrapping keys of a period have changed too often";
        Err(StoreError::Unavailable(often.to_owned()).into())
    }

    /// The records of the keys; `None` if no wrapping key of the period is known to be current.
    fn wrapped(
        &self,
        period: Period,
        owner: &Identifier,
        policy: &NewPolicy,
        keys: &[NamedKey],
        now: Timestamp,
    ) -> Result<Option<Vec<kleis_store::custody::Record>>, CustodyError> {
        let ring = self.keys.ring();
        let Some(wrapping_key) = ring.current(period) else {
            return Ok(None);
        };
        let make = |(id, secret): &NamedKey| {
            record::make(&ring, wrapping_key, owner, policy, (id, secret), now)
        };
        Ok(Some(keys.iter().map(make).collect::<Result<_, _>>()?))
    }

    /// Sees to it that the keyring knows the current key of a period, making it if there is none.
    async fn ensure_wrapping_key(
        &self,
        period: Period,
        now: Timestamp,
    ) -> Result<(), CustodyError> {
        let act = EnsureWrappingKey {
            keys: Arc::clone(&self.keys),
            random: Arc::clone(&self.random),
            period,
            now,
        };
        let rows = self.store.run(act).await;
        match rows.and_then(|rows| Ok(self.keys.learn(rows)?)) {
            // Another process was faster: its key is read in the next attempt.
            Err(CustodyError::Store(StoreError::AlreadyExists(_))) => Ok(()),
            Err(CustodyError::Wrap(fault)) => {
                tracing::error!(%fault, "a wrapping key's row was tampered with");
                let resource = resource_of(&fault);
                self.store
                    .run(Alarm::new("custody.wrapping_key", resource, now))
                    .await?;
                Err(fault.into())
            }
            other => other,
        }
    }

    /// The keys of an order that came before, if it is not too long ago.
    async fn again(
        &self,
        admitted: &Admitted<wire::CreateKeysOrder>,
        first: Timestamp,
        result: &str,
    ) -> Result<Vec<NamedKey>, CustodyError> {
        let before: wire::CreateKeysResult = from_json(result)?;
        let key_ids: Result<Vec<_>, _> = before
            .keys
            .iter()
            .map(|key| KeyId::parse(&key.key_id))
            .collect();
        let key_ids = key_ids.map_err(|_| CustodyError::Document("a kept result"))?;
        let act = RepeatKeys {
            action: CREATE,
            keys: Arc::clone(&self.keys),
            evidence: admitted.evidence.clone(),
            key_ids: key_ids.clone(),
            owner: admitted.principal.primary().clone(),
            first,
        };
        let secrets = self.run(act).await?.into_result()?;
        Ok(key_ids.into_iter().zip(secrets).collect())
    }
}

fn check_deposit(keys: &[SecretBytes], count: usize) -> Result<(), Problem> {
    let invalid = |detail: &str| Problem::new(ErrorCode::DepositInvalid, detail);
    if keys.len() != count {
        return Err(invalid("the deposit holds another number of keys").at("count"));
    }
    for (index, key) in keys.iter().enumerate() {
        let place = || format!("sealed.keys[{index}]");
        if RecordAlgorithm::for_length(key.len()).is_none() {
            return Err(invalid("a key is 16, 24, 32, 48 or 64 bytes long").at(place()));
        }
        if is_trivial(key) {
            return Err(Problem::from(ErrorCode::KeyTrivial).at(place()));
        }
    }
    Ok(())
}

/// The wrapping key that a fault is about, as the audit names it; empty where it is about several.
fn resource_of(fault: &WrapError) -> String {
    match fault {
        WrapError::WrappingKeyTampered(id)
        | WrapError::OtherKek { id, .. }
        | WrapError::UnknownWrappingKey(id)
        | WrapError::NotCurrent(id) => format!("wrapping-key:{id}"),
        _ => String::new(),
    }
}
