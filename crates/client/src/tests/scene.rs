//! An installation, its three services as far as the SDK calls them, and homes.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use kleis_jose::{Jwk, JwkSet};
use kleis_proto::custody::v1::{
    ConfirmReadRequest, GetKeyOrder, GetKeyRequest, GetKeyResponse, GetKeyResult, ReleasedKey,
};
use kleis_proto::directory::v1::{
    BatchLookupRequest, BatchLookupResponse, BatchLookupResult, Candidates, LookupRequest,
    LookupResponse, NotModified, Recipient, batch_lookup_result, lookup_response,
};
use kleis_proto::registration::v1::{
    DescribeCertificateOrder, DescribeCertificateRequest, DescribeCertificateResponse,
    DescribeCertificateResult, EnrolOrder, EnrolRequest, EnrolResponse, EnrolResult,
    GetStatusListResponse,
};
use kleis_proto::{method, status::to_status};
use kleis_trust::order::{self, Enrolment, Order};
use kleis_trust::test_util::{RegisteredDevice, World, private_key};
use kleis_trust::{Signer, release, reply};
use kleis_types::{ErrorCode, ManualClock, Problem, SecretBytes, SeededRandom, Service, base64url};
use prost::Message as _;
use tempfile::TempDir;
use tonic::Status;
use tonic::transport::Channel;

use super::line::{Answers, channel_to};
use crate::session::own_signer;
use crate::{Config, Home, IdentityFile, Kleis};

pub(super) const ALICE: &str = "NIHII:18749704";
pub(super) const BOB: &str = "NIHII:11530231";
pub(super) const KEY_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

const LOOKUP: &str = "kleis.directory.v1.DirectoryService/Lookup";
const BATCH_LOOKUP: &str = "kleis.directory.v1.DirectoryService/BatchLookup";
const GET_STATUS_LIST: &str = "kleis.registration.v1.RegistrationService/GetStatusList";

/// The strong tag of a set.
fn etag_of(jwks: &[u8]) -> String {
    let digest = kleis_jose::digest::sha256(jwks);
    format!("\"{}\"", base64url::encode(&digest))
}

/// How custody's answer differs from what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    /// Another service's key signs it.
    Signer,
    /// An impostor's custody signs it.
    Impostor,
    /// It answers another order.
    Order,
    /// It answers another method.
    Method,
    /// It holds another key than was asked for.
    Key,
    /// Its key bears another name.
    Kid,
    /// Its key is no symmetric one.
    KeyType,
    /// It holds no key.
    Empty,
    /// It is sealed to another key.
    Seal,
    /// It is no release.
    Garbage,
}

/// What stands behind the line.
pub(super) struct Installation {
    pub(super) world: World,
    /// The list that is served in place of a fresh one.
    pub(super) list: Option<String>,
    /// What look-ups answer, by the identifier asked for.
    pub(super) sets: BTreeMap<String, Vec<u8>>,
    /// The identifier that look-ups answer with, in place of the one asked for.
    pub(super) named: Option<String>,
    /// Whom look-ups with the application left open could mean.
    pub(super) candidates: Vec<String>,
    /// What registration knows of whichever certificate is asked about.
    pub(super) history: Option<DescribeCertificateResult>,
    /// The key in custody.
    pub(super) secret: Vec<u8>,
    pub(super) lie: Option<Lie>,
    /// Who is certified by the next enrolment; its key must be the one that asks.
    pub(super) candidate: Option<Signer>,
    /// How many answers are lost on the way, after the order was carried out.
    pub(super) lost: usize,
    /// Whether the services say no.
    pub(super) refuses: bool,
    /// Whether the status list can be had.
    pub(super) listless: bool,
    /// How often a set was not sent again.
    pub(super) unmodified: Cell<usize>,
    /// The orders that the services have seen, in order of arrival.
    pub(super) orders: Vec<String>,
    custody: Signer,
    registration: Signer,
    other: Signer,
}

/// An installation, its clock, and the directory of its homes.
pub(super) struct Scene {
    installation: Arc<Mutex<Installation>>,
    clock: Arc<ManualClock>,
    dir: TempDir,
}

