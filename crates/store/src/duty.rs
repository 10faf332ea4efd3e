//! No row, no act: what an act owes the audit before it may be committed.

use std::collections::BTreeMap;

use crate::{AuditEvent, Audited, StoreError};

type State = (u64, [u8; 32]);

/// The account of one act: what it wrote, and what it said of it in the audit.
///
/// A backend keeps one in its write transaction, tells it of every write and every audit row, and
/// asks [`AuditDuty::settle`] before it keeps the act's work.
#[derive(Debug, Default)]
pub struct AuditDuty {
    wrote: bool,
    audited: bool,
    /// States that no row carries yet. What is said and done is forgotten: an act may change a
    /// million records.
    states: BTreeMap<String, State>,
    /// States in rows that came before the record.
    said: BTreeMap<String, State>,
}

impl AuditDuty {
    /// Something was written that has no state of its own in the audit.
    pub fn wrote(&mut self) {
        self.wrote = true;
    }

    /// An audited record was added or changed.
    pub fn changed(&mut self, record: &impl Audited) {
        self.wrote = true;
        let (resource, state) = (record.resource(), (record.version(), record.digest()));
        if self.said.remove(&resource) == Some(state) {
            self.states.remove(&resource);
        } else {
            self.states.insert(resource, state);
        }
    }

    /// A row was appended to the audit.
    pub fn audited(&mut self, event: &AuditEvent) {
        self.audited = true;
        let Some(digest) = event.resource_digest else {
            return;
        };
        let state = (event.resource_version, digest);
        if self.states.get(&event.resource) == Some(&state) {
            self.states.remove(&event.resource);
        } else {
            self.said.insert(event.resource.clone(), state);
        }
    }

    /// Whether the act named `act` has said all it had to say.
    ///
    /// # Errors
    /// [`StoreError::Unaudited`] if it wrote anything without an audit row, or left an audited
    /// record in a state that none of its audit rows carries.
    pub fn settle(self, act: &'static str) -> Result<(), StoreError> {
        if self.wrote && !self.audited {
            return Err(StoreError::Unaudited {
                act,
                resource: String::new(),
            });
        }
        match self.states.into_keys().next() {
            Some(resource) => Err(StoreError::Unaudited { act, resource }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::Timestamp;

    use super::*;
    use crate::Actor;

    struct Thing(u64);

    impl Audited for Thing {
        fn resource(&self) -> String {
            "thing:1".to_owned()
        }
        fn version(&self) -> u64 {
            self.0
        }
        fn digest(&self) -> [u8; 32] {
            [7; 32]
        }
    }

    fn event() -> AuditEvent {
        AuditEvent::new(Timestamp::from_unix(1), "test.change", Actor::Local)
    }

    #[test]
    fn an_act_that_writes_nothing_owes_nothing() {
        assert_eq!(AuditDuty::default().settle("test.read"), Ok(()));
    }

    #[test]
    fn a_write_owes_a_row() {
        let mut duty = AuditDuty::default();
        duty.wrote();
        let unaudited = StoreError::Unaudited {
            act: "test.write",
            resource: String::new(),
        };
        assert_eq!(duty.settle("test.write"), Err(unaudited));

        let mut duty = AuditDuty::default();
        duty.audited(&event());
        duty.wrote();
        assert_eq!(duty.settle("test.write"), Ok(()));
    }

    #[test]
    fn a_changed_record_owes_a_row_with_its_last_state() {
        let unaudited = |result| {
            let resource = "thing:1".to_owned();
            assert_eq!(
                result,
                Err(StoreError::Unaudited {
                    act: "test.change",
                    resource
                })
            );
        };
        // A row that does not speak of the record.
        let mut duty = AuditDuty::default();
        duty.changed(&Thing(1));
        duty.audited(&event());
        unaudited(duty.settle("test.change"));
        // A row that speaks of an earlier state.
        let mut duty = AuditDuty::default();
        duty.changed(&Thing(1));
        duty.audited(&event().about(&Thing(1)));
        duty.changed(&Thing(2));
        unaudited(duty.settle("test.change"));
        // A row with another digest.
        let mut duty = AuditDuty::default();
        duty.changed(&Thing(2));
        duty.audited(&AuditEvent {
            resource_digest: Some([8; 32]),
            ..event().about(&Thing(2))
        });
        unaudited(duty.settle("test.change"));
        // The last state, said before or after.
        let mut duty = AuditDuty::default();
        duty.changed(&Thing(1));
        duty.audited(&event().about(&Thing(2)));
        duty.changed(&Thing(2));
        assert!(duty.states.is_empty() && duty.said.is_empty());
        assert_eq!(duty.settle("test.change"), Ok(()));
        // Said, and then changed once more.
        let mut duty = AuditDuty::default();
        duty.changed(&Thing(1));
        duty.audited(&event().about(&Thing(1)));
        duty.changed(&Thing(2));
        unaudited(duty.settle("test.change"));
    }
}
