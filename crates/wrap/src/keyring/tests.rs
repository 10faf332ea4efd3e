use kleis_types::SeededRandom;
use proptest::prelude::*;

use super::*;

fn root() -> RootKek {
    RootKek::generate(&SeededRandom::new(1))
}

fn installation() -> InstallationId {
    InstallationId::random(&SeededRandom::new(2))
}

fn open(rows: &[StoredWrappingKey]) -> Result<Keyring, WrapError> {
    Keyring::open(root(), installation(), rows.to_vec())
}

fn period() -> Period {
    "2027-03".parse().unwrap()
}

/// The rows of a database in which `versions` keys of one period were made, and every row that
/// ever stood in it.
fn history(versions: u64) -> (Vec<StoredWrappingKey>, Vec<StoredWrappingKey>) {
    let mut ring = open(&[]).unwrap();
    let (mut rows, mut all): (Vec<StoredWrappingKey>, Vec<_>) = (Vec::new(), Vec::new());
    for seed in 0..versions {
        for row in ring
            .create(period(), &SeededRandom::new(10 + seed))
            .unwrap()
        {
            ring.insert(row.clone()).unwrap();
            rows.retain(|stored| stored.id != row.id);
            rows.push(row.clone());
            all.push(row);
        }
    }
    (rows, all)
}

#[test]
fn creating_changes_nothing_until_the_rows_are_inserted() {
    let mut ring = open(&[]).unwrap();
    let rows = ring.create(period(), &SeededRandom::new(3)).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].version, rows[0].current), (1, true));
    assert_eq!(ring.current(period()), None);
    assert!(!ring.contains(&rows[0].id));

    ring.insert(rows[0].clone()).unwrap();
    assert_eq!(ring.current(period()), Some(&rows[0].id));
    assert_eq!(ring.current("2027-04".parse().unwrap()), None);
    assert_eq!(
        ring.keys().collect::<Vec<_>>(),
        [(&rows[0].id, period(), 1)]
    );
}

#[test]
fn a_new_version_takes_over_and_the_former_stays_open() {
    let (rows, _) = history(3);
    let ring = open(&rows).unwrap();
    let current = rows.iter().find(|row| row.current).unwrap();
    assert_eq!(current.version, 3);
    assert_eq!(ring.current(period()), Some(&current.id));
    assert!(rows.iter().all(|row| ring.contains(&row.id)));
}

#[test]
fn rows_are_stored_in_an_order_that_never_has_two_current_ones() {
    let (rows, _) = history(1);
    let made = open(&rows)
        .unwrap()
        .create(period(), &SeededRandom::new(4))
        .unwrap();
    assert_eq!(
        made.iter()
            .map(|row| (row.version, row.current))
            .collect::<Vec<_>>(),
        [(1, false), (2, true)]
    );
    assert_eq!(made[0].wrapped, rows[0].wrapped, "only the mark changes");
}

#[test]
fn a_former_row_put_back_beside_the_current_one_is_refused() {
    let (mut rows, all) = history(2);
    let former = all
        .iter()
        .find(|row| row.version == 1 && row.current)
        .unwrap();
    rows.retain(|row| row.version != 1);
    rows.push(former.clone());
    let refused = open(&rows).unwrap_err();
    assert_eq!(
        refused,
        WrapError::Downgraded {
            period: period(),
            claimed: 1,
            newest: 2
        }
    );

    let (rows, _) = history(2);
    let mut ring = open(&rows).unwrap();
    assert_eq!(ring.insert(former.clone()).unwrap_err(), refused);
    assert_ne!(ring.current(period()), Some(&former.id));
}

#[test]
fn a_period_that_lost_its_current_row_is_refused() {
    let (mut rows, _) = history(2);
    rows.retain(|row| !row.current);
    assert_eq!(open(&rows).unwrap_err(), WrapError::NoCurrent(period()));
}

#[test]
fn two_keys_of_one_version_are_refused() {
    let (mut rows, _) = history(1);
    rows.extend(
        open(&[])
            .unwrap()
            .create(period(), &SeededRandom::new(99))
            .unwrap(),
    );
    let refused = WrapError::DuplicateVersion {
        period: period(),
        version: 1,
    };
    assert_eq!(open(&rows).unwrap_err(), refused);
}