impl Scene {
    pub(super) fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let clock = Arc::new(ManualClock::new(world.now().unix()));
        let (custody, other) = (
            world.service(Service::Custody),
            world.service(Service::Directory),
        );
        let registration = world.service(Service::Registration);
        let installation = Installation {
            world,
            list: None,
            sets: BTreeMap::new(),
            named: None,
            candidates: Vec::new(),
            candidate: None,
            history: None,
            secret: (0..32).collect(),
            lie: None,
            lost: 0,
            refuses: false,
            listless: false,
            unmodified: Cell::new(0),
            orders: Vec::new(),
            custody,
            registration,
            other,
        };
        Self {
            installation: Arc::new(Mutex::new(installation)),
            clock,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn installation(&self) -> MutexGuard<'_, Installation> {
        self.installation.lock().unwrap()
    }

    /// Moves the time of everybody.
    pub(super) fn advance(&self, seconds: i64) {
        self.installation().world.clock().advance(seconds);
        self.clock.advance(seconds);
    }

    /// A registered device.
    pub(super) fn register(&self, identifier: &str, device: &str) -> RegisteredDevice {
        self.installation().world.register(identifier, device)
    }

    /// Publishes the set of these devices under their owner.
    pub(super) fn publish(&self, devices: &[&RegisteredDevice]) {
        let owner = devices.first().unwrap().identifier().to_string();
        self.serve(&owner, &World::set(devices));
    }

    /// Answers look-ups of `identifier` with `set`, whatever it is.
    pub(super) fn serve(&self, identifier: &str, set: &JwkSet) {
        let body = set.to_value().to_string().into_bytes();
        self.installation().sets.insert(identifier.to_owned(), body);
    }

    /// The SDK of a device. Calling it again is opening the same home in another process.
    pub(super) fn open(&self, device: &RegisteredDevice) -> Kleis {
        let identity = device.signer().identity();
        let name = format!("{}-{}", identity.primary().value(), identity.device());
        let home = self.home(&name);
        let random = SeededRandom::new(7);
        let key = private_key(device.signer());
        home.save_auth_key(key, None, &random).unwrap();
        home.save_decryption_key(device.key(), &random).unwrap();
        let (owner, chain) = (identity.primary().clone(), device.signer().chain());
        let device = identity.device().clone();
        let file = IdentityFile::new(owner, device, "1".into(), chain, String::new(), false);
        home.save_identity(&file).unwrap();
        self.client(home)
    }

    /// The SDK of a new home with this authentication key.
    pub(super) fn open_new(&self, key: &Jwk) -> Kleis {
        let home = self.home("new");
        home.save_auth_key(key, None, &SeededRandom::new(7))
            .unwrap();
        self.client(home)
    }

    /// The SDK of somebody without a certificate.
    pub(super) fn open_anonymous(&self) -> Kleis {
        self.client(self.home("anonymous"))
    }

    /// The SDK of somebody whose home knows this admin address.
    pub(super) fn open_with_admin(&self, admin: Channel) -> Kleis {
        self.client_over(self.home("admin"), Some(admin))
    }

    fn home(&self, name: &str) -> Home {
        let no_passphrase = Arc::new(|| unreachable!("no key is encrypted"));
        let home = Home::open(self.dir.path().join(name), no_passphrase).unwrap();
        let installation = self.installation();
        let config = Config {
            server: "https://kleis.example".to_owned(),
            admin: None,
            installation: installation.world.installation().clone(),
            root_pem: installation.world.material().root().certificate().to_pem(),
            access: crate::Access::Certificate,
        };
        home.save_config(&config).unwrap();
        home
    }

    fn client(&self, home: Home) -> Kleis {
        self.client_over(home, None)
    }

    fn client_over(&self, home: Home, admin: Option<Channel>) -> Kleis {
        let config = home.config().unwrap();
        let signer = home.is_enrolled().then(|| own_signer(&home).unwrap().0);
        let channel = channel_to(Arc::clone(&self.installation));
        let (clock, random) = (Arc::clone(&self.clock), Arc::new(kleis_types::OsRandom));
        Kleis::over(home, config, signer, (channel, admin), clock, random).unwrap()
    }
}

