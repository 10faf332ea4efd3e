//! Strict DER (X.690 section 10 and 11): one value, one encoding.
//!
//! Parsers of certificates forgive much that is BER but not DER. Two encodings of one certificate
//! have two thumbprints, and two parsers may read them differently, so everything is checked here
//! before any other parser sees it.

/// How deep values may be nested. A certificate needs 9.
const MAX_DEPTH: usize = 16;

/// Why bytes are not the DER of one value. The fault is the sender's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DerError {
    /// A length reaches beyond the end of the input.
    #[error("the DER ends early")]
    Truncated,
    /// Bytes follow the value.
    #[error("bytes follow the DER value")]
    TrailingData,
    /// A length is indefinite, or not in the shortest form (X.690 section 10.1).
    #[error("a DER length is indefinite or not in its shortest form")]
    Length,
    /// A tag that no X.509 type uses, or a multi-byte tag.
    #[error("a DER tag is not one that X.509 uses")]
    Tag,
    /// A constructed string, or a primitive sequence (X.690 section 10.2).
    #[error("a DER value is constructed where it must be primitive, or the reverse")]
    Construction,
    /// A BOOLEAN that is neither 00 nor FF (X.690 section 11.1).
    #[error("a DER BOOLEAN is neither 00 nor FF")]
    Boolean,
    /// A BOOLEAN that is false: in X.509 always a default, which DER leaves out (X.690 11.5).
    #[error("a default value is written out")]
    DefaultEncoded,
    /// An INTEGER that is empty or has needless leading octets (X.690 section 8.3.2).
    #[error("a DER INTEGER is not in its shortest form")]
    Integer,
    /// A BIT STRING with a wrong count of unused bits, or with unused bits set (X.690 11.2.1).
    #[error("a DER BIT STRING has wrong or non-zero unused bits")]
    BitString,
    /// A NULL that has content.
    #[error("a DER NULL has content")]
    Null,
    /// An OBJECT IDENTIFIER that is empty, cut off or padded (X.690 section 8.19.2).
    #[error("a DER OBJECT IDENTIFIER is malformed")]
    ObjectIdentifier,
    /// A string with characters its type does not have.
    #[error("a DER string holds characters that its type does not have")]
    Text,
    /// A time that is not `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (RFC 5280 section 4.1.2.5).
    #[error("a DER time is not in the form RFC 5280 demands")]
    Time,
    /// The members of a SET OF are not in ascending order (X.690 section 11.6).
    #[error("the members of a DER SET are not in order")]
    Order,
    /// The members of a SEQUENCE are not those its type has.
    #[error("a DER SEQUENCE does not have the members of its type")]
    Structure,
    /// Values are nested more deeply than any certificate needs.
    #[error("DER values are nested too deeply")]
    Depth,
}

/// One tag, length and value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tlv<'a> {
    /// The identifier octet.
    pub(crate) tag: u8,
    /// The content octets.
    pub(crate) value: &'a [u8],
    /// Tag, length and content.
    pub(crate) raw: &'a [u8],
}

pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const CLASS: u8 = 0xc0;
const CONSTRUCTED: u8 = 0x20;
const CONTEXT: u8 = 0x80;

/// Checks that `input` is the DER of exactly one value, all the way down.
///
/// The content of OCTET STRINGs and of primitive context-specific values is opaque.
pub(crate) fn check(input: &[u8]) -> Result<(), DerError> {
    check_value(&single(input)?, MAX_DEPTH)
}

/// The one value that `input` consists of.
pub(crate) fn single(input: &[u8]) -> Result<Tlv<'_>, DerError> {
    let (value, rest) = read(input)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(DerError::TrailingData)
    }
}

/// The values that the content of a constructed value consists of.
pub(crate) fn children(mut content: &[u8]) -> Result<Vec<Tlv<'_>>, DerError> {
    let mut found = Vec::new();
    while !content.is_empty() {
        let (value, rest) = read(content)?;
        found.push(value);
        content = rest;
    }
    Ok(found)
}

/// The members of the SEQUENCE that `input` consists of, if there are exactly `N`.
pub(crate) fn sequence<const N: usize>(input: &[u8]) -> Result<[Tlv<'_>; N], DerError> {
    members(single(input)?)?
        .try_into()
        .map_err(|_| DerError::Structure)
}

