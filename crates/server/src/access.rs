//! Who is known besides the holders of this installation's certificates: what the configuration
//! says, made ready.

use std::{fs, path::Path, sync::Arc};

use kleis_access::{
    ALGORITHMS,
    mapping::{Mapping, MappingDefinition},
    subject::SubjectMapping,
    token::IssuerRules,
};
use kleis_jose::Jwk;
use kleis_pki::ForeignAnchors;
use kleis_registration::Registration;
use kleis_runtime::{
    ClientCaConfig, Config, DiscoveredKeys, ForeignCa, Freshness, Holds, HttpsFetch, Issuer,
    IssuerConfig, Issuers, KeySource, Keys, Roles,
};
use kleis_store_sqlite::RegistrySqlite;
use kleis_types::{CredentialMap, Principal, Problem, Role};
use rustls::{RootCertStore, pki_types::CertificateDer};

use crate::{
    failure::Failure,
    premises::Premises,
    services::{Basics, TokenService},
};

/// The issuers of a configuration, and the installation's own.
pub(crate) fn issuers(
    config: &Config,
    own: Option<TokenService>,
    premises: &Premises,
    basics: &Basics,
) -> Result<Issuers, Failure> {
    let audience = premises.installation.audience();
    let mut issuers = Vec::new();
    for foreign in &config.issuers {
        issuers.push(discovered(foreign, &audience, basics)?);
    }
    // Last, so that no other one takes its name.
    issuers.extend(own.map(|sts| of_own(sts, basics)).transpose()?);
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

/// The installation's own token service, as an issuer.
fn of_own(sts: TokenService, basics: &Basics) -> Result<Issuer, Failure> {
    let map = CredentialMap::belgian();
    let mapping = Mapping::new(MappingDefinition::kleis_sts(map), &basics.types, map);
    Ok(Issuer {
        rules: sts.rules().clone(),
        mapping: mapping.map_err(|error| Failure::Usage(error.to_string()))?,
        keys: Arc::new(OwnKeys(sts)),
    })
}

/// The keys of a token service of this process.
struct OwnKeys(TokenService);

impl KeySource for OwnKeys {
    fn keys(&self) -> Keys<'_> {
        Box::pin(std::future::ready(Ok(self.0.keys())))
    }

    fn newer_than<'a>(&'a self, _: &'a Arc<[Jwk]>) -> Keys<'a> {
        self.keys()
    }

    fn is_revoked(&self, jti: &str) -> bool {
        self.0.is_revoked(jti)
    }
}

impl std::fmt::Debug for OwnKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnKeys").finish_non_exhaustive()
    }
}

/// The register of this process, as who knows the roles.
#[derive(Debug)]
pub(crate) struct Register(pub(crate) Registration<RegistrySqlite>);

impl Roles for Register {
    fn has<'a>(&'a self, principal: &'a Principal, role: Role) -> Holds<'a> {
        Box::pin(async move {
            self.0.has_role(principal, role).await.map_err(|error| {
                if error.is_internal() {
                    tracing::error!(%error, "it cannot be told who has which role");
                }
                Problem::from(&error)
            })
        })
    }
}

/// The CAs of client certificates, with the lists that are there now.
pub(crate) fn client_cas(config: &Config, basics: &Basics) -> Result<Vec<Arc<ForeignCa>>, Failure> {
    let map = CredentialMap::belgian();
    let one = |ca: &ClientCaConfig| {
        let mapping = SubjectMapping::new(ca.subject.definition(), &basics.types, map)
            .map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(Arc::new(ForeignCa::new(anchors(ca)?, mapping)))
    };
    config.client_cas.iter().map(one).collect()
}

/// Reads the revocation lists of the CAs anew. What cannot be read leaves the former lists, which
/// refuse everybody once they are too old.
pub(crate) fn renew_lists(config: &Config, cas: &[Arc<ForeignCa>]) {
    for (config, ca) in config.client_cas.iter().zip(cas) {
        match anchors(config) {
            Ok(anchors) => ca.replace(anchors),
            Err(error) => tracing::error!(%error, "a client CA's lists cannot be read"),
        }
    }
}

/// The roots of the CAs of client certificates, in DER.
pub(crate) fn client_roots(config: &Config) -> Result<Vec<Vec<u8>>, Failure> {
    let mut all = Vec::new();
    for ca in &config.client_cas {
        all.extend(parts(&ca.roots, "CERTIFICATE")?);
    }
    Ok(all)
}

fn anchors(ca: &ClientCaConfig) -> Result<ForeignAnchors, Failure> {
    let roots = parts(&ca.roots, "CERTIFICATE")?;
    let mut crls = Vec::new();
    for path in &ca.crls {
        crls.extend(parts(path, "X509 CRL")?);
    }
    ForeignAnchors::from_ders(&roots)
        .and_then(|anchors| anchors.with_crls(&crls, ca.crl_grace_seconds))
        .map_err(|error| Failure::damaged(&ca.roots)(&error))
}

/// The parts of this kind in a file, in DER: it is PEM, or a single one as it is.
fn parts(path: &Path, tag: &str) -> Result<Vec<Vec<u8>>, Failure> {
    const SEQUENCE: u8 = 0x30;
    let bytes = fs::read(path).map_err(Failure::io(path))?;
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(vec![bytes]);
    }
    let parsed = pem::parse_many(bytes).map_err(|error| Failure::damaged(path)(&error))?;
    let of_kind = parsed.into_iter().filter(|part| part.tag() == tag);
    let ders: Vec<_> = of_kind.map(pem::Pem::into_contents).collect();
    if ders.is_empty() {
        return Err(Failure::damaged(path)(&format!("it holds no {tag}")));
    }
    Ok(ders)
}

/// What was configured, or else the default.
fn or_else<T>(configured: Vec<T>, default: impl FnOnce() -> Vec<T>) -> Vec<T> {
    if configured.is_empty() {
        default()
    } else {
        configured
    }
}

/// The certificates of a file that can be roots, in DER.
pub(crate) fn root_certificates(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let is_root = |der: &Vec<u8>| {
        let mut one = RootCertStore::empty();
        one.add(CertificateDer::from(der.as_slice())).is_ok()
    };
    let all = parts(path, "CERTIFICATE")?;
    Ok(all.into_iter().filter(is_root).collect())
}

/// The certificates of a file, as roots.
pub(crate) fn roots(path: &Path) -> Result<RootCertStore, Failure> {
    let certificates = parts(path, "CERTIFICATE")?
        .into_iter()
        .map(CertificateDer::from);
    let mut roots = RootCertStore::empty();
    // Lists of public roots hold some that no library can read; one is enough to go on.
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(Failure::damaged(path)(
            &"it holds no certificate that can be read",
        ));
    }
    Ok(roots)
}
