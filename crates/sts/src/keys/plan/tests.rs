use SigningKeyState::{Current, Expired, Next, Retired};

use super::*;

const START: Timestamp = Timestamp::from_unix(1_795_000_000);
const DAY: i64 = 86_400;

fn key(kid: &str, state: SigningKeyState, created: i64) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        jwk: "{}".to_owned(),
        wrapped: vec![1; 40],
        kek: "k".to_owned(),
        state,
        created_at: START.plus_seconds(created),
        activated_at: None,
        retired_at: None,
        version: 1,
    }
}

/// A service that lives by the plan alone: its keys, and how many it has made.
struct Life {
    keys: Vec<SigningKey>,
    made: u32,
}

impl Life {
    fn begin() -> Self {
        let mut life = Self {
            keys: Vec::new(),
            made: 0,
        };
        life.at(0, Demand::WhenDue);
        life
    }

    /// Carries the plan out; gives the states, in the order in which keys were made.
    fn at(&mut self, seconds: i64, demand: Demand) -> Vec<SigningKeyState> {
        self.made += 2;
        let candidates = Candidates {
            first: key(&format!("{:03}", self.made), Next, seconds),
            next: key(&format!("{:03}", self.made + 1), Next, seconds),
        };
        let timing = Timing::new(&Lifetimes::default());
        let now = START.plus_seconds(seconds);
        for change in plan(&self.keys, &candidates, timing, demand, now).unwrap() {
            if let Some(key) = self.keys.iter_mut().find(|key| key.kid == change.kid) {
                assert_eq!(change.version, key.version + 1);
                *key = change;
            } else {
                assert_eq!(change.version, 1);
                self.keys.push(change);
            }
            // As the database demands, after every change.
            for state in [Next, Current] {
                assert!(self.keys.iter().filter(|key| key.state == state).count() <= 1);
            }
        }
        self.keys.iter().map(|key| key.state).collect()
    }
}

#[test]
fn a_new_service_has_a_key_and_the_next_one() {
    let mut life = Life::begin();
    assert_eq!(life.at(0, Demand::WhenDue), [Current, Next]);
    assert_eq!(life.at(30 * DAY - 1, Demand::WhenDue), [Current, Next]);
}

#[test]
fn turns_change_when_they_are_due() {
    let mut life = Life::begin();
    let states = life.at(30 * DAY, Demand::WhenDue);
    assert_eq!(states, [Retired, Current, Next]);
    // 300 seconds of its last token and a minute of leeway on either side.
    let states = life.at(30 * DAY + 419, Demand::WhenDue);
    assert_eq!(states, [Retired, Current, Next]);
    assert!(!life.keys[0].wrapped.is_empty());
    let states = life.at(30 * DAY + 420, Demand::WhenDue);
    assert_eq!(states, [Expired, Current, Next]);
    assert!(life.keys[0].wrapped.is_empty());
    let states = life.at(60 * DAY, Demand::WhenDue);
    assert_eq!(states, [Expired, Retired, Current, Next]);
}

#[test]
fn on_demand_the_next_key_signs_but_not_before_it_is_known() {
    let mut life = Life::begin();
    assert_eq!(life.at(599, Demand::Now), [Current, Next]);
    assert_eq!(life.at(600, Demand::Now), [Retired, Current, Next]);
    // The new next one is not known either.
    assert_eq!(life.at(601, Demand::Now), [Retired, Current, Next]);
    let states = life.at(1200, Demand::Now);
    assert_eq!(states, [Expired, Retired, Current, Next]);
}

#[test]
fn a_next_key_that_was_made_late_is_waited_for() {
    let timing = Timing::new(&Lifetimes::default());
    let keys = [key("a", Current, 0), key("b", Next, 40 * DAY)];
    let candidates = Candidates {
        first: key("c", Next, 0),
        next: key("d", Next, 0),
    };
    let changes = |seconds| {
        let now = START.plus_seconds(40 * DAY + seconds);
        plan(&keys, &candidates, timing, Demand::WhenDue, now)
            .unwrap()
            .len()
    };
    assert_eq!((changes(599), changes(600)), (0, 3));
}

#[test]
fn what_is_missing_is_made() {
    let mut life = Life::begin();
    life.keys.retain(|key| key.state == Current);
    assert_eq!(life.at(1, Demand::WhenDue), [Current, Next]);
    life.keys.retain(|key| key.state == Next);
    assert_eq!(life.at(2, Demand::WhenDue), [Current, Next]);
}

#[test]
fn a_clock_that_went_back_changes_nothing() {
    let mut life = Life::begin();
    life.at(30 * DAY, Demand::WhenDue);
    let states = life.at(10 * DAY, Demand::Now);
    assert_eq!(states, [Retired, Current, Next]);
}
