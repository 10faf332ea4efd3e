//! A watcher as a stream.

use kleis_proto::directory::v1 as wire;
use kleis_store::registry::{ChangeEvent, RegistryStore};
use kleis_types::{Call, ErrorCode, Identifier, Problem, TypeTable};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::refuse;
use crate::watch::{Cursor, Heard, MAX_NAMED, Watcher};
use crate::{DirectoryError, WatchSettings};

/// Messages that wait for a caller to take them.
const WAITING: usize = 64;

type Message = Result<wire::WatchResponse, Status>;
type Sender = mpsc::Sender<Message>;

/// The answer to a call to watch.
pub type WatchStream = ReceiverStream<Message>;

/// Where to begin, and whom it is about.
pub(super) fn parse(
    request: &wire::WatchRequest,
    types: &TypeTable,
) -> Result<(Option<Cursor>, Vec<Identifier>), Problem> {
    let cursor = match request.cursor.as_str() {
        "" => None,
        text => Some(Cursor::parse(text).ok_or_else(|| {
            let detail = "send the cursor of a message of this stream as it was received, or none";
            Problem::new(ErrorCode::RequestMalformed, detail).at("cursor")
        })?),
    };
    let named = &request.identifiers;
    if named.len() > MAX_NAMED {
        let detail = format!("name at most {MAX_NAMED} recipients, or none to hear of all");
        return Err(Problem::new(ErrorCode::RequestMalformed, detail).at("identifiers"));
    }
    let read = |text: &String| {
        let identifier = types.parse(text);
        identifier.map_err(|error| Problem::from(error).at("identifiers"))
    };
    let named = named.iter().map(read).collect::<Result<_, _>>()?;
    Ok((cursor, named))
}

/// What the watcher hears, until its time is up, or nobody listens any more.
pub(super) fn stream<S: RegistryStore>(
    watcher: Watcher<S>,
    settings: WatchSettings,
    call: Call,
) -> WatchStream {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        if let Err(Ended::Failed(error)) = tell(watcher, settings, &sender).await {
            // Whoever watched may have gone at the same time.
            drop(sender.send(Err(refuse(&call, &error))).await);
        }
    });
    ReceiverStream::new(receiver)
}

/// Why a stream ends.
enum Ended {
    /// Nobody listens.
    Gone,
    /// Ours.
    Failed(DirectoryError),
}

impl From<DirectoryError> for Ended {
    fn from(error: DirectoryError) -> Self {
        Self::Failed(error)
    }
}

async fn tell<S: RegistryStore>(
    mut watcher: Watcher<S>,
    settings: WatchSettings,
    sender: &Sender,
) -> Result<(), Ended> {
    let mut ticks = tokio::time::interval_at(Instant::now() + settings.progress, settings.progress);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = tokio::time::sleep(settings.life);
    tokio::pin!(end);
    // At once, so that whoever is cut off before the first change knows where to go on.
    send(sender, progress(watcher.cursor())).await?;
    loop {
        let heard = tokio::select! {
            () = sender.closed() => return Err(Ended::Gone),
            () = &mut end => return Ok(()),
            _ = ticks.tick() => {
                watcher.check()?;
                send(sender, progress(watcher.cursor())).await?;
                continue;
            }
            heard = watcher.next() => heard?,
        };
        tell_of(heard, sender).await?;
    }
}

async fn tell_of(heard: Heard, sender: &Sender) -> Result<(), Ended> {
    let last = heard.changes.last().map(|(_, cursor)| *cursor);
    for (change, cursor) in heard.changes {
        send(sender, message(&change, cursor)).await?;
    }
    // What came after the last one was not wanted: the caller need not hear of it again.
    if last != Some(heard.cursor) {
        send(sender, progress(heard.cursor)).await?;
    }
    Ok(())
}

async fn send(sender: &Sender, message: wire::WatchResponse) -> Result<(), Ended> {
    let sent = sender.send(Ok(message)).await;
    sent.map_err(|_| Ended::Gone)
}

fn message(change: &ChangeEvent, cursor: Cursor) -> wire::WatchResponse {
    wire::WatchResponse {
        cursor: cursor.to_text(),
        change: Some(wire::Change {
            identifier: change.recipient.to_string(),
            at: change.at.unix(),
        }),
    }
}

fn progress(cursor: Cursor) -> wire::WatchResponse {
    wire::WatchResponse {
        cursor: cursor.to_text(),
        change: None,
    }
}
