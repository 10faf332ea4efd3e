use super::*;

/// Every reason by category. These texts are a contract: change none, only add.
const REASONS: [(Category, &[&str]); 11] = [
    (
        Category::InvalidArgument,
        &[
            "REQUEST_MALFORMED",
            "REQUEST_TOO_LARGE",
            "IDENTIFIER_INVALID",
            "IDENTIFIER_TYPE_UNKNOWN",
            "IDENTIFIER_CHECK_DIGIT",
            "APPLICATION_INVALID",
            "DEVICE_INVALID",
            "CSR_MALFORMED",
            "CSR_SIGNATURE_INVALID",
            "CSR_SUBJECT_MISMATCH",
            "CSR_EXTENSION_FORBIDDEN",
            "KEY_WEAK",
            "KEY_ALGORITHM_UNSUPPORTED",
            "JWK_INVALID",
            "BINDING_INVALID",
            "ENDORSEMENT_INVALID",
            "CHALLENGE_FAILED",
            "POLICY_INVALID",
            "DEPOSIT_INVALID",
            "KEY_TRIVIAL",
            "ORDER_MALFORMED",
            "ORDER_TYPE",
            "ORDER_AUDIENCE",
            "ORDER_METHOD",
            "ORDER_LIFETIME",
            "ORDER_BODY_INVALID",
        ],
    ),
    (
        Category::Unauthenticated,
        &[
            "ORDER_SIGNATURE_INVALID",
            "ORDER_EXPIRED",
            "ORDER_NOT_YET_VALID",
            "CERTIFICATE_REQUIRED",
            "CERTIFICATE_INVALID",
            "CERTIFICATE_EXPIRED",
            "CERTIFICATE_REVOKED",
            "TOKEN_INVALID",
            "TOKEN_EXPIRED",
            "TOKEN_NOT_YET_VALID",
            "TOKEN_AUDIENCE",
            "TOKEN_PROOF_MISSING",
            "DPOP_INVALID",
            "DPOP_NONCE_REQUIRED",
            "DPOP_REPLAYED",
            "FORWARDING_REFUSED",
        ],
    ),
    (
        Category::PermissionDenied,
        &[
            "SIGNER_MISMATCH",
            "ENROLMENT_REFUSED",
            "PERMISSION_DENIED",
            "TOKEN_NOT_BOUND",
            "SCOPE_MISSING",
        ],
    ),
    (
        Category::AlreadyExists,
        &[
            "KEY_IN_USE",
            "CERTIFICATE_EXISTS",
            "JTI_REUSED",
            "ALREADY_EXISTS",
        ],
    ),
    (
        Category::FailedPrecondition,
        &[
            "REGISTRANT_INACTIVE",
            "CONTRACT_NOT_ACCEPTED",
            "RENEWAL_NOT_DUE",
            "STATE_CONFLICT",
            "RECIPIENT_AMBIGUOUS",
            "CURSOR_GONE",
        ],
    ),
    (Category::Aborted, &["VERSION_MISMATCH"]),
    (
        Category::NotFound,
        &["NOT_FOUND", "RECIPIENT_NOT_FOUND", "KEY_NOT_AVAILABLE"],
    ),
    (
        Category::ResourceExhausted,
        &["RATE_LIMITED", "REQUESTS_PENDING"],
    ),
    (
        Category::Unavailable,
        &[
            "OVERLOADED",
            "STORE_UNAVAILABLE",
            "STATUS_UNAVAILABLE",
            "ISSUER_UNAVAILABLE",
            "DIRECTORY_BEHIND",
            "REGISTRANT_SOURCE_UNAVAILABLE",
            "SHUTTING_DOWN",
        ],
    ),
    (Category::DeadlineExceeded, &["DEADLINE_EXCEEDED"]),
    (Category::Internal, &["INTERNAL"]),
];

#[test]
fn reasons_and_categories_are_the_published_ones() {
    let published = REASONS
        .iter()
        .map(|(_, reasons)| reasons.len())
        .sum::<usize>();
    assert_eq!(ErrorCode::ALL.len(), published);
    for (category, reasons) in REASONS {
        for reason in reasons {
            let code = ErrorCode::from_reason(reason).unwrap_or_else(|| panic!("{reason}"));
            assert_eq!(code.reason(), *reason);
            assert_eq!(code.category(), category, "{reason}");
        }
    }
}

#[test]
fn reasons_and_categories_round_trip() {
    for &code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_reason(code.reason()), Some(code));
        assert_eq!(code.to_string(), code.reason());
    }
    for &category in Category::ALL {
        assert_eq!(category.as_str().parse(), Ok(category));
    }
    for text in ["", "internal", "INTERNAL ", "Internal", "UNKNOWN"] {
        assert_eq!(ErrorCode::from_reason(text), None, "{text:?}");
    }
}

#[test]
fn advice_is_a_sentence() {
    for code in ErrorCode::ALL {
        let advice = code.advice();
        assert!(advice.len() > 10 && advice.ends_with('.'), "{code}");
        assert!(
            advice.starts_with(|c: char| c.is_ascii_uppercase()),
            "{code}"
        );
    }
}