#[test]
fn a_ring_that_was_overtaken_has_no_current_key_until_it_caught_up() {
    let (first, _) = history(1);
    let (rows, _) = history(3);
    let mut behind = open(&first).unwrap();
    let by_version = |version| {
        rows.iter()
            .find(|row| row.version == version)
            .unwrap()
            .clone()
    };
    behind.insert(by_version(2)).unwrap();
    assert_eq!(behind.current(period()), None);
    behind.insert(by_version(3)).unwrap();
    assert_eq!(behind.current(period()), Some(&by_version(3).id));
    behind.insert(by_version(1)).unwrap();
    assert_eq!(behind.current(period()), Some(&by_version(3).id));
}

#[test]
fn names_that_no_key_has_are_refused_even_with_a_good_mac() {
    let key = || Key::filled_by(|key| key.fill(1));
    let seal = |id, version| {
        let name = (id, period(), version);
        StoredWrappingKey::seal(&root(), &installation(), name, true, &key())
    };
    let id = WrappingKeyId::random(&SeededRandom::new(1));
    for row in [seal(WrappingKeyId::none(), 1), seal(id, 0)] {
        let refused = WrapError::WrappingKeyTampered(row.id.clone());
        assert_eq!(open(&[row]).unwrap_err(), refused);
    }
}

#[test]
fn versions_run_out_with_an_error() {
    let id = WrappingKeyId::random(&SeededRandom::new(1));
    let key = Key::filled_by(|key| key.fill(1));
    let name = (id, period(), u32::MAX);
    let row = StoredWrappingKey::seal(&root(), &installation(), name, true, &key);
    let refused = open(&[row])
        .unwrap()
        .create(period(), &SeededRandom::new(2))
        .unwrap_err();
    assert_eq!(refused, WrapError::VersionsExhausted(period()));
}

#[test]
fn a_removed_key_is_gone() {
    let (rows, _) = history(1);
    let mut ring = open(&rows).unwrap();
    assert!(ring.remove(&rows[0].id));
    assert!(!ring.contains(&rows[0].id));
    assert!(!ring.remove(&rows[0].id));
    assert_eq!(ring.current(period()), None);
}

#[test]
fn rotating_the_root_keeps_every_key() {
    let (rows, _) = history(3);
    let ring = open(&rows).unwrap();
    let next = RootKek::generate(&SeededRandom::new(50));
    let rewrapped = ring.rewrapped(&next);
    assert!(matches!(open(&rewrapped), Err(WrapError::OtherKek { .. })));

    let rotated = Keyring::open(next, installation(), rewrapped).unwrap();
    assert_eq!(rotated.current(period()), ring.current(period()));
    for row in &rows {
        assert_eq!(
            rotated.key(&row.id).unwrap().bytes(),
            ring.key(&row.id).unwrap().bytes()
        );
    }
    assert_ne!(rotated.root().id(), ring.root().id());
}

#[test]
fn debug_names_the_kek_and_counts_the_keys() {
    let (rows, _) = history(2);
    let shown = format!("{:?}", open(&rows).unwrap());
    let root = root();
    assert_eq!(shown, format!("Keyring {{ root: {root:?}, keys: 2, .. }}"));
}

proptest! {
    /// Of all rows that ever stood in the database, no selection makes an older key current
    /// beside a newer one: either the set is refused, or the newest present key is current.
    #[test]
    fn no_mixture_of_old_and_new_rows_brings_an_older_key_back(
        picks in proptest::collection::vec(any::<proptest::sample::Index>(), 1..6),
    ) {
        let (_, all) = history(3);
        let mut rows: Vec<StoredWrappingKey> = Vec::new();
        for pick in picks {
            let row = pick.get(&all);
            rows.retain(|stored| stored.id != row.id);
            rows.push(row.clone());
        }
        if let Ok(ring) = open(&rows) {
            let newest = rows.iter().max_by_key(|row| row.version).unwrap();
            prop_assert_eq!(ring.current(period()), Some(&newest.id));
            prop_assert!(rows.iter().filter(|row| row.current).count() == 1);
        }
    }
}
