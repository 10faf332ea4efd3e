//! How something long goes on.

use std::io::{self, Write as _};

/// A line on standard error that is written over, and gone in the end.
#[derive(Debug)]
pub(crate) struct Progress {
    label: String,
    total: usize,
    watched: bool,
}

impl Progress {
    /// Something of so many parts.
    pub(super) fn new(label: &str, total: usize, watched: bool) -> Self {
        let label = label.to_owned();
        let progress = Self {
            label,
            total,
            watched,
        };
        progress.at(0);
        progress
    }

    /// Something in one piece.
    pub(super) fn whole(label: String, watched: bool) -> Self {
        if watched {
            draw(&label);
        }
        Self {
            label,
            total: 1,
            watched,
        }
    }

    /// So many parts are done.
    pub(crate) fn at(&self, done: usize) {
        if self.watched {
            draw(&format!("{}: {done} of {}", self.label, self.total));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.watched {
            draw("");
        }
    }
}

/// Writes over the line. That nobody can see it is no failure.
fn draw(line: &str) {
    let mut stderr = io::stderr().lock();
    drop(write!(stderr, "\r\u{1b}[K{line}").and_then(|()| stderr.flush()));
}
