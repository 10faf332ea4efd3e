//! Lines, as they come.

use std::io::{self, BufRead, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder};
use kleis_types::{Contact, Identifier, TypeTable};

use crate::{HEADING, Line, OLD};

/// The mark that some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// It does not begin as it must.
    #[error(
        "the first line must be the heading `name,identifiers,active` or \
         `name,identifiers,active,mail,webhook`"
    )]
    Heading,
    /// The system does not give it.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// A line that is bad: where, which column, a stable reason, and what to correct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFault {
    /// The line's number, from 1, where it begins.
    pub line: u64,
    /// The column at fault; empty if it is the line as a whole.
    pub field: &'static str,
    /// The stable reason.
    pub reason: &'static str,
    /// What to correct.
    pub detail: String,
}

/// Reads a file line by line.
pub struct Reader<'a, R> {
    records: csv::ByteRecordsIntoIter<BufReader<R>>,
    types: &'a TypeTable,
    has_contacts: bool,
}

type Fault = (&'static str, &'static str, String);

impl<'a, R: Read> Reader<'a, R> {
    /// Reads the heading.
    ///
    /// # Errors
    /// [`RosterError`].
    pub fn new(file: R, types: &'a TypeTable) -> Result<Self, RosterError> {
        let mut file = BufReader::new(file);
        if file.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
            file.consume(BYTE_ORDER_MARK.len());
        }
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            // Carriage returns are trimmed with the last field: the reader would count lines wrong.
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(file);
        let mut records = reader.into_byte_records();
        let heading = match records.next() {
            Some(record) => record.map_err(io_error)?,
            None => return Err(RosterError::Heading),
        };
        let names: Vec<&[u8]> = heading.iter().map(<[u8]>::trim_ascii).collect();
        let is = |columns: &[&str]| {
            names
                .iter()
                .copied()
                .eq(columns.iter().map(|c| c.as_bytes()))
        };
        let has_contacts = is(&HEADING);
        if !has_contacts && !is(&HEADING[..OLD]) {
            return Err(RosterError::Heading);
        }
        Ok(Self {
            records,
            types,
            has_contacts,
        })
    }

    fn line(&self, record: &ByteRecord) -> Result<Line, Fault> {
        let fields: Result<Vec<_>, _> = record.iter().map(std::str::from_utf8).collect();
        let fields = fields.map_err(|_| ("", "CSV_ENCODING", "not UTF-8".to_owned()))?;
        let wanted = if self.has_contacts {
            HEADING.len()
        } else {
            OLD
        };
        let [name, identifiers, active, ref contact @ ..] = fields[..] else {
            return Err(wrong_count(wanted, fields.len()));
        };
        let contact = match (contact, self.has_contacts) {
            ([], false) => None,
            ([mail, webhook], true) => Some(read_contact(mail.trim(), webhook.trim())?),
            _ => return Err(wrong_count(wanted, fields.len())),
        };
        Ok(Line {
            name: read_name(name.trim())?,
            identifiers: self.identifiers(identifiers)?,
            active: read_active(active.trim())?,
            contact,
        })
    }

    fn identifiers(&self, text: &str) -> Result<Vec<Identifier>, Fault> {
        const FIELD: &str = "identifiers";
        let mut identifiers = Vec::new();
        let names = text.split([' ', ';']).filter(|name| !name.is_empty());
        for (index, name) in (1..).zip(names) {
            let identifier = self.types.parse(name).map_err(|error| {
                let detail = format!("number {index}: {error}");
                (FIELD, error.code().reason(), detail)
            })?;
            if identifier.application().is_some() || identifier.as_service().is_some() {
                let detail = format!(
                    "number {index}: a registrant is a person or an organisation, without an \
                     application"
                );
                return Err((FIELD, "APPLICATION_INVALID", detail));
            }
            identifiers.push(identifier);
        }
        if identifiers.is_empty() {
            let detail = "at least one identifier is expected".to_owned();
            return Err((FIELD, "CSV_IDENTIFIERS", detail));
        }
        Ok(identifiers)
    }
}

