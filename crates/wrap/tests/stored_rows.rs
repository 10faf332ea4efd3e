//! Promise P6 on the stored rows themselves: a database that was edited yields nothing.
//!
//! A record here is what a row of the database holds. Every test edits such rows the way somebody
//! with write access could, and expects them to be refused.
#![expect(clippy::unwrap_used, reason = "a test helper that fails should panic")]

use kleis_types::{InstallationId, RecordState, SecretBytes, SeededRandom, Timestamp};
use kleis_wrap::{
    Keyring, RecordAlgorithm, RecordContext, RootKek, StateFields, Work, WrapError, WrappingKeyId,
};
use proptest::prelude::*;

#[derive(Clone, Debug, PartialEq)]
struct Row {
    wrapping_key: WrappingKeyId,
    algorithm: RecordAlgorithm,
    key_id: String,
    owner: String,
    policy_hash: [u8; 32],
    wrapped: Vec<u8>,
    created: i64,
    state: RecordState,
    version: u64,
    reads: u64,
    destroy_at: Option<i64>,
    mac: [u8; 32],
}

impl Row {
    fn context(&self) -> RecordContext<'_> {
        RecordContext {
            algorithm: self.algorithm,
            key_id: &self.key_id,
            owner: &self.owner,
            policy_hash: &self.policy_hash,
        }
    }

    fn fields(&self) -> StateFields<'_> {
        StateFields {
            context: self.context(),
            wrapped: &self.wrapped,
            created: Timestamp::from_unix(self.created),
            state: self.state,
            version: self.version,
            reads: self.reads,
            destroy_at: self.destroy_at.map(Timestamp::from_unix),
        }
    }

    fn secret(&self, ring: &Keyring) -> Result<SecretBytes, WrapError> {
        ring.unwrap(&self.wrapping_key, &self.context(), &self.wrapped)
    }

    fn verify(&self, ring: &Keyring) -> Result<(), WrapError> {
        ring.verify_state_mac(&self.wrapping_key, &self.fields(), &self.mac)
    }
}

fn secret(seed: u8, algorithm: RecordAlgorithm) -> SecretBytes {
    SecretBytes::from(vec![seed; algorithm.bytes()])
}

/// A ring with two versions of one period and one of another.
fn ring() -> Keyring {
    let random = SeededRandom::new(1);
    let installation = InstallationId::random(&random);
    let mut ring = Keyring::open(RootKek::generate(&random), installation, Vec::new()).unwrap();
    for period in ["2027-03", "2027-03", "2027-04"] {
        for row in ring.create(period.parse().unwrap(), &random).unwrap() {
            ring.insert(row).unwrap();
        }
    }
    ring
}

fn row(ring: &Keyring, seed: u8, algorithm: RecordAlgorithm) -> Row {
    let wrapping_key = ring.current("2027-03".parse().unwrap()).unwrap().clone();
    let mut row = Row {
        wrapping_key,
        algorithm,
        key_id: kleis_types::base64url::encode(&[seed; 16]),
        owner: "CBE:0809394427/KGSS".to_owned(),
        policy_hash: [seed; 32],
        wrapped: Vec::new(),
        created: 1_790_000_000,
        state: RecordState::Active,
        version: 1,
        reads: 0,
        destroy_at: None,
        mac: [0; 32],
    };
    let secret = secret(seed, algorithm);
    row.wrapped = ring
        .wrap(&row.wrapping_key, &row.context(), &secret)
        .unwrap();
    row.mac = ring.state_mac(&row.wrapping_key, &row.fields()).unwrap();
    row
}

#[test]
fn a_row_left_alone_opens() {
    let ring = ring();
    for algorithm in RecordAlgorithm::ALL {
        let row = row(&ring, 7, algorithm);
        assert_eq!(row.verify(&ring), Ok(()));
        assert_eq!(row.secret(&ring).unwrap(), secret(7, algorithm));
        assert_eq!(row.wrapped.len(), algorithm.bytes() + 8);
    }
}

#[test]
fn swapped_wrapped_keys_open_in_neither_row() {
    let ring = ring();
    let (mut a, mut b) = (
        row(&ring, 1, RecordAlgorithm::Oct256),
        row(&ring, 2, RecordAlgorithm::Oct256),
    );
    std::mem::swap(&mut a.wrapped, &mut b.wrapped);
    for edited in [&a, &b] {
        assert_eq!(edited.secret(&ring), Err(WrapError::RecordTampered));
        assert_eq!(edited.verify(&ring), Err(WrapError::StateTampered));
    }
    // Nor does it help to swap the MACs with them.
    std::mem::swap(&mut a.mac, &mut b.mac);
    assert_eq!(a.verify(&ring), Err(WrapError::StateTampered));
    assert_eq!(b.verify(&ring), Err(WrapError::StateTampered));
}

