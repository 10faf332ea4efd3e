//! A home with a certificate, made without a server.

use std::sync::Arc;

use kleis_client::{Config, Home, HomeError, IdentityFile};
use kleis_jose::{Jwk, KeyType};
use kleis_pki::{CaMaterial, Identity, IdentityRequest, IssuingCa, SerialNumber};
use kleis_types::{
    Clock as _, DeviceId, Identifier, InstallationId, OsRandom, SecretBytes, SystemClock,
};

use super::Place;

const DAY: i64 = 86_400;

/// Pins an installation that nobody serves, in the home of this place, and enrols it.
pub(crate) fn enrol(place: &Place, identifier: &str, passphrase: Option<&str>) -> Jwk {
    let now = SystemClock.now();
    let installation = InstallationId::random(&OsRandom);
    let ca = CaMaterial::generate(&installation, now, &OsRandom).unwrap();
    let no_passphrase = || Err(HomeError::NoPassphrase("in a test".to_owned()));
    let home = Home::open(place.path("home"), Arc::new(no_passphrase)).unwrap();
    let config = Config {
        // Port 1 of this machine, where nobody listens: connections are refused at once.
        server: "https://127.0.0.1:1".to_owned(),
        admin: Some("https://127.0.0.1:1".to_owned()),
        installation: installation.clone(),
        root_pem: ca.root().certificate().to_pem(),
        access: kleis_client::Access::Certificate,
    };
    home.save_config(&config).unwrap();

    let identifier: Identifier = identifier.parse().unwrap();
    let identity =
        Identity::new(vec![identifier.clone()], DeviceId::main(), installation, 7).unwrap();
    let key = Jwk::generate(KeyType::P256, &OsRandom).unwrap();
    let (issuing, issuing_key) = (
        ca.intermediate().certificate(),
        ca.intermediate().key_pkcs8(),
    );
    let issuing_ca = IssuingCa::new(issuing.der(), issuing_key).unwrap();
    let certificate = issuing_ca
        .issue_identity(&IdentityRequest {
            spki_der: &key.to_spki_der().unwrap(),
            identity: &identity,
            name: "Jane Doe",
            not_before: now,
            not_after: now.plus_seconds(365 * DAY),
            serial: SerialNumber::random(&OsRandom),
        })
        .unwrap();
    let passphrase = passphrase.map(|text| SecretBytes::from(text.as_bytes()));
    home.save_auth_key(&key, passphrase.as_ref(), &OsRandom)
        .unwrap();
    let chain = [certificate.der().to_vec(), issuing.der().to_vec()];
    let serial = certificate.serial().to_string();
    let device = DeviceId::main();
    let identity = IdentityFile::new(identifier, device, serial, &chain, String::new(), false);
    home.save_identity(&identity).unwrap();
    key
}
