//! An installation in a box, for the tests of this crate and of those above it.
//!
//! [`World`] has a CA, a status service, a clock that stands still and seeded randomness. It makes
//! certified devices, bindings and JWK Sets as registration would, and signs status lists. Keys and
//! identifiers follow from the seed; ECDSA signatures do not.
//!
//! ```
//! use kleis_trust::{recipient, test_util::World};
//!
//! let mut world = World::new(1);
//! let alice = world.register("NIHII:18749704", "main");
//! let verified = recipient::verify(
//!     &World::set(&[&alice]),
//!     alice.identifier(),
//!     world.anchors(),
//!     &world.status_list(),
//!     world.now(),
//!     None,
//! );
//! assert_eq!(verified.unwrap().keys().len(), 1);
//! ```
// Unwrap safety: this module is for tests alone, where a panic is a failed test.
#![expect(
    clippy::unwrap_used,
    reason = "for tests alone: a panic here is a failed test"
)]

mod device;
mod forge;

pub use device::RegisteredDevice;
pub use forge::{claims_of, forge, private_key, reforge, reforge_binding};

use std::sync::Arc;

use kleis_jose::{Jwk, JwkSet, KeyType};
use kleis_pki::{CaMaterial, Identity, IdentityRequest, IssuingCa, SerialNumber, TrustAnchors};
use kleis_types::{
    Clock, Identifier, InstallationId, ManualClock, SeededRandom, Service, Timestamp,
};

use crate::{
    Anchors, Signer, endorsement,
    status::{Status, StatusEntries, StatusList, StatusSource, StatusUnavailable},
};

/// 2026-11-23T22:15:30Z, the first moment of every world.
pub const EPOCH: i64 = 1_795_472_130;

/// How long certificates of a world live, in seconds: a year.
pub const CERTIFICATE_LIFE: i64 = 31_536_000;

const SERVICE_LIFE: i64 = 3 * CERTIFICATE_LIFE;

/// An installation with its CA, status service, clock and randomness.
#[derive(Debug)]
pub struct World {
    installation: InstallationId,
    random: SeededRandom,
    clock: ManualClock,
    material: CaMaterial,
    ca: IssuingCa,
    anchors: Anchors,
    entries: StatusEntries,
    version: u64,
    next_index: u32,
    next_sequence: u64,
    status_signer: Option<Signer>,
}

impl World {
    /// The world of a seed.
    pub fn new(seed: u64) -> Self {
        let random = SeededRandom::new(seed);
        let installation = InstallationId::random(&random);
        Self::create(installation, random)
    }

    /// Another world that calls itself the same installation: what an impostor would build.
    pub fn impostor_of(world: &World, seed: u64) -> Self {
        Self::create(world.installation.clone(), SeededRandom::new(seed))
    }

    fn create(installation: InstallationId, random: SeededRandom) -> Self {
        let clock = ManualClock::new(EPOCH);
        let material = CaMaterial::generate(&installation, clock.now(), &random).unwrap();
        let issuing = material.intermediate();
        let ca = IssuingCa::new(issuing.certificate().der(), issuing.key_pkcs8()).unwrap();
        let root = material.root().certificate().der().to_vec();
        let roots = TrustAnchors::from_ders(vec![root]).unwrap();
        let mut world = Self {
            anchors: Anchors::new(roots, installation.clone()),
            installation,
            random,
            clock,
            material,
            ca,
            entries: StatusEntries::new(),
            version: 1,
            next_index: 0,
            next_sequence: 1,
            status_signer: None,
        };
        world.status_signer = Some(world.service(Service::Status));
        world
    }

    /// The installation's id.
    pub fn installation(&self) -> &InstallationId {
        &self.installation
    }

    /// The clock; it moves only when told.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// What the clock shows.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The randomness of the seed.
    pub fn random(&self) -> &SeededRandom {
        &self.random
    }

    /// What a client of this installation pins.
    pub fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    /// Root and issuing CA with their keys.
    pub fn material(&self) -> &CaMaterial {
        &self.material
    }

    /// The issuing CA.
    pub fn ca(&self) -> &IssuingCa {
        &self.ca
    }

    // --- certificates -------------------------------------------------------------------------

    /// Certifies a fresh P-256 key for one identifier and a device, valid from now, in use.
    pub fn certify(&mut self, identifier: &str, device: &str) -> Signer {
        self.certify_all(&[identifier], device)
    }

    /// Certifies a fresh P-256 key for an identifier and its aliases.
    pub fn certify_all(&mut self, identifiers: &[&str], device: &str) -> Signer {
        let key = self.key(KeyType::P256);
        self.certify_key(&key, identifiers, device)
    }

    /// Certifies a private key for an identifier and its aliases, valid from now for
    /// [`CERTIFICATE_LIFE`], in use.
    pub fn certify_key(&mut self, key: &Jwk, identifiers: &[&str], device: &str) -> Signer {
        let identity = self.identity(identifiers, device);
        let (from, to) = (self.now(), self.now().plus_seconds(CERTIFICATE_LIFE));
        let chain = self.issue(key, &identity, from, to);
        Signer::new(key.clone(), chain).unwrap()
    }

