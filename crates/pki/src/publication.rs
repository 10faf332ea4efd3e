//! Where a CA tells what became of its certificates: the addresses that stand in them.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use yasna::Tag;

use crate::certificate::Certificate;
use crate::der;
use crate::oid;
use crate::tbs::Extension;

/// How many entries of the status list one revocation list is for.
pub const SHARD: u32 = 4096;

/// Longest base address, in octets.
const MAX_BASE: usize = 256;

/// The shard of a certificate with this entry in the status list.
pub fn shard_of(status_index: u32) -> u32 {
    status_index / SHARD
}

/// The name of an issuing CA in addresses: the first 8 octets of its key identifier, so that the
/// lists of two CAs of one installation do not mix. Its text form is lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssuerId([u8; 8]);

/// A text that is no [`IssuerId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of an issuing CA is 16 digits of lower-case hexadecimal")]
pub struct InvalidIssuerId;

impl IssuerId {
    /// The name of the CA that has this certificate.
    pub fn of_ca(certificate: &Certificate) -> Self {
        Self::of(&certificate.as_issuer().key_identifier)
    }

    pub(crate) fn of(key_identifier: &[u8; 20]) -> Self {
        let mut id = [0; 8];
        for (to, from) in id.iter_mut().zip(key_identifier) {
            *to = *from;
        }
        Self(id)
    }
}

impl FromStr for IssuerId {
    type Err = InvalidIssuerId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let octets = HEXLOWER.decode(text.as_bytes()).ok();
        let octets = octets.and_then(|octets| <[u8; 8]>::try_from(octets).ok());
        octets.map(Self).ok_or(InvalidIssuerId)
    }
}

impl fmt::Display for IssuerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for IssuerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuerId({self})")
    }
}

/// The base address under which an installation publishes what its CAs sign.
///
/// It stands in certificates, so it holds for as long as they do.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Publication {
    base: String,
}

/// A text that is no base address. The fault is the operator's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a base address is http:// or https:// with a lower-case host, without user, query, fragment \
     and final slash, of at most 256 characters"
)]
pub struct InvalidPublication;

impl TryFrom<String> for Publication {
    type Error = InvalidPublication;

    fn try_from(base: String) -> Result<Self, Self::Error> {
        Self::new(&base)
    }
}

impl Publication {
    /// The publication under this address: `http://pki.hospital.example`.
    pub fn new(base: &str) -> Result<Self, InvalidPublication> {
        let rest = ["http://", "https://"]
            .iter()
            .find_map(|scheme| base.strip_prefix(scheme))
            .ok_or(InvalidPublication)?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let in_host = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:[]".contains(c);
        let in_path = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
        let good = base.len() <= MAX_BASE
            && host.starts_with(|c: char| c != ':')
            && host.chars().all(in_host)
            && path.chars().all(in_path)
            && !path.ends_with('/')
            && !path.contains("//");
        if good {
            Ok(Self {
                base: base.to_owned(),
            })
        } else {
            Err(InvalidPublication)
        }
    }

    /// The address of the revocation list of a CA for a shard.
    pub fn crl_uri(&self, issuer: IssuerId, shard: u32) -> String {
        format!("{}/pki/crl/{issuer}/{shard}.crl", self.base)
    }

    /// The address of the OCSP responder.
    pub fn ocsp_uri(&self) -> String {
        format!("{}/pki/ocsp", self.base)
    }

    /// The address of the certificate of a CA, in DER.
    pub fn issuer_uri(&self, issuer: IssuerId) -> String {
        format!("{}/pki/ca/{issuer}.cer", self.base)
    }

    /// cRLDistributionPoints and authorityInfoAccess of a certificate with this entry in the status
    /// list (RFC 5280 sections 4.2.1.13 and 4.2.2.1).
    pub(crate) fn extensions(&self, issuer: IssuerId, status_index: u32) -> [Extension; 2] {
        let crl = self.crl_uri(issuer, shard_of(status_index));
        let points = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_der(&full_name(&crl));
                });
            });
        });
        let access = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                for (method, uri) in [
                    (oid::AD_OCSP, self.ocsp_uri()),
                    (oid::AD_CA_ISSUERS, self.issuer_uri(issuer)),
                ] {
                    writer.next().write_sequence(|writer| {
                        oid::write(writer.next(), method);
                        writer.next().write_der(&uri_name(&uri));
                    });
                }
            });
        });
        [
            Extension::new(oid::CRL_DISTRIBUTION_POINTS, false, points),
            Extension::new(oid::AUTHORITY_INFO_ACCESS, false, access),
        ]
    }

    /// The publication that these two extensions tell of, if they are, octet for octet, those that
    /// it gives to this certificate.
    pub(crate) fn read(
        points: &[u8],
        access: &[u8],
        issuer: IssuerId,
        status_index: u32,
    ) -> Option<Self> {
        let [point] = der::sequence::<1>(points).ok()?;
        let [names] = der::sequence::<1>(point.raw).ok()?;
        let uri = uri_of_full_name(names.raw)?;
        let path = format!("/pki/crl/{issuer}/{}.crl", shard_of(status_index));
        let read = Self::new(uri.strip_suffix(&path)?).ok()?;
        let [own_points, own_access] = read.extensions(issuer, status_index);
        (own_points.value == points && own_access.value == access).then_some(read)
    }
}

