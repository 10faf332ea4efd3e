//! Making a request.

use kleis_jose::Jwk;
use rcgen::{CertificateParams, DistinguishedName, KeyPair, SigningKey as _};
use yasna::Tag;

use super::{Csr, CsrError};
use crate::der;
use crate::subject::SubjectName;

impl Csr {
    /// A request for `key`, a private key, with an empty subject and no attributes.
    ///
    /// The result has passed [`Csr::parse`], so a key that the registry would refuse is refused
    /// here already.
    pub fn create(key: &Jwk) -> Result<Self, CsrError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let request = params
            .serialize_request(&pair(key)?)
            .map_err(|_| CsrError::CannotSign)?;
        Self::parse(request.der())
    }

    /// A request that names its registrant in its subject: what [`Csr::registrant_name`] reads.
    pub fn create_for(key: &Jwk, subject: &SubjectName) -> Result<Self, CsrError> {
        // rcgen writes one attribute of a type, and this subject has several units: so the request
        // without a subject lends its algorithm and its public key (RFC 2986 section 4).
        let unnamed = Self::create(key)?;
        let [_, algorithm, _] = der::sequence(unnamed.der())?;
        let info = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_u8(0);
                writer.next().write_der(&subject.to_der());
                writer.next().write_der(unnamed.spki_der());
                writer
                    .next()
                    .write_tagged_implicit(Tag::context(0), |writer| writer.write_set(|_| ()));
            });
        });
        let signature = pair(key)?.sign(&info).map_err(|_| CsrError::CannotSign)?;
        Self::parse(&yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_der(&info);
                writer.next().write_der(algorithm.raw);
                writer
                    .next()
                    .write_bitvec_bytes(&signature, signature.len() * 8);
            });
        }))
    }
}

fn pair(key: &Jwk) -> Result<KeyPair, CsrError> {
    let pkcs8 = key.to_pkcs8_der().map_err(|_| CsrError::CannotSign)?;
    KeyPair::try_from(pkcs8.expose()).map_err(|_| CsrError::CannotSign)
}
