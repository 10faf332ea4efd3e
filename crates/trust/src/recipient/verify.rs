//! The verification.

use std::collections::BTreeSet;

use kleis_jose::{Jwk, JwkSet};
use kleis_types::{DeviceId, Identifier, Timestamp};

use super::{
    BINDING_MEMBER, RecipientError, Seen, VerifiedKey, VerifiedRecipient,
    certificates::{Certificates, Question},
};
use crate::{
    Anchors, SignerError, VerifiedSigner,
    binding::{Binding, Unverified},
    endorsement,
    status::{Status, StatusView},
};

/// Verifies that every key of the set is one that `wanted` wants to be encrypted to.
///
/// `status` is the status list as of now, or the registry's own view. `seen` is the newest
/// binding seen before for `wanted`, if any; [`VerifiedRecipient::newest`] is the one to remember.
pub fn verify(
    set: &JwkSet,
    wanted: &Identifier,
    anchors: &Anchors,
    status: &dyn StatusView,
    now: Timestamp,
    seen: Option<Seen>,
) -> Result<VerifiedRecipient, RecipientError> {
    if !status.is_fresh(now) {
        return Err(SignerError::StatusStale.into());
    }
    check_names(set)?;
    let question = Question {
        wanted,
        anchors,
        status,
        now,
    };
    let mut certificates = Certificates::read(set, question)?;
    let mut devices = Devices::default();
    let mut keys = Vec::new();
    for key in set.keys().iter().filter(|key| key.key_use() == Some("enc")) {
        let (binding, certificate_end) = verify_key(key, &mut certificates, question)?;
        devices.add(&binding)?;
        keys.push(VerifiedKey::new(key, &binding, certificate_end));
    }
    let newest = devices.check(seen, status)?;
    Ok(VerifiedRecipient::new(
        wanted.clone(),
        keys,
        newest,
        devices.recovered,
    ))
}

/// Every key is for one of the two uses, named by its thumbprint, and there once.
pub(super) fn check_names(set: &JwkSet) -> Result<(), RecipientError> {
    let mut seen = BTreeSet::new();
    for key in set.keys() {
        if !matches!(key.key_use(), Some("sig" | "enc")) {
            return Err(RecipientError::UnknownUse);
        }
        let thumbprint = key.thumbprint();
        if key.kid() != Some(thumbprint.as_str()) {
            return Err(RecipientError::WrongKid);
        }
        if !seen.insert(thumbprint) {
            return Err(RecipientError::DuplicateKey);
        }
    }
    Ok(())
}

/// Verifies one encryption key; gives its binding and the end of the certificate behind it.
fn verify_key(
    key: &Jwk,
    certificates: &mut Certificates<'_>,
    question: Question<'_>,
) -> Result<(Binding, Timestamp), RecipientError> {
    let compact = key.member(BINDING_MEMBER).and_then(|value| value.as_str());
    let unverified = Unverified::parse(compact.ok_or(RecipientError::BindingMissing)?)?;
    let owner = certificates.verified(unverified.certificate())?;
    let Question {
        anchors,
        status,
        now,
        ..
    } = question;
    let binding = unverified.verify(owner.certificate(), owner.identity(), anchors, now)?;
    binding.covers(key)?;
    if key.alg() != Some(binding.algorithm().as_str()) {
        return Err(RecipientError::AlgorithmMismatch);
    }
    check_status(&binding, status)?;
    check_endorsement(&binding, owner, anchors)?;
    Ok((binding, owner.certificate().not_after()))
}

fn check_status(binding: &Binding, status: &dyn StatusView) -> Result<(), RecipientError> {
    match status.status(binding.status_index()) {
        Status::Valid => Ok(()),
        Status::Invalid => Err(RecipientError::BindingRevoked),
        Status::Suspended => Err(RecipientError::BindingSuspended),
        Status::Other => Err(RecipientError::BindingNotInUse),
    }
}

fn check_endorsement(
    binding: &Binding,
    owner: &VerifiedSigner,
    anchors: &Anchors,
) -> Result<(), RecipientError> {
    if let Some(compact) = binding.endorsement() {
        let endorsement = endorsement::verify(compact, anchors)?;
        endorsement.covers(owner.certificate(), owner.identity())?;
    }
    Ok(())
}

/// What the bindings of a set say together.
#[derive(Default)]
struct Devices {
    sequences: BTreeSet<(String, u64)>,
    newest: Option<Seen>,
    unendorsed: BTreeSet<DeviceId>,
    recovered: bool,
}

impl Devices {
    fn add(&mut self, binding: &Binding) -> Result<(), RecipientError> {
        if !self
            .sequences
            .insert((binding.owner().to_string(), binding.sequence()))
        {
            return Err(RecipientError::SequenceRepeated);
        }
        let this = Seen::new(binding.sequence(), binding.status_index());
        if self
            .newest
            .is_none_or(|newest| newest.sequence() < this.sequence())
        {
            self.newest = Some(this);
        }
        self.recovered |= binding.is_recovered();
        if binding.endorsement().is_none() && !binding.is_recovered() {
            self.unendorsed.insert(binding.device().clone());
        }
        Ok(())
    }

    /// Checks what takes all bindings to know; gives the newest.
    fn check(&self, seen: Option<Seen>, status: &dyn StatusView) -> Result<Seen, RecipientError> {
        let newest = self.newest.ok_or(RecipientError::NoKey)?;
        if self.unendorsed.len() > 1 {
            return Err(RecipientError::Unendorsed);
        }
        if seen.is_some_and(|seen| seen.is_ahead_of(&newest, status)) {
            return Err(RecipientError::RolledBack);
        }
        Ok(newest)
    }
}
