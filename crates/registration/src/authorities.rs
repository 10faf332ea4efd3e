//! The CA that issues, and those that issued before it.

use std::sync::Arc;

use kleis_pki::{IssuerId, IssuingCa};
use kleis_types::Timestamp;

/// The issuing CAs of an installation, the present one first. A former one issues nothing more; it
/// still says what became of what it issued, until its own end.
#[derive(Debug)]
pub(crate) struct Authorities(Vec<Arc<IssuingCa>>);

impl Authorities {
    pub(crate) fn new(present: Arc<IssuingCa>, former: Vec<Arc<IssuingCa>>) -> Self {
        Self(std::iter::once(present).chain(former).collect())
    }

    /// Those whose certificates can still hold.
    pub(crate) fn alive(&self, now: Timestamp) -> impl Iterator<Item = &Arc<IssuingCa>> {
        let lives = move |ca: &&Arc<IssuingCa>| ca.chain_certificate().not_after() >= now;
        self.0.iter().filter(lives)
    }

    /// The one with this name in addresses, if its certificates can still hold.
    pub(crate) fn named(&self, id: IssuerId, now: Timestamp) -> Option<&Arc<IssuingCa>> {
        self.alive(now).find(|ca| ca.id() == id)
    }
}