/// What a row says of its key for good: an edit locks the key away.
#[test]
fn an_edit_of_what_the_record_is_stops_unwrapping() {
    let ring = ring();
    let edits: [fn(&mut Row); 5] = [
        |row| row.policy_hash[0] ^= 1,
        |row| row.owner = "NIHII:18749704".to_owned(),
        |row| row.owner = "CBE:0809394427".to_owned(),
        |row| row.key_id = kleis_types::base64url::encode(&[9; 16]),
        |row| row.algorithm = RecordAlgorithm::Oct192,
    ];
    for edit in edits {
        let mut row = row(&ring, 3, RecordAlgorithm::Oct256);
        edit(&mut row);
        assert_eq!(row.secret(&ring), Err(WrapError::RecordTampered), "{row:?}");
        assert_eq!(row.verify(&ring), Err(WrapError::StateTampered), "{row:?}");
    }
}

/// What may change in a row: an edit breaks its MAC.
#[test]
fn an_edit_of_the_state_is_refused() {
    let ring = ring();
    let edits: [fn(&mut Row); 9] = [
        |row| row.reads = 1,
        |row| row.version = 2,
        |row| row.version = 0,
        |row| row.state = RecordState::Exhausted,
        |row| row.state = RecordState::Shredded,
        |row| row.created += 1,
        |row| row.destroy_at = Some(1_800_000_000),
        |row| row.wrapped.clear(),
        |row| (row.version, row.reads) = (row.reads, row.version),
    ];
    for edit in edits {
        let mut row = row(&ring, 4, RecordAlgorithm::Oct256);
        edit(&mut row);
        assert_eq!(row.verify(&ring), Err(WrapError::StateTampered), "{row:?}");
    }
}

#[test]
fn a_row_pointed_at_another_wrapping_key_is_refused() {
    let ring = ring();
    let original = row(&ring, 5, RecordAlgorithm::Oct256);
    let others: Vec<_> = ring.keys().map(|(id, ..)| id.clone()).collect();
    assert_eq!(others.len(), 3);
    for other in others.into_iter().filter(|id| *id != original.wrapping_key) {
        let edited = Row {
            wrapping_key: other,
            ..original.clone()
        };
        assert_eq!(edited.secret(&ring), Err(WrapError::RecordTampered));
        assert_eq!(edited.verify(&ring), Err(WrapError::StateTampered));
    }
    let none = WrappingKeyId::none();
    let edited = Row {
        wrapping_key: none.clone(),
        ..original
    };
    assert_eq!(
        edited.secret(&ring),
        Err(WrapError::UnknownWrappingKey(none.clone()))
    );
    assert_eq!(
        edited.verify(&ring),
        Err(WrapError::UnknownWrappingKey(none))
    );
}

#[test]
fn new_records_go_under_current_keys_only() {
    let ring = ring();
    let row = row(&ring, 6, RecordAlgorithm::Oct128);
    let secret = secret(6, RecordAlgorithm::Oct128);
    let march = "2027-03".parse().unwrap();
    let (former, ..) = ring
        .keys()
        .find(|(id, period, _)| *period == march && *id != &row.wrapping_key)
        .unwrap();
    let refused = ring.wrap(former, &row.context(), &secret);
    assert_eq!(refused, Err(WrapError::NotCurrent(former.clone())));
    let none = WrappingKeyId::none();
    let refused = ring.wrap(&none, &row.context(), &secret);
    assert_eq!(refused, Err(WrapError::UnknownWrappingKey(none.clone())));
    let refused = ring.state_mac(&none, &row.fields());
    assert_eq!(refused, Err(WrapError::UnknownWrappingKey(none)));
}

#[test]
fn a_secret_of_another_length_than_its_algorithm_is_refused() {
    let ring = ring();
    let row = row(&ring, 6, RecordAlgorithm::Oct128);
    for actual in [0, 8, 15, 24, 32] {
        let secret = SecretBytes::from(vec![1; actual]);
        let refused = ring.wrap(&row.wrapping_key, &row.context(), &secret);
        assert_eq!(refused, Err(WrapError::SecretLength { actual }));
    }
}

