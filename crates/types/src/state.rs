//! The life of certificates, keys, custody records and keys that sign tokens.
//!
//! A transition consumes the old state and gives the new one, or says that there is no such way.
//! Names are stored: they never change.

use crate::{ErrorCode, Problem, text::named_enum};

/// A transition that the life of this thing does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {what} that is {from} cannot be {action}")]
pub struct InvalidTransition {
    what: &'static str,
    from: &'static str,
    action: &'static str,
}

impl InvalidTransition {
    /// The name of the state that was to be left.
    pub fn state(&self) -> &'static str {
        self.from
    }
}

impl From<InvalidTransition> for Problem {
    fn from(error: InvalidTransition) -> Self {
        Problem::new(ErrorCode::StateConflict, error.to_string())
    }
}

named_enum! {
    /// The state of a certificate.
    pub enum CertificateState ("certificate state") {
        /// In use.
        Active = "ACTIVE",
        /// Replaced by a newer one of the same identity and device; what it signed stays good.
        Superseded = "SUPERSEDED",
        /// Withdrawn before its end, for a [`RevocationReason`].
        Revoked = "REVOKED",
        /// Past its end.
        Expired = "EXPIRED",
    }
}

impl CertificateState {
    /// Replaced by a newer certificate.
    pub fn supersede(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active => Ok(Self::Superseded),
            _ => Err(self.cannot_be("superseded")),
        }
    }

    /// Withdrawn. Also a superseded one: its key may have been stolen.
    pub fn revoke(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active | Self::Superseded => Ok(Self::Revoked),
            Self::Revoked | Self::Expired => Err(self.cannot_be("revoked")),
        }
    }

    /// Its end has come.
    pub fn expire(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active | Self::Superseded => Ok(Self::Expired),
            Self::Revoked | Self::Expired => Err(self.cannot_be("expired")),
        }
    }

    /// Whether no transition leads out of this state.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Revoked | Self::Expired)
    }

    fn cannot_be(self, action: &'static str) -> InvalidTransition {
        InvalidTransition {
            what: "certificate",
            from: self.as_str(),
            action,
        }
    }
}

named_enum! {
    /// The state of a registered encryption key.
    pub enum KeyState ("key state") {
        /// Proven and bound, but not published until its owner says that it is deployed.
        PendingActivation = "PENDING_ACTIVATION",
        /// Published: senders encrypt to it.
        Active = "ACTIVE",
        /// Replaced; no longer published, still found by its `kid`.
        Superseded = "SUPERSEDED",
        /// Withdrawn for a [`RevocationReason`]; still found by its `kid`.
        Revoked = "REVOKED",
        /// Its binding is past its end; still found by its `kid`.
        Expired = "EXPIRED",
    }
}

impl KeyState {
    /// Its owner is ready: publish it.
    pub fn activate(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::PendingActivation => Ok(Self::Active),
            _ => Err(self.cannot_be("activated")),
        }
    }

    /// Replaced by a newer key.
    pub fn supersede(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active => Ok(Self::Superseded),
            _ => Err(self.cannot_be("superseded")),
        }
    }

    /// Withdrawn. Also a superseded one, so that nothing is bound to it anew.
    pub fn revoke(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::PendingActivation | Self::Active | Self::Superseded => Ok(Self::Revoked),
            Self::Revoked | Self::Expired => Err(self.cannot_be("revoked")),
        }
    }

    /// The end of its binding has come.
    pub fn expire(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::PendingActivation | Self::Active | Self::Superseded => Ok(Self::Expired),
            Self::Revoked | Self::Expired => Err(self.cannot_be("expired")),
        }
    }

    /// Whether senders are given this key.
    pub fn is_published(self) -> bool {
        matches!(self, Self::Active)
    }

    /// Whether no transition leads out of this state.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Revoked | Self::Expired)
    }

    fn cannot_be(self, action: &'static str) -> InvalidTransition {
        InvalidTransition {
            what: "key",
            from: self.as_str(),
            action,
        }
    }
}

named_enum! {
    /// The state of a symmetric key in custody.
    pub enum RecordState ("custody record state") {
        /// May be read by whom its policy allows.
        Active = "ACTIVE",
        /// Read as often as its policy allows; kept only to repeat a reply that was lost.
        Exhausted = "EXHAUSTED",
        /// The wrapped bytes are destroyed.
        Shredded = "SHREDDED",
        /// Past the end its policy sets.
        Expired = "EXPIRED",
    }
}