impl<R: Read> Iterator for Reader<'_, R> {
    type Item = Result<(u64, Line), Result<LineFault, RosterError>>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = loop {
            match self.records.next()? {
                Ok(record) if is_blank(&record) => {}
                Ok(record) => break record,
                Err(error) => return Some(Err(Err(io_error(error)))),
            }
        };
        let number = record.position().map_or(0, csv::Position::line);
        Some(match self.line(&record) {
            Ok(line) => Ok((number, line)),
            Err((field, reason, detail)) => Err(Ok(LineFault {
                line: number,
                field,
                reason,
                detail,
            })),
        })
    }
}

/// The reader is of bytes and flexible about the number of fields: it has no other faults.
fn io_error(error: csv::Error) -> RosterError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => RosterError::Io(error),
        other => RosterError::Io(io::Error::other(format!("{other:?}"))),
    }
}

fn is_blank(record: &ByteRecord) -> bool {
    record.len() == 1 && record[0].trim_ascii().is_empty()
}

fn wrong_count(wanted: usize, found: usize) -> Fault {
    let detail = format!("{wanted} fields are expected, these are {found}");
    ("", "CSV_FIELDS", detail)
}

fn read_name(name: &str) -> Result<String, Fault> {
    if name.is_empty() || name.chars().any(char::is_control) {
        let detail = "a name without control characters is expected".to_owned();
        return Err(("name", "CSV_NAME", detail));
    }
    Ok(name.to_owned())
}

fn read_active(text: &str) -> Result<bool, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => {
            let detail = "`active` is `true` or `false`".to_owned();
            Err(("active", "CSV_ACTIVE", detail))
        }
    }
}

