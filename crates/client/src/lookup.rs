//! Looking up a recipient: nothing is answered that is not verified.

use kleis_jose::JwkSet;
use kleis_proto::directory::v1::{BatchLookupRequest, Recipient};
use kleis_proto::directory::v1::{LookupRequest, batch_lookup_result, lookup_response};
use kleis_proto::lookup::Lookup as Wanted;
use kleis_trust::recipient::{self, VerifiedRecipient};
use kleis_trust::status::StatusList;
use kleis_types::{ErrorCode, Identifier, Problem, Service};

use crate::{ClientError, Kleis};

/// The longest JWK Set that is read, in bytes.
pub(crate) const MAX_SET: usize = 4 << 20;
/// Refusals that a newer status list may lift.
const MAY_BE_NEW: [&str; 3] = [
    "BINDING_NOT_IN_USE",
    "CERTIFICATE_NOT_IN_USE",
    "STATUS_STALE",
];

/// What a look-up found.
#[derive(Debug)]
pub enum Lookup {
    /// The recipient's verified keys.
    Recipient(Box<VerifiedRecipient>),
    /// Those who could be meant, when the application was left open.
    Candidates(Vec<Identifier>),
}

impl Kleis {
    /// Looks up a recipient and verifies its keys: certificate chain, binding, status, key, and that the directory has not gone back
    /// behind what this home has seen.
    ///
    /// # Errors
    /// [`ClientError::NotVerified`] with the check that failed: do not encrypt.
    pub async fn lookup(&self, wanted: &Wanted) -> Result<Lookup, ClientError> {
        let request = self.kept.ask(LookupRequest::from(wanted));
        let answer = self.directory().lookup(request.clone()).await?;
        match self.whole(&request, answer.into_inner().result)? {
            Some(lookup_response::Result::Recipient(found)) => {
                // With the application left open, the set itself must say whom it is for.
                let identifier = if wanted.any_application() {
                    named(&found, wanted.identifier())?
                } else {
                    wanted.identifier().clone()
                };
                let verified = self.verify_and_keep(&request, &found, &identifier).await?;
                Ok(Lookup::Recipient(Box::new(verified)))
            }
            Some(lookup_response::Result::Candidates(found)) => {
                candidates(&found.identifiers, wanted).map(Lookup::Candidates)
            }
            Some(lookup_response::Result::NotModified(_)) | None => Err(empty()),
        }
    }

    /// The result with the set that was kept, where it is still so.
    fn whole(
        &self,
        request: &LookupRequest,
        result: Option<lookup_response::Result>,
    ) -> Result<Option<lookup_response::Result>, ClientError> {
        match result {
            Some(lookup_response::Result::NotModified(same)) => {
                let kept = self.kept.get(request, &same)?;
                Ok(Some(lookup_response::Result::Recipient(kept)))
            }
            result => Ok(result),
        }
    }

    /// The verified keys of exactly this recipient.
    pub async fn recipient(
        &self,
        identifier: &Identifier,
    ) -> Result<VerifiedRecipient, ClientError> {
        match self.lookup(&Wanted::new(identifier.clone())).await? {
            Lookup::Recipient(recipient) => Ok(*recipient),
            Lookup::Candidates(_) => Err(ClientError::not_verified(
                "the directory's answer",
                "CANDIDATES",
                "candidates, though one recipient was asked for",
            )),
        }
    }