impl Answers for Installation {
    fn answer(&mut self, method: &str, message: &[u8]) -> Result<Vec<u8>, Status> {
        match method {
            GET_STATUS_LIST if self.listless => Err(Status::unavailable("no list")),
            GET_STATUS_LIST => {
                let fresh = || self.world.signed_status_list();
                let token = self.list.clone().unwrap_or_else(fresh);
                Ok(GetStatusListResponse { token }.encode_to_vec())
            }
            LOOKUP => self.lookup(message),
            BATCH_LOOKUP => Ok(self.batch_lookup(message)),
            method::registration::ENROL => self.enrol(message),
            method::registration::DESCRIBE_CERTIFICATE => self.describe(message),
            method::custody::GET_KEY => self.get_key(message),
            method::custody::CONFIRM_READ => {
                let request = ConfirmReadRequest::decode(message).unwrap();
                self.orders.push(request.order);
                Err(refusal(ErrorCode::KeyNotAvailable))
            }
            other => panic!("{other} is not served"),
        }
    }
}

impl Installation {
    fn lookup(&self, message: &[u8]) -> Result<Vec<u8>, Status> {
        let request = LookupRequest::decode(message).unwrap();
        if request.any_application && !self.candidates.is_empty() {
            let identifiers = self.candidates.clone();
            let result = lookup_response::Result::Candidates(Candidates { identifiers });
            return Ok(LookupResponse {
                result: Some(result),
            }
            .encode_to_vec());
        }
        let jwks = self.sets.get(&request.identifier).cloned();
        let jwks = jwks.ok_or_else(|| refusal(ErrorCode::RecipientNotFound))?;
        let etag = etag_of(&jwks);
        let result = if request.if_etag == etag {
            self.unmodified.update(|count| count + 1);
            lookup_response::Result::NotModified(NotModified { etag })
        } else {
            lookup_response::Result::Recipient(Recipient {
                identifier: self.named.clone().unwrap_or(request.identifier),
                jwks,
                etag,
            })
        };
        Ok(LookupResponse {
            result: Some(result),
        }
        .encode_to_vec())
    }

    /// Every question is answered but the last one, if the installation lies.
    fn batch_lookup(&self, message: &[u8]) -> Vec<u8> {
        let mut lookups = BatchLookupRequest::decode(message).unwrap().lookups;
        if self.lie == Some(Lie::Empty) {
            lookups.pop();
        }
        let result = |lookup: &LookupRequest| {
            let Some(jwks) = self.sets.get(&lookup.identifier).cloned() else {
                let problem = Problem::from(ErrorCode::RecipientNotFound);
                return batch_lookup_result::Result::Error((&problem).into());
            };
            let etag = etag_of(&jwks);
            if lookup.if_etag == etag {
                self.unmodified.update(|count| count + 1);
                return batch_lookup_result::Result::NotModified(NotModified { etag });
            }
            batch_lookup_result::Result::Recipient(Recipient {
                identifier: lookup.identifier.clone(),
                jwks,
                etag,
            })
        };
        let results = lookups.iter().map(|lookup| BatchLookupResult {
            result: Some(result(lookup)),
        });
        let results = results.collect();
        BatchLookupResponse { results }.encode_to_vec()
    }

    fn enrol(&mut self, message: &[u8]) -> Result<Vec<u8>, Status> {
        let request = EnrolRequest::decode(message).unwrap();
        self.orders.push(request.order.clone());
        let method = method::registration::ENROL;
        let (anchors, now) = (self.world.anchors(), self.world.now());
        let order: Enrolment<EnrolOrder> =
            order::verify_enrolment(&request.order, order::MAX_SIZE, method, anchors, now)
                .map_err(|error| to_status(&error.into(), None))?;
        if self.refuses {
            return Err(refusal(ErrorCode::EnrolmentRefused));
        }
        if self.lost > 0 {
            self.lost -= 1;
            return Err(Status::unavailable("the answer was lost"));
        }
        let certified = self.candidate.as_ref().unwrap();
        let chain = certified.chain().iter().map(|der| base64url::encode(der));
        let body = EnrolResult {
            chain: chain.collect(),
            serial: "1".to_owned(),
            ..EnrolResult::default()
        };
        let (signer, installation) = (&self.registration, self.world.installation());
        let (jti, digest) = (order.jti(), order.digest());
        let reply = reply::sign(signer, installation, method, jti, digest, &body, now).unwrap();
        Ok(EnrolResponse { reply }.encode_to_vec())
    }

