//! Records as messages.

use kleis_proto::registration::v1 as wire;
use kleis_store::registry::{Certificate, EncryptionKey, Registrant};
use kleis_types::{ErrorCode, Identifier, Problem, RevocationReason, base64url};

use crate::RegistrantPage;

/// Most registrants of a page.
const MAX_PAGE: u32 = 1000;

/// Registrants of a page, where the caller names no number.
const DEFAULT_PAGE: u32 = 100;

pub(super) fn key(record: EncryptionKey) -> wire::KeySummary {
    wire::KeySummary {
        kid: record.kid,
        device: record.device.to_string(),
        state: record.state.to_string(),
        jwk: record.jwk,
        created_at: record.created_at.unix(),
        expires_at: record.expires_at.unix(),
        sequence: record.sequence,
        version: version(record.version),
        reason: reason(record.reason),
    }
}

pub(super) fn certificate(record: Certificate) -> wire::CertificateSummary {
    wire::CertificateSummary {
        serial: record.serial,
        identifier: record.owner.to_string(),
        device: record.device.to_string(),
        state: record.state.to_string(),
        not_before: record.not_before.unix(),
        not_after: record.not_after.unix(),
        thumbprint: record.x5t,
        reason: reason(record.reason),
        version: version(record.version),
    }
}

fn version(version: u64) -> u32 {
    u32::try_from(version).unwrap_or(u32::MAX)
}

fn reason(reason: Option<RevocationReason>) -> String {
    reason.map(|reason| reason.to_string()).unwrap_or_default()
}

/// The number and the beginning of the page asked for.
pub(super) fn page(request: &wire::ListRegistrantsRequest) -> Result<(String, u32), Problem> {
    let limit = match request.page_size {
        0 => DEFAULT_PAGE,
        size @ 1..=MAX_PAGE => size,
        _ => {
            let what = "ask for 1 to 1,000 registrants at a time";
            return Err(Problem::new(ErrorCode::RequestMalformed, what).at("page_size"));
        }
    };
    let after = base64url::decode(&request.page_token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| text.is_empty() || text.parse::<Identifier>().is_ok());
    let what = "a page token is the next_page_token of the page before";
    let after =
        after.ok_or_else(|| Problem::new(ErrorCode::RequestMalformed, what).at("page_token"))?;
    Ok((after, limit))
}

pub(super) fn registrants(page: RegistrantPage) -> wire::ListRegistrantsResponse {
    let next = page
        .next
        .map(|next| base64url::encode(next.to_string().as_bytes()));
    wire::ListRegistrantsResponse {
        registrants: page.registrants.into_iter().map(registrant).collect(),
        next_page_token: next.unwrap_or_default(),
    }
}

fn registrant(record: Registrant) -> wire::RegistrantSummary {
    wire::RegistrantSummary {
        name: record.name,
        identifiers: record.identifiers.iter().map(ToString::to_string).collect(),
        active: record.active,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(page_size: u32, page_token: &str) -> Result<(String, u32), Problem> {
        page(&wire::ListRegistrantsRequest {
            page_size,
            page_token: page_token.to_owned(),
        })
    }

    #[test]
    fn a_page_is_bounded_and_begins_after_an_identifier() {
        assert_eq!(asked(0, "").unwrap(), (String::new(), 100));
        let token = base64url::encode(b"CBE:0809394427");
        assert_eq!(
            asked(1000, &token).unwrap(),
            ("CBE:0809394427".to_owned(), 1000)
        );
        assert_eq!(asked(1001, "").unwrap_err().field(), Some("page_size"));
        for token in ["*", "AA==", &base64url::encode(b"no identifier")] {
            assert_eq!(
                asked(1, token).unwrap_err().field(),
                Some("page_token"),
                "{token}"
            );
        }
    }
}