fn read_contact(mail: &str, webhook: &str) -> Result<Contact, Fault> {
    let fault =
        |field| move |error: kleis_types::ContactError| (field, "CSV_CONTACT", error.to_string());
    let mail = Contact::parse(mail, "").map_err(fault("mail"))?.mail;
    let webhook = Contact::parse("", webhook)
        .map_err(fault("webhook"))?
        .webhook;
    Ok(Contact { mail, webhook })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Uniqueness;

    type Read = Vec<Result<(u64, Line), (u64, &'static str, &'static str)>>;

    /// What is read of a file, lines that stand in it twice included.
    fn read(file: &[u8]) -> Read {
        let mut unique = Uniqueness::default();
        Reader::new(file, TypeTable::belgian())
            .unwrap()
            .map(|line| match line {
                Ok((number, line)) => match unique.check(number, &line) {
                    Ok(()) => Ok((number, line)),
                    Err(fault) => Err((fault.line, fault.field, fault.reason)),
                },
                Err(fault) => {
                    let fault = fault.unwrap();
                    assert!(!fault.detail.contains("0425222333"), "{}", fault.detail);
                    Err((fault.line, fault.field, fault.reason))
                }
            })
            .collect()
    }

    #[test]
    fn an_old_file_is_read() {
        let file = "\u{feff}name,identifiers,active\r\n\
                    \"Doe, Jane\",SSIN:85073003328 NIHII11:18749704477,true\r\n\
                    \r\n\
                    eHealth,CBE:809394427;,FALSE\r\n";
        let lines = read(file.as_bytes());
        let [Ok((2, jane)), Ok((4, ehealth))] = &lines[..] else {
            panic!("{lines:?}")
        };
        assert_eq!((jane.name.as_str(), jane.active), ("Doe, Jane", true));
        let identifiers: Vec<_> = jane.identifiers.iter().map(ToString::to_string).collect();
        assert_eq!(identifiers, ["SSIN:85073003328", "NIHII:18749704"]);
        assert_eq!(ehealth.identifiers[0].to_string(), "CBE:0809394427");
        assert!(!ehealth.active);
        assert_eq!((&jane.contact, &ehealth.contact), (&None, &None));
    }

    #[test]
    fn contacts_are_read() {
        let file = "name, identifiers, active, mail, webhook\n\
                    Jane,SSIN:85073003328,true, jane@practice.example ,\n\
                    Clinic,CBE:0123456749,true,,https://clinic.example/hook\n\
                    Neither,CBE:0888888895,true,,\n";
        let lines = read(file.as_bytes());
        let contacts: Vec<_> = lines
            .iter()
            .map(|line| line.as_ref().unwrap().1.contact.clone().unwrap())
            .collect();
        assert_eq!(
            contacts,
            [
                Contact::parse("jane@practice.example", "").unwrap(),
                Contact::parse("", "https://clinic.example/hook").unwrap(),
                Contact::default(),
            ]
        );
    }

    #[test]
    fn every_bad_line_is_told_with_its_number_field_and_reason() {
        let file = "name,identifiers,active\n\
                    Jane,SSIN:85073003328,true\n\
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
                    Service,SERVICE:custody,true\n\
                    Many,CBE:0809394427,true,a@b\n";
        let faults: Vec<_> = read(file.as_bytes())
            .into_iter()
            .filter_map(Result::err)
            .collect();
        assert_eq!(
            faults,
            [
                (3, "", "CSV_FIELDS"),
                (4, "name", "CSV_NAME"),
                (6, "identifiers", "IDENTIFIER_CHECK_DIGIT"),
                (7, "identifiers", "IDENTIFIER_TYPE_UNKNOWN"),
                (8, "identifiers", "IDENTIFIER_INVALID"),
                (9, "identifiers", "APPLICATION_INVALID"),
                (10, "identifiers", "CSV_IDENTIFIERS"),
                (11, "name", "CSV_NAME"),
                (12, "active", "CSV_ACTIVE"),
                (13, "identifiers", "CSV_DUPLICATE"),
                (14, "identifiers", "APPLICATION_INVALID"),
                (15, "", "CSV_FIELDS"),
            ]
        );
    }

    #[test]
    fn bad_contacts_and_bytes_that_are_no_text_are_told() {
        let file = b"name,identifiers,active,mail,webhook\n\
                     A,CBE:0123456749,true,no address,\n\
                     B,CBE:0123456749,true,,http://clinic.example\n\
                     C,CBE:0123456749,true,\n\
                     J\xe9r\xf4me,CBE:0123456749,true,,\n";
        let faults: Vec<_> = read(file).into_iter().filter_map(Result::err).collect();
        assert_eq!(
            faults,
            [
                (2, "mail", "CSV_CONTACT"),
                (3, "webhook", "CSV_CONTACT"),
                (4, "", "CSV_FIELDS"),
                (5, "", "CSV_ENCODING"),
            ]
        );
    }

    #[test]
    fn another_heading_is_refused() {
        for file in [
            "",
            "name,active,identifiers\n",
            "Jane,SSIN:85073003328,true\n",
            "name,identifiers,active,mail\n",
        ] {
            let refused = Reader::new(file.as_bytes(), TypeTable::belgian());
            assert!(matches!(refused, Err(RosterError::Heading)), "{file:?}");
        }
    }

    #[test]
    fn a_file_that_breaks_off_is_an_error() {
        struct Broken(&'static [u8]);
        impl io::Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if self.0.is_empty() {
                    return Err(io::Error::other("gone"));
                }
                self.0.read(buffer)
            }
        }
        let file = Broken(b"name,identifiers,active\nJane,SSIN:85073003328,true\n");
        let mut lines = Reader::new(file, TypeTable::belgian()).unwrap();
        assert!(lines.next().unwrap().is_ok());
        let broken = lines.next().unwrap().unwrap_err();
        assert!(matches!(broken, Err(RosterError::Io(_))));
    }
}
