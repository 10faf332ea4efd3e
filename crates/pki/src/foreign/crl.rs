//! Revocation lists (RFC 5280 section 5).

use std::sync::Arc;

use kleis_types::Timestamp;
use webpki::{
    CertRevocationList, ExpirationPolicy, OwnedCertRevocationList, RevocationCheckDepth,
    RevocationOptions, RevocationOptionsBuilder, UnknownStatusPolicy,
};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use super::{ForeignAnchorError, ForeignError};
use crate::certificate::Certificate;

/// Largest revocation list, in bytes.
pub const MAX_CRL: usize = 32 * 1024 * 1024;

/// Most revocation lists of one set of CAs.
pub const MAX_CRLS: usize = 256;

/// How revoked certificates are told.
#[derive(Debug, Clone)]
pub(super) enum Revocation {
    /// Not at all, by the operator's decision.
    Unchecked,
    /// By lists, the newest first.
    Crls { crls: Arc<[Crl]>, grace: i64 },
}

/// Nobody is known not to be revoked.
impl Default for Revocation {
    fn default() -> Self {
        let crls = Arc::new([]);
        Self::Crls { crls, grace: 0 }
    }
}

#[derive(Debug)]
pub(super) struct Crl {
    issuer: Vec<u8>,
    this_update: Timestamp,
    next_update: Timestamp,
    list: CertRevocationList<'static>,
}

impl Revocation {
    pub(super) fn by_crls(ders: &[Vec<u8>], grace: u32) -> Result<Self, ForeignAnchorError> {
        if ders.len() > MAX_CRLS {
            return Err(ForeignAnchorError::Crl);
        }
        let mut crls: Vec<_> = ders
            .iter()
            .map(|der| Crl::read(der))
            .collect::<Result<_, _>>()?;
        // Of several lists of one issuer the first that has the certificate in its scope counts.
        crls.sort_by_key(|it| std::cmp::Reverse(it.this_update));
        Ok(Self::Crls {
            crls: crls.into(),
            grace: grace.into(),
        })
    }

    /// The lists that are young enough at a time; none if there is no need of any. Without one of
    /// the leaf's issuer it says what is amiss.
    pub(super) fn good_at(
        &self,
        leaf: &Certificate,
        at: Timestamp,
    ) -> Result<Option<Vec<&CertRevocationList<'static>>>, ForeignError> {
        let Self::Crls { crls, grace } = self else {
            return Ok(None);
        };
        let is_good = |crl: &&Crl| at <= crl.next_update.plus_seconds(*grace);
        let mut of_issuer = crls.iter().filter(|it| it.issuer == leaf.issuer_der());
        if !of_issuer.clone().any(|it| is_good(&it)) {
            return Err(match of_issuer.next() {
                Some(_) => ForeignError::CrlStale,
                None => ForeignError::CrlMissing,
            });
        }
        let good = crls.iter().filter(is_good);
        Ok(Some(good.map(|it| &it.list).collect()))
    }
}

impl Crl {
    fn read(der: &[u8]) -> Result<Self, ForeignAnchorError> {
        if der.len() > MAX_CRL {
            return Err(ForeignAnchorError::Crl);
        }
        let (rest, parsed) =
            CertificateRevocationList::from_der(der).map_err(|_| ForeignAnchorError::Crl)?;
        let next_update = parsed.next_update().ok_or(ForeignAnchorError::Crl)?;
        if !rest.is_empty() {
            return Err(ForeignAnchorError::Crl);
        }
        let list = OwnedCertRevocationList::from_der(der).map_err(|_| ForeignAnchorError::Crl)?;
        Ok(Self {
            issuer: parsed.issuer().as_raw().to_vec(),
            this_update: Timestamp::from_unix(parsed.last_update().timestamp()),
            next_update: Timestamp::from_unix(next_update.timestamp()),
            list: list.into(),
        })
    }
}

/// The whole path is checked, and what no list speaks of is refused. The age of the lists was
/// looked at before: path validation knows no grace.
pub(super) fn options<'a>(
    crls: Option<&'a [&'a CertRevocationList<'static>]>,
) -> Result<Option<RevocationOptions<'a>>, ForeignError> {
    let Some(crls) = crls else {
        return Ok(None);
    };
    let builder = RevocationOptionsBuilder::new(crls).map_err(|_| ForeignError::CrlMissing)?;
    let options = builder
        .with_depth(RevocationCheckDepth::Chain)
        .with_status_policy(UnknownStatusPolicy::Deny)
        .with_expiration_policy(ExpirationPolicy::Ignore);
    Ok(Some(options.build()))
}
