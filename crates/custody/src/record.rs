//! The one place that makes, believes and changes a stored key.

use kleis_store::StoreError;
use kleis_store::custody::{CustodyRead, Record};
use kleis_types::{Identifier, RecordState, SecretBytes, Timestamp};
use kleis_wrap::{Keyring, RecordAlgorithm, RecordContext, StateFields, WrapError, WrappingKeyId};

use crate::CustodyError;
use crate::command::{KeyId, NewPolicy};
use crate::keys::Keys;
use crate::policy::Policy;
use crate::refusal::Refusal;

/// A record as it was looked for: believed, or with what is wrong with it.
///
/// A record that is not there is replaced by a decoy, so that looking at it takes the same work.
pub(crate) struct Sighting {
    record: Record,
    facts: Facts,
    fault: Option<Refusal>,
}

/// What a row says, in types.
struct Facts {
    algorithm: RecordAlgorithm,
    owner: Identifier,
    policy: Policy,
    wrapping_key: WrappingKeyId,
}

/// What the database has at the place of a record.
pub(crate) enum Found {
    Record(Box<Record>),
    Nothing,
    /// A row that no program of ours has written.
    Garbled,
}

/// Reads the row of a key.
pub(crate) async fn find<R: CustodyRead>(
    reader: &mut R,
    keys: &Keys,
    key_id: &KeyId,
) -> Result<Found, CustodyError> {
    match reader.record(key_id.as_str()).await {
        Ok(Some(record)) => {
            keys.expect(&record.wrapping_key)?;
            Ok(Found::Record(Box::new(record)))
        }
        Ok(None) => Ok(Found::Nothing),
        Err(StoreError::Inconsistent { .. }) => Ok(Found::Garbled),
        Err(error) => Err(error.into()),
    }
}

impl Sighting {
    /// Looks at what was found under `key_id`: verifies its state MAC, whatever it is.
    pub(crate) fn of(ring: &Keyring, key_id: &KeyId, found: Found) -> Self {
        let (record, facts, fault) = match found {
            Found::Nothing => decoy(key_id, Refusal::Unknown),
            Found::Garbled => decoy(key_id, Refusal::Tampered),
            Found::Record(record) => match Facts::of(&record) {
                Some(facts) => (*record, facts, None),
                None => decoy(key_id, Refusal::Tampered),
            },
        };
        let state = state_fields(&record, &facts);
        let verified = ring.verify_state_mac(&facts.wrapping_key, &state, &record.mac);
        let forged = verified.is_err().then_some(Refusal::Tampered);
        Self {
            fault: fault.or(forged),
            record,
            facts,
        }
    }

    /// The row. Nothing in it counts for anything if there is a fault.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// What is wrong with the record, if anything is.
    pub(crate) fn fault(&self) -> Option<Refusal> {
        self.fault
    }

    pub(crate) fn owner(&self) -> &Identifier {
        &self.facts.owner
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.facts.policy
    }

    /// Where the record is in its life at `now`, whether or not the sweeper has been there.
    pub(crate) fn state_at(&self, now: Timestamp) -> RecordState {
        let state = self.record.state;
        if now >= self.facts.policy.expires_at() {
            state.expire().unwrap_or(state)
        } else {
            state
        }
    }

    /// Unwraps the key, with the same work whatever is there. `None` if there is none to have; a key
    /// that does not unwrap is a fault from then on.
    pub(crate) fn unwrap(&mut self, ring: &Keyring) -> Option<SecretBytes> {
        let context = context(&self.record, &self.facts);
        let secret = ring.unwrap(&self.facts.wrapping_key, &context, &self.record.wrapped);
        match secret {
            Ok(secret) if self.fault.is_none() => Some(secret),
            Err(_) if self.fault.is_none() && !self.record.wrapped.is_empty() => {
                self.fault = Some(Refusal::Tampered);
                None
            }
            _ => None,
        }
    }

    /// The record after a change: the next version, under a new MAC.
    pub(crate) fn changed(
        &self,
        ring: &Keyring,
        change: impl FnOnce(&mut Record),
    ) -> Result<Record, WrapError> {
        let mut record = self.record.clone();
        change(&mut record);
        record.version += 1;
        record.mac = ring.state_mac(
            &self.facts.wrapping_key,
            &state_fields(&record, &self.facts),
        )?;
        Ok(record)
    }
}

/// Takes the wrapped bytes out of a record for good.
pub(crate) fn destroy(record: &mut Record, state: RecordState) {
    record.state = state;
    record.wrapped.clear();
    record.destroy_at = None;
}

