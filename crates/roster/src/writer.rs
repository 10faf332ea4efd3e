//! The file, written.

use std::io::{self, Write};

use kleis_types::Contact;

use crate::{HEADING, Line};

/// Writes a file line by line, as [`crate::Reader`] reads it.
#[derive(Debug)]
pub struct Writer<W: Write>(csv::Writer<W>);

impl<W: Write> Writer<W> {
    /// Writes the heading.
    ///
    /// # Errors
    /// If the system does not take it.
    pub fn new(file: W) -> io::Result<Self> {
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(HEADING)?;
        Ok(Self(writer))
    }

    /// Writes a line.
    ///
    /// # Errors
    /// If the system does not take it.
    pub fn line(&mut self, line: &Line) -> io::Result<()> {
        let identifiers: Vec<String> = line.identifiers.iter().map(ToString::to_string).collect();
        let none = Contact::default();
        let contact = line.contact.as_ref().unwrap_or(&none);
        let active = if line.active { "true" } else { "false" };
        self.0.write_record([
            line.name.as_str(),
            &identifiers.join(" "),
            active,
            contact.mail_text(),
            contact.webhook_text(),
        ])?;
        Ok(())
    }

    /// Ends the file, and gives it back.
    ///
    /// # Errors
    /// If the system does not take the rest.
    pub fn finish(self) -> io::Result<W> {
        self.0.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

#[cfg(test)]
mod tests {
    use kleis_types::TypeTable;
    use proptest::prelude::*;

    use super::*;
    use crate::Reader;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            name in "[^\\pC]{0,30}[\\pL,\"'=]",
            active: bool,
            mail in prop_oneof![Just(""), Just("a.b@x.example")],
            webhook in prop_oneof![Just(""), Just("https://x.example/?a=1,2")],
            ids in prop::sample::subsequence(vec!["CBE:0123456749", "CBE:0888888895"], 1..=2),
        ) {
            let line = Line {
                name: name.trim().to_owned(),
                identifiers: ids.iter().map(|id| id.parse().unwrap()).collect(),
                active,
                contact: Some(Contact::parse(mail, webhook).unwrap()),
            };
            let mut writer = Writer::new(Vec::new()).unwrap();
            writer.line(&line).unwrap();
            let file = writer.finish().unwrap();
            let mut read = Reader::new(&file[..], TypeTable::belgian()).unwrap();
            let (number, back) = read.next().unwrap().unwrap();
            prop_assert_eq!(number, 2);
            prop_assert!(back == line);
            prop_assert!(read.next().is_none());
        }
    }
}
