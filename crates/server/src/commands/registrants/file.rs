//! A file of registrants that is read twice.

use std::{
    fs::File,
    hash::{BuildHasher as _, RandomState},
    path::{Path, PathBuf},
};

use kleis_registration::register::{
    ContactChange, Lines, MAX_PROBLEMS, RegisterError, RegisterFile, RegistrantEntry,
};
use kleis_roster::{Line, LineFault, Reader, RosterError, Uniqueness};
use kleis_types::TypeTable;

use crate::failure::Failure;

/// What is wrong with a line, as it is told: without a person's identifier.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    pub(super) number: u64,
    pub(super) field: String,
    pub(super) reason: &'static str,
    pub(super) detail: String,
}

/// A file, every line of which was good when it was read the first time.
pub(super) struct GoodFile {
    path: PathBuf,
    types: TypeTable,
    seen: Seen,
    expected: u64,
}

/// Tells whether the same lines are read again.
#[derive(Clone, Default)]
struct Seen {
    keys: RandomState,
    state: u64,
}

impl Seen {
    fn add(&mut self, number: u64, line: &Line) {
        self.state = self.keys.hash_one((self.state, number, line));
    }
}

impl GoodFile {
    /// Reads the file through: good, or all that is wrong with it (at most [`MAX_PROBLEMS`]).
    pub(super) fn check(
        path: &Path,
        types: &TypeTable,
    ) -> Result<Result<Self, Vec<BadLine>>, Failure> {
        let unreadable = |error: RosterError| match error {
            RosterError::Io(source) => Failure::io(path)(source),
            RosterError::Heading => Failure::Usage(format!("{}: {error}", path.display())),
        };
        let file = File::open(path).map_err(Failure::io(path))?;
        let reader = Reader::new(file, types).map_err(unreadable)?;
        let (mut bad, mut unique) = (Vec::new(), Uniqueness::default());
        let fresh = Seen::default();
        let mut seen = fresh.clone();
        for read in reader {
            let checked = match read {
                Ok((number, line)) => {
                    seen.add(number, &line);
                    unique
                        .check(number, &line)
                        .map_err(BadLine::from)
                        .and_then(|()| entry(number, line, types).map(drop))
                }
                Err(fault) => Err(fault.map_err(unreadable)?.into()),
            };
            if let Err(fault) = checked {
                bad.push(fault);
                if bad.len() >= MAX_PROBLEMS {
                    break;
                }
            }
        }
        if !bad.is_empty() {
            return Ok(Err(bad));
        }
        Ok(Ok(Self {
            path: path.to_owned(),
            types: types.clone(),
            expected: seen.state,
            seen: fresh,
        }))
    }
}

/// What registration takes of a line.
fn entry(number: u64, line: Line, types: &TypeTable) -> Result<RegistrantEntry, BadLine> {
    let contact = line.contact.map(ContactChange::to).unwrap_or_default();
    RegistrantEntry::new(&line.name, line.identifiers, line.active, contact, types).map_err(
        |problem| BadLine {
            number,
            field: problem.field().unwrap_or_default().to_owned(),
            reason: problem.code().as_str(),
            detail: problem.detail().to_owned(),
        },
    )
}

impl From<LineFault> for BadLine {
    fn from(fault: LineFault) -> Self {
        Self {
            number: fault.line,
            field: fault.field.to_owned(),
            reason: fault.reason,
            detail: fault.detail,
        }
    }
}

impl RegisterFile for GoodFile {
    fn lines(&self) -> Result<Lines<'_>, RegisterError> {
        let changed = || RegisterError::File("the file has changed while it was read".to_owned());
        let file = File::open(&self.path).map_err(|_| changed())?;
        let mut reader = Reader::new(file, &self.types).map_err(|_| changed())?;
        let mut seen = Some(self.seen.clone());
        Ok(Box::new(std::iter::from_fn(move || {
            let now = seen.as_mut()?;
            match reader.next() {
                Some(Ok((number, line))) => {
                    now.add(number, &line);
                    let entry = entry(number, line, &self.types).map_err(|_| changed());
                    Some(entry.map(|entry| (number, entry)))
                }
                Some(Err(_)) => Some(Err(changed())),
                None => {
                    let is_same = now.state == self.expected;
                    seen = None;
                    (!is_same).then(|| Err(changed()))
                }
            }
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name,identifiers,active\nNorth,CBE:0123456749,true\n";

    fn checked(text: &str) -> (tempfile::TempDir, Result<GoodFile, Vec<BadLine>>) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("people.csv");
        std::fs::write(&path, text).unwrap();
        let checked = GoodFile::check(&path, TypeTable::belgian()).unwrap();
        (home, checked)
    }

    #[test]
    fn the_same_lines_are_read_again() {
        let (_home, file) = checked(GOOD);
        let file = file.ok().unwrap();
        for _ in 0..2 {
            let lines: Result<Vec<_>, _> = file.lines().unwrap().collect();
            assert_eq!(lines.unwrap().len(), 1);
        }
    }

    #[test]
    fn a_file_that_changes_meanwhile_is_refused() {
        for other in [
            "name,identifiers,active\n",
            "name,identifiers,active\nSouth,CBE:0123456749,true\n",
            "name,identifiers,active\nNorth,CBE:0123456749,true\nNorth,CBE:0123456749,true\n",
            "name,identifiers,active\nNorth,CBE:0123456748,true\n",
            "nothing",
        ] {
            let (home, file) = checked(GOOD);
            let file = file.ok().unwrap();
            std::fs::write(home.path().join("people.csv"), other).unwrap();
            let refused = file
                .lines()
                .and_then(Iterator::collect::<Result<Vec<_>, RegisterError>>);
            assert!(matches!(refused, Err(RegisterError::File(_))), "{other:?}");
        }
    }

    #[test]
    fn every_bad_line_is_told_whoever_finds_it() {
        let (_home, bad) = checked(
            "name,identifiers,active\n\
             North,CBE:0123456748,true\n\
             Both,CBE:0123456749 SSIN:85073003328,true\n\
             Twice,CBE:0123456749,true\n\
             \u{202e}?,CBE:0888888895,true\n",
        );
        let bad = bad.err().unwrap();
        let told: Vec<_> = bad
            .iter()
            .map(|bad| (bad.number, bad.field.as_str(), bad.reason))
            .collect();
        assert_eq!(
            &told[..3],
            [
                (2, "identifiers", "IDENTIFIER_CHECK_DIGIT"),
                (3, "identifiers[1]", "IDENTIFIER_INVALID"),
                (4, "identifiers", "CSV_DUPLICATE"),
            ]
        );
        assert!(bad.iter().all(|bad| !bad.detail.contains("0123456749")));
    }
}
