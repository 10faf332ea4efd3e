//! Was a certificate good *then*? The one rule for looking back, over the record that registration
//! keeps of it.
//!
//! Revocation is not retroactive: what was signed before it stays good, and the later revocation is
//! told. The exception is `keyCompromise`: nobody knows since when the thief has had the key, and
//! without a time stamp that we trust, "signed before" is only the signer's word. What the record
//! cannot say is refused.
//!
//! This says nothing of the chain: [`Anchors::verify`](crate::Anchors::verify) does, as of the same time.

use kleis_types::{CertificateState, LEEWAY, RevocationReason, Timestamp};

use crate::{VerifiedSigner, moment::is_future, refusal::refusals};

refusals! {
    /// Why a certificate cannot be relied on at the time in question.
    pub enum StandingError {
        OtherCertificate = "STANDING_OTHER_CERTIFICATE", CertificateInvalid,
            "the history is that of another certificate";
        NotYetValid = "STANDING_NOT_YET_VALID", CertificateInvalid,
            "the certificate began after that time";
        Expired = "STANDING_EXPIRED", CertificateExpired,
            "the certificate had ended by that time";
        Revoked = "STANDING_REVOKED", CertificateRevoked,
            "the certificate was revoked by that time";
        Compromised = "STANDING_KEY_COMPROMISED", CertificateRevoked,
            "the key was compromised: without a trusted time stamp nothing signed with it counts, at \
             any time";
        Superseded = "STANDING_SUPERSEDED", CertificateRevoked,
            "the certificate was superseded by that time";
        Beyond = "STANDING_BEYOND_HISTORY", StatusUnavailable,
            "the history was made before that time: ask for a new one";
        Unknown = "STANDING_UNKNOWN", StatusUnavailable,
            "the history does not say since when the certificate is out of use";
    }
}

/// What registration's records say of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// `x5t#S256` of the certificate.
    pub x5t: String,
    /// Where it is in its life.
    pub state: CertificateState,
    /// When it begins.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<RevocationReason>,
    /// When another one took its place, if that is known.
    pub superseded_at: Option<Timestamp>,
    /// Whether every change of it is known, so that what is not told was not.
    pub is_complete: bool,
    /// When the records were asked: of later times they say nothing.
    pub as_of: Timestamp,
}

/// How a certificate stood at a time at which it was good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Good then, and not withdrawn since.
    Good,
    /// Good then; another one has taken its place since.
    SupersededSince(Timestamp),
    /// Good then; revoked since, for a reason that does not reach back.
    RevokedSince(Timestamp, RevocationReason),
}

/// How the certificate of a signer stood at `at`, by its history.
///
/// # Errors
/// [`StandingError`], also where the history cannot say.
pub fn standing(
    signer: &VerifiedSigner,
    history: &History,
    at: Timestamp,
) -> Result<Standing, StandingError> {
    let certificate = signer.certificate();
    let same = certificate.x5t_s256() == history.x5t
        && certificate.not_before() == history.not_before
        && certificate.not_after() == history.not_after;
    if !same {
        return Err(StandingError::OtherCertificate);
    }
    judge(history, at)
}

