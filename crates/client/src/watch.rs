//! Watching changes, across cut connections.

use std::time::Duration;

use kleis_proto::directory::v1::{WatchRequest, WatchResponse};
use kleis_types::{Identifier, Timestamp};
use tonic::Streaming;

use crate::{ClientError, Kleis};

/// How long a stream may be silent. The directory tells every few seconds where it stands.
const SILENCE: Duration = Duration::from_mins(1);
/// How long to wait before a cut stream is resumed; it doubles, up to the most.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const MOST: Duration = Duration::from_secs(30);

/// The changes of recipients' keys, in the order in which they were made, losing none.
///
/// A change is a hint to look somebody up, and no more: nothing in it is signed.
#[derive(Debug)]
pub struct Watch<'a> {
    kleis: &'a Kleis,
    identifiers: Vec<String>,
    cursor: String,
    stream: Option<Streaming<WatchResponse>>,
    pause: Duration,
}

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The keys of a recipient changed.
    Change {
        /// The recipient, by its primary identity.
        identifier: Identifier,
        /// When.
        at: Timestamp,
    },
    /// Nothing that was asked about changed until here.
    Nothing,
}

impl Kleis {
    /// Watches these recipients, or all if none is named, after a cursor, or from now on.
    ///
    /// # Errors
    /// [`ClientError::Refused`] (with `CURSOR_GONE` if what came after the cursor is not known any more),
    /// [`ClientError::Unreachable`].
    pub async fn watch(
        &self,
        identifiers: &[Identifier],
        cursor: Option<&str>,
    ) -> Result<Watch<'_>, ClientError> {
        let mut watch = Watch {
            kleis: self,
            identifiers: identifiers.iter().map(ToString::to_string).collect(),
            cursor: cursor.unwrap_or_default().to_owned(),
            stream: None,
            pause: FIRST_PAUSE,
        };
        watch.stream = Some(watch.open().await?);
        Ok(watch)
    }
}

impl Watch<'_> {
    /// Where to go on after what was heard last; empty before anything was.
    pub fn cursor(&self) -> &str {
        &self.cursor
    }

    /// Waits for what comes next. A connection that is cut, or a directory that is away, is waited for.
    ///
    /// # Errors
    /// What waiting does not mend.
    pub async fn next(&mut self) -> Result<Heard, ClientError> {
        loop {
            let message = match self.stream.as_mut() {
                Some(stream) => of_time(stream).await,
                None => match self.open().await {
                    Ok(stream) => {
                        self.stream = Some(stream);
                        continue;
                    }
                    Err(error) => Err(error),
                },
            };
            match message {
                Ok(Some(message)) => {
                    self.pause = FIRST_PAUSE;
                    return self.take(message);
                }
                // Its time was up: it is resumed at once.
                Ok(None) => self.stream = None,
                Err(error) if error.is_transient() => {
                    self.stream = None;
                    tokio::time::sleep(self.pause).await;
                    self.pause = (self.pause * 2).min(MOST);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn open(&self) -> Result<Streaming<WatchResponse>, ClientError> {
        let request = WatchRequest {
            cursor: self.cursor.clone(),
            identifiers: self.identifiers.clone(),
        };
        Ok(self.kleis.directory().watch(request).await?.into_inner())
    }

    fn take(&mut self, message: WatchResponse) -> Result<Heard, ClientError> {
        let heard = match message.change {
            None => Heard::Nothing,
            Some(change) => Heard::Change {
                identifier: change.identifier.parse().map_err(|_| {
                    let detail = "a change names no recipient";
                    ClientError::not_verified("the directory's answer", "IDENTIFIER", detail)
                })?,
                at: Timestamp::from_unix(change.at),
            },
        };
        self.cursor = message.cursor;
        Ok(heard)
    }
}

/// The next message, if it comes in time.
async fn of_time(
    stream: &mut Streaming<WatchResponse>,
) -> Result<Option<WatchResponse>, ClientError> {
    let message = tokio::time::timeout(SILENCE, stream.message()).await;
    let silent = || ClientError::Unreachable("the directory has fallen silent".to_owned());
    Ok(message.map_err(|_| silent())??)
}
