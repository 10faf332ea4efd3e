//! Requests without orders: look-ups and lists.

use kleis_e2e::{Caller, Installation, Refusal, people};
use kleis_proto::directory::v1::{
    BatchLookupRequest, BatchLookupResponse, GetKeyRequest, GetKeyResponse, LookupRequest,
    LookupResponse, batch_lookup_result, lookup_response,
};
use kleis_proto::registration::v1::{
    GetInstallationRequest, GetInstallationResponse, ListCertificatesRequest,
    ListCertificatesResponse, ListIdentifierTypesRequest, ListIdentifierTypesResponse,
    ListKeysRequest, ListKeysResponse, ListRegistrantsRequest, ListRegistrantsResponse,
};
use tonic::Code;

const LOOKUP: &str = "kleis.directory.v1.DirectoryService/Lookup";
const BATCH_LOOKUP: &str = "kleis.directory.v1.DirectoryService/BatchLookup";
const GET_KEY: &str = "kleis.directory.v1.DirectoryService/GetKey";
const GET_INSTALLATION: &str = "kleis.registration.v1.RegistrationService/GetInstallation";
const LIST_TYPES: &str = "kleis.registration.v1.RegistrationService/ListIdentifierTypes";
const LIST_KEYS: &str = "kleis.registration.v1.RegistrationService/ListKeys";
const LIST_CERTIFICATES: &str = "kleis.registration.v1.RegistrationService/ListCertificates";
const LIST_REGISTRANTS: &str = "kleis.registration.v1.RegistrationAdminService/ListRegistrants";

fn wanted(identifier: &str) -> LookupRequest {
    LookupRequest {
        identifier: identifier.to_owned(),
        ..LookupRequest::default()
    }
}

async fn lookup(caller: &Caller, request: LookupRequest) -> Result<LookupResponse, Refusal> {
    caller.call(LOOKUP, request).await
}

#[tokio::test]
async fn api_look_ups_name_what_is_wrong_with_them() {
    let installation = Installation::new();
    let caller = Caller::anonymous(&installation);
    let for_use = |key_use: &str| LookupRequest {
        r#use: key_use.to_owned(),
        ..wanted(people::ORGANISATION)
    };
    let any = LookupRequest {
        any_application: true,
        ..wanted(people::APPLICATION)
    };
    for (request, reason, field) in [
        (wanted(""), "IDENTIFIER_INVALID", "identifier"),
        (wanted("CBE"), "IDENTIFIER_INVALID", "identifier"),
        (wanted("NOPE:1"), "IDENTIFIER_TYPE_UNKNOWN", "identifier"),
        (
            wanted("CBE:0425222333"),
            "IDENTIFIER_CHECK_DIGIT",
            "identifier",
        ),
        (
            wanted("CBE:0123456749/white space"),
            "APPLICATION_INVALID",
            "identifier",
        ),
        (
            wanted(&"9".repeat(100_000)),
            "IDENTIFIER_INVALID",
            "identifier",
        ),
        (for_use("both"), "REQUEST_MALFORMED", "use"),
        (any, "APPLICATION_INVALID", "any_application"),
    ] {
        let refused = lookup(&caller, request).await.unwrap_err();
        assert_eq!(
            (refused.code, refused.named()),
            (Code::InvalidArgument, (reason, field))
        );
    }
    let refused = lookup(&caller, wanted(people::ORGANISATION))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (Code::NotFound, "RECIPIENT_NOT_FOUND")
    );
}

#[tokio::test]
async fn api_persons_are_looked_up_by_those_who_say_who_they_are() {
    let installation = Installation::new();
    let patient = installation.published("patient", people::PATIENT);
    let kid = patient.kleis(&["whoami"])["keys"][0]["kid"]
        .as_str()
        .unwrap()
        .to_owned();
    let anonymous = Caller::anonymous(&installation);
    let doctor = installation.enrolled("doctor", people::DOCTOR);
    let known = Caller::of(&installation, &doctor);
    // Whether there is such a person makes no difference.
    for person in [people::PATIENT, people::DOCTOR, "SSIN:17073003384"] {
        let refused = lookup(&anonymous, wanted(person)).await.unwrap_err();
        assert_eq!(refused.reason, "CERTIFICATE_REQUIRED", "{person}");
    }
    lookup(&known, wanted(people::PATIENT)).await.unwrap();
    let request = GetKeyRequest { kid, as_of: 0 };
    let refused = anonymous
        .call::<_, GetKeyResponse>(GET_KEY, request.clone())
        .await
        .unwrap_err();
    assert!(
        ["CERTIFICATE_REQUIRED", "NOT_FOUND"].contains(&refused.reason.as_str()),
        "{refused:?}"
    );
    let found: GetKeyResponse = known.call(GET_KEY, request).await.unwrap();
    assert_eq!(
        (found.identifier.as_str(), found.state.as_str()),
        (people::PATIENT, "ACTIVE")
    );
}

