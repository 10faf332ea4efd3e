//! ECDH-ES with the Concat KDF (RFC 7518 section 4.6, NIST SP 800-56A section 5.8.1).

use crate::jwk::{Jwk, Material, OkpCurve};
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use kleis_types::SecretBytes;
use zeroize::Zeroizing;

/// What the agreed key is bound to.
pub(crate) struct Context<'a> {
    /// The `alg` for key wrapping, the `enc` for direct agreement.
    pub(crate) algorithm: &'a str,
    /// The length of the key, in bytes.
    pub(crate) key_len: usize,
    /// `apu`.
    pub(crate) party_u: &'a [u8],
    /// `apv`.
    pub(crate) party_v: &'a [u8],
}

/// Agrees on a key. `None` when the keys do not belong together, or the shared secret would be
/// zero.
pub(crate) fn derive(private: &Jwk, public: &Jwk, context: &Context<'_>) -> Option<SecretBytes> {
    let shared = shared_secret(private, public)?;
    let digest = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256)?;
    let mut key = Zeroizing::new(vec![0; context.key_len]);
    sskdf_digest(digest, shared.expose(), &context.other_info()?, &mut key).ok()?;
    Some(SecretBytes::from(key))
}

impl Context<'_> {
    /// AlgorithmID, PartyUInfo, PartyVInfo, SuppPubInfo (RFC 7518 section 4.6.2).
    fn other_info(&self) -> Option<Vec<u8>> {
        let mut info = Vec::new();
        for field in [self.algorithm.as_bytes(), self.party_u, self.party_v] {
            info.extend_from_slice(&u32::try_from(field.len()).ok()?.to_be_bytes());
            info.extend_from_slice(field);
        }
        info.extend_from_slice(&u32::try_from(self.key_len * 8).ok()?.to_be_bytes());
        Some(info)
    }
}

pub(crate) fn shared_secret(private: &Jwk, public: &Jwk) -> Option<SecretBytes> {
    match (private.material(), public.material()) {
        (Material::Ec(private), Material::Ec(public)) if private.curve() == public.curve() => {
            agree(
                private.curve().agreement(),
                private.private()?,
                public.point(),
            )
        }
        (Material::Okp(private), Material::Okp(public))
            if private.curve() == OkpCurve::X25519 && public.curve() == OkpCurve::X25519 =>
        {
            agree(&X25519, private.private()?, public.x())
        }
        _ => None,
    }
}

fn agree(
    algorithm: &'static agreement::Algorithm,
    private: &SecretBytes,
    public: &[u8],
) -> Option<SecretBytes> {
    let private = PrivateKey::from_private_key(algorithm, private.expose()).ok()?;
    let public = UnparsedPublicKey::new(algorithm, public);
    agreement::agree(&private, public, (), |shared| Ok(SecretBytes::from(shared))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kleis_types::base64url;
    use serde_json::Value;

    fn key(value: &Value) -> Jwk {
        Jwk::from_value(value.clone()).unwrap()
    }

    #[test]
    fn rfc_7518_appendix_c() {
        let text = include_str!("../../../../tests/vectors/rfc7518/ecdh_es.json");
        let vector = serde_json::from_str::<Value>(text).unwrap();
        let (alice, bob) = (key(&vector["ephemeral"]), key(&vector["recipient"]));
        let context = Context {
            algorithm: vector["algorithm"].as_str().unwrap(),
            key_len: 16,
            party_u: vector["apu"].as_str().unwrap().as_bytes(),
            party_v: vector["apv"].as_str().unwrap().as_bytes(),
        };
        for (private, public) in [(&alice, bob.public()), (&bob, alice.public())] {
            let derived = derive(private, &public, &context).unwrap();
            assert_eq!(base64url::encode(derived.expose()), vector["derived_key"]);
        }
        let other = Context {
            party_v: b"Carol",
            ..context
        };
        let derived = derive(&alice, &bob, &other).unwrap();
        assert_ne!(base64url::encode(derived.expose()), vector["derived_key"]);
    }

    #[test]
    fn rfc_8037_appendix_a_6() {
        let text = include_str!("../../../../tests/vectors/rfc8037/okp.json");
        let vector = &serde_json::from_str::<Value>(text).unwrap()["x25519"];
        let (bob, ephemeral) = (key(&vector["recipient"]), key(&vector["ephemeral"]));
        let shared = shared_secret(&bob, &ephemeral).unwrap();
        assert_eq!(base64url::encode(shared.expose()), vector["shared_secret"]);
        assert!(shared_secret(&bob.public(), &ephemeral).is_none());
    }
}
