//! What a recipient had active at some time.

use kleis_jose::JwkSet;
use kleis_proto::directory::v1::{LookupRequest, lookup_response};
use kleis_proto::lookup::Lookup as Wanted;
use kleis_trust::recipient::{self, VerifiedKey, VerifiedRecipient};
use kleis_trust::status::{Status, StatusView};
use kleis_types::{Identifier, Timestamp};

use crate::lookup::MAX_SET;
use crate::{ClientError, Kleis};

/// The keys that a recipient had active at some time: to know which they were, never to encrypt to.
///
/// That they were the recipient's is proved: chain, binding, endorsements and times are verified as of then. That they
/// were active, and that there were no others, is what the directory says: status lists of the past are not kept.
#[derive(Debug)]
pub struct PastRecipient {
    recipient: VerifiedRecipient,
    as_of: Timestamp,
}

impl PastRecipient {
    /// Who was asked for.
    pub fn identifier(&self) -> &Identifier {
        self.recipient.identifier()
    }

    /// The time that was asked about.
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The keys, never none.
    pub fn keys(&self) -> &[VerifiedKey] {
        self.recipient.keys()
    }
}

/// The status list of a time whose list is not there.
struct Unknown;

impl StatusView for Unknown {
    fn status(&self, _: u32) -> Status {
        Status::Valid
    }

    fn is_fresh(&self, _: Timestamp) -> bool {
        true
    }
}

impl Kleis {
    /// The keys that exactly this recipient had active at a time that has passed.
    ///
    /// # Errors
    /// [`ClientError::NotVerified`] with the check that failed, [`ClientError::Refused`] if there were none.
    pub async fn recipient_as_of(
        &self,
        wanted: &Identifier,
        as_of: Timestamp,
    ) -> Result<PastRecipient, ClientError> {
        let request = Wanted::new(wanted.clone()).as_of(as_of);
        let request = LookupRequest::from(&request);
        let answer = self.directory().lookup(request).await?.into_inner();
        // Not whose: errors go into logs.
        let what = || format!("a former key set of a recipient ({})", wanted.type_name());
        let Some(lookup_response::Result::Recipient(found)) = answer.result else {
            return Err(ClientError::not_verified(what(), "EMPTY", "no result"));
        };
        let set = JwkSet::from_slice(&found.jwks, MAX_SET)
            .map_err(|error| ClientError::not_verified(what(), "KEY_SET_MALFORMED", error))?;
        let verified = recipient::verify(&set, wanted, &self.anchors, &Unknown, as_of, None);
        let recipient =
            verified.map_err(|error| ClientError::not_verified(what(), error.reason(), error))?;
        Ok(PastRecipient { recipient, as_of })
    }
}
