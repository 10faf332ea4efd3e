//! Keys in PEM (RFC 7468).

use super::{Jwk, JwkError, MAX_JWK_SIZE};
use zeroize::Zeroizing;

impl Jwk {
    /// Reads text with exactly one `PRIVATE KEY` (PKCS#8), `EC PRIVATE KEY` (SEC 1), `RSA PRIVATE
    /// KEY` (PKCS#1) or `PUBLIC KEY`. An `EC PARAMETERS` block beside it is ignored (old tools
    /// write one); encrypted PEM is not read.
    pub fn from_pem(text: &str) -> Result<Self, JwkError> {
        if text.len() > MAX_JWK_SIZE {
            return Err(JwkError::TooLarge { max: MAX_JWK_SIZE });
        }
        let mut blocks = pem::parse_many(text).map_err(|_| JwkError::Pem)?;
        blocks.retain(|block| block.tag() != "EC PARAMETERS");
        let block = match <[pem::Pem; 1]>::try_from(blocks) {
            Ok([block]) if block.headers().iter().next().is_none() => block,
            _ => return Err(JwkError::Pem),
        };
        let tag = block.tag().to_owned();
        let der = Zeroizing::new(block.into_contents());
        match tag.as_str() {
            "PRIVATE KEY" => Self::from_pkcs8_der(&der),
            "EC PRIVATE KEY" => Self::from_sec1_der(&der),
            "RSA PRIVATE KEY" => Self::from_pkcs1_der(&der),
            "PUBLIC KEY" => Self::from_spki_der(&der),
            _ => Err(JwkError::Pem),
        }
    }
}