    /// The certified key of one of Kleis' own services. It began an hour ago and lives for three
    /// years, so that the clock can be moved beyond the life of other certificates.
    pub fn service(&mut self, service: Service) -> Signer {
        let key = self.key(KeyType::P256);
        let identity = self.identity(&[&Identifier::service(service).to_string()], "main");
        let (from, to) = (
            self.now().plus_seconds(-3600),
            self.now().plus_seconds(SERVICE_LIFE),
        );
        Signer::new(key.clone(), self.issue(&key, &identity, from, to)).unwrap()
    }

    /// An identity with a status index of its own, whose status is set to valid.
    pub fn identity(&mut self, identifiers: &[&str], device: &str) -> Identity {
        let identifiers = identifiers
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let index = self.fresh_index();
        let installation = self.installation.clone();
        Identity::new(identifiers, device.parse().unwrap(), installation, index).unwrap()
    }

    /// Issues a certificate; gives the chain.
    pub fn issue(
        &self,
        key: &Jwk,
        identity: &Identity,
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Vec<Vec<u8>> {
        let request = IdentityRequest {
            spki_der: &key.to_spki_der().unwrap(),
            identity,
            name: "Kleis Test",
            not_before,
            not_after,
            serial: SerialNumber::random(&self.random),
        };
        let certificate = self.ca.issue_identity(&request).unwrap();
        vec![
            certificate.der().to_vec(),
            self.ca.chain_certificate().der().to_vec(),
        ]
    }

    // --- keys and bindings --------------------------------------------------------------------

    /// A fresh private key, with its thumbprint as `kid`.
    pub fn key(&self, key_type: KeyType) -> Jwk {
        Jwk::generate(key_type, &self.random)
            .unwrap()
            .with_thumbprint_kid()
    }

    /// A certified device with one bound X25519 key, neither endorsed nor recovered.
    pub fn register(&mut self, identifier: &str, device: &str) -> RegisteredDevice {
        let signer = self.certify(identifier, device);
        self.bind(signer, KeyType::X25519)
    }

    /// A further device, endorsed by `sibling`, with one bound X25519 key.
    pub fn register_endorsed(&mut self, device: &str, sibling: &Signer) -> RegisteredDevice {
        let owner = sibling.identity().primary().clone();
        let key = self.key(KeyType::P256);
        let endorsement = self.endorse(sibling, &key, device);
        let signer = self.certify_key(&key, &[&owner.to_string()], device);
        self.bind(signer, KeyType::X25519)
            .with_endorsement(&endorsement)
    }

    /// Binds a fresh encryption key to a device; sequence and status index are new.
    pub fn bind(&mut self, signer: Signer, key_type: KeyType) -> RegisteredDevice {
        let key = self.key(key_type);
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        RegisteredDevice::new(signer, key, sequence, self.fresh_index(), self.now())
    }

    /// An endorsement of a new device's key for the endorser's primary identity, good for a day.
    pub fn endorse(&self, by: &Signer, key: &Jwk, device: &str) -> String {
        let (owner, device) = (by.identity().primary(), device.parse().unwrap());
        let life = endorsement::MAX_LIFETIME;
        endorsement::sign(by, owner, &device, &key.thumbprint(), self.now(), life).unwrap()
    }

    /// The JWK Set of these devices, as the registry publishes it.
    pub fn set(devices: &[&RegisteredDevice]) -> JwkSet {
        let signature_keys = devices.iter().map(|device| device.signature_jwk());
        let encryption_keys = devices.iter().map(|device| device.encryption_jwk());
        signature_keys.chain(encryption_keys).collect()
    }

    // --- status -------------------------------------------------------------------------------

    /// A status index that was never used, set to valid.
    pub fn fresh_index(&mut self) -> u32 {
        let index = self.next_index;
        self.next_index += 1;
        self.set_status(index, Status::Valid);
        index
    }

    /// Changes an entry; the version of the list rises.
    pub fn set_status(&mut self, index: u32, status: Status) {
        self.entries.set(index, status).unwrap();
        self.version += 1;
    }

    /// The entries.
    pub fn entries(&self) -> &StatusEntries {
        &self.entries
    }

    /// The status service's certified key.
    pub fn status_signer(&self) -> &Signer {
        self.status_signer.as_ref().unwrap()
    }

    /// The list as of now, signed.
    pub fn signed_status_list(&self) -> String {
        let (version, entries) = (self.version, &self.entries);
        let signer = self.status_signer();
        StatusList::sign(signer, &self.installation, version, entries, self.now()).unwrap()
    }

    /// The list as of now, signed and verified.
    pub fn status_list(&self) -> StatusList {
        StatusList::verify(&self.signed_status_list(), &self.anchors, self.now()).unwrap()
    }
}

/// A source that always gives the same list, or none.
#[derive(Clone, Debug)]
pub struct FixedStatus(pub Option<Arc<StatusList>>);

impl FixedStatus {
    /// A source of the world's list as of now.
    pub fn of(world: &World) -> Self {
        Self(Some(Arc::new(world.status_list())))
    }
}

impl StatusSource for FixedStatus {
    async fn current(&self) -> Result<Arc<StatusList>, StatusUnavailable> {
        self.0.clone().ok_or(StatusUnavailable)
    }
}
