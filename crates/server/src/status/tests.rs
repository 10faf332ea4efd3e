use std::sync::{
    Mutex as StdMutex,
    atomic::{AtomicUsize, Ordering},
};

use kleis_proto::registration::v1::{
    self as wire,
    registration_service_server::{RegistrationService, RegistrationServiceServer},
};
use kleis_runtime::{Anonymous, Config, InProcess, NoRoles, ServerBuilder, Surroundings};
use kleis_trust::{status::Status as Entry, test_util::World};
use kleis_types::OsRandom;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::*;

/// A registration service that knows a status list and nothing else.
#[derive(Debug, Default)]
struct Registry {
    token: StdMutex<Option<String>>,
    asked: AtomicUsize,
}

impl Registry {
    fn publish(&self, token: String) {
        *self.token.lock().unwrap() = Some(token);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Methods that nobody calls here.
macro_rules! absent {
    ($($method:ident: $request:ident -> $response:ident;)+) => {
        #[tonic::async_trait]
        impl RegistrationService for Registry {
            async fn get_status_list(
                &self,
                _: Request<GetStatusListRequest>,
            ) -> Result<Response<wire::GetStatusListResponse>, Status> {
                self.asked.fetch_add(1, Ordering::SeqCst);
                let token = self.token.lock().unwrap().clone();
                let token = token.ok_or_else(|| Status::unavailable("no list"))?;
                Ok(Response::new(wire::GetStatusListResponse { token }))
            }

            $(async fn $method(
                &self,
                _: Request<wire::$request>,
            ) -> Result<Response<wire::$response>, Status> {
                Err(Status::unimplemented(""))
            })+
        }
    };
}

absent! {
    get_installation: GetInstallationRequest -> GetInstallationResponse;
    list_identifier_types: ListIdentifierTypesRequest -> ListIdentifierTypesResponse;
    enrol: EnrolRequest -> EnrolResponse;
    submit_certificate_request: SubmitCertificateRequestRequest -> SubmitCertificateRequestResponse;
    get_certificate_request: GetCertificateRequestRequest -> GetCertificateRequestResponse;
    withdraw_certificate_request: WithdrawCertificateRequestRequest -> WithdrawCertificateRequestResponse;
    validate_certificate_request: ValidateCertificateRequestRequest -> ValidateCertificateRequestResponse;
    renew_certificate: RenewCertificateRequest -> RenewCertificateResponse;
    get_contract: GetContractRequest -> GetContractResponse;
    begin_key: BeginKeyRequest -> BeginKeyResponse;
    complete_key: CompleteKeyRequest -> CompleteKeyResponse;
    activate_key: ActivateKeyRequest -> ActivateKeyResponse;
    revoke_key: RevokeKeyRequest -> RevokeKeyResponse;
    revoke_certificate: RevokeCertificateRequest -> RevokeCertificateResponse;
    describe_certificate: DescribeCertificateRequest -> DescribeCertificateResponse;
    list_keys: ListKeysRequest -> ListKeysResponse;
    list_certificates: ListCertificatesRequest -> ListCertificatesResponse;
    list_notices: ListNoticesRequest -> ListNoticesResponse;
}

/// The world's clock as it is now, for a source that outlives this look at it.
#[derive(Debug)]
struct At(kleis_types::Timestamp);

impl Clock for At {
    fn now(&self) -> kleis_types::Timestamp {
        self.0
    }
}

/// A registry behind an in-memory server, and a source that asks it.
async fn source_in(world: &World) -> (Arc<Registry>, RemoteStatus) {
    let registry = Arc::new(Registry::default());
    let surroundings = Surroundings {
        limits: Config::default().limits,
        authenticator: Arc::new(Anonymous),
        roles: Arc::new(NoRoles),
        counters: Arc::default(),
        random: Arc::new(OsRandom),
        stopping: CancellationToken::new(),
    };
    let service = RegistrationServiceServer::from_arc(Arc::clone(&registry));
    let server = ServerBuilder::new()
        .grpc(service, kleis_registration::grpc::PUBLIC_RULES)
        .descriptors(kleis_proto::FILE_DESCRIPTOR_SET)
        .build(surroundings)
        .await
        .unwrap();
    let (way, connections) = InProcess::new();
    tokio::spawn(server.serve(connections));
    let clock = Arc::new(At(world.now()));
    let source = RemoteStatus::new(way.channel(), world.anchors().clone(), clock);
    (registry, source)
}

#[tokio::test(start_paused = true)]
async fn a_list_is_asked_for_once_a_second() {
    let world = World::new(1);
    let (registry, source) = source_in(&world).await;
    registry.publish(world.signed_status_list());
    for _ in 0..10 {
        source.current().await.unwrap();
    }
    assert_eq!(registry.asked(), 1);
    tokio::time::advance(PATIENCE).await;
    source.current().await.unwrap();
    assert_eq!(registry.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_is_heeded_within_a_second() {
    let mut world = World::new(1);
    let index = world.fresh_index();
    let (registry, source) = source_in(&world).await;
    registry.publish(world.signed_status_list());
    assert_eq!(source.current().await.unwrap().status(index), Entry::Valid);
    world.set_status(index, Entry::Invalid);
    registry.publish(world.signed_status_list());
    tokio::time::advance(PATIENCE).await;
    assert_eq!(
        source.current().await.unwrap().status(index),
        Entry::Invalid
    );
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_younger_than_the_list_is_found_by_asking_anew() {
    let mut world = World::new(1);
    let (registry, source) = source_in(&world).await;
    registry.publish(world.signed_status_list());
    let list = source.current().await.unwrap();
    let index = world.fresh_index();
    registry.publish(world.signed_status_list());
    assert_eq!(
        source.current().await.unwrap().status(index),
        Entry::Other,
        "kept"
    );
    assert_eq!(
        source.newer_than(&list).await.unwrap().status(index),
        Entry::Valid
    );
    assert_eq!(
        source.current().await.unwrap().status(index),
        Entry::Valid,
        "and kept"
    );
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_there_is_no_list() {
    let world = World::new(1);
    let (registry, source) = source_in(&world).await;
    assert_eq!(source.current().await, Err(StatusUnavailable));
    registry.publish(world.signed_status_list());
    source.current().await.unwrap();
    // One that was good a second ago decides nothing now.
    *registry.token.lock().unwrap() = None;
    tokio::time::advance(PATIENCE).await;
    assert_eq!(source.current().await, Err(StatusUnavailable));
}

#[tokio::test(start_paused = true)]
async fn an_older_list_and_anothers_are_refused() {
    let mut world = World::new(1);
    let older = world.signed_status_list();
    let index = world.fresh_index();
    let (registry, source) = source_in(&world).await;
    registry.publish(world.signed_status_list());
    source.current().await.unwrap();
    for refused in [
        older,
        World::impostor_of(&world, 2).signed_status_list(),
        String::new(),
    ] {
        registry.publish(refused);
        tokio::time::advance(PATIENCE).await;
        assert_eq!(source.current().await, Err(StatusUnavailable));
    }
    registry.publish(world.signed_status_list());
    assert_eq!(source.current().await.unwrap().status(index), Entry::Valid);
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_at_once_cause_one_question() {
    let world = World::new(1);
    let (registry, source) = source_in(&world).await;
    registry.publish(world.signed_status_list());
    let (one, two, three) = tokio::join!(source.current(), source.current(), source.current());
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(registry.asked(), 1);
}
