//! Looking back: was the certificate good when this was signed?

use std::fmt;

use kleis_jose::{digest, jws};
use kleis_proto::method::registration::DESCRIBE_CERTIFICATE;
use kleis_proto::registration::v1::{
    DescribeCertificateOrder, DescribeCertificateRequest, DescribeCertificateResult,
};
use kleis_trust::moment::is_future;
use kleis_trust::order::Draft;
use kleis_trust::standing::{History, Standing, standing};
use kleis_trust::{VerifiedSigner, is_reserved_typ, reply, typ};
use kleis_types::{Identifier, InstallationId, Service, Timestamp, base64url, strict_json};
use serde::Deserialize;

use crate::document::MAX;
use crate::{ClientError, Kleis};

/// Those of Kleis' own messages that carry their signer's chain and are kept by those who hold them.
const KEPT: [&str; 3] = [typ::ORDER, typ::REPLY, typ::ENDORSEMENT];
const HISTORY: &str = "the history of the certificate";
const SIGNATURE: &str = "the signature";

/// How a certificate has stood, by the word of registration.
#[derive(Debug, Clone)]
pub struct CertificateHistory {
    /// What the records say.
    pub history: History,
    /// The signed reply that says so, a compact JWS: to be kept and shown, for
    /// [`Kleis::read_certificate_history`].
    pub reply: String,
}

/// A signature that was verified as of a time in the past.
pub struct PastDocument {
    /// What was signed.
    pub content: Vec<u8>,
    /// The type of the whole: also one of Kleis' own, which is then evidence, and no document.
    pub typ: Option<String>,
    /// The media type, where the signer gave one.
    pub media_type: Option<String>,
    /// Who signed: the primary identity.
    pub identifier: Identifier,
    /// With which device.
    pub device: String,
    /// `x5t#S256` of the signer's certificate.
    pub x5t: String,
    /// How the certificate stood then, and what became of it.
    pub standing: Standing,
    /// When the records were asked.
    pub as_of: Timestamp,
}

impl fmt::Debug for PastDocument {
    /// What it is and how its signer stood, never what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PastDocument")
            .field("typ", &self.typ)
            .field("media_type", &self.media_type)
            .field("x5t", &self.x5t)
            .field("standing", &self.standing)
            .finish_non_exhaustive()
    }
}

/// What all of Kleis' own messages have, and what is compared of it.
#[derive(Deserialize)]
struct Common {
    aud: String,
    iat: Timestamp,
}

/// The thumbprint (`x5t#S256`) of the certificate that a compact JWS names as its signer's. Nothing
/// is verified: it is good to ask with, and for nothing else.
///
/// # Errors
/// [`ClientError::Input`] when it is no compact JWS or names no certificate.
pub fn named_certificate(compact: &str) -> Result<String, ClientError> {
    let token = jws::Compact::parse(compact.trim(), MAX)
        .map_err(|error| ClientError::Input(format!("not a signed document: {error}")))?;
    let leaf = token.header().x5c().first();
    let leaf = leaf.ok_or_else(|| ClientError::Input("it carries no certificate".to_owned()))?;
    Ok(base64url::encode(&digest::sha256(leaf)))
}

impl Kleis {
    /// Asks registration how a certificate has stood, whosever it is, by its `x5t#S256`.
    ///
    /// # Errors
    /// [`ClientError::Refused`], where it is none of this installation's;
    /// [`ClientError::NotVerified`]; [`ClientError::Unreachable`].
    pub async fn certificate_history(&self, x5t: &str) -> Result<CertificateHistory, ClientError> {
        let body = DescribeCertificateOrder {
            x5t: x5t.to_owned(),
        };
        let order = self.sign(Draft::new(DESCRIBE_CERTIFICATE, body)).await?;
        let client = self.registration();
        let reply = self
            .send(&order, |order| {
                let mut client = client.clone();
                async move {
                    let request = DescribeCertificateRequest { order };
                    Ok(client
                        .describe_certificate(request)
                        .await?
                        .into_inner()
                        .reply)
                }
            })
            .await?;
        let service = Service::Registration;
        let result = self
            .verify_reply(&reply, service, DESCRIBE_CERTIFICATE, &order)
            .await?;
        let history = history_of(&result, x5t)?;
        Ok(CertificateHistory { history, reply })
    }

    /// Reads a history that somebody kept, as of its own time; nothing is sent.
    ///
    /// # Errors
    /// [`ClientError::NotVerified`], also where it is that of another certificate.
    pub fn read_certificate_history(
        &self,
        reply: &str,
        x5t: &str,
    ) -> Result<CertificateHistory, ClientError> {
        let service = Service::Registration;
        let (anchors, now) = (&self.anchors, self.now());
        let kept = reply::verify_kept(reply.trim(), anchors, service, DESCRIBE_CERTIFICATE, now)
            .map_err(|error| ClientError::not_verified(HISTORY, error.reason(), error))?;
        let history = history_of(kept.body(), x5t)?;
        if history.as_of != kept.issued_at() {
            let detail = "it was not signed when the records were asked";
            return Err(malformed(&detail));
        }
        Ok(CertificateHistory {
            history,
            reply: reply.trim().to_owned(),
        })
    }

