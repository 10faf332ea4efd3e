//! What owners are told.

use kleis_types::{
    Channel, DeliveryState, DeviceId, Identifier, NoticeKind, RevocationReason, Timestamp,
};

use crate::shown::shows;

/// Something that somebody is told.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// The number, from 1, given by the store.
    pub id: u64,
    /// The registrant who is told.
    pub registrant: Identifier,
    /// The identity concerned.
    pub owner: Identifier,
    /// What has happened.
    pub kind: NoticeKind,
    /// The record it is about, by its resource name: `certificate:SERIAL`, `key:KID`, or that of
    /// the registrant.
    pub subject: String,
    /// The device concerned; `None` where it is about all of them.
    pub device: Option<DeviceId>,
    /// Why it was revoked.
    pub reason: Option<RevocationReason>,
    /// When it happened.
    pub at: Timestamp,
    /// When what it is about ends.
    pub ends_at: Option<Timestamp>,
}

/// A notice on its way out.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The notice.
    pub notice: Notice,
    /// How it goes out.
    pub channel: Channel,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, or when it was settled.
    pub due_at: Timestamp,
}

/// How many deliveries are in a state that somebody should know of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// On their way.
    pub pending: u64,
    /// Given up.
    pub failed: u64,
}

shows!(Notice {
    id,
    kind,
    subject,
    at
});
shows!(Delivery {
    notice,
    channel,
    state,
    attempts,
    due_at
});
