//! Signatures over bytes: which key makes which, and their fixed-length forms (RFC 7518 section 3).

use crate::algorithm::SignatureAlgorithm;
use crate::jwk::{EcCurve, Jwk, KeyUseError, Material, OkpCurve, Operation};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING,
    ED25519, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaParameters, UnparsedPublicKey,
};

/// Why there is no signature, or no valid one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    #[error(transparent)]
    KeyUse(#[from] KeyUseError),
    #[error("the signature is not valid")]
    Invalid,
    #[error("the signature could not be made")]
    Signing,
}

/// Signs with the algorithm that the key is for.
pub(crate) fn sign(
    key: &Jwk,
    algorithm: SignatureAlgorithm,
    message: &[u8],
) -> Result<Vec<u8>, SignatureError> {
    check(key, algorithm, Operation::Sign)?;
    if !key.is_private() {
        return Err(KeyUseError::NotPrivate.into());
    }
    sign_unchecked(key, algorithm, message).ok_or(SignatureError::Signing)
}

fn sign_unchecked(key: &Jwk, algorithm: SignatureAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
    match key.material() {
        Material::Ec(key) => {
            let d = key.private()?.expose();
            let algorithm = ecdsa_signing(key.curve());
            EcdsaKeyPair::from_private_key_and_public_key(algorithm, d, key.point())
                .ok()?
                .sign(&SystemRandom::new(), message)
                .ok()
                .map(|signature| signature.as_ref().to_vec())
        }
        Material::Okp(key) => {
            let seed = key.private()?.expose();
            let pair = Ed25519KeyPair::from_seed_and_public_key(seed, key.x()).ok()?;
            pair.try_sign(message)
                .ok()
                .map(|signature| signature.as_ref().to_vec())
        }
        Material::Rsa(key) => {
            let pair = key.key_pair()?;
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(
                rsa_encoding(algorithm),
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .ok()?;
            Some(signature)
        }
        Material::Oct(_) => None,
    }
}

/// Verifies with the public part of the key.
pub(crate) fn verify(
    key: &Jwk,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    check(key, algorithm, Operation::Verify)?;
    let verified = match key.material() {
        Material::Ec(key) => {
            let algorithm = ecdsa_verification(key.curve());
            UnparsedPublicKey::new(algorithm, key.point()).verify(message, signature)
        }
        Material::Okp(key) => UnparsedPublicKey::new(&ED25519, key.x()).verify(message, signature),
        Material::Rsa(key) => {
            key.components()
                .verify(rsa_parameters(algorithm), message, signature)
        }
        Material::Oct(_) => return Err(SignatureError::Invalid),
    };
    verified.map_err(|_| SignatureError::Invalid)
}

/// The key's type and its own members must allow the algorithm.
fn check(
    key: &Jwk,
    algorithm: SignatureAlgorithm,
    operation: Operation,
) -> Result<(), KeyUseError> {
    if !suits(key, algorithm) {
        return Err(KeyUseError::KeyType(key.key_type()));
    }
    key.permits(operation, &[algorithm.as_str()])
}

fn suits(key: &Jwk, algorithm: SignatureAlgorithm) -> bool {
    match key.material() {
        Material::Ec(key) => match key.curve() {
            EcCurve::P256 => algorithm == SignatureAlgorithm::Es256,
            EcCurve::P384 => algorithm == SignatureAlgorithm::Es384,
            EcCurve::P521 => algorithm == SignatureAlgorithm::Es512,
        },
        Material::Okp(key) => {
            key.curve() == OkpCurve::Ed25519 && algorithm == SignatureAlgorithm::EdDsa
        }
        Material::Rsa(_) => {
            matches!(
                algorithm,
                SignatureAlgorithm::Ps256 | SignatureAlgorithm::Rs256
            )
        }
        Material::Oct(_) => false,
    }
}

fn ecdsa_signing(curve: EcCurve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        EcCurve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        EcCurve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        EcCurve::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

fn ecdsa_verification(curve: EcCurve) -> &'static EcdsaVerificationAlgorithm {
    match curve {
        EcCurve::P256 => &ECDSA_P256_SHA256_FIXED,
        EcCurve::P384 => &ECDSA_P384_SHA384_FIXED,
        EcCurve::P521 => &ECDSA_P521_SHA512_FIXED,
    }
}

fn rsa_encoding(algorithm: SignatureAlgorithm) -> &'static dyn RsaEncoding {
    if algorithm == SignatureAlgorithm::Rs256 {
        &RSA_PKCS1_SHA256
    } else {
        &RSA_PSS_SHA256
    }
}

fn rsa_parameters(algorithm: SignatureAlgorithm) -> &'static RsaParameters {
    if algorithm == SignatureAlgorithm::Rs256 {
        &RSA_PKCS1_2048_8192_SHA256
    } else {
        &RSA_PSS_2048_8192_SHA256
    }
}
