//! Lives that nobody thought of: whatever happens in whatever order, what is published holds together.

use kleis_jose::{JwkSet, KeyType};
use kleis_trust::recipient::RecipientError;
use kleis_types::{CertificateState, KeyState, Random as _, SeededRandom};

use crate::{
    house::{DAY, House, JOHN, call_of, id},
    people::Device,
};

/// One owner with however many devices, as the test has followed it.
struct Owner {
    house: House,
    operator: Device,
    devices: Vec<Device>,
    kids: Vec<String>,
    active: bool,
    made: usize,
    /// Decides what happens next.
    fate: SeededRandom,
}

impl Owner {
    async fn new(seed: u64) -> Self {
        let house = House::new().await;
        let operator = house.bootstrap().await;
        house.register(&operator, &[JOHN], true).await.unwrap();
        let (devices, kids) = (Vec::new(), Vec::new());
        Self {
            house,
            operator,
            devices,
            kids,
            active: true,
            made: 0,
            fate: SeededRandom::new(seed),
        }
    }

    fn pick(&self, of: usize) -> usize {
        usize::from(self.fate.array::<1>()[0]) % of.max(1)
    }

    fn device(&self) -> Option<&Device> {
        self.devices.get(self.pick(self.devices.len()))
    }

    /// Tries something. Refusals are as good as successes: what counts is what is left behind.
    async fn step(&mut self) -> &'static str {
        match self.pick(14) {
            0 | 11 | 12 => self.enrol_by_code().await,
            1 | 2 => self.enrol_by_endorsement().await,
            3 | 4 => self.register_key().await,
            5 | 6 => self.activate().await,
            7 => self.revoke_key().await,
            8 => self.revoke_certificate().await,
            9 => {
                self.active = !self.active;
                let (house, operator) = (&self.house, &self.operator);
                house
                    .register(operator, &[JOHN], self.active)
                    .await
                    .unwrap();
                "stand"
            }
            10 => {
                self.house.clock.advance(30 * DAY);
                self.house
                    .registration
                    .sweep(self.house.now())
                    .await
                    .unwrap();
                "wait"
            }
            _ => {
                self.house.restart().await;
                "restart"
            }
        }
    }

    fn name(&mut self) -> String {
        self.made += 1;
        format!("device-{}", self.made)
    }

    async fn enrol_by_code(&mut self) -> &'static str {
        let name = self.name();
        let Ok(code) = self.house.code(&self.operator, JOHN).await else {
            return "no code";
        };
        let key = self.house.key(KeyType::P256);
        let body = self.house.enrolment(&code, JOHN, &name, &key);
        self.devices.extend(self.house.enrol(&key, body).await);
        "code"
    }

    async fn enrol_by_endorsement(&mut self) -> &'static str {
        let name = self.name();
        let Some(sibling) = self.device() else {
            return "no sibling";
        };
        let key = self.house.key(KeyType::Ed25519);
        let body = self.house.endorsed(sibling, &name, &key);
        let enrolled = self.house.enrol(&key, body).await;
        self.devices.extend(enrolled);
        "endorse"
    }

    async fn register_key(&mut self) -> &'static str {
        let Some(device) = self.device() else {
            return "no device";
        };
        let key = self.house.key(KeyType::X25519);
        let Ok(begun) = self.house.begin(device, &key).await else {
            return "no challenge";
        };
        let mut body = self
            .house
            .answer(device, &begun, &self.house.claims(device, &begun));
        body.hold = self.pick(3) == 0;
        let kid = self
            .house
            .complete(device, body)
            .await
            .map(|result| result.kid);
        self.kids.extend(kid);
        "register"
    }

    async fn activate(&self) -> &'static str {
        let kid = self.kids.get(self.pick(self.kids.len()));
        let (Some(device), Some(kid)) = (self.device(), kid) else {
            return "no key";
        };
        // Of the right device or not.
        drop(self.house.activate(device, kid).await);
        "activate"
    }

    async fn revoke_key(&self) -> &'static str {
        let kid = self.kids.get(self.pick(self.kids.len()));
        let (Some(device), Some(kid)) = (self.device(), kid) else {
            return "no key";
        };
        drop(self.house.revoke_key(device, kid).await);
        "revoke key"
    }

    async fn revoke_certificate(&self) -> &'static str {
        let (Some(by), Some(lost)) = (self.device(), self.device()) else {
            return "no device";
        };
        drop(self.house.revoke(by, &lost.serial()).await);
        "revoke"
    }

    /// What must hold at any time.
    async fn check(&self) {
        let owner = id(JOHN);
        // Also holds list, board and database against each other.
        self.house.status_list().await;
        let Some(set) = self.house.stored_set(&owner).await else {
            assert!(self.devices.is_empty());
            return;
        };
        match self.house.recipient(&owner, None).await {
            Ok(recipient) => {
                assert!(self.active && set.has_keys);
                let mut of_device = std::collections::BTreeSet::new();
                for key in recipient.keys() {
                    assert!(
                        of_device.insert(key.device().clone()),
                        "two keys of one device"
                    );
                }
            }
            Err(RecipientError::NoKey) => assert!(!set.has_keys),
            Err(other) => panic!("the registry has published what no sender accepts: {other}"),
        }
        self.check_records(&JwkSet::from_slice(&set.body, 1 << 20).unwrap())
            .await;
    }

    /// The set is what the records say: no more, no less.
    async fn check_records(&self, set: &JwkSet) {
        let Some(device) = self.devices.first() else {
            return;
        };
        let call = call_of(&device.signer);
        let mut expected = Vec::new();
        if self.active {
            let certificates = self.house.registration.certificates(&call).await.unwrap();
            let in_use = certificates
                .iter()
                .filter(|one| one.state == CertificateState::Active);
            expected.extend(in_use.map(|one| one.jkt.clone()));
            let keys = self.house.registration.keys(&call).await.unwrap();
            let in_use = keys.iter().filter(|one| one.state == KeyState::Active);
            expected.extend(in_use.map(|one| one.kid.clone()));
        }
        let mut found: Vec<_> = set
            .keys()
            .iter()
            .map(|key| key.thumbprint().to_string())
            .collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }
}

async fn live(seed: u64, steps: usize) {
    let mut owner = Owner::new(seed).await;
    let mut done = Vec::new();
    for _ in 0..steps {
        done.push(owner.step().await);
        owner.check().await;
    }
    owner.house.check_audit().await;
    for step in [
        "code", "endorse", "register", "activate", "stand", "wait", "restart",
    ] {
        assert!(done.contains(&step), "life {seed} had no {step}: {done:?}");
    }
}

#[tokio::test]
async fn one_life() {
    live(1, 80).await;
}

#[tokio::test]
async fn another_life() {
    live(2, 80).await;
}

#[tokio::test]
async fn a_third_life() {
    live(3, 80).await;
}
