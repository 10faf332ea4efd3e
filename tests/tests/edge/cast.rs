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
use kleis_types::{DeviceId, Identifier, OsRandom, SystemClock};

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
        // Whoever has a certificate may renew it at once.
        let config = "[registration]\nreplacement_days = 1200\n";
        let mut installation = Installation::configured(config);
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

    /// Somebody new, who is in no register: nobody has asked for them before.
    pub(crate) fn nobody(&self) -> Identifier {
        let base = 5_000_000 + self.number();
        format!("CBE:{base:08}{:02}", 97 - base % 97)
            .parse()
            .unwrap()
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
    /// The home of somebody else, behind the edge as this one is.
    pub(crate) fn beside(&self, direct: &Kleis) -> Kleis {
        let home = open_home(direct.home().dir().to_owned());
        home.save_config(self.client.config()).unwrap();
        client(home)
    }

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
