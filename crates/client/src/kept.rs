//! Key sets that the directory has sent, to be asked for by their tags: what has not changed is not sent again.
//!
//! It saves the way, not the checks: a set is verified every time, whether it was sent or kept. Only what has the tag of its
//! own bytes is kept, so that nobody on the way can have an old set kept under the tag of a new one. A directory that says
//! that an old set is still so does nothing that it could not do by sending it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kleis_jose::digest;
use kleis_proto::directory::v1::{LookupRequest, NotModified, Recipient};
use kleis_types::base64url;

use crate::ClientError;

/// The most bytes of sets that are kept.
const MOST: usize = 16 << 20;

/// What was asked: whose keys, and for which use.
type Question = (String, String);

/// The sets of a client, in memory.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Sets>);

#[derive(Default)]
struct Sets {
    by_question: BTreeMap<Question, Recipient>,
    bytes: usize,
}

impl Kept {
    /// The same request, which asks for nothing that is kept. Of what has a time, or may have several answers, nothing is.
    pub(crate) fn ask(&self, mut request: LookupRequest) -> LookupRequest {
        if is_plain(&request)
            && let Some(kept) = self.lock().by_question.get(&question(&request))
        {
            request.if_etag.clone_from(&kept.etag);
        }
        request
    }

    /// The kept set, which the directory says is still so.
    ///
    /// # Errors
    /// If it is not the one that was asked about.
    pub(crate) fn get(
        &self,
        request: &LookupRequest,
        same: &NotModified,
    ) -> Result<Recipient, ClientError> {
        let sets = self.lock();
        let kept = sets.by_question.get(&question(request));
        kept.filter(|kept| kept.etag == same.etag && !request.if_etag.is_empty())
            .cloned()
            .ok_or_else(|| {
                let detail = "nothing of that tag was asked about";
                ClientError::not_verified("the directory's answer", "NOT_MODIFIED", detail)
            })
    }

    /// Keeps a set that was sent, and has been verified, if its tag is that of its bytes (docs/formats.md section 17).
    pub(crate) fn keep(&self, request: &LookupRequest, found: &Recipient) {
        if !is_plain(request) || found.etag != tag(&found.jwks) || found.jwks.len() > MOST {
            return;
        }
        let mut sets = self.lock();
        if sets.bytes.saturating_add(found.jwks.len()) > MOST {
            // Rare: a client that writes to thousands. It begins anew.
            *sets = Sets::default();
        }
        sets.bytes += found.jwks.len();
        let former = sets.by_question.insert(question(request), found.clone());
        sets.bytes -= former.map_or(0, |former| former.jwks.len());
    }

    fn lock(&self) -> MutexGuard<'_, Sets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tag(jwks: &[u8]) -> String {
    format!("\"{}\"", base64url::encode(&digest::sha256(jwks)))
}

fn is_plain(request: &LookupRequest) -> bool {
    !request.any_application && request.as_of == 0
}

fn question(request: &LookupRequest) -> Question {
    (request.identifier.clone(), request.r#use.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(identifier: &str) -> LookupRequest {
        LookupRequest {
            identifier: identifier.to_owned(),
            ..LookupRequest::default()
        }
    }

    fn set(size: usize) -> Recipient {
        let jwks = vec![b' '; size];
        Recipient {
            identifier: "CBE:0123456749".to_owned(),
            etag: tag(&jwks),
            jwks,
        }
    }

    #[test]
    fn what_was_kept_is_asked_for_by_its_tag() {
        let kept = Kept::default();
        let one = request("CBE:0123456749");
        assert_eq!(kept.ask(one.clone()).if_etag, "");
        kept.keep(&one, &set(3));
        let asked = kept.ask(one.clone());
        assert_eq!(asked.if_etag, set(3).etag);
        let same = |etag: &str| NotModified {
            etag: etag.to_owned(),
        };
        assert_eq!(kept.get(&asked, &same(&set(3).etag)).unwrap(), set(3));
        // What was not asked about is no answer.
        let (three, four) = (set(3).etag, set(4).etag);
        for (asked, etag) in [(&asked, &four), (&one, &three), (&request("CBE:1"), &three)] {
            let refused = kept.get(asked, &same(etag)).unwrap_err();
            assert_eq!(refused.reason(), "NOT_MODIFIED");
        }
        let others = [
            LookupRequest {
                any_application: true,
                ..one.clone()
            },
            LookupRequest {
                as_of: 1,
                ..one.clone()
            },
            LookupRequest {
                r#use: "sig".to_owned(),
                ..one
            },
        ];
        for other in others {
            assert_eq!(kept.ask(other).if_etag, "");
        }
    }

    #[test]
    fn an_old_set_is_not_kept_under_the_tag_of_a_new_one() {
        let kept = Kept::default();
        let one = request("CBE:0123456749");
        let poisoned = Recipient {
            etag: set(4).etag,
            ..set(3)
        };
        kept.keep(&one, &poisoned);
        assert_eq!(kept.ask(one).if_etag, "");
    }

    #[test]
    fn memory_is_bounded() {
        let kept = Kept::default();
        for index in 0..20 {
            kept.keep(&request(&index.to_string()), &set(1 << 20));
        }
        assert!(kept.lock().bytes <= MOST);
        assert_eq!(kept.ask(request("19")).if_etag, set(1 << 20).etag);
        // The same again takes no more.
        for size in 0..40 {
            kept.keep(&request("19"), &set((1 << 20) + size));
        }
        let sets = kept.lock();
        let bytes: usize = sets.by_question.values().map(|set| set.jwks.len()).sum();
        assert_eq!(sets.bytes, bytes);
    }
}
