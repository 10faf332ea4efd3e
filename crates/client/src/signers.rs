//! Looking up who can sign for somebody: the authentication keys that the directory shows.

use kleis_jose::{Jwk, JwkSet};
use kleis_proto::directory::v1::{LookupRequest, lookup_response};
use kleis_proto::lookup::{KeyUse, Lookup as Wanted};
use kleis_trust::status::StatusList;
use kleis_trust::{SignerError, VerifiedSigner};
use kleis_types::Identifier;

use crate::lookup::MAX_SET;
use crate::{ClientError, Kleis};

/// Why an authentication key of a set is not believed: a stable name, and what it means.
type Refusal = (&'static str, String);

impl Kleis {
    /// The certificates of exactly this identity that are in use, one for each device: chain, status, identity and key are verified.
    ///
    /// # Errors
    /// [`ClientError::NotVerified`] with the check that failed: one bad certificate spoils the set.
    pub async fn signers(&self, wanted: &Identifier) -> Result<Vec<VerifiedSigner>, ClientError> {
        let request = Wanted::new(wanted.clone()).for_use(KeyUse::Signature);
        let request = LookupRequest::from(&request);
        let answer = self.directory().lookup(request).await?.into_inner();
        // Not whose: errors go into logs.
        let what = || format!("the certificates of a signer ({})", wanted.type_name());
        let Some(lookup_response::Result::Recipient(found)) = answer.result else {
            return Err(ClientError::not_verified(what(), "EMPTY", "no result"));
        };
        let set = JwkSet::from_slice(&found.jwks, MAX_SET)
            .map_err(|error| ClientError::not_verified(what(), "KEY_SET_MALFORMED", error))?;
        let check = |status: &StatusList| {
            let keys = set.keys().iter().filter(|key| key.key_use() == Some("sig"));
            keys.map(|key| self.signer_of(key, wanted, status))
                .collect::<Result<Vec<_>, _>>()
        };
        let mut result = check(self.status_list().await?.as_ref());
        // A certificate may be younger than the list that is kept: look once more before refusing it.
        if matches!(&result, Err((reason, _)) if *reason == SignerError::NotInUse.reason()) {
            result = check(self.renew_status_list().await?.as_ref());
        }
        match result {
            Ok(signers) if signers.is_empty() => {
                Err(ClientError::not_verified(what(), "EMPTY", "there are none"))
            }
            Ok(signers) => Ok(signers),
            Err((reason, detail)) => Err(ClientError::not_verified(what(), reason, detail)),
        }
    }

    fn signer_of(
        &self,
        key: &Jwk,
        wanted: &Identifier,
        status: &StatusList,
    ) -> Result<VerifiedSigner, Refusal> {
        let refuse = |reason: &'static str, detail: &str| (reason, detail.to_owned());
        let Ok(Some(chain)) = key.x5c() else {
            return Err(refuse("CERTIFICATE_MISSING", "a key has no certificate"));
        };
        let signer = self
            .anchors
            .verify_in_use(&chain, status, self.now())
            .map_err(|error| (error.reason(), error.to_string()))?;
        if signer.certificate().public_key().thumbprint() != key.thumbprint() {
            let detail = "a certificate is not for the key beside it";
            return Err(refuse("CERTIFICATE_MISMATCH", detail));
        }
        if !signer.is(wanted) {
            return Err(refuse("OTHER_IDENTITY", "a certificate is somebody else's"));
        }
        Ok(signer)
    }
}