#[tokio::test]
async fn api_old_keys_are_found_and_pending_ones_are_not() {
    let installation = Installation::new();
    let owner = installation.enrolled("owner", people::APPLICATION);
    let kid = |answer: serde_json::Value| answer["kid"].as_str().unwrap().to_owned();
    let old = kid(owner.kleis(&["keys", "publish"]));
    let new = kid(owner.kleis(&["keys", "rotate"]));
    let pending = kid(owner.kleis(&["keys", "publish", "--hold"]));
    let caller = Caller::anonymous(&installation);
    for (kid, state) in [(old, "SUPERSEDED"), (new, "ACTIVE")] {
        let found: GetKeyResponse = caller
            .call(GET_KEY, GetKeyRequest { kid, as_of: 0 })
            .await
            .unwrap();
        assert_eq!(found.state, state);
        // Since when it is not used any more is told, too.
        assert_eq!(found.superseded_at > 0, state == "SUPERSEDED");
        assert_eq!(found.revoked_at, 0);
    }
    for kid in [
        pending,
        "M0nc0bPJKgbg4mkVXvDrgvHNTYKs5MRtd3u7rDv7jjQ".to_owned(),
    ] {
        let request = GetKeyRequest { kid, as_of: 0 };
        let refused = caller
            .call::<_, GetKeyResponse>(GET_KEY, request)
            .await
            .unwrap_err();
        assert_eq!(
            (refused.code, refused.reason.as_str()),
            (Code::NotFound, "NOT_FOUND")
        );
    }
    let request = GetKeyRequest {
        kid: "x".to_owned(),
        as_of: 0,
    };
    let refused = caller
        .call::<_, GetKeyResponse>(GET_KEY, request)
        .await
        .unwrap_err();
    assert_eq!(refused.named(), ("REQUEST_MALFORMED", "kid"));
}

#[tokio::test]
async fn api_a_batch_has_a_result_or_a_reason_for_each() {
    let installation = Installation::new();
    installation.published("mailbox", people::APPLICATION);
    installation.published("billing", people::OTHER_APPLICATION);
    let caller = Caller::anonymous(&installation);
    let any = LookupRequest {
        any_application: true,
        ..wanted(people::ORGANISATION)
    };
    let lookups = vec![
        wanted(people::APPLICATION),
        wanted("CBE:0425222333"),
        any,
        wanted(people::INSURER),
        wanted(people::PATIENT),
    ];
    let answer: BatchLookupResponse = caller
        .call(BATCH_LOOKUP, BatchLookupRequest { lookups })
        .await
        .unwrap();
    let told: Vec<_> = answer
        .results
        .into_iter()
        .map(|result| match result.result.unwrap() {
            batch_lookup_result::Result::NotModified(same) => same.etag,
            batch_lookup_result::Result::Recipient(found) => found.identifier,
            batch_lookup_result::Result::Candidates(found) => found.identifiers.join(" "),
            batch_lookup_result::Result::Error(error) => error.reason,
        })
        .collect();
    let candidates = format!("{} {}", people::OTHER_APPLICATION, people::APPLICATION);
    assert_eq!(
        told,
        [
            people::APPLICATION,
            "IDENTIFIER_CHECK_DIGIT",
            &candidates,
            "RECIPIENT_NOT_FOUND",
            "CERTIFICATE_REQUIRED",
        ]
    );
    for number in [0, 501] {
        let lookups = vec![wanted(people::APPLICATION); number];
        let refused = caller
            .call::<_, BatchLookupResponse>(BATCH_LOOKUP, BatchLookupRequest { lookups })
            .await
            .unwrap_err();
        assert_eq!(
            refused.named(),
            ("REQUEST_MALFORMED", "lookups"),
            "{number}"
        );
    }
}

