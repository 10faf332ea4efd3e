//! Records as messages.

use kleis_proto::{page::size, registration::v1 as wire};
use kleis_store::registry::{Certificate, EncryptionKey, Notice, Registrant};
use kleis_trust::enrolment_code::CodeId;
use kleis_types::{
    ErrorCode, Identifier, InstallationId, Problem, RevocationReason, Timestamp, base64url,
};

use crate::{
    CodePage, ListedCode, ListedGrant, ListedRequest, RegistrantPage, RequestPage, RolePage, letter,
};

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

/// The beginning and the number of the page of the register asked for.
pub(super) fn page(request: &wire::ListRegistrantsRequest) -> Result<(String, u32), Problem> {
    let limit = size(request.page_size)?;
    let is_id = |text: &String| text.parse::<Identifier>().is_ok();
    Ok((after(&request.page_token, is_id)?, limit))
}

/// The beginning and the number of the page of the roles asked for.
pub(super) fn role_page(request: &wire::ListRolesRequest) -> Result<(String, u32), Problem> {
    let limit = size(request.page_size)?;
    let is_role = |text: &String| text.starts_with("role:");
    Ok((after(&request.page_token, is_role)?, limit))
}

/// The beginning and the number of the page of the enrolment codes asked for.
pub(super) fn code_page(
    request: &wire::ListEnrolmentCodesRequest,
) -> Result<(String, u32), Problem> {
    let limit = size(request.page_size)?;
    let is_id = |text: &String| text.parse::<CodeId>().is_ok();
    Ok((after(&request.page_token, is_id)?, limit))
}

/// Where the page of the certificate requests asked for begins, and its number.
pub(super) fn request_page(
    request: &wire::ListCertificateRequestsRequest,
) -> Result<(u64, u32), Problem> {
    let limit = size(request.page_size)?;
    let is_place = |text: &String| text.parse::<u64>().is_ok_and(|place| place > 0);
    let before = after(&request.page_token, is_place)?;
    Ok((before.parse().unwrap_or(0), limit))
}

pub(super) fn codes(page: CodePage) -> wire::ListEnrolmentCodesResponse {
    let next = page.next.map(|next| base64url::encode(next.as_bytes()));
    wire::ListEnrolmentCodesResponse {
        codes: page.codes.into_iter().map(code).collect(),
        next_page_token: next.unwrap_or_default(),
    }
}

fn code(listed: ListedCode) -> wire::EnrolmentCodeSummary {
    let code = listed.code;
    wire::EnrolmentCodeSummary {
        code_id: code.id,
        identifier: code
            .identifier
            .map_or_else(String::new, |id| id.to_string()),
        state: listed.state.to_owned(),
        expires_at: code.expires_at.unix(),
        attempts_left: code.attempts_left,
        approvals: listed.approvals,
        approvals_needed: listed.approvals_needed,
    }
}

pub(super) fn requests(page: RequestPage) -> wire::ListCertificateRequestsResponse {
    let next = page
        .next
        .map(|next| base64url::encode(next.to_string().as_bytes()));
    wire::ListCertificateRequestsResponse {
        requests: page.requests.into_iter().map(request).collect(),
        next_page_token: next.unwrap_or_default(),
    }
}

fn request(listed: ListedRequest) -> wire::CertificateRequestSummary {
    let request = listed.request;
    wire::CertificateRequestSummary {
        request: request.id,
        identifier: request.identifier.to_string(),
        device: request.device.to_string(),
        state: request.state.to_string(),
        csr: request.csr,
        jkt: request.jkt,
        registrant: listed.registrant.unwrap_or_default(),
        recovers: listed.recovers,
        contract: request.contract,
        submitted_at: request.submitted_at.unix(),
        expires_at: request.expires_at.unix(),
        decided_at: request.decided_at.map_or(0, Timestamp::unix),
        reason: request.reason,
        serial: request.serial,
        approvals: listed.approvals,
        approvals_needed: listed.approvals_needed,
    }
}

/// What the page comes after; empty for the first one.
fn after(token: &str, is_one: impl Fn(&String) -> bool) -> Result<String, Problem> {
    let what = "a page token is the next_page_token of the page before";
    base64url::decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| text.is_empty() || is_one(text))
        .ok_or_else(|| Problem::new(ErrorCode::RequestMalformed, what).at("page_token"))
}

pub(super) fn roles(page: RolePage) -> wire::ListRolesResponse {
    let next = page.next.map(|next| base64url::encode(next.as_bytes()));
    wire::ListRolesResponse {
        roles: page.grants.into_iter().map(role).collect(),
        next_page_token: next.unwrap_or_default(),
    }
}

fn role(ListedGrant { grant, is_genuine }: ListedGrant) -> wire::RoleSummary {
    let state = if is_genuine {
        grant.state.as_str()
    } else {
        "TAMPERED"
    };
    wire::RoleSummary {
        identifier: grant.person.to_string(),
        role: grant.role.to_string(),
        state: state.to_owned(),
        granted_at: grant.granted_at.unix(),
        granted_by: grant.granted_by,
        version: version(grant.version),
    }
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
        mail: record.contact.mail_text().to_owned(),
        webhook: record.contact.webhook_text().to_owned(),
    }
}

/// The number below which the page of notices begins (0: at the newest), and its size.
pub(super) fn notice_page(request: &wire::ListNoticesRequest) -> Result<(u64, u32), Problem> {
    let limit = size(request.page_size)?;
    let text = after(&request.page_token, |text| text.parse::<u64>().is_ok())?;
    Ok((text.parse().unwrap_or(0), limit))
}

pub(super) fn notices(
    found: Vec<Notice>,
    limit: u32,
    installation: &InstallationId,
) -> wire::ListNoticesResponse {
    let is_full = u32::try_from(found.len()).is_ok_and(|length| length == limit);
    let last = found.last().filter(|_| is_full);
    let next = last.map(|last| base64url::encode(last.id.to_string().as_bytes()));
    wire::ListNoticesResponse {
        next_page_token: next.unwrap_or_default(),
        notices: found
            .into_iter()
            .map(|one| notice(one, installation))
            .collect(),
    }
}

fn notice(notice: Notice, installation: &InstallationId) -> wire::Notice {
    // The name of a registrant in the audit tells its owner nothing.
    let is_registrant = notice.subject.starts_with("registrant:");
    wire::Notice {
        id: letter::jti(installation, notice.id).to_string(),
        kind: notice.kind.to_string(),
        identifier: notice.owner.to_string(),
        device: notice
            .device
            .map(|device| device.to_string())
            .unwrap_or_default(),
        subject: if is_registrant {
            "registrant".to_owned()
        } else {
            notice.subject
        },
        reason: reason(notice.reason),
        at: notice.at.unix(),
        ends_at: notice.ends_at.map_or(0, kleis_types::Timestamp::unix),
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
