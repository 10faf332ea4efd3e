//! The lines of an archive, one at a time.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    audit::lines::{Line, MAX_LINE},
    failure::Failure,
};

/// An archive that is read.
pub(crate) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    text: Vec<u8>,
    number: u64,
}

impl Reader {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::new(File::open(path).map_err(Failure::io(path))?),
            text: Vec::new(),
            number: 0,
        })
    }

    /// The next line, or why it is none; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Result<Line, String>>, Failure> {
        self.text.clear();
        let most = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        let read = self
            .file
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut self.text);
        if read.map_err(Failure::io(&self.path))? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let Some(line) = self.text.strip_suffix(b"\n") else {
            return Ok(Some(Err("is cut off".to_owned())));
        };
        let parsed = Line::parse(line);
        Ok(Some(
            parsed.map_err(|error| format!("is no line of one: {error}")),
        ))
    }

    /// The line that was read last, as it stands there, with its line feed.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// What to call it.
    pub(crate) fn place(&self) -> String {
        format!("line {}", self.number)
    }
}