/// The DistributionPointName of one URI, as the `[0]` that both kinds of extension have
/// (RFC 5280 sections 4.2.1.13 and 5.2.5).
pub(crate) fn full_name(uri: &str) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_tagged(Tag::context(0), |writer| {
            writer.write_tagged(Tag::context(0), |writer| writer.write_der(&uri_name(uri)));
        });
    })
}

/// The one URI of such a `[0]`.
pub(crate) fn uri_of_full_name(raw: &[u8]) -> Option<&str> {
    let point = der::single(raw).ok().filter(|it| it.tag == 0xa0)?;
    let full = der::single(point.value).ok().filter(|it| it.tag == 0xa0)?;
    let name = der::single(full.value).ok().filter(|it| it.tag == 0x86)?;
    std::str::from_utf8(name.value).ok()
}

/// A GeneralName of the kind uniformResourceIdentifier.
fn uri_name(uri: &str) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_tagged_implicit(Tag::context(6), |writer| writer.write_bytes(uri.as_bytes()));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: IssuerId = IssuerId([0xab; 8]);

    #[test]
    fn reads_the_extensions_that_it_writes_and_no_others() {
        let publication = Publication::new("http://pki.hospital.example:8080/kleis").unwrap();
        let [points, access] = publication.extensions(ISSUER, 5000);
        let read = |points: &[u8], access: &[u8], issuer, index| {
            Publication::read(points, access, issuer, index)
        };
        let found = read(&points.value, &access.value, ISSUER, 8191);
        assert_eq!(found.as_ref(), Some(&publication));
        // Another shard, another CA, another place, one of them twice.
        assert!(read(&points.value, &access.value, ISSUER, 4095).is_none());
        let other = IssuerId([0xac; 8]);
        assert!(read(&points.value, &access.value, other, 5000).is_none());
        let elsewhere = Publication::new("http://pki.elsewhere.example").unwrap();
        let [_, others] = elsewhere.extensions(ISSUER, 5000);
        assert!(read(&points.value, &others.value, ISSUER, 5000).is_none());
        assert!(read(&points.value, &points.value, ISSUER, 5000).is_none());
        let mut longer = points.value.clone();
        longer.push(0);
        assert!(read(&longer, &access.value, ISSUER, 5000).is_none());
    }

    #[test]
    fn addresses_are_those_of_the_formats() {
        let publication = Publication::new("https://pki.hospital.example").unwrap();
        assert_eq!(
            publication.crl_uri(ISSUER, 7),
            "https://pki.hospital.example/pki/crl/abababababababab/7.crl"
        );
        assert_eq!(
            publication.issuer_uri(ISSUER),
            "https://pki.hospital.example/pki/ca/abababababababab.cer"
        );
        assert_eq!(
            publication.ocsp_uri(),
            "https://pki.hospital.example/pki/ocsp"
        );
        assert_eq!((shard_of(0), shard_of(4095), shard_of(4096)), (0, 0, 1));
        assert_eq!("abababababababab".parse(), Ok(ISSUER));
        assert!("ABABABABABABABAB".parse::<IssuerId>().is_err());
        assert!("abab".parse::<IssuerId>().is_err());
    }

    #[test]
    fn refuses_what_is_no_base_address() {
        for text in [
            "",
            "ftp://host.example",
            "http://",
            "http:///path",
            "http://host.example/",
            "http://host.example/a//b",
            "http://Host.example",
            "http://user@host.example",
            "http://host.example?q",
            "http://host.example/a#b",
            "http://host.example/é",
            &format!("http://{}", "a".repeat(250)),
        ] {
            assert!(Publication::new(text).is_err(), "{text}");
        }
    }
}
