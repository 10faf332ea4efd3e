//! What a process counts, ready for whoever exports it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

/// An event that is counted without labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum Count {
    /// A TCP connection was taken.
    ConnectionsAccepted,
    /// A TCP connection was closed at once: there were too many.
    ConnectionsRefused,
    /// A TLS handshake failed.
    HandshakesFailed,
    /// A TLS handshake took too long.
    HandshakesTimedOut,
    /// A request was refused: too many were under way.
    RequestsShed,
    /// A request was refused: its caller asked too often.
    RequestsRateLimited,
    /// A request was refused: it showed a certificate that is not good.
    CallersRefused,
    /// A handler panicked.
    Panics,
}

impl Count {
    /// All events, in the order of declaration.
    pub const ALL: [Self; 8] = [
        Self::ConnectionsAccepted,
        Self::ConnectionsRefused,
        Self::HandshakesFailed,
        Self::HandshakesTimedOut,
        Self::RequestsShed,
        Self::RequestsRateLimited,
        Self::CallersRefused,
        Self::Panics,
    ];

    /// The name under which it is exported.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConnectionsAccepted => "kleis_connections_accepted_total",
            Self::ConnectionsRefused => "kleis_connections_refused_total",
            Self::HandshakesFailed => "kleis_handshakes_failed_total",
            Self::HandshakesTimedOut => "kleis_handshakes_timed_out_total",
            Self::RequestsShed => "kleis_requests_shed_total",
            Self::RequestsRateLimited => "kleis_requests_rate_limited_total",
            Self::CallersRefused => "kleis_callers_refused_total",
            Self::Panics => "kleis_panics_total",
        }
    }
}

/// Something that is counted anew from time to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum Gauge {
    /// Notices on their way to owners.
    NoticesPending,
    /// Notices that were given up.
    NoticesFailed,
    /// Certificates that end within 90 days.
    CertificatesEnding,
    /// Encryption keys that end within 90 days.
    KeysEnding,
}

impl Gauge {
    /// All of them, in the order of declaration.
    pub const ALL: [Self; 4] = [
        Self::NoticesPending,
        Self::NoticesFailed,
        Self::CertificatesEnding,
        Self::KeysEnding,
    ];

    /// The name under which it is exported.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoticesPending => "kleis_notices_pending",
            Self::NoticesFailed => "kleis_notices_failed",
            Self::CertificatesEnding => "kleis_certificates_ending_90d",
            Self::KeysEnding => "kleis_keys_ending_90d",
        }
    }
}

/// The counters of a process. All of them exist from the start, so that a rate over them is never
/// absent.
#[derive(Debug, Default)]
pub struct Counters {
    events: [AtomicU64; Count::ALL.len()],
    gauges: [AtomicU64; Gauge::ALL.len()],
    under_way: AtomicI64,
    requests: Mutex<BTreeMap<Finished, u64>>,
}

/// How a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// In gRPC, with this status code; a stream counts by how it began.
    Grpc(i32),
    /// In HTTP, with this status.
    Http(u16),
}

type Finished = (Arc<str>, Answer);

/// The counters at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Each event and how often it happened.
    pub events: BTreeMap<Count, u64>,
    /// What was counted last.
    pub gauges: BTreeMap<Gauge, u64>,
    /// Requests being answered.
    pub requests_under_way: i64,
    /// Requests answered, by route (a method or a path template, never a path) and answer.
    pub requests: BTreeMap<(Arc<str>, Answer), u64>,
}

impl Counters {
    /// Counts an event.
    pub fn add(&self, count: Count) {
        self.events[count as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Something was counted anew.
    pub fn set(&self, gauge: Gauge, value: u64) {
        self.gauges[gauge as usize].store(value, Ordering::Relaxed);
    }

    /// A request begins; it is under way until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// A request was answered. Routes and answers come from short lists, so memory is bounded.
    pub(crate) fn finish(&self, route: Arc<str>, answer: Answer) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route, answer)).or_default() += 1;
    }

    /// All of it.
    pub fn snapshot(&self) -> Snapshot {
        let events = Count::ALL.map(|c| (c, self.events[c as usize].load(Ordering::Relaxed)));
        let gauges = Gauge::ALL.map(|g| (g, self.gauges[g as usize].load(Ordering::Relaxed)));
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        Snapshot {
            events: events.into(),
            gauges: gauges.into(),
            requests_under_way: self.under_way.load(Ordering::Relaxed),
            requests: requests.clone(),
        }
    }
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Counters>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_there_from_the_start() {
        let counters = Counters::default();
        assert_eq!(counters.snapshot().events.len(), Count::ALL.len());
        counters.add(Count::Panics);
        let events = counters.snapshot().events;
        assert_eq!(events.values().sum::<u64>(), 1);
        assert_eq!(events[&Count::Panics], 1);
    }

    #[test]
    fn names_differ() {
        let names: std::collections::BTreeSet<_> = (Count::ALL.map(Count::name).into_iter())
            .chain(Gauge::ALL.map(Gauge::name))
            .collect();
        assert_eq!(names.len(), Count::ALL.len() + Gauge::ALL.len());
    }

    #[test]
    fn gauges_say_what_was_counted_last() {
        let counters = Counters::default();
        counters.set(Gauge::NoticesFailed, 3);
        counters.set(Gauge::NoticesFailed, 2);
        let gauges = counters.snapshot().gauges;
        assert_eq!(
            (gauges.len(), gauges[&Gauge::NoticesFailed]),
            (Gauge::ALL.len(), 2)
        );
    }

    #[test]
    fn requests_are_counted_by_route_and_outcome() {
        let counters = Arc::new(Counters::default());
        let under_way = counters.begin();
        assert_eq!(counters.snapshot().requests_under_way, 1);
        counters.finish("a/B".into(), Answer::Grpc(0));
        counters.finish("a/B".into(), Answer::Grpc(0));
        counters.finish("a/B".into(), Answer::Http(404));
        drop(under_way);
        let snapshot = counters.snapshot();
        assert_eq!(snapshot.requests_under_way, 0);
        assert_eq!(snapshot.requests[&("a/B".into(), Answer::Grpc(0))], 2);
        assert_eq!(snapshot.requests.len(), 2);
    }
}
