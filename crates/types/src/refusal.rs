//! One kit for every list of refusals.

/// Declares an error enum of unit variants, each with its stable reason, its [`ErrorCode`] and its
/// text (which is also its documentation). Refusals of another list can be taken in whole with
/// `nested`; they keep their own reason and code.
///
/// [`ErrorCode`]: crate::ErrorCode
#[macro_export]
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
            pub const fn code(self) -> $crate::ErrorCode {
                match self {
                    $( Self::$variant => $crate::ErrorCode::$code, )+
                    $( $( Self::$outer(inner) => inner.code(), )+ )?
                }
            }
        }

        impl From<$name> for $crate::Problem {
            fn from(refusal: $name) -> Self {
                $crate::Problem::new(refusal.code(), refusal.to_string())
            }
        }
    };
}
