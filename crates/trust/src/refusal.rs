//! One kit for every list of refusals.

/// Declares an error enum of unit variants, each with its stable reason, its [`ErrorCode`] and its
/// text (which is also its documentation). Refusals of another list can be taken in whole with
/// `nested`; they keep their own reason and code.
///
/// [`ErrorCode`]: kleis_types::ErrorCode
macro_rules! refusals {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $variant:ident = $reason:literal, $code:ident, $text:literal; )+
        }
        $( nested { $( $(#[$outer_meta:meta])* $outer:ident($inner:ty); )+ } )?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        pub enum $name {
            $(
                #[doc = concat!("`", $reason, "`: ", $text, ".")]
                #[error($text)]
                $variant,
            )+
            $( $(
                $(#[$outer_meta])*
                #[error(transparent)]
                $outer(#[from] $inner),
            )+ )?
        }

        impl $name {
            /// Every refusal that is this list's own, in the order of declaration.
            pub const OWN: &'static [Self] = &[$( Self::$variant, )+];

            /// The stable name of the refusal, `SCREAMING_SNAKE`.
            pub const fn reason(self) -> &'static str {
                match self {
                    $( Self::$variant => $reason, )+
                    $( $( Self::$outer(inner) => inner.reason(), )+ )?
                }
            }

            /// The code under which a service reports the refusal.
            pub const fn code(self) -> kleis_types::ErrorCode {
                match self {
                    $( Self::$variant => kleis_types::ErrorCode::$code, )+
                    $( $( Self::$outer(inner) => inner.code(), )+ )?
                }
            }
        }

        impl From<$name> for kleis_types::Problem {
            fn from(refusal: $name) -> Self {
                kleis_types::Problem::new(refusal.code(), refusal.to_string())
            }
        }
    };
}

pub(crate) use refusals;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kleis_types::Problem;

    use crate::{
        SignerError, binding::BindingError, challenge::ChallengeError, deposit::DepositError,
        endorsement::EndorsementError, enrolment_code::AnnouncementError, order::OrderError,
        recipient::RecipientError, release::ReleaseError, reply::ReplyError, sealed::DocumentError,
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
            DepositError,
            EndorsementError,
            AnnouncementError,
            OrderError,
            RecipientError,
            ReleaseError,
            ReplyError,
            DocumentError,
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
