//! The service as gRPC shows it.

use kleis_proto::{
    method,
    registration::v1::{
        self as wire, registration_admin_service_server::RegistrationAdminService,
        registration_service_server::RegistrationService,
    },
    status,
};
use kleis_registration::{Registration, grpc};
use kleis_store_sqlite::RegistrySqlite;
use kleis_types::{ErrorCode, TraceId, TypeTable};
use tonic::{Code, Request, Status};

use crate::{
    house::{House, JOHN, MARY, call_of},
    people::Device,
};

type Adapter = grpc::Adapter<RegistrySqlite>;

fn adapter(registration: &Registration<RegistrySqlite>) -> Adapter {
    grpc::Adapter::new(registration.clone())
}

/// A request over the connection of this device.
fn request<T>(device: &Device, message: T) -> Request<T> {
    let call = call_of(&device.signer);
    let mut request = Request::new(message);
    request
        .extensions_mut()
        .insert(call.principal().unwrap().clone());
    request
        .extensions_mut()
        .insert(call.trace().unwrap().clone());
    request
}

async fn john() -> (House, Device, Device, Adapter) {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    let adapter = adapter(&house.registration);
    (house, operator, john, adapter)
}

#[tokio::test]
async fn what_is_open_to_everybody() {
    let (house, _, _, adapter) = john().await;
    let installation = adapter.get_installation(Request::new(wire::GetInstallationRequest {}));
    let installation = installation.await.unwrap().into_inner();
    assert_eq!(installation.installation, house.installation.to_string());
    assert_eq!(
        installation.root_certificate,
        house.anchors.roots().roots()[0].der()
    );
    assert_eq!(installation.now, house.now().unix());
    let types = adapter.list_identifier_types(Request::new(wire::ListIdentifierTypesRequest {}));
    assert_eq!(
        types.await.unwrap().into_inner(),
        TypeTable::belgian().into()
    );
    let list = adapter
        .get_status_list(Request::new(wire::GetStatusListRequest {}))
        .await
        .unwrap();
    let token = house.registration.status_token().await.unwrap();
    assert_eq!(list.into_inner().token, &*token);
}

#[tokio::test]
async fn an_order_goes_in_and_a_reply_comes_out() {
    let (house, _, john, adapter) = john().await;
    let kid = house.publish(&john).await.kid;
    let body = wire::RevokeKeyOrder {
        kid,
        reason: "superseded".into(),
    };
    let order = house.sign(&john.signer, method::registration::REVOKE_KEY, body);
    let message = wire::RevokeKeyRequest {
        order: order.compact().to_owned(),
    };
    let reply = adapter
        .revoke_key(request(&john, message))
        .await
        .unwrap()
        .into_inner()
        .reply;
    let result: wire::RevokeKeyResult = kleis_trust::reply::verify(
        &reply,
        &house.anchors,
        &house.status_list().await,
        kleis_types::Service::Registration,
        method::registration::REVOKE_KEY,
        &order,
        house.now(),
    )
    .unwrap();
    assert_eq!(result.state, "REVOKED");
    assert_eq!(
        house.last_row().await.trace_id,
        "4bf92f3577b34da6a3ce929d0e0e4736"
    );
}

#[tokio::test]
async fn callers_see_their_own_and_only_their_own() {
    let (house, operator, john, adapter) = john().await;
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    let kid = house.publish(&john).await.kid;
    let keys = adapter
        .list_keys(request(&john, wire::ListKeysRequest {}))
        .await
        .unwrap();
    let keys = keys.into_inner().keys;
    assert_eq!(
        (keys.len(), &keys[0].kid, keys[0].state.as_str()),
        (1, &kid, "ACTIVE")
    );
    assert_eq!(
        (keys[0].device.as_str(), keys[0].sequence, keys[0].version),
        ("main", 1, 1)
    );
    let none = adapter
        .list_keys(request(&mary, wire::ListKeysRequest {}))
        .await
        .unwrap();
    assert!(none.into_inner().keys.is_empty());
    let asked = request(&john, wire::ListCertificatesRequest {});
    let certificates = adapter.list_certificates(asked).await.unwrap().into_inner();
    let [certificate] = &certificates.certificates[..] else {
        panic!("one certificate")
    };
    assert_eq!(
        (certificate.serial.as_str(), certificate.version),
        (&*john.serial(), 1)
    );
    assert_eq!(certificate.identifier, JOHN);
    assert_eq!(certificate.thumbprint, john.signer.certificate().x5t_s256());

    let refused = adapter
        .list_keys(Request::new(wire::ListKeysRequest {}))
        .await
        .unwrap_err();
    assert_eq!(code(&refused), ErrorCode::CertificateRequired);
    let refused = adapter
        .list_certificates(Request::new(wire::ListCertificatesRequest {}))
        .await;
    assert_eq!(code(&refused.unwrap_err()), ErrorCode::CertificateRequired);
}