#[tokio::test]
async fn api_a_set_has_an_entity_tag_of_its_bytes() {
    let installation = Installation::new();
    let owner = installation.published("owner", people::APPLICATION);
    let caller = Caller::anonymous(&installation);
    let recipient = async || match lookup(&caller, wanted(people::APPLICATION)).await {
        Ok(LookupResponse {
            result: Some(lookup_response::Result::Recipient(found)),
        }) => found,
        other => panic!("{other:?}"),
    };
    let first = recipient().await;
    assert_eq!(recipient().await, first);
    assert!(first.etag.starts_with('"') && first.etag.ends_with('"'));
    owner.kleis(&["keys", "rotate"]);
    let second = recipient().await;
    assert_ne!((first.etag, first.jwks), (second.etag, second.jwks));
}

#[tokio::test]
async fn api_lists_answer_for_their_caller_alone() {
    let installation = Installation::new();
    let doctor = installation.published("doctor", people::DOCTOR);
    let pharmacy = installation.enrolled("pharmacy", people::PHARMACY);
    let anonymous = Caller::anonymous(&installation);
    let (doctor, pharmacy) = (
        Caller::of(&installation, &doctor),
        Caller::of(&installation, &pharmacy),
    );
    let keys: ListKeysResponse = doctor.call(LIST_KEYS, ListKeysRequest {}).await.unwrap();
    assert_eq!(keys.keys.len(), 1);
    let keys: ListKeysResponse = pharmacy.call(LIST_KEYS, ListKeysRequest {}).await.unwrap();
    assert_eq!(keys.keys.len(), 0);
    let own: ListCertificatesResponse = pharmacy
        .call(LIST_CERTIFICATES, ListCertificatesRequest {})
        .await
        .unwrap();
    assert_eq!(own.certificates[0].identifier, people::PHARMACY);
    for (refused, reason) in [
        (
            anonymous
                .call::<_, ListKeysResponse>(LIST_KEYS, ListKeysRequest {})
                .await
                .unwrap_err(),
            "CERTIFICATE_REQUIRED",
        ),
        (
            anonymous
                .call::<_, ListCertificatesResponse>(LIST_CERTIFICATES, ListCertificatesRequest {})
                .await
                .unwrap_err(),
            "CERTIFICATE_REQUIRED",
        ),
        (
            doctor
                .call::<_, ListRegistrantsResponse>(
                    LIST_REGISTRANTS,
                    ListRegistrantsRequest::default(),
                )
                .await
                .unwrap_err(),
            "PERMISSION_DENIED",
        ),
    ] {
        assert_eq!(refused.reason, reason);
    }
}

#[tokio::test]
async fn api_the_register_is_listed_page_by_page() {
    let installation = Installation::new();
    let operator = Caller::of(&installation, installation.operator());
    let list = async |page_size, page_token: &str| {
        let request = ListRegistrantsRequest {
            page_size,
            page_token: page_token.to_owned(),
        };
        operator
            .call::<_, ListRegistrantsResponse>(LIST_REGISTRANTS, request)
            .await
    };
    let whole = list(0, "").await.unwrap();
    assert_eq!(whole.next_page_token, "");
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let page = list(2, &token).await.unwrap();
        assert!(page.registrants.len() <= 2);
        pages.extend(page.registrants);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(pages, whole.registrants);
    assert_eq!(
        list(1_001, "").await.unwrap_err().code,
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn api_everybody_may_know_the_installation_and_its_types() {
    let installation = Installation::new();
    let caller = Caller::anonymous(&installation);
    let told: GetInstallationResponse = caller
        .call(GET_INSTALLATION, GetInstallationRequest {})
        .await
        .unwrap();
    assert_eq!(told.installation, installation.facts().installation);
    let types: ListIdentifierTypesResponse = caller
        .call(LIST_TYPES, ListIdentifierTypesRequest {})
        .await
        .unwrap();
    let ssin = types.types.iter().find(|one| one.name == "SSIN").unwrap();
    assert_eq!(
        (ssin.kind.as_str(), ssin.application_allowed),
        ("PERSON", false)
    );
}