    fn describe(&mut self, message: &[u8]) -> Result<Vec<u8>, Status> {
        let request = DescribeCertificateRequest::decode(message).unwrap();
        self.orders.push(request.order.clone());
        let method = method::registration::DESCRIBE_CERTIFICATE;
        let (status, now) = (self.world.status_list(), self.world.now());
        let anchors = self.world.anchors();
        let max = order::MAX_SIZE;
        let order: Order<DescribeCertificateOrder> =
            order::verify(&request.order, max, method, anchors, &status, now)
                .map_err(|error| to_status(&error.into(), None))?;
        let body = self.history.clone();
        let body = body.ok_or_else(|| refusal(ErrorCode::NotFound))?;
        let (jti, digest) = (order.jti(), order.digest());
        let reply = self.registration_says(method, jti, digest, &body);
        Ok(DescribeCertificateResponse { reply }.encode_to_vec())
    }

    /// A reply of registration.
    pub(super) fn registration_says(
        &self,
        method: &str,
        jti: kleis_trust::Jti,
        digest: &[u8; 32],
        body: &impl serde::Serialize,
    ) -> String {
        let (installation, now) = (self.world.installation(), self.world.now());
        reply::sign(
            &self.registration,
            installation,
            method,
            jti,
            digest,
            body,
            now,
        )
        .unwrap()
    }

    fn get_key(&mut self, message: &[u8]) -> Result<Vec<u8>, Status> {
        let request = GetKeyRequest::decode(message).unwrap();
        self.orders.push(request.order.clone());
        let order: Order<GetKeyOrder> = order::verify(
            &request.order,
            order::MAX_SIZE,
            method::custody::GET_KEY,
            self.world.anchors(),
            &self.world.status_list(),
            self.world.now(),
        )
        .map_err(|error| to_status(&error.into(), None))?;
        if self.refuses {
            return Err(refusal(ErrorCode::KeyNotAvailable));
        }
        if self.lost > 0 {
            self.lost -= 1;
            return Err(Status::unavailable("the answer was lost"));
        }
        let release = if self.lie == Some(Lie::Garbage) {
            "a.b.c.d.e".to_owned()
        } else {
            self.release(&order)
        };
        Ok(GetKeyResponse { release }.encode_to_vec())
    }

    /// The release of the key, but for the lie.
    fn release(&self, order: &Order<GetKeyOrder>) -> String {
        let lies = |lie| self.lie == Some(lie);
        let method = match self.lie {
            Some(Lie::Method) => method::custody::CREATE_KEYS,
            _ => method::custody::GET_KEY,
        };
        let digest = if lies(Lie::Order) {
            [0; 32]
        } else {
            *order.digest()
        };
        let mut impostor = World::impostor_of(&self.world, 99);
        let impostor = impostor.service(Service::Custody);
        let signer = match self.lie {
            Some(Lie::Signer) => &self.other,
            Some(Lie::Impostor) => &impostor,
            _ => &self.custody,
        };
        let (installation, now) = (self.world.installation(), self.world.now());
        let body = self.result(&order.body().key_id);
        let reply = reply::sign(
            signer,
            installation,
            method,
            order.jti(),
            &digest,
            &body,
            now,
        );
        let to = if lies(Lie::Seal) {
            self.world.key(kleis_jose::KeyType::X25519).public()
        } else {
            Jwk::from_slice(order.body().reply_to.as_bytes()).unwrap()
        };
        release::seal(&to, &reply.unwrap(), self.world.random()).unwrap()
    }

    fn result(&self, wanted: &str) -> GetKeyResult {
        let lies = |lie| self.lie == Some(lie);
        let other = base64url::encode(&[1; 16]);
        let key_id = if lies(Lie::Key) { &other } else { wanted };
        let kid = if lies(Lie::Kid) { &other } else { key_id };
        let key = if lies(Lie::KeyType) {
            self.world.key(kleis_jose::KeyType::X25519)
        } else {
            Jwk::oct(SecretBytes::from(self.secret.clone())).unwrap()
        };
        let jwk = key.with_member("kid", kid.into()).to_private_json();
        let key = ReleasedKey {
            key_id: key_id.to_owned(),
            policy_hash: base64url::encode(&[2; 32]),
            jwk: String::from_utf8(jwk.expose().to_vec()).unwrap(),
        };
        GetKeyResult {
            key: (!lies(Lie::Empty)).then_some(key),
            reads_left: Some(0),
            owner: ALICE.to_owned(),
        }
    }
}

fn refusal(code: ErrorCode) -> Status {
    to_status(&Problem::from(code), None)
}
