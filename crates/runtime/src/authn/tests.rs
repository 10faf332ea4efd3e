use std::sync::Arc;

use axum::http::{HeaderMap, Method, Uri};
use kleis_trust::status::StatusSource;
use kleis_trust::{
    Signer,
    status::{LIFETIME, Status, StatusList, StatusUnavailable},
    test_util::{CERTIFICATE_LIFE, FixedStatus, World},
};
use kleis_types::{CredentialMap, LEEWAY, ManualClock, OsRandom, Random as _, Service};
use rustls::pki_types::CertificateDer;

use super::*;

const HOSPITAL: &str = "CBE:0809394427/KGSS";

fn peer(chain: &[Vec<u8>]) -> Peer {
    let chain = chain
        .iter()
        .map(|der| CertificateDer::from(der.clone()))
        .collect();
    Peer::network("192.0.2.1:5".parse().unwrap(), chain)
}

/// The authenticator of a world with the status list as it is now, and its own clock.
fn of(world: &World) -> (CallerAuthenticator<FixedStatus>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(world.now().unix()));
    (by(world, FixedStatus::of(world), &clock), clock)
}

/// The authenticator of a world with a status of its own.
fn by<S: StatusSource>(
    world: &World,
    status: S,
    clock: &Arc<ManualClock>,
) -> CallerAuthenticator<S> {
    let anchors = world.anchors().clone();
    let credentials = CredentialMap::belgian().clone();
    CallerAuthenticator::new(
        anchors,
        credentials,
        status,
        Arc::clone(clock) as _,
        &OsRandom,
    )
}

/// Who a peer is that shows nothing but what the connection shows.
async fn seen(
    authenticator: &impl Authenticate,
    peer: &Peer,
) -> Result<Option<Principal>, ErrorCode> {
    seen_with(authenticator, peer, &HeaderMap::new()).await
}

/// Who a peer is that sends these headers.
async fn seen_with(
    authenticator: &impl Authenticate,
    peer: &Peer,
    headers: &HeaderMap,
) -> Result<Option<Principal>, ErrorCode> {
    let presented = Presented {
        peer,
        method: &Method::POST,
        uri: &Uri::from_static("https://kleis.example/x"),
        headers,
    };
    let answer = authenticator.authenticate(presented).await;
    answer.map_err(|refused| refused.problem.code())
}

async fn code(authenticator: &impl Authenticate, peer: &Peer) -> ErrorCode {
    seen(authenticator, peer).await.unwrap_err()
}

fn hospital(world: &mut World) -> Signer {
    world.certify(HOSPITAL, "main")
}

#[tokio::test]
async fn a_good_certificate_gives_its_principal() {
    let mut world = World::new(1);
    let signer = hospital(&mut world);
    let (authenticator, _) = of(&world);
    let peer = peer(signer.chain());
    for _ in 0..2 {
        let principal = seen(&authenticator, &peer).await.unwrap().unwrap();
        assert_eq!(principal.primary().to_string(), HOSPITAL);
        assert_eq!(
            principal.thumbprint(),
            Some(signer.certificate().x5t_s256())
        );
    }
}

