//! Distinguished names: a sequence of single-valued RDNs with string values.

use std::fmt;

use x509_parser::der_parser::asn1_rs::{Oid, Tag};
use x509_parser::x509::X509Name;

use crate::oid;

/// A distinguished name, in the order of its encoding.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Name(Vec<Attribute>);

/// One attribute; its RDN holds nothing else.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// The content octets of the attribute type.
    pub(crate) oid: Vec<u8>,
    /// The value, whatever string type encoded it.
    pub(crate) value: String,
}

/// A name with a multi-valued RDN or a value that is no plain string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnusualName;

impl Name {
    pub(crate) fn new(attributes: impl IntoIterator<Item = (&'static [u8], String)>) -> Self {
        let attributes = attributes.into_iter();
        Self(
            attributes
                .map(|(oid, value)| Attribute {
                    oid: oid.to_vec(),
                    value,
                })
                .collect(),
        )
    }

    pub(crate) fn parse(name: &X509Name<'_>) -> Result<Self, UnusualName> {
        let mut attributes = Vec::new();
        for rdn in name.iter() {
            let mut members = rdn.iter();
            let (Some(only), None) = (members.next(), members.next()) else {
                return Err(UnusualName);
            };
            let value = only.attr_value();
            let plain = [Tag::Utf8String, Tag::PrintableString, Tag::Ia5String];
            if !plain.contains(&value.tag()) {
                return Err(UnusualName);
            }
            let value = std::str::from_utf8(value.data)
                .map_err(|_| UnusualName)?
                .to_owned();
            attributes.push(Attribute {
                oid: only.attr_type().as_bytes().to_vec(),
                value,
            });
        }
        Ok(Self(attributes))
    }

    pub(crate) fn attributes(&self) -> &[Attribute] {
        &self.0
    }

    /// The same name with this common name in the place of its own.
    pub(crate) fn with_common_name(&self, common_name: &str) -> Self {
        let mut renamed = self.clone();
        for attribute in &mut renamed.0 {
            if attribute.oid == oid::COMMON_NAME {
                common_name.clone_into(&mut attribute.value);
            }
        }
        renamed
    }

    /// The encoding: a PrintableString for the country, UTF8String for all else
    /// (RFC 5280 section 4.1.2.4 and appendix A.1).
    pub(crate) fn to_der(&self) -> Vec<u8> {
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                for attribute in &self.0 {
                    writer.next().write_set(|writer| {
                        writer.next().write_sequence(|writer| {
                            oid::write(writer.next(), &attribute.oid);
                            if attribute.oid == oid::COUNTRY {
                                writer.next().write_printable_string(&attribute.value);
                            } else {
                                writer.next().write_utf8_string(&attribute.value);
                            }
                        });
                    });
                }
            });
        })
    }
}

/// RFC 4514: the last RDN first; `=` is escaped too, as the Belgian profile writes it.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attribute) in self.0.iter().rev().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(
                f,
                "{comma}{}={}",
                label(&attribute.oid),
                escape(&attribute.value)
            )?;
        }
        Ok(())
    }
}

fn label(oid: &[u8]) -> String {
    match oid {
        oid::COMMON_NAME => "CN".to_owned(),
        oid::COUNTRY => "C".to_owned(),
        oid::ORGANISATION => "O".to_owned(),
        oid::ORGANISATIONAL_UNIT => "OU".to_owned(),
        other => Oid::new(other.into()).to_id_string(),
    }
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 4);
    for (index, c) in value.char_indices() {
        let at_start = index == 0;
        let at_end = index + c.len_utf8() == value.len();
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => escaped.extend(['\\', c]),
            '#' if at_start => escaped.extend(['\\', c]),
            ' ' if at_start || at_end => escaped.extend(['\\', c]),
            c if c.is_control() => {
                let mut utf8 = [0; 4];
                let octets = c.encode_utf8(&mut utf8).bytes();
                escaped.extend(octets.map(|octet| format!("\\{octet:02X}")));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::FromDer;

    use super::*;

    fn example() -> Name {
        Name::new([
            (oid::COUNTRY, "BE".to_owned()),
            (oid::ORGANISATION, "Federal Government".to_owned()),
            (oid::ORGANISATIONAL_UNIT, "SSIN=85073003328".to_owned()),
            (oid::ORGANISATIONAL_UNIT, "DOE JANE".to_owned()),
            (oid::COMMON_NAME, "SSIN=85073003328".to_owned()),
        ])
    }

    #[test]
    fn reads_what_it_writes_with_repeated_types() {
        let der = example().to_der();
        let (rest, parsed) = X509Name::from_der(&der).unwrap();
        assert!(rest.is_empty());
        assert!(Name::parse(&parsed) == Ok(example()));
    }

    #[test]
    fn is_shown_last_first_and_escaped() {
        assert_eq!(
            example().to_string(),
            "CN=SSIN\\=85073003328,OU=DOE JANE,OU=SSIN\\=85073003328,O=Federal Government,C=BE"
        );
        let odd = Name::new([(oid::COMMON_NAME, "# a, \"b\"\n ".to_owned())]);
        assert_eq!(odd.to_string(), "CN=\\# a\\, \\\"b\\\"\\0A\\ ");
        let other = Name::new([(&[0x55, 0x04, 0x05][..], "1".to_owned())]);
        assert_eq!(other.to_string(), "2.5.4.5=1");
    }

    #[test]
    fn refuses_several_values_in_one_rdn_and_binary_values() {
        let two = b"\x30\x18\x31\x16\x30\x09\x06\x03\x55\x04\x03\x0c\x02ab\
                    \x30\x09\x06\x03\x55\x04\x0a\x0c\x02cd";
        let binary = b"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x04\x02ab";
        for der in [&two[..], binary] {
            let (_, parsed) = X509Name::from_der(der).unwrap();
            assert!(Name::parse(&parsed) == Err(UnusualName));
        }
    }
}
