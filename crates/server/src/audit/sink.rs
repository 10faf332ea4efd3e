//! The file outside a database that its checkpoints go to, one to a line.
//!
//! It is only ever appended to, so that it can lie where nothing else is allowed. A line that a
//! crash has cut off stays, and the whole line follows it.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Take, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use kleis_store::audit::SinkLines;
use kleis_trust::checkpoint;

use crate::{data_dir::DataDir, durable, failure::Failure};

/// How much is read at a time on the way back from the end.
const BLOCK: u64 = 8192;

/// The directory of the sinks: the one that somebody chose, or one in the data directory.
pub(crate) fn directory(chosen: Option<&Path>, data_dir: &DataDir) -> PathBuf {
    chosen.map_or_else(|| data_dir.audit(), Path::to_owned)
}

/// Where the checkpoints of a database go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sink {
    directory: PathBuf,
    path: PathBuf,
}

impl Sink {
    /// The sink of the database `name` in `directory`.
    pub(crate) fn new(directory: &Path, name: &str) -> Self {
        Self {
            directory: directory.to_owned(),
            path: directory.join(format!("{name}.checkpoints")),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The last whole line; none if there is no file or no whole line.
    pub(crate) fn last_line(&self) -> Result<Option<String>, Failure> {
        last_line(&self.path).map_err(Failure::io(&self.path))
    }

    /// All whole lines that are there now; none of a file that is not there.
    pub(crate) fn lines(&self) -> Result<Lines, Failure> {
        let opened = File::open(&self.path).and_then(|file| {
            let length = file.metadata()?.len();
            Ok(BufReader::new(file.take(length)))
        });
        match opened {
            Ok(file) => Ok(Lines(Some(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Lines(None)),
            Err(error) => Err(Failure::io(&self.path)(error)),
        }
    }

    /// Appends lines, and answers when they are on the disk. Makes the file, for its owner alone.
    pub(crate) fn append<'a>(
        &self,
        lines: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Failure> {
        let is_new = !self.path.exists();
        if is_new {
            durable::make_dir(&self.directory)?;
        }
        append(&self.path, lines).map_err(Failure::io(&self.path))?;
        if is_new {
            durable::sync_dir(&self.directory)?;
        }
        Ok(())
    }
}

fn append<'a>(path: &Path, lines: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    let mut text = String::new();
    if ends_within_a_line(&mut file)? {
        text.push('\n');
    }
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn last_line(path: &Path) -> io::Result<Option<String>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut from = file.seek(SeekFrom::End(0))?;
    let mut tail = Vec::new();
    while from > 0 && tail.len() <= checkpoint::MAX_SIZE {
        let start = from.saturating_sub(BLOCK);
        let mut block = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        (&file).take(from - start).read_to_end(&mut block)?;
        block.append(&mut tail);
        (tail, from) = (block, start);
        if let Some(line) = last_whole_line(&tail, from == 0) {
            return Ok(Some(String::from_utf8_lossy(line).into_owned()));
        }
    }
    Ok(None)
}

/// The last line of `tail` that ends with a line feed, if its beginning is there too.
fn last_whole_line(tail: &[u8], is_all: bool) -> Option<&[u8]> {
    let end = tail.iter().rposition(|byte| *byte == b'\n')?;
    let whole = tail.get(..end)?;
    match whole.iter().rposition(|byte| *byte == b'\n') {
        Some(before) => whole.get(before + 1..),
        None => is_all.then_some(whole),
    }
}

/// The lines of a sink, one at a time.
pub(crate) struct Lines(Option<BufReader<Take<File>>>);

impl SinkLines for Lines {
    fn next_line(&mut self) -> io::Result<Option<String>> {
        let Some(file) = &mut self.0 else {
            return Ok(None);
        };
        let mut line = Vec::new();
        let most = u64::try_from(checkpoint::MAX_SIZE).unwrap_or(u64::MAX) + 1;
        file.by_ref().take(most).read_until(b'\n', &mut line)?;
        Ok(match line.pop() {
            Some(b'\n') => Some(String::from_utf8_lossy(&line).into_owned()),
            // A line that is not finished, or longer than any checkpoint: what follows is no line.
            Some(_) if line.len() >= checkpoint::MAX_SIZE => Some("too long".to_owned()),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn all(sink: &Sink) -> Vec<String> {
        let mut lines = sink.lines().unwrap();
        std::iter::from_fn(|| lines.next_line().unwrap()).collect()
    }

    #[test]
    fn lines_come_back_and_the_file_is_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let sink = Sink::new(&home.path().join("audit"), "registry");
        assert_eq!((all(&sink), sink.last_line().unwrap()), (Vec::new(), None));
        sink.append(["one", "two"]).unwrap();
        let long = "x".repeat(3 * usize::try_from(BLOCK).unwrap());
        sink.append([long.as_str()]).unwrap();
        assert_eq!(all(&sink), ["one", "two", &long]);
        assert_eq!(sink.last_line().unwrap(), Some(long));
        let mode = std::fs::metadata(sink.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        sink.append(["three"]).unwrap();
        assert_eq!(sink.last_line().unwrap().as_deref(), Some("three"));
    }

    #[test]
    fn a_line_that_was_cut_off_is_no_line_until_it_is_ended() {
        let home = tempfile::tempdir().unwrap();
        let sink = Sink::new(home.path(), "custody");
        std::fs::write(sink.path(), "one\ntw").unwrap();
        assert_eq!(all(&sink), ["one"]);
        assert_eq!(sink.last_line().unwrap().as_deref(), Some("one"));
        sink.append(["two"]).unwrap();
        assert_eq!(all(&sink), ["one", "tw", "two"]);
        std::fs::write(sink.path(), "on").unwrap();
        assert_eq!((all(&sink), sink.last_line().unwrap()), (Vec::new(), None));
    }
}
