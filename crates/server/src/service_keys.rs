//! The keys of Kleis' own services: made once, kept wrapped. Their certificates are in the
//! registry, like everybody's.

use std::path::Path;

use kleis_jose::{Jwk, KeyType};
use kleis_registration::ServiceKeys;
use kleis_runtime::secret_file;
use kleis_types::{Random, Service, strict_json};
use serde::{Deserialize, Serialize};

use crate::{
    data_dir::DataDir,
    durable,
    failure::Failure,
    sealed::{Purpose, Sealed, Vault},
};

/// Two wrapped JWKs are far smaller.
const MAX_FILE: usize = 64 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    signing: Sealed,
    encryption: Option<Sealed>,
}

/// Fresh keys: one to sign with, and for services that others encrypt to one for that.
pub(crate) fn generate(service: Service, random: &dyn Random) -> Result<ServiceKeys, Failure> {
    let key = || Jwk::generate(KeyType::P256, random).map_err(Failure::crypto);
    let encryption = match service {
        Service::Registration | Service::Custody => Some(key()?),
        Service::Directory | Service::Status | Service::Sts | Service::Edge => None,
    };
    Ok(ServiceKeys {
        signing: key()?,
        encryption,
    })
}

/// Makes the keys of a service that is younger than the installation.
pub(crate) fn make_missing(
    data_dir: &DataDir,
    service: Service,
    vault: &Vault,
    random: &dyn Random,
) -> Result<(), Failure> {
    let path = data_dir.service(service);
    if path.exists() {
        return Ok(());
    }
    tracing::info!(%service, "making the keys of a service that was not there before");
    save(&path, service, &generate(service, random)?, vault, random)
}

/// Reads the keys of a service.
pub(crate) fn load(
    data_dir: &DataDir,
    service: Service,
    vault: &Vault,
) -> Result<ServiceKeys, Failure> {
    let path = data_dir.service(service);
    let bytes = secret_file::read(&path, MAX_FILE)?;
    let damaged = || Failure::damaged(&path);
    let file: File =
        strict_json::from_slice(bytes.expose(), MAX_FILE).map_err(|e| damaged()(&e))?;
    let open = |sealed: &Sealed, which| {
        let secret = vault.open(Purpose::Service, &name(service, which), sealed);
        let secret = secret.map_err(|error| damaged()(&error))?;
        Jwk::from_slice(secret.expose()).map_err(|error| damaged()(&error))
    };
    Ok(ServiceKeys {
        signing: open(&file.signing, SIGNING)?,
        encryption: file
            .encryption
            .as_ref()
            .map(|key| open(key, ENCRYPTION))
            .transpose()?,
    })
}

/// Writes the keys of a service, in the place of former ones.
pub(crate) fn save(
    path: &Path,
    service: Service,
    keys: &ServiceKeys,
    vault: &Vault,
    random: &dyn Random,
) -> Result<(), Failure> {
    let seal = |key: &Jwk, which| {
        vault.seal(
            Purpose::Service,
            &name(service, which),
            &key.to_private_json(),
        )
    };
    let file = File {
        signing: seal(&keys.signing, SIGNING)?,
        encryption: keys
            .encryption
            .as_ref()
            .map(|key| seal(key, ENCRYPTION))
            .transpose()?,
    };
    let bytes = serde_json::to_vec_pretty(&file).map_err(Failure::crypto)?;
    durable::replace_private(path, &bytes, random)
}

const SIGNING: &str = "signing";
const ENCRYPTION: &str = "encryption";

fn name(service: Service, which: &str) -> String {
    format!("{service}/{which}")
}

#[cfg(test)]
mod tests {
    use kleis_types::{InstallationId, OsRandom};
    use kleis_wrap::RootKek;

    use super::*;

    #[test]
    fn keys_come_back_and_belong_to_their_service() {
        let home = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(home.path());
        durable::make_dir(&data_dir.services()).unwrap();
        let vault = Vault::new(
            RootKek::generate(&OsRandom),
            InstallationId::random(&OsRandom),
        );
        for service in [
            Service::Registration,
            Service::Custody,
            Service::Directory,
            Service::Status,
        ] {
            let keys = generate(service, &OsRandom).unwrap();
            save(
                &data_dir.service(service),
                service,
                &keys,
                &vault,
                &OsRandom,
            )
            .unwrap();
            let loaded = load(&data_dir, service, &vault).unwrap();
            assert!(loaded.signing.is_private());
            assert_eq!(loaded.signing.thumbprint(), keys.signing.thumbprint());
            let thumbprint = |keys: &ServiceKeys| keys.encryption.as_ref().map(Jwk::thumbprint);
            assert_eq!(thumbprint(&loaded), thumbprint(&keys));
        }
        let custody = std::fs::read(data_dir.service(Service::Custody)).unwrap();
        std::fs::write(data_dir.service(Service::Registration), custody).unwrap();
        let refused = load(&data_dir, Service::Registration, &vault).unwrap_err();
        assert!(matches!(refused, Failure::Damaged { .. }), "{refused}");
    }
}
