//! The authentication keys of a set, each verified at most once.

use std::collections::BTreeMap;

use kleis_jose::{Jwk, JwkSet};
use kleis_pki::Certificate;
use kleis_types::{Identifier, Timestamp};

use super::RecipientError;
use crate::{Anchors, VerifiedSigner, status::StatusView};

/// What every certificate of the set is verified against.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) wanted: &'a Identifier,
    pub(super) anchors: &'a Anchors,
    pub(super) status: &'a dyn StatusView,
    pub(super) now: Timestamp,
}

/// The chains that the set carries, by `x5t#S256`.
pub(super) struct Certificates<'a> {
    question: Question<'a>,
    chains: BTreeMap<String, Vec<Vec<u8>>>,
    verified: BTreeMap<String, VerifiedSigner>,
}

impl<'a> Certificates<'a> {
    /// Reads the signature keys of the set: each must be the key of the certificate it carries.
    pub(super) fn read(set: &JwkSet, question: Question<'a>) -> Result<Self, RecipientError> {
        let mut chains = BTreeMap::new();
        for key in set.keys().iter().filter(|key| key.key_use() == Some("sig")) {
            let (thumbprint, chain) = read_key(key)?;
            chains.insert(thumbprint, chain);
        }
        Ok(Self {
            question,
            chains,
            verified: BTreeMap::new(),
        })
    }

    /// The certificate of this `x5t#S256`: in the set, of this installation, in use, and the
    /// recipient's.
    pub(super) fn verified(&mut self, thumbprint: &str) -> Result<&VerifiedSigner, RecipientError> {
        if !self.verified.contains_key(thumbprint) {
            let chain = self
                .chains
                .get(thumbprint)
                .ok_or(RecipientError::SignatureKeyMissing)?;
            let Question {
                wanted,
                anchors,
                status,
                now,
            } = self.question;
            let signer = anchors.verify(chain, now)?;
            check_recipient(&signer, wanted)?;
            signer.check_status(status, now)?;
            self.verified.insert(thumbprint.to_owned(), signer);
        }
        self.verified
            .get(thumbprint)
            .ok_or(RecipientError::SignatureKeyMissing)
    }
}

fn read_key(key: &Jwk) -> Result<(String, Vec<Vec<u8>>), RecipientError> {
    let Ok(Some(chain)) = key.x5c() else {
        return Err(RecipientError::CertificateMissing);
    };
    let leaf = chain.first().ok_or(RecipientError::CertificateMissing)?;
    let leaf = Certificate::from_der(leaf).map_err(|_| crate::SignerError::Profile)?;
    let named = key.member("x5t#S256").and_then(|value| value.as_str());
    if named != Some(leaf.x5t_s256()) || leaf.public_key().thumbprint() != key.thumbprint() {
        return Err(RecipientError::CertificateMismatch);
    }
    let algorithm = key
        .signature_algorithm()
        .map(kleis_jose::SignatureAlgorithm::as_str);
    if algorithm.is_none() || key.alg() != algorithm {
        return Err(RecipientError::SignatureAlgorithm);
    }
    Ok((leaf.x5t_s256().to_owned(), chain))
}

fn check_recipient(signer: &VerifiedSigner, wanted: &Identifier) -> Result<(), RecipientError> {
    if signer.is(wanted) {
        return Ok(());
    }
    let plain = wanted.with_application(None);
    let other_application = signer
        .identity()
        .identifiers()
        .iter()
        .any(|one| one.with_application(None) == plain);
    Err(if other_application {
        RecipientError::WrongApplication
    } else {
        RecipientError::WrongRecipient
    })
}
