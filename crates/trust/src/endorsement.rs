//! Endorsements: "this new device is mine" (`docs/formats.md` sections 5 and 7).
//!
//! A device in use signs the thumbprint of the authentication key of a new one. Without it, whoever
//! talks the operators into a certificate in another's name could read along unseen.
//!
//! A device whose certificate is renewed endorses its own next key: such an endorsement carries the one
//! that the device had itself, so that the line goes back to a sibling.
//!
//! The signer's chain is verified as of the time of signing: a device may be lost or renewed later
//! without taking those it endorsed with it. Whether it was revoked *then* is checked once, by
//! registration, with [`VerifiedSigner::check_status`].

use kleis_jose::Thumbprint;
use kleis_pki::{Certificate, Identity};
use kleis_types::{DeviceId, Identifier, InstallationId, LEEWAY, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Anchors, Signer, SignerError, SigningError, VerifiedSigner,
    envelope::{self, Envelope, from_fault},
    moment::{is_future, is_past, lives_at_most},
    refusal::refusals,
    typ,
};

/// The longest life of an endorsement, in seconds: the time in which the new device must enrol.
pub const MAX_LIFETIME: i64 = 86_400;

/// The longest endorsement that is read, in bytes of its compact serialisation: room for two renewals, after which a
/// sibling endorses anew.
pub const MAX_SIZE: usize = 16_384;

refusals! {
    /// Why an endorsement was refused: its maker is at fault, or whoever put it where it was found.
    pub enum EndorsementError {
        TooLarge = "ENDORSEMENT_TOO_LARGE", EndorsementInvalid,
            "the endorsement is longer than any that is accepted";
        Malformed = "ENDORSEMENT_MALFORMED", EndorsementInvalid,
            "the endorsement is not a compact JWS with a supported algorithm";
        WrongType = "ENDORSEMENT_TYPE", EndorsementInvalid,
            "the document is not of type kleis-endorsement+jwt";
        HeaderForbidden = "ENDORSEMENT_HEADER", EndorsementInvalid,
            "the header of an endorsement has alg, typ and x5c, nothing else";
        SignatureInvalid = "ENDORSEMENT_SIGNATURE_INVALID", EndorsementInvalid,
            "the endorsement is not signed by the key of the certificate it carries";
        ClaimsMalformed = "ENDORSEMENT_CLAIMS", EndorsementInvalid,
            "the claims of the endorsement are not those of its format";
        OtherInstallation = "ENDORSEMENT_OTHER_INSTALLATION", EndorsementInvalid,
            "the endorsement is of another installation";
        Lifetime = "ENDORSEMENT_LIFETIME", EndorsementInvalid,
            "the endorsement must end at most a day after it was made";
        Stranger = "ENDORSEMENT_STRANGER", EndorsementInvalid,
            "the endorsement is signed by somebody else than the owner of the device";
        SameDevice = "ENDORSEMENT_SAME_DEVICE", EndorsementInvalid,
            "the endorsement is signed by the device that it is for";
        WrongOwner = "ENDORSEMENT_WRONG_OWNER", EndorsementInvalid,
            "the endorsement is for a device of another owner";
        WrongDevice = "ENDORSEMENT_WRONG_DEVICE", EndorsementInvalid,
            "the endorsement is for another device";
        WrongKey = "ENDORSEMENT_WRONG_KEY", EndorsementInvalid,
            "the endorsement is for another key than that of the certificate";
        NotYetValid = "ENDORSEMENT_NOT_YET_VALID", EndorsementInvalid,
            "the endorsement was made in the future: compare the clocks";
        Expired = "ENDORSEMENT_EXPIRED", EndorsementInvalid,
            "the endorsement has expired: ask the sibling device for a new one";
        OutsideCertificate = "ENDORSEMENT_OUTSIDE_CERTIFICATE", EndorsementInvalid,
            "the certificate does not begin within the life of the endorsement";
    }
    nested {
        /// The certificate of the endorsing device was refused.
        Signer(SignerError);
    }
}

from_fault!(EndorsementError);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    #[serde(with = "envelope::audience")]
    aud: InstallationId,
    sub: Identifier,
    device: DeviceId,
    jkt: Thumbprint,
    iat: Timestamp,
    exp: Timestamp,
    /// The endorsement of the signer, where it is the same device that signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    predecessor: Option<String>,
}

/// A verified endorsement.
#[derive(Clone, Debug)]
pub struct Endorsement {
    sub: Identifier,
    device: DeviceId,
    jkt: Thumbprint,
    iat: Timestamp,
    exp: Timestamp,
    endorser: VerifiedSigner,
}

/// Endorses the device `device` of the same owner, `sub`, with this thumbprint of its
/// authentication key. It has `lifetime` seconds from `now` to enrol, at most [`MAX_LIFETIME`].
pub fn sign(
    signer: &Signer,
    sub: &Identifier,
    device: &DeviceId,
    jkt: &Thumbprint,
    now: Timestamp,
    lifetime: i64,
) -> Result<String, SigningError> {
    if signer.identity().device() == device {
        return Err(SigningError::Claims("no device endorses itself"));
    }
    sign_claims(signer, sub, device, jkt, (now, lifetime), None)
}

