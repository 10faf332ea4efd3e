//! subjectAltName (RFC 5280 section 4.2.1.6), the three kinds of name that the profiles use.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use yasna::Tag;

use crate::der::{self, DerError};

/// One GeneralName.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AltName {
    /// uniformResourceIdentifier.
    Uri(String),
    /// dNSName.
    Dns(String),
    /// iPAddress.
    Ip(IpAddr),
    /// Any other kind: never written, refused by every profile.
    Other,
}

const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const IP: u8 = 0x87;

/// Reads the value of the extension.
pub(crate) fn parse(value: &[u8]) -> Result<Vec<AltName>, DerError> {
    der::check(value)?;
    let names = der::members(der::single(value)?)?;
    names
        .iter()
        .map(|name| parse_one(name.tag, name.value))
        .collect()
}

fn parse_one(tag: u8, value: &[u8]) -> Result<AltName, DerError> {
    match tag {
        URI => Ok(AltName::Uri(ascii(value)?)),
        DNS => Ok(AltName::Dns(ascii(value)?)),
        IP => ip(value).map(AltName::Ip).ok_or(DerError::Text),
        _ => Ok(AltName::Other),
    }
}

fn ascii(value: &[u8]) -> Result<String, DerError> {
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(DerError::Text),
    }
}

fn ip(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => <[u8; 4]>::try_from(value)
            .ok()
            .map(|octets| Ipv4Addr::from(octets).into()),
        16 => <[u8; 16]>::try_from(value)
            .ok()
            .map(|octets| Ipv6Addr::from(octets).into()),
        _ => None,
    }
}

/// Writes the value of the extension. [`AltName::Other`] is left out.
pub(crate) fn to_der(names: &[AltName]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            for name in names {
                let (tag, content) = match name {
                    AltName::Uri(text) => (URI, text.as_bytes().to_vec()),
                    AltName::Dns(text) => (DNS, text.as_bytes().to_vec()),
                    AltName::Ip(IpAddr::V4(address)) => (IP, address.octets().to_vec()),
                    AltName::Ip(IpAddr::V6(address)) => (IP, address.octets().to_vec()),
                    AltName::Other => continue,
                };
                let tag = Tag::context(u64::from(tag & 0x1f));
                writer
                    .next()
                    .write_tagged_implicit(tag, |writer| writer.write_bytes(&content));
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let names = vec![
            AltName::Uri("urn:kleis:device:main".to_owned()),
            AltName::Dns("registration.example".to_owned()),
            AltName::Ip("192.0.2.1".parse().unwrap()),
            AltName::Ip("2001:db8::1".parse().unwrap()),
        ];
        assert_eq!(parse(&to_der(&names)), Ok(names));
    }

    #[test]
    fn keeps_the_place_of_kinds_it_does_not_read() {
        // rfc822Name "a@b"
        assert_eq!(parse(b"\x30\x05\x81\x03a@b"), Ok(vec![AltName::Other]));
    }

    #[test]
    fn refuses_what_is_no_list_of_names() {
        assert_eq!(parse(b"\x31\x00"), Err(DerError::Structure));
        assert_eq!(parse(b"\x30\x03\x86\x01\xff"), Err(DerError::Text));
        assert_eq!(parse(b"\x30\x05\x87\x03\x01\x02\x03"), Err(DerError::Text));
        assert_eq!(parse(b"\x30\x03\x86\x02a"), Err(DerError::Truncated));
        assert_eq!(parse(b"\x30\x00\x00"), Err(DerError::TrailingData));
    }
}
