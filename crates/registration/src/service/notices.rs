//! Notices on their way out, and what owners can list of them.

use kleis_store::{
    Actor, StoreError,
    registry::{Delivery, DeliveryCounts, Notice, RegistryRead, RegistryStore},
};
use kleis_types::{Channel, DeliveryState, Service, Timestamp};

use super::{Registration, reads::caller};
use crate::{
    Call, RegistrationError,
    acts::{
        Account,
        deliver::{SettleDeliveries, WarnOfEnds},
    },
    letter::{self, Letter},
};

/// How long before its end one is told of it, in seconds: 90 days.
pub const NOTICE_OF_END: i64 = 90 * 86_400;

/// Of how many ends is told in one act.
const ROUND: u32 = 100;
/// How often a delivery is tried before it is given up: over about two days.
const ATTEMPTS: u32 = 16;
/// Seconds until a delivery is tried for the second time; twice as many each time after.
const FIRST_PAUSE: i64 = 30;
/// Seconds after which it is tried again at the latest.
const LONGEST_PAUSE: i64 = 6 * 3600;

/// A delivery that is to be made now.
#[derive(Clone, Debug)]
pub struct Due {
    /// What is sent, and where; `None` where its registrant has no such address any more.
    pub letter: Option<Letter>,
    delivery: Delivery,
}

/// How a delivery went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was taken.
    Taken,
    /// It was not taken, and may be another time.
    NotNow,
    /// It will never be taken there.
    Never,
}

impl Due {
    /// The number of its notice, for logs.
    pub fn notice(&self) -> u64 {
        self.delivery.notice.id
    }

    /// The delivery after it was tried at `now`.
    fn after(mut self, sent: Sent, now: Timestamp) -> Delivery {
        let delivery = &mut self.delivery;
        delivery.attempts += 1;
        delivery.due_at = now;
        delivery.state = match sent {
            Sent::Taken => DeliveryState::Delivered,
            Sent::NotNow if delivery.attempts < ATTEMPTS => {
                delivery.due_at = now.plus_seconds(pause(delivery.attempts));
                DeliveryState::Pending
            }
            Sent::NotNow | Sent::Never => DeliveryState::Failed,
        };
        self.delivery
    }
}

/// Seconds after so many attempts in vain.
fn pause(attempts: u32) -> i64 {
    let doubled = 1_i64.checked_shl(attempts.saturating_sub(1));
    doubled
        .and_then(|doubled| FIRST_PAUSE.checked_mul(doubled))
        .map_or(LONGEST_PAUSE, |pause| pause.min(LONGEST_PAUSE))
}

impl<S: RegistryStore> Registration<S> {
    /// Tells owners of certificates and keys that end within 90 days, of each end once. Answers of
    /// how many. To be called from time to time.
    ///
    /// # Errors
    /// If the records cannot be read or written.
    pub async fn warn_of_ends(&self) -> Result<usize, RegistrationError> {
        let now = self.now();
        let mut told = 0;
        loop {
            let act = WarnOfEnds {
                account: account(now, "registration.warn_of_ends"),
                until: now.plus_seconds(NOTICE_OF_END),
                limit: ROUND,
            };
            match self.store.run(act).await? {
                0 => return Ok(told),
                more => told += more,
            }
        }
    }

    /// The deliveries that are to be made now over these channels, at most `limit`, those that have
    /// waited longest first.
    ///
    /// # Errors
    /// If the records cannot be read, or a notice cannot be signed.
    pub async fn due_notices(&self, limit: u32) -> Result<Vec<Due>, RegistrationError> {
        let now = self.now();
        let mut reader = self.store.read().await?;
        let mut due = Vec::new();
        for delivery in reader.due_deliveries(now, limit).await? {
            let letter = self.letter(&mut reader, &delivery, now).await?;
            due.push(Due { letter, delivery });
        }
        Ok(due)
    }

    async fn letter(
        &self,
        reader: &mut S::Reader,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Option<Letter>, RegistrationError> {
        let notice = &delivery.notice;
        // Where it is told things now: not where it was told things then.
        let Some(registrant) = reader.registrant(&notice.registrant).await? else {
            return Ok(None);
        };
        let (contact, types) = (&registrant.contact, &*self.parts.types);
        let signer = &self.parts.replies.signer;
        Ok(match delivery.channel {
            Channel::Mail => letter::mail(notice, contact, &self.parts.issuer.installation, types),
            Channel::Webhook => letter::webhook(notice, contact, signer, types, now)?,
        })
    }

    /// Keeps how deliveries went. What a crash loses is sent again.
    ///
    /// # Errors
    /// If the records cannot be written.
    pub async fn settle_notices(&self, sent: Vec<(Due, Sent)>) -> Result<(), RegistrationError> {
        let now = self.now();
        let settled = sent.into_iter().map(|(due, sent)| due.after(sent, now));
        let act = SettleDeliveries {
            account: account(now, "registration.settle_deliveries"),
            settled: settled.collect(),
        };
        self.store.run(act).await
    }

    /// How many deliveries are on their way, and how many were given up.
    ///
    /// # Errors
    /// If the records cannot be read.
    pub async fn count_deliveries(&self) -> Result<DeliveryCounts, StoreError> {
        self.store.read().await?.count_deliveries().await
    }

    /// How many certificates and keys end within 90 days.
    ///
    /// # Errors
    /// If the records cannot be read.
    pub async fn count_ending(&self) -> Result<(u64, u64), StoreError> {
        let now = self.now();
        let until = now.plus_seconds(NOTICE_OF_END);
        self.store.read().await?.count_ending(now, until).await
    }

    /// What the caller was told, whether or not it went out, newest first: notices with numbers
    /// below `before` (0: from the newest).
    ///
    /// # Errors
    /// [`RegistrationError::CertificateRequired`] if nobody is authenticated.
    pub async fn notices(
        &self,
        call: &Call,
        before: u64,
        limit: u32,
    ) -> Result<Vec<Notice>, RegistrationError> {
        let owner = caller(call)?.primary().with_application(None);
        let mut reader = self.store.read().await?;
        let Some(registrant) = reader.registrant(&owner).await? else {
            return Ok(Vec::new());
        };
        let before = if before == 0 { u64::MAX } else { before };
        Ok(reader.notices_of(&registrant.id, before, limit).await?)
    }
}

fn account(now: Timestamp, action: &'static str) -> Account {
    Account::unordered(now, action, Actor::Service(Service::Registration))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_end_after_two_days() {
        let pauses: Vec<i64> = (1..ATTEMPTS).map(pause).collect();
        assert_eq!(pauses[..4], [30, 60, 120, 240]);
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
        let days = pauses.iter().sum::<i64>() / 86_400;
        assert_eq!(days, 1);
    }
}
