//! Signatures over requests and certificates.

use rustls_pki_types::SignatureVerificationAlgorithm;
use webpki::aws_lc_rs as algorithms;

use crate::spki::Spki;

/// The algorithms a certificate of Kleis' own CAs may be signed with: theirs.
pub(crate) const OF_AUTHORITIES: &[&dyn SignatureVerificationAlgorithm] =
    &[algorithms::ECDSA_P384_SHA384];

/// The algorithms that certificates and revocation lists of other CAs may be signed with: those of
/// requests. SHA-1 is not among them.
pub(crate) const OF_FOREIGNERS: &[&dyn SignatureVerificationAlgorithm] = OF_REQUESTS;

/// The algorithms a request may be signed with. SHA-1 is not among them, nor is RSASSA-PSS with a
/// salt of another length than the hash.
const OF_REQUESTS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P256_SHA512,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ECDSA_P384_SHA512,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// Why a signature was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureError {
    /// The algorithm is not on the list, or is not one of this type of key.
    Algorithm,
    /// The signature does not verify.
    Invalid,
}

/// Verifies a request's signature under the key it asks a certificate for.
///
/// `algorithm` is the content of the AlgorithmIdentifier: parameters count, octet for octet.
pub(crate) fn verify_request(
    key: &Spki<'_>,
    algorithm: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    verify(OF_REQUESTS, key, algorithm, message, signature)
}

/// Verifies a signature by one of Kleis' own CAs.
pub(crate) fn verify_authority(
    key: &Spki<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let algorithm = algorithms::ECDSA_P384_SHA384.signature_alg_id();
    verify(OF_AUTHORITIES, key, &algorithm, message, signature)
}

fn verify(
    allowed: &[&dyn SignatureVerificationAlgorithm],
    key: &Spki<'_>,
    algorithm: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let fits = |candidate: &&&dyn SignatureVerificationAlgorithm| {
        *candidate.signature_alg_id() == *algorithm
            && *candidate.public_key_alg_id() == *key.algorithm
    };
    let algorithm = allowed.iter().find(fits).ok_or(SignatureError::Algorithm)?;
    algorithm
        .verify_signature(key.key, message, signature)
        .map_err(|_| SignatureError::Invalid)
}