#[test]
fn rotation_keeps_records_readable_throughout() {
    let mut ring = ring();
    let before = row(&ring, 8, RecordAlgorithm::Oct512);
    let march = "2027-03".parse().unwrap();
    for made in ring.create(march, &SeededRandom::new(44)).unwrap() {
        ring.insert(made).unwrap();
    }
    assert_eq!(before.verify(&ring), Ok(()));

    let to = ring.current(march).unwrap().clone();
    assert_ne!(to, before.wrapping_key);
    let mut after = Row {
        wrapping_key: to.clone(),
        ..before.clone()
    };
    after.wrapped = ring
        .rewrap(
            &before.wrapping_key,
            &to,
            &before.context(),
            &before.wrapped,
        )
        .unwrap();
    after.mac = ring.state_mac(&to, &after.fields()).unwrap();
    assert_ne!(after.wrapped, before.wrapped);

    assert!(ring.remove(&before.wrapping_key));
    assert_eq!(after.verify(&ring), Ok(()));
    assert_eq!(after.secret(&ring), Ok(secret(8, RecordAlgorithm::Oct512)));
    let gone = WrapError::UnknownWrappingKey(before.wrapping_key.clone());
    assert_eq!(before.secret(&ring), Err(gone));
}

/// Promise P7: what fails takes the work of what succeeds.
#[test]
fn every_outcome_of_a_read_takes_the_same_work() {
    let ring = ring();
    let good = row(&ring, 9, RecordAlgorithm::Oct256);
    let mut flipped = good.clone();
    flipped.wrapped[3] ^= 1;
    let shredded = Row {
        wrapped: Vec::new(),
        ..good.clone()
    };
    let absent = Row {
        wrapping_key: WrappingKeyId::none(),
        ..good.clone()
    };
    for row in [good, flipped, shredded, absent] {
        let before = ring.work();
        let _outcome = (row.verify(&ring), row.secret(&ring));
        let after = ring.work();
        assert_eq!(after.derivations - before.derivations, 2);
        assert_eq!(after.macs - before.macs, 1);
        assert_eq!(after.unwraps - before.unwraps, 1);
        assert_eq!(after.wraps, before.wraps);
    }
}

#[test]
fn a_fresh_ring_has_done_no_work() {
    let random = SeededRandom::new(1);
    let installation = InstallationId::random(&random);
    let ring = Keyring::open(RootKek::generate(&random), installation, Vec::new()).unwrap();
    assert_eq!(ring.work(), Work::default());
}

#[test]
fn another_installation_with_the_same_keys_reads_nothing() {
    // The rows of wrapping keys name no installation, but they are bound to it.
    let root = || RootKek::generate(&SeededRandom::new(1));
    let (here, there) = (
        InstallationId::random(&SeededRandom::new(2)),
        InstallationId::random(&SeededRandom::new(3)),
    );
    let ring = Keyring::open(root(), here, Vec::new()).unwrap();
    let rows = ring
        .create("2027-03".parse().unwrap(), &SeededRandom::new(4))
        .unwrap();
    let refused = Keyring::open(root(), there, rows.clone()).unwrap_err();
    assert_eq!(refused, WrapError::WrappingKeyTampered(rows[0].id.clone()));
}

proptest! {
    /// Flips one bit anywhere in the bytes of a row.
    #[test]
    fn any_flipped_bit_of_a_row_is_refused(
        seed in any::<u8>(),
        algorithm in proptest::sample::select(RecordAlgorithm::ALL.to_vec()),
        field in 0..8,
        bit in any::<proptest::sample::Index>(),
    ) {
        let ring = ring();
        let original = row(&ring, seed, algorithm);
        let mut row = original.clone();
        let flip = |bytes: &mut [u8]| {
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        };
        let flip_number = |number: u64| number ^ (1 << bit.index(64));
        match field {
            0 => flip(&mut row.wrapped),
            1 => flip(&mut row.policy_hash),
            2 => flip(&mut row.mac),
            3 => row.version = flip_number(row.version),
            4 => row.reads = flip_number(row.reads),
            5 => row.created ^= 1 << bit.index(64),
            6 => {
                // Text stays text: seven bits of each character.
                let mut owner = row.owner.into_bytes();
                let at = bit.index(owner.len());
                owner[at] ^= 1 << bit.index(7);
                row.owner = String::from_utf8(owner).unwrap();
            }
            _ => {
                let mut key_id = row.key_id.into_bytes();
                let at = bit.index(key_id.len());
                key_id[at] ^= 1 << bit.index(7);
                row.key_id = String::from_utf8(key_id).unwrap();
            }
        }
        prop_assert_ne!(&row, &original);
        prop_assert_eq!(row.verify(&ring), Err(WrapError::StateTampered));
        // Bits of the row that say what the record is, or hold the key itself.
        if matches!(field, 0 | 1 | 6 | 7) {
            prop_assert_eq!(row.secret(&ring), Err(WrapError::RecordTampered));
        }
    }
}
