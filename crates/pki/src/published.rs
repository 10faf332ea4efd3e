//! A certificate as an entry of its owner's JWK Set (docs/formats.md section 7).

use kleis_jose::{Jwk, SignatureAlgorithm};

use crate::{Certificate, CertificateError};

/// The key of a chain's leaf, with `use`, `alg`, `kid`, `x5c` and `x5t#S256`. The chain is DER, leaf first.
///
/// # Errors
/// If the leaf, or the nothing in its place, is no certificate.
pub fn signature_entry(chain: &[Vec<u8>]) -> Result<Jwk, CertificateError> {
    let leaf = Certificate::from_der(chain.first().map_or(&[][..], Vec::as_slice))?;
    let key = leaf.public_key().clone();
    let algorithm = key.signature_algorithm().map(SignatureAlgorithm::as_str);
    Ok(key
        .with_thumbprint_kid()
        .with_member("use", "sig".into())
        .with_member("alg", algorithm.into())
        .with_x5c(chain)
        .with_member("x5t#S256", leaf.x5t_s256().into()))
}
