//! Segments: rows of an audit chain that were archived and dropped, signed (`docs/formats.md`
//! section 11).
//!
//! A segment stands in the place of the rows it is about: it says with which hash they began and
//! ended, so that the rest of the chain can be proven from there on; which of them have stayed; and
//! the hash of the archive's lines, so that the archive proves what was in them.

mod error;

pub use error::SegmentError;

use kleis_types::{Identifier, InstallationId, Service, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Anchors, Signer, SigningError,
    as_of::{AsOf, Said},
    checkpoint::MAX_CHAIN,
    envelope,
    hash::Hash,
    typ,
};

/// The longest segment that is read, in bytes of its compact serialisation.
pub const MAX_SIZE: usize = 2 * 1024 * 1024;

/// How many rows a segment has at most; longer stretches are several segments.
pub const MAX_ROWS: u64 = 10_000;

/// What a segment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The chain.
    pub chain: String,
    /// Its first row, from 1.
    pub first: u64,
    /// Its last row.
    pub last: u64,
    /// The hash of the row before the first, 32 zero bytes for row 1.
    pub before: [u8; 32],
    /// The hash of the last row.
    pub head: [u8; 32],
    /// SHA-256 of the rows' lines in the archive, each with its line feed.
    pub rows: [u8; 32],
    /// Position and hash of the rows that stay in the database, in order.
    pub kept: Vec<(u64, [u8; 32])>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: Identifier,
    #[serde(with = "envelope::audience")]
    aud: InstallationId,
    iat: Timestamp,
    chain: String,
    from: u64,
    to: u64,
    before: Hash,
    last: Hash,
    rows: Hash,
    kept: Vec<(u64, Hash)>,
}

impl Claims {
    fn said(&self) -> Said<'_> {
        (&self.iss, &self.aud, self.iat)
    }
}

/// Signs a segment.
pub fn sign(signer: &Signer, segment: &Segment, now: Timestamp) -> Result<String, SigningError> {
    check_form(segment).map_err(|_| SigningError::Claims("they are not those of a segment"))?;
    let claims = Claims {
        iss: signer.identity().primary().clone(),
        aud: signer.identity().installation().clone(),
        iat: now,
        chain: segment.chain.clone(),
        from: segment.first,
        to: segment.last,
        before: Hash(segment.before),
        last: Hash(segment.head),
        rows: Hash(segment.rows),
        kept: segment
            .kept
            .iter()
            .map(|(seq, hash)| (*seq, Hash(*hash)))
            .collect(),
    };
    envelope::sign_with_chain(signer, typ::SEGMENT, &claims)
}

/// Verifies the segments of one service.
#[derive(Clone, Debug)]
pub struct Verifier(AsOf);

impl Verifier {
    /// A verifier of what `service` of the installation of these anchors has signed.
    pub fn new(anchors: &Anchors, service: Service) -> Self {
        Self(AsOf::new(anchors, service))
    }

    /// Verifies a segment as of its own time: chain, identity, signature, installation and form.
    pub fn verify(&mut self, compact: &str) -> Result<Segment, SegmentError> {
        let claims = self
            .0
            .claims(compact, MAX_SIZE, typ::SEGMENT, Claims::said)?;
        let segment = Segment {
            chain: claims.chain,
            first: claims.from,
            last: claims.to,
            before: claims.before.0,
            head: claims.last.0,
            rows: claims.rows.0,
            kept: claims
                .kept
                .into_iter()
                .map(|(seq, hash)| (seq, hash.0))
                .collect(),
        };
        check_form(&segment)?;
        Ok(segment)
    }
}

/// What holds of every segment by itself.
fn check_form(segment: &Segment) -> Result<(), SegmentError> {
    let Segment {
        chain,
        first,
        last,
        kept,
        ..
    } = segment;
    let is_some = *first > 0 && first <= last && last - first < MAX_ROWS;
    let begins = (*first == 1) == (segment.before == [0; 32]);
    let within = kept.iter().all(|(seq, _)| (*first..=*last).contains(seq));
    let in_order = kept
        .windows(2)
        .all(|pair| matches!(pair, [(one, _), (other, _)] if one < other));
    if !(1..=MAX_CHAIN).contains(&chain.len()) || !is_some || !begins || !within || !in_order {
        return Err(SegmentError::Rows);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
