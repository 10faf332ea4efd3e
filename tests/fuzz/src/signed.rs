//! What somebody has signed.

use std::{str, sync::LazyLock};

use kleis_jose::jws::{self, Header};
use kleis_trust::{
    Signer, binding as bindings, order as orders,
    status::StatusList,
    test_util::{World, private_key},
    typ,
};
use kleis_types::Service;
use serde_json::Value;

/// The method that the orders are for.
pub const METHOD: &str = "kleis.custody.v1.CustodyService/GetKey";

/// The installation whose keys sign, and a certified caller. Its names and keys are the same every time, so that seeds
/// stay good.
#[must_use]
pub fn installation() -> (World, Signer) {
    let mut world = World::new(1);
    let caller = world.certify("NIHII:18749704", "main");
    (world, caller)
}

struct Installation {
    world: World,
    list: StatusList,
    caller: Signer,
}

static INSTALLATION: LazyLock<Installation> = LazyLock::new(|| {
    let (world, caller) = installation();
    let list = world.status_list();
    Installation {
        world,
        list,
        caller,
    }
});

/// An order, or an enrolment.
pub fn order(data: &[u8]) {
    let Installation { caller, .. } = &*INSTALLATION;
    if let Ok(text) = str::from_utf8(data) {
        read_order(text);
    }
    let header = Header::default()
        .with_typ(typ::ORDER)
        .with_x5c(caller.chain().to_vec());
    read_order(&signed(caller, &header, data));
    let header = Header::default()
        .with_typ(typ::ENROLMENT)
        .with_jwk(caller.public_key());
    read_order(&signed(caller, &header, data));
}

fn read_order(compact: &str) {
    let Installation {
        world,
        list,
        caller,
    } = &*INSTALLATION;
    let (max, anchors, now) = (orders::MAX_SIZE, world.anchors(), world.now());
    if let Ok(order) = orders::verify::<Value>(compact, max, METHOD, anchors, list, now) {
        assert_eq!(order.compact(), compact);
        assert!(order.signer().is(caller.identity().primary()));
        let life = order.expires_at().seconds_since(order.issued_at());
        assert!((1..=orders::MAX_LIFETIME).contains(&life));
    }
    let _ = orders::verify_enrolment::<Value>(compact, max, METHOD, anchors, now);
}

/// A binding.
pub fn binding(data: &[u8]) {
    let Installation { caller, .. } = &*INSTALLATION;
    if let Ok(text) = str::from_utf8(data) {
        read_binding(text);
    }
    let header = Header::default()
        .with_typ(typ::BINDING)
        .with_kid(caller.public_key().thumbprint().as_str())
        .with_x5t_s256(caller.certificate().x5t_s256());
    read_binding(&signed(caller, &header, data));
}

fn read_binding(compact: &str) {
    let Installation { world, caller, .. } = &*INSTALLATION;
    let (certificate, identity) = (caller.certificate(), caller.identity());
    if let Ok(binding) =
        bindings::verify(compact, certificate, identity, world.anchors(), world.now())
    {
        assert_eq!(binding.owner(), identity.primary());
        assert_eq!(binding.device(), identity.device());
        assert!(binding.algorithms().contains(&binding.algorithm()));
        assert!(binding.expires_at() <= certificate.not_after());
    }
}

/// A status list.
pub fn status_list(data: &[u8]) {
    let signer = INSTALLATION.world.status_signer();
    assert_eq!(
        signer.identity().primary().as_service(),
        Some(Service::Status)
    );
    if let Ok(text) = str::from_utf8(data) {
        read_status_list(text);
    }
    let header = Header::default()
        .with_typ(typ::STATUS_LIST)
        .with_x5c(signer.chain().to_vec());
    read_status_list(&signed(signer, &header, data));
}

fn read_status_list(compact: &str) {
    let world = &INSTALLATION.world;
    if let Ok(list) = StatusList::verify(compact, world.anchors(), world.now()) {
        assert!(list.expires_at() > list.issued_at());
        assert_eq!(list.not_older_than(&list.memory()), Ok(()));
    }
}

fn signed(signer: &Signer, header: &Header, payload: &[u8]) -> String {
    jws::sign(private_key(signer), header, payload).unwrap()
}
