//! The directory as the source of clients' keys, over its protocol.

use std::sync::{Arc, Mutex};

use kleis_jose::KeyType;
use kleis_proto::directory::v1::directory_service_server::{
    DirectoryService, DirectoryServiceServer,
};
use kleis_proto::directory::v1::{self as wire, lookup_response};
use kleis_proto::status::to_status;
use kleis_sts::{Clients as _, ClientsUnavailable, DirectoryClients};
use kleis_trust::test_util::World;
use kleis_types::{ErrorCode, Problem};
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status};

use crate::fixture::CLINIC;

/// What the directory says, and what it was asked.
type Said = Arc<Mutex<Result<Option<lookup_response::Result>, Status>>>;
type Asked = Arc<Mutex<Vec<wire::LookupRequest>>>;

struct Directory {
    said: Said,
    asked: Asked,
}

#[tonic::async_trait]
impl DirectoryService for Directory {
    async fn lookup(
        &self,
        request: Request<wire::LookupRequest>,
    ) -> Result<Response<wire::LookupResponse>, Status> {
        self.asked.lock().unwrap().push(request.into_inner());
        let result = self.said.lock().unwrap().clone()?;
        Ok(Response::new(wire::LookupResponse { result }))
    }

    async fn batch_lookup(
        &self,
        _: Request<wire::BatchLookupRequest>,
    ) -> Result<Response<wire::BatchLookupResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_key(
        &self,
        _: Request<wire::GetKeyRequest>,
    ) -> Result<Response<wire::GetKeyResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    type WatchStream = tokio_stream::Empty<Result<wire::WatchResponse, Status>>;

    async fn watch(
        &self,
        _: Request<wire::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented(""))
    }
}

async fn directory() -> (DirectoryClients, Said, Asked) {
    let (said, asked) = (Said::new(Mutex::new(Ok(None))), Asked::default());
    let service = DirectoryServiceServer::new(Directory {
        said: Arc::clone(&said),
        asked: Arc::clone(&asked),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let incoming = TcpIncoming::from(listener);
    let server = Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(incoming));
    let endpoint = Endpoint::try_from(format!("http://{address}")).unwrap();
    (DirectoryClients::new(endpoint.connect_lazy()), said, asked)
}

fn recipient(jwks: Vec<u8>) -> lookup_response::Result {
    lookup_response::Result::Recipient(wire::Recipient {
        identifier: CLINIC.to_owned(),
        jwks,
        etag: "\"x\"".to_owned(),
    })
}

#[tokio::test]
async fn signature_keys_of_exactly_the_client_are_asked_for() {
    let (clients, said, asked) = directory().await;
    let mut world = World::new(1);
    let signer = world.certify(CLINIC, "main");
    let set = World::set(&[&world.bind(signer, KeyType::X25519)]);
    *said.lock().unwrap() = Ok(Some(recipient(set.to_value().to_string().into_bytes())));
    let found = clients.keys(&CLINIC.parse().unwrap()).await.unwrap();
    assert_eq!(found.unwrap().to_value(), set.to_value());
    let request = asked.lock().unwrap().pop().unwrap();
    assert_eq!((&*request.identifier, &*request.r#use), (CLINIC, "sig"));
    assert!(!request.any_application);
}

#[tokio::test]
async fn whom_the_directory_does_not_know_has_no_keys() {
    let (clients, said, _) = directory().await;
    for code in [
        ErrorCode::RecipientNotFound,
        ErrorCode::IdentifierTypeUnknown,
        ErrorCode::IdentifierCheckDigit,
    ] {
        *said.lock().unwrap() = Err(to_status(&Problem::from(code), None));
        let found = clients.keys(&CLINIC.parse().unwrap()).await;
        assert!(matches!(found, Ok(None)), "{code}");
    }
}

#[tokio::test]
async fn any_other_answer_is_none() {
    let (clients, said, _) = directory().await;
    let problem = |code| Err(to_status(&Problem::from(code), None));
    let candidates = wire::Candidates {
        identifiers: vec![CLINIC.to_owned()],
    };
    for answer in [
        Ok(None),
        Ok(Some(lookup_response::Result::Candidates(candidates))),
        Ok(Some(recipient(b"{\"keys\":1}".to_vec()))),
        problem(ErrorCode::StoreUnavailable),
        problem(ErrorCode::Internal),
        // The channel is not one of a known caller.
        problem(ErrorCode::CertificateRequired),
        Err(Status::not_found("by somebody in between")),
    ] {
        *said.lock().unwrap() = answer;
        let found = clients.keys(&CLINIC.parse().unwrap()).await;
        assert_eq!(found.map(drop), Err(ClientsUnavailable));
    }
}