/// The members of a SEQUENCE.
pub(crate) fn members(sequence: Tlv<'_>) -> Result<Vec<Tlv<'_>>, DerError> {
    if sequence.tag == SEQUENCE {
        children(sequence.value)
    } else {
        Err(DerError::Structure)
    }
}

fn read(input: &[u8]) -> Result<(Tlv<'_>, &[u8]), DerError> {
    let [tag, first, rest @ ..] = input else {
        return Err(DerError::Truncated);
    };
    if tag & 0x1f == 0x1f {
        return Err(DerError::Tag);
    }
    let (length, content) = read_length(*first, rest)?;
    let (value, after) = content
        .split_at_checked(length)
        .ok_or(DerError::Truncated)?;
    let raw = input
        .get(..input.len() - after.len())
        .ok_or(DerError::Truncated)?;
    Ok((
        Tlv {
            tag: *tag,
            value,
            raw,
        },
        after,
    ))
}

fn read_length(first: u8, rest: &[u8]) -> Result<(usize, &[u8]), DerError> {
    if first < 0x80 {
        return Ok((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    // Three octets reach 16 MiB, more than any input this crate lets in.
    if count == 0 || count > 3 {
        return Err(DerError::Length);
    }
    let (octets, rest) = rest.split_at_checked(count).ok_or(DerError::Truncated)?;
    let length = octets
        .iter()
        .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
    let shortest = if count == 1 {
        length >= 0x80
    } else {
        octets.first() != Some(&0)
    };
    if shortest {
        Ok((length, rest))
    } else {
        Err(DerError::Length)
    }
}

fn check_value(tlv: &Tlv<'_>, depth: usize) -> Result<(), DerError> {
    match tlv.tag & CLASS {
        0 => check_universal(tlv, depth),
        CONTEXT if tlv.tag & CONSTRUCTED != 0 => check_children(tlv, depth).map(|_| ()),
        CONTEXT => Ok(()),
        _ => Err(DerError::Tag),
    }
}

fn check_children<'a>(tlv: &Tlv<'a>, depth: usize) -> Result<Vec<Tlv<'a>>, DerError> {
    let depth = depth.checked_sub(1).ok_or(DerError::Depth)?;
    let members = children(tlv.value)?;
    members
        .iter()
        .try_for_each(|member| check_value(member, depth))?;
    Ok(members)
}

fn check_universal(tlv: &Tlv<'_>, depth: usize) -> Result<(), DerError> {
    match tlv.tag {
        0x01 => check_boolean(tlv.value),
        0x02 | 0x0a => check_integer(tlv.value),
        BIT_STRING => check_bit_string(tlv.value),
        0x05 => tlv.value.is_empty().then_some(()).ok_or(DerError::Null),
        0x06 => check_oid(tlv.value),
        0x0c => std::str::from_utf8(tlv.value)
            .map(|_| ())
            .map_err(|_| DerError::Text),
        0x12 => check_text(tlv.value, |c| c.is_ascii_digit() || c == b' '),
        0x13 => check_text(tlv.value, is_printable),
        0x16 => check_text(tlv.value, |c| c.is_ascii()),
        0x17 => check_time(tlv.value, 13),
        0x18 => check_time(tlv.value, 15),
        // OCTET STRING; T61String, UniversalString and BMPString, which no caller reads.
        OCTET_STRING | 0x14 | 0x1c | 0x1e => Ok(()),
        SEQUENCE => check_children(tlv, depth).map(|_| ()),
        SET => check_set(&check_children(tlv, depth)?),
        // SEQUENCE and SET as primitives, and every string type as a constructed value.
        0x10 | 0x11 | 0x21..=0x3e => Err(DerError::Construction),
        _ => Err(DerError::Tag),
    }
}

fn check_boolean(value: &[u8]) -> Result<(), DerError> {
    match value {
        [0xff] => Ok(()),
        [0x00] => Err(DerError::DefaultEncoded),
        _ => Err(DerError::Boolean),
    }
}

fn check_integer(value: &[u8]) -> Result<(), DerError> {
    match value {
        [] | [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(DerError::Integer),
        _ => Ok(()),
    }
}

fn check_bit_string(value: &[u8]) -> Result<(), DerError> {
    let [unused @ 0..=7, bits @ ..] = value else {
        return Err(DerError::BitString);
    };
    let spare = match bits.last() {
        Some(last) => last & !(0xff_u8 << unused),
        None => *unused,
    };
    if spare == 0 {
        Ok(())
    } else {
        Err(DerError::BitString)
    }
}

fn check_oid(value: &[u8]) -> Result<(), DerError> {
    let mut at_start = true;
    for octet in value {
        if at_start && *octet == 0x80 {
            return Err(DerError::ObjectIdentifier);
        }
        at_start = octet & 0x80 == 0;
    }
    if at_start && !value.is_empty() {
        Ok(())
    } else {
        Err(DerError::ObjectIdentifier)
    }
}

fn check_text(value: &[u8], allowed: impl Fn(u8) -> bool) -> Result<(), DerError> {
    value
        .iter()
        .all(|c| allowed(*c))
        .then_some(())
        .ok_or(DerError::Text)
}

fn is_printable(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&c)
}

fn check_time(value: &[u8], length: usize) -> Result<(), DerError> {
    match value.split_last() {
        Some((b'Z', digits)) if value.len() == length && digits.iter().all(u8::is_ascii_digit) => {
            Ok(())
        }
        _ => Err(DerError::Time),
    }
}

fn check_set(members: &[Tlv<'_>]) -> Result<(), DerError> {
    members
        .is_sorted_by_key(|member| member.raw)
        .then_some(())
        .ok_or(DerError::Order)
}

#[cfg(test)]
mod tests;
