//! The service's signature: under the replies that are given, and under those that are kept.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use kleis_trust::{Anchors, Jti, Signer, reply};
use kleis_types::{InstallationId, Timestamp};
use serde::Serialize;

use crate::CustodyError;

/// Signs replies, and counts them: what is refused must not cost a signature more or less.
pub(crate) struct Replies {
    signer: Signer,
    installation: InstallationId,
    signed: AtomicU64,
}

/// The order that a reply answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) method: &'static str,
    pub(crate) jti: Jti,
    pub(crate) digest: [u8; 32],
}

impl Replies {
    pub(crate) fn new(signer: Signer, anchors: &Anchors) -> Self {
        Self {
            signer,
            installation: anchors.installation().clone(),
            signed: AtomicU64::new(0),
        }
    }

    /// The reply to a question, given at this time: a compact JWS.
    pub(crate) fn sign<R: Serialize>(
        &self,
        question: &Question,
        body: &R,
        at: Timestamp,
    ) -> Result<String, CustodyError> {
        self.signed.fetch_add(1, Ordering::Relaxed);
        let Question {
            method,
            jti,
            digest,
        } = question;
        let (signer, installation) = (&self.signer, &self.installation);
        Ok(reply::sign(
            signer,
            installation,
            method,
            *jti,
            digest,
            body,
            at,
        )?)
    }

    /// How many replies were signed.
    pub(crate) fn signed(&self) -> u64 {
        self.signed.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies")
            .field("signer", &self.signer)
            .finish_non_exhaustive()
    }
}
