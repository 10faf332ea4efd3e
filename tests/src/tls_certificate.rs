//! A certificate for this machine, and the authority that made it.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose::ServerAuth, IsCa, Issuer, KeyPair, KeyUsagePurpose::KeyCertSign,
};

/// PEM texts.
pub(crate) struct ServerCertificate {
    pub(crate) authority: String,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// For `127.0.0.1` and `localhost`, by an authority whose key is then forgotten.
pub(crate) fn tls_certificate() -> ServerCertificate {
    let mut params = named(&[], "Example Authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyCertSign];
    let authority_key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(params, authority_key);

    let mut params = named(&["127.0.0.1", "localhost"], "Example Server");
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ServerAuth];
    let key = KeyPair::generate().unwrap();
    ServerCertificate {
        authority,
        certificate: params.signed_by(&key, &issuer).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

fn named(hosts: &[&str], common_name: &str) -> CertificateParams {
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
}
