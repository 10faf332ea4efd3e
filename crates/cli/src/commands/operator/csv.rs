//! A file of registrants: all of its lines are good, or every bad one is told.

use std::collections::HashMap;

use ::csv::{ByteRecord, ReaderBuilder};
use kleis_client::RegistrantLine;
use kleis_types::{Identifier, TypeTable};

use crate::error::{CliError, Item};

/// The heading that the file must have.
const HEADING: [&str; 3] = ["name", "identifiers", "active"];

/// The mark that some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why a line is bad: a stable reason, and what to correct.
type Fault = (&'static str, String);

/// Reads the whole file, or tells every line that is bad.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<RegistrantLine>, CliError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut records = reader.byte_records();
    match records.next() {
        Some(Ok(record))
            if record
                .iter()
                .map(<[u8]>::trim_ascii)
                .eq(HEADING.map(str::as_bytes)) => {}
        _ => {
            let detail = "the first line must be the heading `name,identifiers,active`";
            return Err(CliError::input("CSV_HEADING", detail));
        }
    }
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    let mut seen = HashMap::new();
    for record in records {
        // The reader is over memory and flexible about the number of fields: it has no other
        // faults.
        let record = record.map_err(|error| CliError::input("CSV_INVALID", error))?;
        let number = record.position().map_or(0, ::csv::Position::line);
        match line(&record).and_then(|line| check_unique(line, number, &mut seen)) {
            Ok(line) => lines.push(line),
            Err((reason, detail)) => {
                faults.push(Item {
                    what: format!("line {number}"),
                    reason,
                    detail,
                });
            }
        }
    }
    if !faults.is_empty() {
        let detail = format!(
            "nothing was sent: {} of the file's lines are bad",
            faults.len()
        );
        let fault = CliError::input("CSV_INVALID", detail).told();
        return Err(CliError::Several(Box::new(fault), faults));
    }
    if lines.is_empty() {
        Err(CliError::input(
            "CSV_EMPTY",
            "there are no registrants in the file",
        ))
    } else {
        Ok(lines)
    }
}

fn line(record: &ByteRecord) -> Result<RegistrantLine, Fault> {
    let fields: Result<Vec<_>, _> = record.iter().map(std::str::from_utf8).collect();
    let fields = fields.map_err(|_| ("CSV_ENCODING", "not UTF-8".to_owned()))?;
    let [name, identifiers, active] = fields[..] else {
        let detail = format!("three fields are expected, these are {}", fields.len());
        return Err(("CSV_FIELDS", detail));
    };
    let name = name.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err((
            "CSV_NAME",
            "a name without control characters is expected".to_owned(),
        ));
    }
    Ok(RegistrantLine {
        name: name.to_owned(),
        identifiers: read_identifiers(identifiers)?,
        active: read_active(active.trim())?,
    })
}

fn read_identifiers(text: &str) -> Result<Vec<Identifier>, Fault> {
    let mut identifiers = Vec::new();
    for name in text.split([' ', ';']).filter(|name| !name.is_empty()) {
        let identifier = TypeTable::belgian()
            .parse(name)
            .map_err(|error| (error.code().reason(), format!("{name}: {error}")))?;
        if identifier.application().is_some() || identifier.as_service().is_some() {
            let detail = format!("{name}: a registrant's identifier has no application");
            return Err(("APPLICATION_INVALID", detail));
        }
        identifiers.push(identifier);
    }
    if identifiers.is_empty() {
        Err((
            "CSV_IDENTIFIERS",
            "at least one identifier is expected".to_owned(),
        ))
    } else {
        Ok(identifiers)
    }
}

fn read_active(text: &str) -> Result<bool, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(("CSV_ACTIVE", "`active` is `true` or `false`".to_owned())),
    }
}

/// Refuses an identifier that another line, or the same one, has already: which one is meant?
fn check_unique(
    line: RegistrantLine,
    number: u64,
    seen: &mut HashMap<Identifier, u64>,
) -> Result<RegistrantLine, Fault> {
    for identifier in &line.identifiers {
        if let Some(earlier) = seen.insert(identifier.clone(), number) {
            let detail = format!("{identifier} stands in line {earlier} already");
            return Err(("CSV_DUPLICATE", detail));
        }
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(lines: &str) -> Vec<(String, &'static str)> {
        let file = format!("name,identifiers,active\n{lines}");
        let error = read(file.as_bytes()).unwrap_err();
        error
            .items()
            .iter()
            .map(|item| (item.what.clone(), item.reason))
            .collect()
    }

    #[test]
    fn a_good_file_is_read() {
        let file = "\u{feff}name,identifiers,active\r\n\
                    \"Doe, Jane\",SSIN:85073003328 NIHII11:18749704477,true\r\n\
                    \r\n\
                    eHealth,CBE:809394427;,FALSE\r\n";
        let lines = read(file.as_bytes()).unwrap();
        let [jane, ehealth] = &lines[..] else {
            panic!("two lines")
        };
        assert_eq!((jane.name.as_str(), jane.active), ("Doe, Jane", true));
        let identifiers: Vec<_> = jane.identifiers.iter().map(ToString::to_string).collect();
        assert_eq!(identifiers, ["SSIN:85073003328", "NIHII:18749704"]);
        assert_eq!(ehealth.identifiers[0].to_string(), "CBE:0809394427");
        assert!(!ehealth.active);
    }

    #[test]
    fn every_bad_line_is_told_with_its_number_and_reason() {
        let lines = "Jane,SSIN:85073003328,true\n\
                     too few,CBE:0809394427\n\
                     \"two\nlines\",CBE:0809394427,true\n\
                     Check,CBE:0425222333,true\n\
                     Type,NOSUCH:1,true\n\
                     Form,0809394427,true\n\
                     App,CBE:0809394427/KGSS,true\n\
                     None,,true\n\
                     ,CBE:0809394427,true\n\
                     Active,CBE:0809394427,maybe\n\
                     Again,SSIN:85073003328,true\n\
                     Service,SERVICE:custody,true\n";
        let expected = [
            ("line 3", "CSV_FIELDS"),
            ("line 4", "CSV_NAME"),
            ("line 6", "IDENTIFIER_CHECK_DIGIT"),
            ("line 7", "IDENTIFIER_TYPE_UNKNOWN"),
            ("line 8", "IDENTIFIER_INVALID"),
            ("line 9", "APPLICATION_INVALID"),
            ("line 10", "CSV_IDENTIFIERS"),
            ("line 11", "CSV_NAME"),
            ("line 12", "CSV_ACTIVE"),
            ("line 13", "CSV_DUPLICATE"),
            ("line 14", "APPLICATION_INVALID"),
        ];
        assert_eq!(
            faults(lines),
            expected.map(|(line, reason)| (line.to_owned(), reason))
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_told() {
        let file = b"name,identifiers,active\nJ\xe9r\xf4me,CBE:0809394427,true\n";
        let error = read(file).unwrap_err();
        assert_eq!(error.items()[0].reason, "CSV_ENCODING");
    }

    #[test]
    fn another_heading_or_an_empty_file_is_refused() {
        let reason = |file: &str| read(file.as_bytes()).unwrap_err().told().reason;
        assert_eq!(reason(""), "CSV_HEADING");
        assert_eq!(reason("name,active,identifiers\n"), "CSV_HEADING");
        assert_eq!(reason("Jane,SSIN:85073003328,true\n"), "CSV_HEADING");
        assert_eq!(reason("name,identifiers,active\n"), "CSV_EMPTY");
    }
}