fn code(status: &Status) -> ErrorCode {
    status::from_status(status).expect("one of ours").code()
}

#[tokio::test]
async fn a_refusal_has_a_code_a_field_and_the_trace_id() {
    let (house, _, john, adapter) = john().await;
    let body = wire::RevokeKeyOrder {
        kid: "x".into(),
        reason: "superseded".into(),
    };
    let order = house.sign(&john.signer, method::registration::REVOKE_KEY, body);
    let message = wire::RevokeKeyRequest {
        order: order.compact().to_owned(),
    };
    let refused = adapter
        .revoke_key(request(&john, message))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let problem = status::from_status(&refused).unwrap();
    assert_eq!(
        (problem.code(), problem.field()),
        (ErrorCode::OrderBodyInvalid, Some("kid"))
    );
    let trace = TraceId::as_str(call_of(&john.signer).trace().unwrap()).to_owned();
    assert_eq!(status::trace_id(&refused), Some(trace));
}

#[tokio::test]
async fn the_register_is_paged_for_operators() {
    let (house, operator, john, adapter) = john().await;
    house.register(&operator, &[MARY], true).await.unwrap();
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = wire::ListRegistrantsRequest {
            page_size: 2,
            page_token,
        };
        let page = adapter
            .list_registrants(request(&operator, message))
            .await
            .unwrap();
        let page = page.into_inner();
        found.extend(
            page.registrants
                .into_iter()
                .map(|one| one.identifiers[0].clone()),
        );
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(found, [MARY, crate::house::JANE, JOHN]);
    let refused = adapter
        .list_registrants(request(&john, wire::ListRegistrantsRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(code(&refused), ErrorCode::PermissionDenied);
    let refused = adapter
        .list_registrants(Request::new(wire::ListRegistrantsRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(code(&refused), ErrorCode::CertificateRequired);
}

#[tokio::test]
async fn owners_page_through_what_they_were_told() {
    let (house, operator, john, adapter) = john().await;
    house.publish(&john).await;
    house.register(&operator, &[JOHN], false).await.unwrap();
    house.register(&operator, &[JOHN], true).await.unwrap();
    let mut kinds = Vec::new();
    let mut page_token = String::new();
    loop {
        let asked = wire::ListNoticesRequest {
            page_size: 2,
            page_token,
        };
        let page = adapter.list_notices(request(&john, asked)).await.unwrap();
        let page = page.into_inner();
        for notice in page.notices {
            assert_eq!(notice.identifier, JOHN);
            let is_own = notice.subject == "registrant" || notice.subject.contains(&john.serial());
            assert!(is_own, "{}", notice.subject);
            assert_eq!(notice.id.len(), 22);
            kinds.push(notice.kind);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(kinds, ["RESTORED", "SUSPENDED", "DEVICE_ADDED"]);
    for (page_size, page_token) in [(1001, ""), (1, "*"), (1, "AA==")] {
        let asked = wire::ListNoticesRequest {
            page_size,
            page_token: page_token.to_owned(),
        };
        let refused = adapter.list_notices(request(&john, asked)).await;
        assert_eq!(refused.unwrap_err().code(), tonic::Code::InvalidArgument);
    }
    let nobody = adapter
        .list_notices(Request::new(wire::ListNoticesRequest::default()))
        .await;
    assert_eq!(nobody.unwrap_err().code(), tonic::Code::Unauthenticated);
}
