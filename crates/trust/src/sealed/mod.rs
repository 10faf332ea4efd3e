//! The signature inside a sealed document: who wrote it, and to whom (`docs/formats.md` section 9).
//!
//! Encryption alone says neither. The sender signs the document together with the names of its
//! recipients, and a reader who is not among them refuses it: otherwise one recipient could seal
//! the sender's signed words anew to somebody else.

mod addressee;
mod error;

pub use addressee::{Addressee, AddresseeError};
pub use error::DocumentError;

use std::fmt;

use kleis_jose::jws::{self, Header};
use kleis_pki::Certificate;
use kleis_types::Timestamp;
use serde_json::Value;

use crate::{
    Anchors, Signer, SignerError, SigningError, VerifiedSigner,
    envelope::Envelope,
    status::{Status, StatusView},
    typ,
};

/// The most recipients that a document may name.
pub const MAX_ADDRESSEES: usize = 256;

const RECIPIENTS: &str = "recipients";

/// A document whose signature verifies and that names its reader.
#[derive(Clone)]
pub struct Document {
    sender: VerifiedSigner,
    sender_status: Status,
    media_type: String,
    addressees: Vec<Addressee>,
    content: Vec<u8>,
}

/// Signs a document of a media type for its recipients. The result is the plaintext to encrypt.
pub fn sign(
    signer: &Signer,
    media_type: &str,
    addressees: &[Addressee],
    content: &[u8],
) -> Result<String, SigningError> {
    if media_type.is_empty() {
        return Err(SigningError::Claims("a document has a media type"));
    }
    if !(1..=MAX_ADDRESSEES).contains(&addressees.len()) {
        return Err(SigningError::Claims("a document names 1 to 256 recipients"));
    }
    let names = addressees
        .iter()
        .map(|addressee| Value::from(addressee.to_string()))
        .collect();
    let header = Header::default()
        .with_typ(typ::DOCUMENT)
        .with_cty(media_type)
        .with_x5c(signer.chain().to_vec())
        .with_member(RECIPIENTS, Value::Array(names));
    Ok(jws::sign(signer.key(), &header, content)?)
}

/// Verifies a document of at most `max` bytes that came to `readers`: the names under which the
/// reader goes, and the custody key that opened it, if one did.
///
/// A revoked or suspended sender is refused. One that is merely superseded, or has expired, is not,
/// for mail must stay readable when its sender renews a certificate: [`Document::sender_status`]
/// tells.
pub fn verify(
    compact: &str,
    max: usize,
    readers: &[Addressee],
    anchors: &Anchors,
    status: &dyn StatusView,
    now: Timestamp,
) -> Result<Document, DocumentError> {
    let members = ["cty", "x5c", RECIPIENTS];
    let envelope = Envelope::parse(compact, max, typ::DOCUMENT, &members)?;
    let header = envelope.header();
    let (sender, sender_status) = verify_sender(header.x5c(), anchors, status, now)?;
    let content = envelope.payload(sender.certificate().public_key())?;
    let media_type = match header.cty() {
        Some(media_type) if !media_type.is_empty() => media_type.to_owned(),
        _ => return Err(DocumentError::MediaTypeMissing),
    };
    let addressees = addressees(header)?;
    if !readers.iter().any(|reader| addressees.contains(reader)) {
        return Err(DocumentError::NotForReader);
    }
    Ok(Document {
        sender,
        sender_status,
        media_type,
        addressees,
        content,
    })
}

/// The sender's chain as of `now`, or as of its last moment, and what is to be told of it.
fn verify_sender(
    chain: &[Vec<u8>],
    anchors: &Anchors,
    status: &dyn StatusView,
    now: Timestamp,
) -> Result<(VerifiedSigner, Status), SignerError> {
    let (sender, expired) = match anchors.verify(chain, now) {
        Err(SignerError::Expired) => (anchors.verify(chain, end_of(chain)?)?, true),
        outcome => (outcome?, false),
    };
    match sender.check_status(status, now) {
        Ok(()) if !expired => Ok((sender, Status::Valid)),
        Ok(()) | Err(SignerError::NotInUse) => Ok((sender, Status::Other)),
        Err(error) => Err(error),
    }
}

fn end_of(chain: &[Vec<u8>]) -> Result<Timestamp, SignerError> {
    let leaf = chain.first().ok_or(SignerError::ChainLength)?;
    let leaf = Certificate::from_der(leaf).map_err(|_| SignerError::Profile)?;
    Ok(leaf.not_after())
}

fn addressees(header: &Header) -> Result<Vec<Addressee>, DocumentError> {
    let names = header.member(RECIPIENTS).and_then(Value::as_array);
    let names = names.ok_or(DocumentError::AddresseesMalformed)?;
    if !(1..=MAX_ADDRESSEES).contains(&names.len()) {
        return Err(DocumentError::AddresseesMalformed);
    }
    let parse = |name: &Value| name.as_str()?.parse().ok();
    let addressees: Option<Vec<_>> = names.iter().map(parse).collect();
    addressees.ok_or(DocumentError::AddresseesMalformed)
}

impl Document {
    /// Who wrote it.
    pub fn sender(&self) -> &VerifiedSigner {
        &self.sender
    }

    /// What the status list says of the sender's certificate now: [`Status::Valid`], or
    /// [`Status::Other`] if it was superseded or has expired since.
    pub fn sender_status(&self) -> Status {
        self.sender_status
    }

    /// The media type of the content, as the sender says.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// Whom the sender wrote it to.
    pub fn addressees(&self) -> &[Addressee] {
        &self.addressees
    }

    /// The document itself.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The document itself, without a copy.
    pub fn into_content(self) -> Vec<u8> {
        self.content
    }
}

impl fmt::Debug for Document {
    /// What it is and who wrote it, never what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("sender", &self.sender)
            .field("media_type", &self.media_type)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
