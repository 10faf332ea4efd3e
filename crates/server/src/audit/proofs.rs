//! Signed checkpoints and segments, for the proof in the store, which knows no signature.

use kleis_store::{
    ChainHead,
    audit::{Checkpoint, ReadProofs, Segment},
};
use kleis_trust::{Anchors, checkpoint, segment};
use kleis_types::Service;

/// Verifies what one service has signed.
pub(crate) struct Proofs {
    checkpoints: checkpoint::Verifier,
    segments: segment::Verifier,
}

impl Proofs {
    pub(crate) fn new(anchors: &Anchors, service: Service) -> Self {
        Self {
            checkpoints: checkpoint::Verifier::new(anchors, service),
            segments: segment::Verifier::new(anchors, service),
        }
    }

    /// A segment with the hash of its lines in the archive, of which the store knows nothing.
    pub(crate) fn archived(&mut self, token: &str) -> Result<segment::Segment, String> {
        let verified = self.segments.verify(token);
        verified.map_err(|error| error.to_string())
    }
}

impl ReadProofs for Proofs {
    fn checkpoint(&mut self, token: &str) -> Result<Checkpoint, String> {
        let verified = self.checkpoints.verify(token);
        let content = verified.map_err(|error| error.to_string())?.into_content();
        Ok(Checkpoint {
            seq: content.seq,
            previous: content.previous,
            full: content.full,
            gap: content.gap,
            heads: content
                .heads
                .into_iter()
                .map(|head| ChainHead {
                    chain: head.chain,
                    seq: head.seq,
                    hash: head.hash,
                })
                .collect(),
        })
    }

    fn segment(&mut self, token: &str) -> Result<Segment, String> {
        let segment = self.archived(token)?;
        Ok(Segment {
            chain: segment.chain,
            first: segment.first,
            last: segment.last,
            before: segment.before,
            head: segment.head,
            kept: segment.kept,
        })
    }
}