    /// Verifies a compact JWS that carries its signer's chain as of `at`: chain, signature, and that
    /// the certificate was good then, by the history that registration tells now or has told in
    /// `kept`. With a kept history nothing is sent.
    ///
    /// An order, a reply or an endorsement is verified too; neither can be newer than `at`.
    ///
    /// # Errors
    /// [`ClientError::NotVerified`], also where nobody knows how the certificate stood; what
    /// [`certificate_history`](Self::certificate_history) says.
    pub async fn verify_document_at(
        &self,
        compact: &str,
        at: Timestamp,
        kept: Option<&str>,
    ) -> Result<PastDocument, ClientError> {
        let token = jws::Compact::parse(compact.trim(), MAX)
            .map_err(|error| refuse("SIGNATURE_MALFORMED", &error))?;
        let signer = self
            .anchors
            .verify(token.header().x5c(), at)
            .map_err(|error| refuse(error.reason(), &error))?;
        let content = token
            .verify(signer.certificate().public_key())
            .map_err(|error| refuse("SIGNATURE_INVALID", &error))?;
        let typ = token.header().typ();
        if let Some(typ) = typ.filter(|typ| is_reserved_typ(typ)) {
            check_own(typ, &content, self.anchors.installation(), at)?;
        }
        let x5t = signer.certificate().x5t_s256();
        let CertificateHistory { history, .. } = match kept {
            Some(reply) => self.read_certificate_history(reply, x5t)?,
            None => self.certificate_history(x5t).await?,
        };
        let standing =
            standing(&signer, &history, at).map_err(|error| refuse(error.reason(), &error))?;
        let typ = typ.map(str::to_owned);
        let media_type = token.header().cty().map(str::to_owned);
        Ok(past(
            &signer,
            content,
            (typ, media_type),
            standing,
            &history,
        ))
    }
}

fn past(
    signer: &VerifiedSigner,
    content: Vec<u8>,
    (typ, media_type): (Option<String>, Option<String>),
    standing: Standing,
    history: &History,
) -> PastDocument {
    PastDocument {
        content,
        typ,
        media_type,
        identifier: signer.identity().primary().clone(),
        device: signer.identity().device().to_string(),
        x5t: history.x5t.clone(),
        standing,
        as_of: history.as_of,
    }
}

/// Refuses a message of Kleis' own that is not one to be kept, is of another installation, or was
/// not there yet at `at`.
fn check_own(
    typ: &str,
    content: &[u8],
    installation: &InstallationId,
    at: Timestamp,
) -> Result<(), ClientError> {
    if !KEPT.contains(&typ) {
        let detail = "it is one of Kleis' own messages, and none that is evidence by itself";
        return Err(refuse("RESERVED_TYPE", &detail));
    }
    let claims = strict_json::value(content, MAX)
        .ok()
        .and_then(|claims| serde_json::from_value::<Common>(claims).ok())
        .ok_or_else(|| refuse("CLAIMS_MALFORMED", &"its claims are not those of its type"))?;
    if claims.aud != installation.audience() {
        return Err(refuse(
            "OTHER_INSTALLATION",
            &"it is of another installation",
        ));
    }
    if is_future(claims.iat, at) {
        let detail = format!("it was made later, at {}", claims.iat);
        return Err(refuse("MADE_LATER", &detail));
    }
    Ok(())
}

fn refuse(reason: &'static str, detail: &dyn fmt::Display) -> ClientError {
    ClientError::not_verified(SIGNATURE, reason, detail)
}

fn malformed(detail: &dyn fmt::Display) -> ClientError {
    ClientError::not_verified(HISTORY, "HISTORY_MALFORMED", detail)
}

/// The history in an answer about the certificate of this thumbprint.
fn history_of(result: &DescribeCertificateResult, x5t: &str) -> Result<History, ClientError> {
    if result.x5t != x5t {
        let detail = "it is that of another certificate";
        return Err(ClientError::not_verified(
            HISTORY,
            "OTHER_CERTIFICATE",
            detail,
        ));
    }
    let time = |seconds: u32| Timestamp::from_unix(seconds.into());
    let if_any = |seconds| Some(seconds).filter(|seconds| *seconds != 0).map(time);
    let reason = Some(result.reason.as_str()).filter(|reason| !reason.is_empty());
    Ok(History {
        x5t: result.x5t.clone(),
        state: result.state.parse().map_err(|error| malformed(&error))?,
        not_before: time(result.not_before),
        not_after: time(result.not_after),
        revoked_at: if_any(result.revoked_at),
        reason: reason
            .map(str::parse)
            .transpose()
            .map_err(|error| malformed(&error))?,
        superseded_at: if_any(result.superseded_at),
        is_complete: !result.incomplete,
        as_of: time(result.as_of),
    })
}
