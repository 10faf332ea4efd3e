//! The service's signature under its replies.

use kleis_trust::{Signer, SigningError, reply};
use kleis_types::InstallationId;
use serde::Serialize;

use crate::admission::Evidence;

/// What replies are signed with.
#[derive(Clone, Debug)]
pub(crate) struct Replies {
    pub(crate) signer: Signer,
    pub(crate) installation: InstallationId,
}

impl Replies {
    /// The reply to an order, given when it was carried out: a compact JWS.
    pub(crate) fn sign<R: Serialize>(
        &self,
        evidence: &Evidence,
        result: &R,
    ) -> Result<String, SigningError> {
        let (signer, installation) = (&self.signer, &self.installation);
        let Evidence {
            method,
            id,
            digest,
            received_at,
            ..
        } = evidence;
        reply::sign(
            signer,
            installation,
            method,
            *id,
            digest,
            result,
            *received_at,
        )
    }
}
