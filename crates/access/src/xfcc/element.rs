//! The grammar: `Key=Value;Key="Value with \"quotes\""`.

use super::XfccError;

/// More than an edge has to say of one certificate.
const MAX_PAIRS: usize = 256;

/// The pairs of the only element, values freed from their quotes.
pub(super) fn pairs(header: &str) -> Result<Vec<(String, String)>, XfccError> {
    let mut pairs = Vec::new();
    let mut rest = header;
    loop {
        let (key, after) = rest.split_once('=').ok_or(XfccError::Malformed)?;
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(XfccError::Malformed);
        }
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => plain_value(after)?,
        };
        pairs.push((key.to_owned(), value));
        if pairs.len() > MAX_PAIRS {
            return Err(XfccError::Malformed);
        }
        rest = match after.split_at_checked(1) {
            None => return Ok(pairs),
            Some((";", rest)) => rest,
            Some((",", _)) => return Err(XfccError::SeveralElements),
            Some(_) => return Err(XfccError::Malformed),
        };
    }
}

/// Up to the next separator. A value with `=`, `,` or `;` in it must be quoted.
fn plain_value(text: &str) -> Result<(String, &str), XfccError> {
    let end = text.find([';', ',']).unwrap_or(text.len());
    let (value, after) = text.split_at(end);
    if value.contains(['=', '"']) {
        return Err(XfccError::Malformed);
    }
    Ok((value.to_owned(), after))
}

/// Up to the closing quote. `\"` is a quote; any other backslash is one.
fn quoted_value(text: &str) -> Result<(String, &str), XfccError> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"').ok_or(XfccError::Malformed)?;
        let (part, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        let Some(part) = part.strip_suffix('\\') else {
            value.push_str(part);
            return Ok((value, rest));
        };
        value.push_str(part);
        value.push('"');
    }
}
