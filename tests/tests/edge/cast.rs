//! Who is there: an installation behind its edge, a doctor, and somebody else of whom the edge sees as much.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use kleis_client::{DeviceRequest, Home, HomeError, Kleis, Passphrase};
use kleis_e2e::{Edge, Installation, Party, people};
use kleis_jose::KeyType;
use kleis_types::{DeviceId, OsRandom, SystemClock};

/// An installation behind its edge, and those who use it.
pub(crate) struct Cast {
    pub(crate) installation: Installation,
    pub(crate) edge: Edge,
    pub(crate) doctor: Actor,
    /// Somebody else.
    pub(crate) insurer: Actor,
    number: AtomicUsize,
}

/// Somebody with a home behind the edge, and a copy of it that reaches the server directly, for what is no part of a test.
pub(crate) struct Actor {
    pub(crate) party: Party,
    pub(crate) client: Kleis,
    pub(crate) direct: Kleis,
}

impl Cast {
    pub(crate) async fn new() -> Self {
        let mut installation = Installation::new();
        let edge = Edge::start(&mut installation).await;
        let doctor = Actor::new(
            &installation,
            installation.published("doctor", people::DOCTOR),
        );
        let insurer = installation.published("insurer", people::INSURER);
        let insurer = Actor::new(&installation, insurer);
        Self {
            installation,
            edge,
            doctor,
            insurer,
            number: AtomicUsize::new(0),
        }
    }

    /// A number that was not given out before.
    pub(crate) fn number(&self) -> usize {
        self.number.fetch_add(1, Ordering::SeqCst)
    }

    /// A directory that is not there yet.
    pub(crate) fn fresh_path(&self) -> PathBuf {
        self.installation.path(&format!("home-{}", self.number()))
    }

    /// A home with an authentication key and no certificate, behind the edge or not.
    pub(crate) fn newcomer(&self, of: &Kleis) -> Kleis {
        let home = open_home(self.fresh_path());
        home.save_config(of.config()).unwrap();
        home.make_auth_key(KeyType::P256, None, &OsRandom).unwrap();
        client(home)
    }

    /// The name of a further device of somebody, and what lets the newcomer enrol as it.
    pub(crate) fn endorsed(&self, of: &Actor, newcomer: &Kleis) -> (DeviceId, String) {
        let identifier = of.party.identifier().parse().unwrap();
        let device: DeviceId = format!("device-{}", self.number()).parse().unwrap();
        let key = newcomer.home().auth_key().unwrap();
        let request = DeviceRequest::new(identifier, device.clone(), &key);
        (device, of.direct.endorse(&request).unwrap())
    }
}

impl Actor {
    pub(crate) fn new(installation: &Installation, party: Party) -> Self {
        let direct = party.at(&installation.facts().public).client();
        Self {
            client: party.client(),
            direct,
            party,
        }
    }
}

pub(crate) fn open_home(path: PathBuf) -> Home {
    let none: Passphrase = Arc::new(|| Err(HomeError::NoPassphrase("tests have none".to_owned())));
    Home::open(path, none).unwrap()
}

pub(crate) fn client(home: Home) -> Kleis {
    Kleis::open(home, Arc::new(SystemClock), Arc::new(OsRandom)).unwrap()
}
