//! Times with leeway.

use kleis_types::{LEEWAY, Timestamp};

use super::ChainError;
use crate::certificate::Certificate;

/// The moment nearest to `at` at which all certificates are valid, if it is within the leeway.
///
/// Path validation knows no leeway; it is asked about this moment instead. For certificates whose
/// validities overlap that is the same as widening each by the leeway at both ends.
pub(crate) fn moment_within(
    certificates: &[&Certificate],
    at: Timestamp,
) -> Result<Timestamp, ChainError> {
    let begin = certificates
        .iter()
        .map(|it| it.not_before())
        .max()
        .unwrap_or(at);
    let end = certificates
        .iter()
        .map(|it| it.not_after())
        .min()
        .unwrap_or(at);
    if at.plus_seconds(LEEWAY) < begin {
        return Err(ChainError::NotYetValid);
    }
    if at.plus_seconds(-LEEWAY) > end || begin > end {
        return Err(ChainError::Expired);
    }
    Ok(at.max(begin).min(end))
}
