//! What we have seen: nobody can go back behind it (promise P1).

use std::collections::BTreeMap;

use kleis_jose::digest;
use kleis_trust::recipient::Seen;
use kleis_trust::status::{StatusList, StatusMemory, StatusView};
use kleis_types::{Identifier, base64url, lp};
use serde::{Deserialize, Serialize};

use super::{Home, HomeError, files};

/// The facts that must never fall.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Memory {
    /// The newest status list.
    pub(crate) status: Option<StatusMemory>,
    /// The newest binding seen, by recipient. The names are digests: the file is no address book.
    recipients: BTreeMap<String, Seen>,
}

impl Memory {
    /// The newest binding seen of a recipient.
    pub(crate) fn seen(&self, recipient: &Identifier) -> Option<Seen> {
        self.recipients.get(&name(recipient)).copied()
    }

    /// Keeps the newer one, should two processes race; a fall is kept if the status list says that there was reason for it.
    fn see(&mut self, recipient: &Identifier, newest: Seen, status: &dyn StatusView) {
        let seen = self.recipients.entry(name(recipient)).or_insert(newest);
        if !seen.is_ahead_of(&newest, status) {
            *seen = newest;
        }
    }
}

fn name(recipient: &Identifier) -> String {
    let text = recipient.to_string();
    base64url::encode(&digest::sha256(&lp::encode(&[
        b"kleis-memory",
        text.as_bytes(),
    ])))
}

impl Home {
    /// What we have seen.
    pub(crate) fn memory(&self) -> Result<Memory, HomeError> {
        let path = self.path("memory.json");
        match files::read(&path)? {
            None => Ok(Memory::default()),
            // Not forgiven: whoever damages the memory could otherwise make us forget.
            Some(text) => serde_json::from_str(&text).map_err(|error| HomeError::Malformed {
                path,
                detail: error.to_string(),
            }),
        }
    }

    /// Remembers the newest binding of a recipient, seen under this status list.
    pub(crate) fn remember_recipient(
        &self,
        recipient: &Identifier,
        newest: Seen,
        status: &dyn StatusView,
    ) -> Result<(), HomeError> {
        self.change_memory(|memory| memory.see(recipient, newest, status))
    }

    /// Remembers a status list. The newer one stays, should two processes race.
    pub(crate) fn remember_status(&self, list: &StatusList) -> Result<(), HomeError> {
        self.change_memory(|memory| {
            if memory
                .status
                .as_ref()
                .is_none_or(|seen| list.not_older_than(seen).is_ok())
            {
                memory.status = Some(list.memory());
            }
        })
    }

    fn change_memory(&self, change: impl FnOnce(&mut Memory)) -> Result<(), HomeError> {
        let _lock = self.lock()?;
        let mut memory = self.memory()?;
        change(&mut memory);
        let path = self.path("memory.json");
        let text = serde_json::to_vec(&memory).map_err(|error| HomeError::Malformed {
            path: path.clone(),
            detail: error.to_string(),
        })?;
        files::replace(&path, &text)
    }
}
