//! Bindings: "this encryption key is mine" (`docs/formats.md` section 6).
//!
//! The owner's certified key signs the thumbprint of the encryption key, so that neither directory
//! nor database nor edge can put another key in its place. [`Unverified`] tells which certificate
//! to verify the binding under; [`verify`] does it; [`Binding::covers`] says whether a key is the
//! one that was bound. Status and endorsement are looked at by [`recipient`](crate::recipient) and
//! by registration.

mod claims;
mod error;
mod verified;

pub use claims::BindingClaims;
pub use error::BindingError;
pub use verified::{Binding, Unverified, verify};

use kleis_jose::jws::Header;

use crate::{Signer, SigningError, envelope, typ};

/// The longest binding that is read, in bytes of its compact serialisation.
pub const MAX_SIZE: usize = 32_768;

/// Signs a binding for the owner and device of the signer's certificate.
pub fn sign(signer: &Signer, claims: &BindingClaims) -> Result<String, SigningError> {
    let claims = claims.for_signer(signer)?;
    let header = Header::default()
        .with_typ(typ::BINDING)
        .with_kid(signer.public_key().thumbprint().as_str())
        .with_x5t_s256(signer.certificate().x5t_s256());
    envelope::sign(signer.key(), &header, &claims)
}

#[cfg(test)]
mod tests;