impl RecordState {
    /// The last read that the policy allows was given.
    pub fn exhaust(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active => Ok(Self::Exhausted),
            _ => Err(self.cannot_be("exhausted")),
        }
    }

    /// The wrapped bytes are destroyed; from every other state.
    pub fn shred(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active | Self::Exhausted | Self::Expired => Ok(Self::Shredded),
            Self::Shredded => Err(self.cannot_be("shredded")),
        }
    }

    /// The end that its policy sets has come.
    pub fn expire(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active | Self::Exhausted => Ok(Self::Expired),
            Self::Shredded | Self::Expired => Err(self.cannot_be("expired")),
        }
    }

    /// Whether no transition leads out of this state.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Shredded)
    }

    fn cannot_be(self, action: &'static str) -> InvalidTransition {
        InvalidTransition {
            what: "custody record",
            from: self.as_str(),
            action,
        }
    }
}

named_enum! {
    /// The state of a key that signs access tokens.
    pub enum SigningKeyState ("signing key state") {
        /// Published, so that all who verify tokens know it before it signs.
        Next = "NEXT",
        /// Signs.
        Current = "CURRENT",
        /// Signs no more; published until its last token has ended.
        Retired = "RETIRED",
        /// No longer published; the private key is destroyed.
        Expired = "EXPIRED",
    }
}

impl SigningKeyState {
    /// Its turn to sign has come.
    pub fn promote(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Next => Ok(Self::Current),
            _ => Err(self.cannot_be("promoted")),
        }
    }

    /// Another one signs from now on.
    pub fn retire(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Current => Ok(Self::Retired),
            _ => Err(self.cannot_be("retired")),
        }
    }

    /// The last token that it has signed has ended.
    pub fn expire(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Retired => Ok(Self::Expired),
            _ => Err(self.cannot_be("expired")),
        }
    }

    /// Whether those who verify tokens are given this key.
    pub fn is_published(self) -> bool {
        !self.is_final()
    }

    /// Whether no transition leads out of this state.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Expired)
    }

    fn cannot_be(self, action: &'static str) -> InvalidTransition {
        InvalidTransition {
            what: "signing key",
            from: self.as_str(),
            action,
        }
    }
}

named_enum! {
    /// The state of a certificate request that came without a proof of identity.
    pub enum RequestState ("certificate request state") {
        /// Operators and approvers are to decide.
        PendingApproval = "PENDING_APPROVAL",
        /// A certificate was issued.
        Issued = "ISSUED",
        /// It was refused, for a reason that whoever asked can read.
        Rejected = "REJECTED",
        /// Whoever asked took it back.
        Withdrawn = "WITHDRAWN",
        /// Nobody decided in time.
        Expired = "EXPIRED",
    }
}

impl RequestState {
    /// A certificate was issued for it.
    pub fn issue(self) -> Result<Self, InvalidTransition> {
        self.end(Self::Issued, "issued")
    }

    /// It is refused.
    pub fn reject(self) -> Result<Self, InvalidTransition> {
        self.end(Self::Rejected, "rejected")
    }

    /// It is taken back.
    pub fn withdraw(self) -> Result<Self, InvalidTransition> {
        self.end(Self::Withdrawn, "withdrawn")
    }

    /// The time to decide is over.
    pub fn expire(self) -> Result<Self, InvalidTransition> {
        self.end(Self::Expired, "expired")
    }

    /// Whether no transition leads out of this state.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::PendingApproval)
    }

    fn end(self, end: Self, action: &'static str) -> Result<Self, InvalidTransition> {
        if self.is_final() {
            return Err(InvalidTransition {
                what: "certificate request",
                from: self.as_str(),
                action,
            });
        }
        Ok(end)
    }
}

named_enum! {
    /// The state of a role that a person was given.
    pub enum GrantState ("grant state") {
        /// It holds.
        Granted = "GRANTED",
        /// It was taken back; it may be given again.
        Withdrawn = "WITHDRAWN",
    }
}

named_enum! {
    /// Why a certificate or key is withdrawn (the names of RFC 5280 section 5.3.1).
    pub enum RevocationReason ("revocation reason") {
        /// Somebody else may know the private key.
        KeyCompromise = "keyCompromise",
        /// The owner's name or relation to the organisation changed.
        AffiliationChanged = "affiliationChanged",
        /// Replaced by another.
        Superseded = "superseded",
        /// No longer needed.
        CessationOfOperation = "cessationOfOperation",
    }
}

#[cfg(test)]
mod tests;