fn judge(history: &History, at: Timestamp) -> Result<Standing, StandingError> {
    // Before all else: it holds for all times.
    if history.reason == Some(RevocationReason::KeyCompromise) {
        return Err(StandingError::Compromised);
    }
    if is_future(at, history.as_of) {
        return Err(StandingError::Beyond);
    }
    if at.plus_seconds(LEEWAY) < history.not_before {
        return Err(StandingError::NotYetValid);
    }
    if at.plus_seconds(-LEEWAY) > history.not_after {
        return Err(StandingError::Expired);
    }
    let revoked = history.state == CertificateState::Revoked;
    let superseded = history.state == CertificateState::Superseded;
    match (history.revoked_at, history.reason, history.superseded_at) {
        (Some(since), _, _) if since <= at => Err(StandingError::Revoked),
        (_, _, Some(since)) if since <= at => Err(StandingError::Superseded),
        // It may have been superseded before whatever else became of it.
        (_, _, None) if !history.is_complete => Err(StandingError::Unknown),
        (Some(since), Some(reason), _) => Ok(Standing::RevokedSince(since, reason)),
        (None, None, _) if revoked => Err(StandingError::Unknown),
        (None, None, Some(since)) => Ok(Standing::SupersededSince(since)),
        (None, None, None) if superseded => Err(StandingError::Unknown),
        (None, None, None) => Ok(Standing::Good),
        // A time without a reason, or a reason without a time: the reason may have been the worst.
        (Some(_), None, _) | (None, Some(_), _) => Err(StandingError::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: i64 = 1_000_000;
    const END: i64 = 9_000_000;
    const CHANGE: i64 = 5_000_000;
    const ASKED: i64 = 20_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds)
    }

    fn history(
        state: CertificateState,
        revoked: Option<i64>,
        reason: Option<RevocationReason>,
        superseded: Option<i64>,
    ) -> History {
        History {
            x5t: "x5t".to_owned(),
            state,
            not_before: at(BEGIN),
            not_after: at(END),
            revoked_at: revoked.map(at),
            reason,
            superseded_at: superseded.map(at),
            is_complete: true,
            as_of: at(ASKED),
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn the_whole_table() {
        use CertificateState as State;
        use RevocationReason as Why;
        use StandingError as No;
        let active = history(State::Active, None, None, None);
        let expired = history(State::Expired, None, None, None);
        let replaced = history(State::Superseded, None, None, Some(CHANGE));
        let some_time = history(State::Superseded, None, None, None);
        let revoked = |why| history(State::Revoked, Some(CHANGE), Some(why), None);
        let both = history(
            State::Revoked,
            Some(CHANGE),
            Some(Why::Superseded),
            Some(CHANGE - 9),
        );
        let since = |why| Ok(Standing::RevokedSince(at(CHANGE), why));
        let no_time = history(State::Revoked, None, Some(Why::Superseded), None);
        let no_reason = history(State::Revoked, Some(CHANGE), None, None);
        let nothing = history(State::Revoked, None, None, None);
        let young = History {
            as_of: at(CHANGE),
            ..active.clone()
        };
        let lacking = |history: &History| History {
            is_complete: false,
            ..history.clone()
        };
        let table = [
            ("active", &active, CHANGE, Ok(Standing::Good)),
            (
                "at the leeway's beginning",
                &active,
                BEGIN - 60,
                Ok(Standing::Good),
            ),
            ("before", &active, BEGIN - 61, Err(No::NotYetValid)),
            ("at the leeway's end", &active, END + 60, Ok(Standing::Good)),
            ("after", &active, END + 61, Err(No::Expired)),
            ("expired since", &expired, END, Ok(Standing::Good)),
            (
                "replaced since",
                &replaced,
                CHANGE - 1,
                Ok(Standing::SupersededSince(at(CHANGE))),
            ),
            ("replaced", &replaced, CHANGE, Err(No::Superseded)),
            ("replaced some time", &some_time, BEGIN, Err(No::Unknown)),
            (
                "revoked since",
                &revoked(Why::Superseded),
                CHANGE - 1,
                since(Why::Superseded),
            ),
            (
                "left since",
                &revoked(Why::AffiliationChanged),
                BEGIN,
                since(Why::AffiliationChanged),
            ),
            (
                "ended since",
                &revoked(Why::CessationOfOperation),
                BEGIN,
                since(Why::CessationOfOperation),
            ),
            (
                "revoked",
                &revoked(Why::Superseded),
                CHANGE,
                Err(No::Revoked),
            ),
            (
                "compromised later",
                &revoked(Why::KeyCompromise),
                BEGIN,
                Err(No::Compromised),
            ),
            (
                "compromised",
                &revoked(Why::KeyCompromise),
                END,
                Err(No::Compromised),
            ),
            ("both since", &both, CHANGE - 10, since(Why::Superseded)),
            (
                "replaced, then revoked",
                &both,
                CHANGE - 1,
                Err(No::Superseded),
            ),
            (
                "expired, lacking",
                &lacking(&expired),
                BEGIN,
                Err(No::Unknown),
            ),
            (
                "revoked, lacking",
                &lacking(&revoked(Why::Superseded)),
                BEGIN,
                Err(No::Unknown),
            ),
            (
                "lacking, but not this",
                &lacking(&both),
                CHANGE - 10,
                since(Why::Superseded),
            ),
            (
                "lacking, compromised",
                &lacking(&revoked(Why::KeyCompromise)),
                BEGIN,
                Err(No::Compromised),
            ),
            ("revoked some time", &no_time, BEGIN, Err(No::Unknown)),
            ("revoked, why?", &no_reason, BEGIN, Err(No::Unknown)),
            ("revoked, nothing known", &nothing, BEGIN, Err(No::Unknown)),
            (
                "within the history",
                &young,
                CHANGE + 60,
                Ok(Standing::Good),
            ),
            ("beyond the history", &young, CHANGE + 61, Err(No::Beyond)),
        ];
        for (what, history, when, expected) in table {
            assert_eq!(judge(history, at(when)), expected, "{what}");
        }
    }

    #[test]
    fn the_history_must_be_that_of_the_certificate() {
        let mut world = crate::test_util::World::new(1);
        let alice = world.certify("NIHII:18749704", "main");
        let now = alice.certificate().not_before();
        let signer = world.anchors().verify(alice.chain(), now).unwrap();
        let certificate = signer.certificate();
        let own = History {
            x5t: certificate.x5t_s256().to_owned(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            ..history(CertificateState::Active, None, None, None)
        };
        let own = History { as_of: now, ..own };
        assert_eq!(standing(&signer, &own, now), Ok(Standing::Good));
        let others = [
            History {
                x5t: "x5t".to_owned(),
                ..own.clone()
            },
            History {
                not_before: now.plus_seconds(1),
                ..own.clone()
            },
            History {
                not_after: own.not_after.plus_seconds(1),
                ..own.clone()
            },
        ];
        for other in others {
            let refused = standing(&signer, &other, now);
            assert_eq!(refused, Err(StandingError::OtherCertificate));
        }
    }
}