#[tokio::test]
async fn no_certificate_gives_nobody() {
    let (authenticator, _) = of(&World::new(1));
    assert!(seen(&authenticator, &peer(&[])).await.unwrap().is_none());
    assert!(
        seen(&authenticator, &Peer::in_process())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn revoked_suspended_and_superseded_are_refused() {
    let mut world = World::new(1);
    let signer = hospital(&mut world);
    let index = signer.identity().status_index();
    for status in [Status::Invalid, Status::Suspended, Status::Other] {
        world.set_status(index, status);
        let (authenticator, _) = of(&world);
        let refused = code(&authenticator, &peer(signer.chain())).await;
        assert_eq!(refused, ErrorCode::CertificateRevoked, "{status:?}");
    }
}

/// A source whose list at hand is older than the one it can get.
struct Kept {
    at_hand: FixedStatus,
    newest: FixedStatus,
}

impl StatusSource for Kept {
    async fn current(&self) -> Result<Arc<StatusList>, StatusUnavailable> {
        self.at_hand.current().await
    }

    async fn newer_than(&self, _: &StatusList) -> Result<Arc<StatusList>, StatusUnavailable> {
        self.newest.current().await
    }
}

#[tokio::test]
async fn a_certificate_younger_than_the_list_at_hand_is_known() {
    let mut world = World::new(1);
    let signer = hospital(&mut world);
    let index = signer.identity().status_index();
    let (newest, revoked) = (FixedStatus::of(&world), {
        world.set_status(index, Status::Invalid);
        FixedStatus::of(&world)
    });
    world.set_status(index, Status::Other);
    let clock = Arc::new(ManualClock::new(world.now().unix()));
    let of = |newest| {
        let at_hand = FixedStatus::of(&world);
        by(&world, Kept { at_hand, newest }, &clock)
    };
    let peer = peer(signer.chain());
    assert!(seen(&of(newest), &peer).await.is_ok());
    assert_eq!(
        code(&of(revoked), &peer).await,
        ErrorCode::CertificateRevoked
    );
}

#[tokio::test]
async fn a_revocation_reaches_an_open_connection() {
    let mut world = World::new(1);
    let signer = hospital(&mut world);
    let peer = peer(signer.chain());
    assert!(seen(&of(&world).0, &peer).await.is_ok());
    world.set_status(signer.identity().status_index(), Status::Invalid);
    assert_eq!(
        code(&of(&world).0, &peer).await,
        ErrorCode::CertificateRevoked
    );
}

#[tokio::test]
async fn without_a_fresh_status_list_nobody_is_known() {
    let mut world = World::new(1);
    let signer = hospital(&mut world);
    let peer = peer(signer.chain());
    let (authenticator, clock) = of(&world);
    clock.advance(LIFETIME + LEEWAY + 1);
    assert_eq!(
        code(&authenticator, &peer).await,
        ErrorCode::StatusUnavailable
    );
    let without = by(&world, FixedStatus(None), &clock);
    assert_eq!(code(&without, &peer).await, ErrorCode::StatusUnavailable);
    // Who shows none needs none.
    assert!(seen(&without, &Peer::in_process()).await.is_ok());
}

#[tokio::test]
async fn a_certificate_that_ends_ends_an_open_connection() {
    let mut world = World::new(1);
    let signer = hospital(&mut world);
    let peer = peer(signer.chain());
    assert!(seen(&of(&world).0, &peer).await.is_ok());
    world.clock().advance(CERTIFICATE_LIFE + LEEWAY + 1);
    assert_eq!(
        code(&of(&world).0, &peer).await,
        ErrorCode::CertificateExpired
    );
    // A clock set back to before it began does not make it good either.
    world.clock().advance(-2 * CERTIFICATE_LIFE);
    let early = Arc::new(ManualClock::new(world.now().unix()));
    let authenticator = by(&world, FixedStatus::of(&World::new(1)), &early);
    assert_eq!(
        code(&authenticator, &peer).await,
        ErrorCode::CertificateInvalid
    );
}

#[tokio::test]
async fn foreign_and_incomplete_chains_are_refused() {
    let mut world = World::new(1);
    let signer = hospital(&mut world);
    let (authenticator, _) = of(&world);
    let mut impostor = World::impostor_of(&world, 2);
    let theirs = impostor.certify(HOSPITAL, "main");
    let leaf_alone = &signer.chain()[..1];
    let noise = vec![OsRandom.array::<32>().to_vec(), signer.chain()[1].clone()];
    for chain in [theirs.chain(), leaf_alone, &noise] {
        assert_eq!(
            code(&authenticator, &peer(chain)).await,
            ErrorCode::CertificateInvalid
        );
    }
    let other_installation = World::new(3).service(Service::Custody);
    let chain = other_installation.chain();
    assert_eq!(
        code(&authenticator, &peer(chain)).await,
        ErrorCode::CertificateInvalid
    );
}

#[tokio::test]
async fn an_anonymous_server_takes_no_certificate() {
    let mut world = World::new(1);
    let signer = hospital(&mut world);
    assert!(
        seen(&Anonymous, &Peer::in_process())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        code(&Anonymous, &peer(signer.chain())).await,
        ErrorCode::CertificateInvalid
    );
}
