//! One kit for every list of refusals: the one of the vocabulary.

pub(crate) use kleis_types::refusals;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kleis_types::Problem;

    use crate::{
        SignerError, binding::BindingError, challenge::ChallengeError, checkpoint::CheckpointError,
        deposit::DepositError, endorsement::EndorsementError, enrolment_code::AnnouncementError,
        notice::NoticeError, order::OrderError, recipient::RecipientError, release::ReleaseError,
        reply::ReplyError, sealed::DocumentError, segment::SegmentError, standing::StandingError,
        status::StatusError,
    };

    #[test]
    fn every_refusal_has_a_reason_of_its_own_and_an_advice() {
        let mut reasons = BTreeSet::new();
        let mut count = 0;
        macro_rules! look_at {
            ($($list:ty),+) => { $(
                for refusal in <$list>::OWN {
                    count += 1;
                    reasons.insert(refusal.reason());
                    let problem = Problem::from(*refusal);
                    assert_eq!(problem.code(), refusal.code());
                    assert!(!problem.detail().is_empty());
                    assert!(refusal.reason().bytes().all(|b| matches!(b, b'A'..=b'Z' | b'_')));
                }
            )+ };
        }
        look_at!(
            SignerError,
            BindingError,
            ChallengeError,
            CheckpointError,
            DepositError,
            EndorsementError,
            AnnouncementError,
            NoticeError,
            OrderError,
            RecipientError,
            ReleaseError,
            ReplyError,
            DocumentError,
            SegmentError,
            StandingError,
            StatusError
        );
        assert_eq!(reasons.len(), count, "two refusals share a reason");
    }

    #[test]
    fn a_nested_refusal_keeps_its_own_name() {
        let refusal = OrderError::from(SignerError::Revoked);
        assert_eq!(refusal.reason(), SignerError::Revoked.reason());
        assert_eq!(refusal.code(), SignerError::Revoked.code());
        assert_eq!(refusal.to_string(), SignerError::Revoked.to_string());
    }
}