    /// The verified keys of each of these recipients, or why there are none, in the order asked for.
    pub async fn recipients(
        &self,
        identifiers: &[Identifier],
    ) -> Result<Vec<Result<VerifiedRecipient, ClientError>>, ClientError> {
        let lookups: Vec<_> = identifiers
            .iter()
            .map(|identifier| {
                let request = LookupRequest::from(&Wanted::new(identifier.clone()));
                self.kept.ask(request)
            })
            .collect();
        let batch = BatchLookupRequest {
            lookups: lookups.clone(),
        };
        let answer = self.directory().batch_lookup(batch).await?;
        let results = answer.into_inner().results;
        if results.len() != lookups.len() {
            let detail = "as many results as questions are expected";
            return Err(ClientError::not_verified(
                "the directory's answer",
                "EMPTY",
                detail,
            ));
        }
        let mut verified = Vec::with_capacity(lookups.len());
        for ((identifier, request), result) in identifiers.iter().zip(&lookups).zip(results) {
            verified.push(match result.result {
                Some(batch_lookup_result::Result::Recipient(found)) => {
                    self.verify_and_keep(request, &found, identifier).await
                }
                Some(batch_lookup_result::Result::NotModified(same)) => {
                    match self.kept.get(request, &same) {
                        Ok(found) => self.verify_and_keep(request, &found, identifier).await,
                        Err(error) => Err(error),
                    }
                }
                Some(batch_lookup_result::Result::Error(error)) => {
                    let problem = Problem::try_from(&error)
                        .unwrap_or_else(|_| Problem::from(ErrorCode::Internal));
                    Err(ClientError::Refused {
                        problem,
                        trace: None,
                    })
                }
                Some(batch_lookup_result::Result::Candidates(_)) | None => Err(empty()),
            });
        }
        Ok(verified)
    }

    /// The encryption key of one of Kleis' own services.
    pub(crate) async fn service_key(
        &self,
        service: Service,
    ) -> Result<kleis_jose::Jwk, ClientError> {
        let recipient = self.recipient(&Identifier::service(service)).await?;
        let key = recipient.keys().first().ok_or_else(|| {
            ClientError::not_verified(format!("the key of {service}"), "EMPTY", "there is none")
        })?;
        Ok(key.jwk().clone())
    }

    async fn verify_and_keep(
        &self,
        request: &LookupRequest,
        found: &Recipient,
        wanted: &Identifier,
    ) -> Result<VerifiedRecipient, ClientError> {
        let verified = self.verify(found, wanted).await?;
        self.kept.keep(request, found);
        Ok(verified)
    }

    async fn verify(
        &self,
        found: &Recipient,
        wanted: &Identifier,
    ) -> Result<VerifiedRecipient, ClientError> {
        // Not whose: errors go into logs.
        let what = || format!("the key set of a recipient ({})", wanted.type_name());
        let set = JwkSet::from_slice(&found.jwks, MAX_SET)
            .map_err(|error| ClientError::not_verified(what(), "KEY_SET_MALFORMED", error))?;
        let seen = self.home.memory()?.seen(wanted);
        let check = |status: &StatusList| {
            recipient::verify(&set, wanted, &self.anchors, status, self.now(), seen)
        };
        let mut status = self.status_list().await?;
        let mut result = check(&status);
        // A key may be younger than the list that is kept, or its predecessor gone since: look once more before refusing.
        if matches!(&result, Err(error) if MAY_BE_NEW.contains(&error.reason())) {
            status = self.renew_status_list().await?;
            result = check(&status);
        }
        let verified =
            result.map_err(|error| ClientError::not_verified(what(), error.reason(), error))?;
        self.home
            .remember_recipient(wanted, verified.newest(), status.as_ref())?;
        Ok(verified)
    }
}

fn empty() -> ClientError {
    ClientError::not_verified("the directory's answer", "EMPTY", "no result")
}

/// Those who could be meant: applications of the identifier whose application was left open, and nobody else. Whoever picks one
/// trusts that it is among them.
fn candidates(found: &[String], wanted: &Wanted) -> Result<Vec<Identifier>, ClientError> {
    let could_be_meant = |text: &String| {
        let named = text.parse::<Identifier>().ok()?;
        (named.with_application(None) == *wanted.identifier()).then_some(named)
    };
    let names: Option<Vec<_>> = found.iter().map(could_be_meant).collect();
    names.filter(|_| wanted.any_application()).ok_or_else(|| {
        let detail = "the candidates are not those that could be meant";
        ClientError::not_verified("the directory's answer", "CANDIDATES", detail)
    })
}

/// The one candidate that the directory chose, if it is one of those that could be meant.
fn named(found: &Recipient, wanted: &Identifier) -> Result<Identifier, ClientError> {
    found
        .identifier
        .parse::<Identifier>()
        .ok()
        .filter(|named| named.with_application(None) == *wanted)
        .ok_or_else(|| {
            let detail = "the recipient is not one that was asked for";
            ClientError::not_verified("the directory's answer", "OTHER_RECIPIENT", detail)
        })
}