/// Makes the record of a key that enters custody at `now`.
pub(crate) fn make(
    ring: &Keyring,
    wrapping_key: &WrappingKeyId,
    owner: &Identifier,
    policy: &NewPolicy,
    (key_id, secret): (&KeyId, &SecretBytes),
    now: Timestamp,
) -> Result<Record, WrapError> {
    let actual = secret.len();
    let algorithm =
        RecordAlgorithm::for_length(actual).ok_or(WrapError::SecretLength { actual })?;
    let facts = Facts {
        algorithm,
        owner: owner.clone(),
        policy: policy.policy().clone(),
        wrapping_key: wrapping_key.clone(),
    };
    let mut record = Record {
        key_id: key_id.to_string(),
        owner: owner.to_string(),
        algorithm: algorithm.to_string(),
        policy: policy.document().to_vec(),
        wrapping_key: wrapping_key.to_string(),
        wrapped: Vec::new(),
        created_at: now,
        expires_at: policy.policy().expires_at(),
        state: RecordState::Active,
        reads: 0,
        destroy_at: None,
        version: 1,
        mac: [0; 32],
    };
    record.wrapped = ring.wrap(wrapping_key, &context(&record, &facts), secret)?;
    record.mac = ring.state_mac(wrapping_key, &state_fields(&record, &facts))?;
    Ok(record)
}

impl Facts {
    /// `None` if the row says what no row may say. The end of the policy stands in a column of its
    /// own for the sweeper, which must not be led by it.
    fn of(record: &Record) -> Option<Self> {
        let policy = Policy::stored(&record.policy).ok()?;
        if policy.expires_at() != record.expires_at {
            return None;
        }
        Some(Self {
            algorithm: record.algorithm.parse().ok()?,
            owner: record.owner.parse().ok()?,
            wrapping_key: record.wrapping_key.parse().ok()?,
            policy,
        })
    }
}

fn context<'a>(record: &'a Record, facts: &'a Facts) -> RecordContext<'a> {
    RecordContext {
        algorithm: facts.algorithm,
        key_id: &record.key_id,
        owner: &record.owner,
        policy_hash: facts.policy.hash(),
    }
}

fn state_fields<'a>(record: &'a Record, facts: &'a Facts) -> StateFields<'a> {
    StateFields {
        context: context(record, facts),
        wrapped: &record.wrapped,
        created: record.created_at,
        state: record.state,
        version: record.version,
        reads: record.reads,
        destroy_at: record.destroy_at,
    }
}

/// A policy that lets nobody in.
const DECOY_POLICY: &[u8] =
    br#"{"readers":[{"allOf":[{"namespace":"-","name":"-"}]}],"expiresAt":1}"#;
const DECOY_ALGORITHM: RecordAlgorithm = RecordAlgorithm::Oct256;

/// What stands in for a record that cannot be looked at.
fn decoy(key_id: &KeyId, fault: Refusal) -> (Record, Facts, Option<Refusal>) {
    let nobody = Identifier::service(kleis_types::Service::Custody);
    // Unwrap safety: the document is a constant, and a test reads it.
    let policy = Policy::stored(DECOY_POLICY).expect("a constant policy");
    let record = Record {
        key_id: key_id.to_string(),
        owner: nobody.to_string(),
        algorithm: DECOY_ALGORITHM.to_string(),
        policy: DECOY_POLICY.to_vec(),
        wrapping_key: WrappingKeyId::none().to_string(),
        wrapped: vec![0; DECOY_ALGORITHM.bytes() + 8],
        created_at: Timestamp::from_unix(0),
        expires_at: policy.expires_at(),
        state: RecordState::Active,
        reads: 0,
        destroy_at: None,
        version: 1,
        mac: [0; 32],
    };
    let facts = Facts {
        algorithm: DECOY_ALGORITHM,
        owner: nobody,
        policy,
        wrapping_key: WrappingKeyId::none(),
    };
    (record, facts, Some(fault))
}

#[cfg(test)]
mod tests {
    use kleis_types::{InstallationId, SeededRandom};
    use kleis_wrap::RootKek;

    use super::*;

    #[test]
    fn decoys_take_the_work_of_records_and_give_nothing() {
        let random = SeededRandom::new(1);
        let kek = RootKek::generate(&random);
        let ring = Keyring::open(kek, InstallationId::random(&random), Vec::new()).unwrap();
        let key_id = KeyId::random(&random);
        for (found, fault) in [
            (Found::Nothing, Refusal::Unknown),
            (Found::Garbled, Refusal::Tampered),
        ] {
            let before = ring.work();
            let mut sighting = Sighting::of(&ring, &key_id, found);
            assert_eq!(sighting.unwrap(&ring), None);
            assert_eq!(sighting.fault(), Some(fault));
            let after = ring.work();
            assert_eq!(after.derivations - before.derivations, 2);
            assert_eq!(after.unwraps - before.unwraps, 1);
            assert_eq!(after.macs - before.macs, 1);
        }
    }
}
