//! Client certificates of other CAs, which open reads: each CA with its own roots, revocation lists
//! and reading of subjects.

use std::sync::{Arc, PoisonError, RwLock};

use kleis_access::subject::SubjectMapping;
use kleis_pki::{ForeignAnchors, ForeignError};
use kleis_types::{CertificateProof, Principal, Problem, Timestamp};
use rustls::pki_types::CertificateDer;

use super::known::Known;

/// For how long a chain is taken to be good once it was verified, in seconds: a revocation is heeded
/// within that time, once it stands in a list.
const RECHECK: i64 = 60;

/// A CA whose client certificates are accepted.
#[derive(Debug)]
pub struct ForeignCa {
    anchors: RwLock<ForeignAnchors>,
    mapping: SubjectMapping,
    known: Known<Verified>,
}

#[derive(Debug)]
struct Verified {
    principal: Principal,
    at: Timestamp,
}

impl ForeignCa {
    /// The CA with these roots and revocation lists, whose subjects mean this.
    pub fn new(anchors: ForeignAnchors, mapping: SubjectMapping) -> Self {
        Self {
            anchors: RwLock::new(anchors),
            mapping,
            known: Known::default(),
        }
    }

    /// Puts other roots and lists in the place of the present ones: there are newer lists.
    pub fn replace(&self, anchors: ForeignAnchors) {
        *self.anchors.write().unwrap_or_else(PoisonError::into_inner) = anchors;
        self.known.clear();
    }

    /// Who holds a certificate of this CA; none if the chain does not lead to it.
    ///
    /// # Errors
    /// The refusal, if it does and is not good, or names nobody.
    pub(super) fn principal(
        &self,
        chain: &[CertificateDer<'static>],
        now: Timestamp,
    ) -> Result<Option<Principal>, Problem> {
        let lasts = |known: &Arc<Verified>| (0..RECHECK).contains(&now.seconds_since(known.at));
        if let Some(known) = self.known.get(chain).filter(lasts) {
            return Ok(Some(known.principal.clone()));
        }
        let ders: Vec<Vec<u8>> = chain.iter().map(|der| der.to_vec()).collect();
        let anchors = self.anchors.read().unwrap_or_else(PoisonError::into_inner);
        let verified = match anchors.verify_client(&ders, now) {
            Ok(verified) => verified,
            Err(ForeignError::UnknownIssuer) => return Ok(None),
            Err(error) => return Err(Problem::new(error.code(), error.to_string())),
        };
        drop(anchors);
        let certificate = verified.into_certificate();
        let mapped = self.mapping.apply(&certificate);
        let mapped = mapped.map_err(|error| Problem::new(error.code(), error.to_string()))?;
        let principal = mapped.into_principal().with_certificate(CertificateProof {
            thumbprint: certificate.x5t_s256().to_owned(),
            device: None,
            forwarded: false,
        });
        let verified = Arc::new(Verified {
            principal: principal.clone(),
            at: now,
        });
        self.known.put(chain.to_vec(), verified);
        Ok(Some(principal))
    }
}
