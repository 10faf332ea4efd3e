//! Who asks: a client by its assertion (RFC 7523 section 3), verified by its registered key.

use kleis_access::assertion::{ASSERTION_TYPE, Assertion, Unverified};
use kleis_jose::JwkSet;
use kleis_trust::recipient::{RecipientError, verify_signature_key};
use kleis_trust::status::{StatusList, StatusSource};
use kleis_trust::{SignerError, VerifiedSigner};
use kleis_types::{Confirmation, Identifier, Principal, Timestamp};

use crate::config::Settings;
use crate::error::Refusal;
use crate::evidence::Use;
use crate::form::Form;
use crate::keys::AFTERMATH;
use crate::{Clients, StsError};

/// A client that has proved who it is.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    identifier: Identifier,
    signer: VerifiedSigner,
    assertion: Use,
    wanted: Option<Confirmation>,
}

/// An assertion that was read, with the name of the key that is said to have signed it.
struct Claimed<'a> {
    identifier: Identifier,
    kid: String,
    unverified: Unverified<'a>,
}

impl Client {
    /// Authenticates whoever has sent this form. The assertion is not used up yet.
    pub(crate) async fn authenticate(
        form: &Form,
        settings: &Settings,
        clients: &impl Clients,
        status: &impl StatusSource,
        now: Timestamp,
    ) -> Result<Self, StsError> {
        let claimed = Claimed::read(form)?;
        let set = clients.keys(&claimed.identifier).await?;
        let set = set.ok_or(Refusal::Unauthenticated)?;
        let signer = find_key(&set, &claimed, settings, status, now).await?;
        let assertion = claimed.verify(&signer, settings, now)?;
        let until = assertion.expires_at().plus_seconds(AFTERMATH);
        Ok(Self {
            wanted: assertion.bound_to().cloned(),
            assertion: Use::assertion(&claimed.identifier, assertion.jti(), until),
            identifier: claimed.identifier,
            signer,
        })
    }

    /// Who it is: the identifier that it calls itself.
    pub(crate) fn identifier(&self) -> &Identifier {
        &self.identifier
    }

    /// All identities of its certificate, the one that it calls itself first.
    pub(crate) fn identifiers(&self) -> impl Iterator<Item = &Identifier> {
        let all = self.signer.identity().identifiers().iter();
        std::iter::once(&self.identifier).chain(all.filter(|one| **one != self.identifier))
    }

    /// Whether it is one of Kleis' own services.
    pub(crate) fn is_service(&self) -> bool {
        let mut identifiers = self.identifiers();
        identifiers.any(|identifier| identifier.as_service().is_some())
    }

    /// What its request uses up.
    pub(crate) fn assertion(&self) -> &Use {
        &self.assertion
    }

    /// The only key or certificate that its token may be bound to, where its assertion names one.
    pub(crate) fn wanted(&self) -> Option<&Confirmation> {
        self.wanted.as_ref()
    }

    /// The `x5t#S256` of the certificate that it shows on the connection, if one is its own.
    pub(crate) fn shown_certificate<'a>(&self, caller: Option<&'a Principal>) -> Option<&'a str> {
        caller
            .filter(|caller| caller.is(&self.identifier))?
            .thumbprint()
    }
}

impl<'a> Claimed<'a> {
    fn read(form: &'a Form) -> Result<Self, Refusal> {
        if form.get("client_secret").is_some() {
            return Err(Refusal::AuthenticationSecret);
        }
        let assertion = form
            .get("client_assertion")
            .filter(|_| form.get("client_assertion_type") == Some(ASSERTION_TYPE))
            .ok_or(Refusal::AuthenticationMissing)?;
        let refused = Refusal::Unauthenticated;
        let unverified = Unverified::parse(assertion).map_err(|_| refused)?;
        let identifier = unverified.client_id().parse().map_err(|_| refused)?;
        // RFC 7521 section 4.2: it may be said again, but not otherwise.
        if form
            .get("client_id")
            .is_some_and(|said| said != unverified.client_id())
        {
            return Err(refused);
        }
        let kid = unverified.kid().ok_or(refused)?.to_owned();
        Ok(Self {
            identifier,
            kid,
            unverified,
        })
    }

    fn verify(
        &self,
        signer: &VerifiedSigner,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Assertion, Refusal> {
        let key = signer.certificate().public_key();
        self.unverified
            .verify(key, &settings.issuer, now)
            .map_err(|error| {
                tracing::debug!(%error, "a client assertion was refused");
                Refusal::Unauthenticated
            })
    }
}

/// The certified key that is said to have signed: in the client's set, the client's own, and in use.
async fn find_key(
    set: &JwkSet,
    claimed: &Claimed<'_>,
    settings: &Settings,
    status: &impl StatusSource,
    now: Timestamp,
) -> Result<VerifiedSigner, StsError> {
    let (anchors, identifier) = (&settings.anchors, &claimed.identifier);
    let verify =
        |list: &StatusList| verify_signature_key(set, identifier, &claimed.kid, anchors, list, now);
    let verified = status.decide(verify, |error| may_be_new(*error)).await?;
    verified.map_err(|error| {
        tracing::debug!(reason = error.reason(), "a client's key was refused");
        Refusal::Unauthenticated.into()
    })
}

fn may_be_new(error: RecipientError) -> bool {
    matches!(
        error,
        RecipientError::Signer(SignerError::NotInUse | SignerError::StatusStale)
    )
}
