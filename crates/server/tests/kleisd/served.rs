//! What a running server answers.

use std::fs;

use kleis_jose::JwkSet;
use kleis_pki::TrustAnchors;
use kleis_proto::{
    directory::v1::{
        LookupRequest, directory_service_client::DirectoryServiceClient, lookup_response,
    },
    registration::v1::{
        GetInstallationRequest, GetStatusListRequest, ListRegistrantsRequest,
        registration_admin_service_client::RegistrationAdminServiceClient,
        registration_service_client::RegistrationServiceClient,
    },
};
use kleis_trust::{Anchors, recipient, status::StatusList};
use kleis_types::{Clock as _, Identifier, Service, SystemClock};
use tonic::{
    Code,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::support::{Place, Running};

async fn channel(running: &Running, listener: &str) -> Channel {
    let root = Certificate::from_pem(fs::read(running.root()).unwrap());
    let tls = ClientTlsConfig::new().ca_certificate(root);
    let endpoint = Endpoint::from_shared(running.fact(listener).to_owned()).unwrap();
    endpoint.tls_config(tls).unwrap().connect().await.unwrap()
}

fn anchors(running: &Running) -> Anchors {
    let root = pem::parse(fs::read(running.root()).unwrap()).unwrap();
    let roots = TrustAnchors::from_ders(vec![root.into_contents()]).unwrap();
    Anchors::new(roots, running.fact("installation").parse().unwrap())
}

async fn status_list(running: &Running, public: &Channel, anchors: &Anchors) -> StatusList {
    let mut client = RegistrationServiceClient::new(public.clone());
    let answer = client
        .get_status_list(GetStatusListRequest {})
        .await
        .unwrap();
    let list = StatusList::verify(&answer.into_inner().token, anchors, SystemClock.now());
    list.unwrap_or_else(|error| panic!("{error} at {}", running.fact("public")))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_is_healthy_on_its_listener_and_on_no_other() {
    let place = Place::new();
    let running = place.start(&[]);
    let (public, admin) = (
        channel(&running, "public").await,
        channel(&running, "admin").await,
    );
    let of_public = [
        "kleis.registration.v1.RegistrationService",
        "kleis.custody.v1.CustodyService",
        "kleis.directory.v1.DirectoryService",
    ];
    let of_admin = [
        "kleis.registration.v1.RegistrationAdminService",
        "kleis.audit.v1.AuditService",
    ];
    for (channel, here, elsewhere) in [
        (&public, &of_public[..], &of_admin[..]),
        (&admin, &of_admin, &of_public),
    ] {
        let mut client = HealthClient::new(channel.clone());
        for name in here.iter().chain(&[""]) {
            let request = HealthCheckRequest {
                service: (*name).to_owned(),
            };
            let status = client.check(request).await.unwrap().into_inner().status();
            assert_eq!(status, ServingStatus::Serving, "{name}");
        }
        for name in elsewhere {
            let request = HealthCheckRequest {
                service: (*name).to_owned(),
            };
            assert_eq!(
                client.check(request).await.unwrap_err().code(),
                Code::NotFound,
                "{name}"
            );
        }
    }
    // The edge cannot do an operator's work by calling the right name at the wrong door.
    let mut wrong_door = RegistrationAdminServiceClient::new(public);
    let refused = wrong_door
        .list_registrants(ListRegistrantsRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::Unimplemented);
    assert!(running.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_which_installation_it_is() {
    let place = Place::new();
    let running = place.start(&[]);
    let mut client = RegistrationServiceClient::new(channel(&running, "public").await);
    let answer = client
        .get_installation(GetInstallationRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.installation, running.fact("installation"));
    let root = pem::parse(fs::read(running.root()).unwrap()).unwrap();
    assert_eq!(answer.root_certificate, root.contents());
    assert!(running.stop().success());
}

/// The services' own encryption keys are found and verified like anybody's, also after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn the_services_are_recipients_like_any_other() {
    let place = Place::new();
    let mut sequences = Vec::new();
    for _ in 0..2 {
        let running = place.start(&[]);
        let public = channel(&running, "public").await;
        let anchors = anchors(&running);
        let status = status_list(&running, &public, &anchors).await;
        for service in [Service::Registration, Service::Custody] {
            let identifier = Identifier::service(service);
            let request = LookupRequest {
                identifier: identifier.to_string(),
                ..Default::default()
            };
            let mut client = DirectoryServiceClient::new(public.clone());
            let answer = client.lookup(request).await.unwrap().into_inner().result;
            let Some(lookup_response::Result::Recipient(found)) = answer else {
                panic!("{service} is not a recipient")
            };
            let set = JwkSet::from_slice(&found.jwks, 1 << 20).unwrap();
            let now = SystemClock.now();
            let verified = recipient::verify(&set, &identifier, &anchors, &status, now, None);
            let verified = verified.unwrap_or_else(|error| panic!("{service}: {error}"));
            assert_eq!(verified.keys().len(), 1, "{service}");
            sequences.push((service, verified.sequence()));
        }
        assert!(running.stop().success());
    }
    assert_eq!(sequences[..2], sequences[2..], "a restart changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_name_is_in_the_certificate() {
    let place = Place::new();
    let running = place.start(&["--tls-name", "kleis.example"]);
    let root = Certificate::from_pem(fs::read(running.root()).unwrap());
    for (name, good) in [
        ("kleis.example", true),
        ("localhost", true),
        ("other.example", false),
    ] {
        let tls = ClientTlsConfig::new()
            .ca_certificate(root.clone())
            .domain_name(name);
        let endpoint = Endpoint::from_shared(running.fact("public").to_owned()).unwrap();
        let connected = endpoint.tls_config(tls).unwrap().connect().await;
        assert_eq!(connected.is_ok(), good, "{name}");
    }
    assert!(running.stop().success());
}