/// Endorses the next key of the signer's own device, in the line of `own`, the endorsement that the
/// device has itself.
pub fn sign_successor(
    signer: &Signer,
    own: &str,
    jkt: &Thumbprint,
    now: Timestamp,
) -> Result<String, SigningError> {
    let identity = signer.identity();
    let times = (now, MAX_LIFETIME);
    let own = Some(own.to_owned());
    sign_claims(
        signer,
        identity.primary(),
        identity.device(),
        jkt,
        times,
        own,
    )
}

fn sign_claims(
    signer: &Signer,
    sub: &Identifier,
    device: &DeviceId,
    jkt: &Thumbprint,
    (now, lifetime): (Timestamp, i64),
    predecessor: Option<String>,
) -> Result<String, SigningError> {
    let exp = now.plus_seconds(lifetime);
    if !lives_at_most(now, exp, MAX_LIFETIME) {
        return Err(SigningError::Claims(
            "an endorsement lives for 1 to 86,400 seconds",
        ));
    }
    if !signer.identity().includes(sub) {
        return Err(SigningError::Claims("only the owner endorses its devices"));
    }
    let claims = Claims {
        aud: signer.identity().installation().clone(),
        sub: sub.clone(),
        device: device.clone(),
        jkt: jkt.clone(),
        iat: now,
        exp,
        predecessor,
    };
    envelope::sign_with_chain(signer, typ::ENDORSEMENT, &claims)
}

/// Verifies an endorsement as of its own time: chain, signature, claims, and that a sibling made
/// it, or the same device in the line of a sibling's.
pub fn verify(compact: &str, anchors: &Anchors) -> Result<Endorsement, EndorsementError> {
    let envelope = Envelope::parse(compact, MAX_SIZE, typ::ENDORSEMENT, &["x5c"])?;
    let claims: Claims = envelope.unverified_claims()?;
    let endorser = anchors.verify(envelope.header().x5c(), claims.iat)?;
    let claims: Claims = envelope.claims(endorser.certificate().public_key())?;
    if &claims.aud != anchors.installation() {
        return Err(EndorsementError::OtherInstallation);
    }
    if !lives_at_most(claims.iat, claims.exp, MAX_LIFETIME) {
        return Err(EndorsementError::Lifetime);
    }
    if !endorser.is(&claims.sub) {
        return Err(EndorsementError::Stranger);
    }
    let own_key = endorser.certificate().public_key().thumbprint();
    let by_itself = endorser.identity().device() == &claims.device;
    match &claims.predecessor {
        _ if own_key == claims.jkt => return Err(EndorsementError::SameDevice),
        None if by_itself => return Err(EndorsementError::SameDevice),
        // Each is shorter than the one around it, so this comes to an end.
        Some(former) if by_itself => {
            let former = verify(former, anchors)?;
            former.covers(endorser.certificate(), endorser.identity())?;
        }
        Some(_) => return Err(EndorsementError::ClaimsMalformed),
        None => {}
    }
    let Claims {
        sub,
        device,
        jkt,
        iat,
        exp,
        ..
    } = claims;
    Ok(Endorsement {
        sub,
        device,
        jkt,
        iat,
        exp,
        endorser,
    })
}

impl Endorsement {
    /// Whether a certificate is that of the endorsed device, issued in time.
    pub fn covers(
        &self,
        certificate: &Certificate,
        identity: &Identity,
    ) -> Result<(), EndorsementError> {
        if !identity.includes(&self.sub) {
            return Err(EndorsementError::WrongOwner);
        }
        if identity.device() != &self.device {
            return Err(EndorsementError::WrongDevice);
        }
        if certificate.public_key().thumbprint() != self.jkt {
            return Err(EndorsementError::WrongKey);
        }
        let first = self.iat.plus_seconds(-LEEWAY);
        let last = self.exp.plus_seconds(LEEWAY);
        if !(first..=last).contains(&certificate.not_before()) {
            return Err(EndorsementError::OutsideCertificate);
        }
        Ok(())
    }

    /// Whether the endorsed device may still enrol at `now`.
    pub fn check_time(&self, now: Timestamp) -> Result<(), EndorsementError> {
        if is_future(self.iat, now) {
            return Err(EndorsementError::NotYetValid);
        }
        if is_past(self.exp, now) {
            return Err(EndorsementError::Expired);
        }
        Ok(())
    }

    /// The owner of both devices.
    pub fn owner(&self) -> &Identifier {
        &self.sub
    }

    /// The new device.
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// The thumbprint of the new device's authentication key.
    pub fn thumbprint(&self) -> &Thumbprint {
        &self.jkt
    }

    /// When it was made, by the endorsing device's clock.
    pub fn issued_at(&self) -> Timestamp {
        self.iat
    }

    /// The latest time of enrolment.
    pub fn expires_at(&self) -> Timestamp {
        self.exp
    }

    /// The device that endorses.
    pub fn endorser(&self) -> &VerifiedSigner {
        &self.endorser
    }
}

#[cfg(test)]
mod tests;
