//! Who is known besides the holders of this installation's certificates: what the configuration
//! says, made ready.

use std::{fs, path::Path, sync::Arc};

use kleis_access::{
    ALGORITHMS,
    mapping::{Mapping, MappingDefinition},
    token::IssuerRules,
};
use kleis_runtime::{
    Config, DiscoveredKeys, Freshness, HttpsFetch, Issuer, IssuerConfig, Issuers, KeySource,
};
use kleis_types::CredentialMap;
use rustls::{RootCertStore, pki_types::CertificateDer};

use crate::{failure::Failure, premises::Premises, services::Basics};

/// The installation's own token service, as an issuer.
pub(crate) struct OwnIssuer {
    /// Its name.
    pub(crate) name: String,
    /// Seconds that its tokens live.
    pub(crate) token_seconds: i64,
    /// Its keys, and what it has taken back.
    pub(crate) keys: Arc<dyn KeySource>,
}

/// The issuers of a configuration, and the installation's own.
pub(crate) fn issuers(
    config: &Config,
    own: Option<OwnIssuer>,
    premises: &Premises,
    basics: &Basics,
) -> Result<Issuers, Failure> {
    let audience = premises.installation.audience();
    let mut issuers = Vec::new();
    for foreign in &config.issuers {
        issuers.push(discovered(foreign, &audience, basics)?);
    }
    // Last, so that no other one takes its name.
    issuers.extend(own.map(|own| of_own(own, audience, basics)).transpose()?);
    Ok(Issuers::new(issuers))
}

fn discovered(config: &IssuerConfig, audience: &str, basics: &Basics) -> Result<Issuer, Failure> {
    let refused = |reason: &dyn std::fmt::Display| {
        Failure::Usage(format!("the issuer {}: {reason}", config.issuer))
    };
    let map = CredentialMap::belgian();
    let definition = config.mapping.definition(map);
    let fetch = HttpsFetch::new(roots(&config.roots)?).map_err(|error| refused(&error))?;
    let keys = DiscoveredKeys::new(
        &config.issuer,
        Arc::new(fetch),
        Arc::clone(&basics.clock),
        Freshness::default(),
    );
    let algorithms: Vec<_> = config
        .algorithms
        .iter()
        .map(|algorithm| algorithm.0)
        .collect();
    let audiences = config.audiences.clone();
    Ok(Issuer {
        rules: IssuerRules {
            issuer: config.issuer.clone(),
            audiences: or_else(audiences, || vec![audience.to_owned()]),
            algorithms: or_else(algorithms, || ALGORITHMS.to_vec()),
            types: config.types.clone(),
            max_lifetime: config.max_lifetime_seconds.get().into(),
        },
        mapping: Mapping::new(definition, &basics.types, map).map_err(|error| refused(&error))?,
        keys: Arc::new(keys),
    })
}

fn of_own(own: OwnIssuer, audience: String, basics: &Basics) -> Result<Issuer, Failure> {
    let map = CredentialMap::belgian();
    let mapping = Mapping::new(MappingDefinition::kleis_sts(map), &basics.types, map);
    Ok(Issuer {
        rules: IssuerRules {
            issuer: own.name,
            audiences: vec![audience],
            algorithms: ALGORITHMS.to_vec(),
            types: vec![kleis_access::token::TYP.to_owned()],
            max_lifetime: own.token_seconds,
        },
        mapping: mapping.map_err(|error| Failure::Usage(error.to_string()))?,
        keys: own.keys,
    })
}

/// What was configured, or else the default.
fn or_else<T>(configured: Vec<T>, default: impl FnOnce() -> Vec<T>) -> Vec<T> {
    if configured.is_empty() {
        default()
    } else {
        configured
    }
}

/// The certificates of a PEM file, as roots.
fn roots(path: &Path) -> Result<RootCertStore, Failure> {
    let text = fs::read(path).map_err(Failure::io(path))?;
    let damaged = Failure::damaged(path);
    let parts = pem::parse_many(text).map_err(|error| damaged(&error))?;
    let mut roots = RootCertStore::empty();
    let certificates = parts.into_iter().filter(|part| part.tag() == "CERTIFICATE");
    // Lists of public roots hold some that no library can read; one is enough to go on.
    let (added, _) = roots.add_parsable_certificates(
        certificates.map(|part| CertificateDer::from(part.into_contents())),
    );
    if added == 0 {
        return Err(Failure::damaged(path)(&"it holds no certificate"));
    }
    Ok(roots)
}
