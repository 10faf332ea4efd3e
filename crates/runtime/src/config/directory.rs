//! How the directory answers.

use std::{collections::BTreeMap, num::NonZeroU32};

use kleis_types::TypeTable;
use serde::Deserialize;

use super::{ConfigError, sections::some};

/// `[directory]`: how the directory answers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Directory {
    /// Bytes of recipients' key sets that are kept in memory, at most 64 GiB.
    pub cache_bytes: u64,
    /// Milliseconds between two looks for changes, at most 1000.
    pub feed_millis: NonZeroU32,
    /// Seconds without news of changes after which nothing is answered any more, 2 to 60.
    pub silence_seconds: NonZeroU32,
    /// Streams of changes that may be open at a time.
    pub watchers: NonZeroU32,
    /// Seconds for which clients may keep an answer over HTTP without asking again, at most 60.
    pub max_age_seconds: u32,
    /// The origins of web pages that may ask over HTTP.
    pub cors_origins: Vec<String>,
    /// Whether persons are answered about, to authenticated callers, where eHealth's clients ask: their
    /// identifiers then stand in queries, and in the logs of whatever stands in between.
    pub persons_over_etee: bool,
    /// Who may look up recipients of a type, where it is not as usual.
    pub audiences: BTreeMap<String, Audience>,
}

/// Who may look up recipients of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Everybody.
    Open,
    /// Authenticated callers.
    Authenticated,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            feed_millis: some(200),
            silence_seconds: some(5),
            watchers: some(256),
            max_age_seconds: 60,
            cors_origins: Vec::new(),
            persons_over_etee: false,
            audiences: BTreeMap::new(),
        }
    }
}

impl Directory {
    /// The rules beside the forms of the settings.
    pub(super) fn validate(&self, types: Option<&TypeTable>) -> Vec<ConfigError> {
        let mut errors = Vec::new();
        let mut rule = |key: &str, text: String| errors.push(ConfigError::rule(key, text));
        let bounded = [
            ("directory.cache_bytes", self.cache_bytes, 64 << 30),
            (
                "directory.feed_millis",
                u64::from(self.feed_millis.get()),
                1000,
            ),
            (
                "directory.silence_seconds",
                u64::from(self.silence_seconds.get()),
                60,
            ),
            (
                "directory.max_age_seconds",
                u64::from(self.max_age_seconds),
                60,
            ),
        ];
        for (key, value, most) in bounded {
            if value > most {
                rule(key, format!("is at most {most}"));
            }
        }
        if self.silence_seconds.get() < 2 {
            rule("directory.silence_seconds", "is at least 2".to_owned());
        }
        if !self.cors_origins.iter().all(|origin| is_origin(origin)) {
            let text = "are origins as browsers send them: scheme, host in lower case, and port";
            rule("directory.cors_origins", text.to_owned());
        }
        let unknown = |name: &&String| types.is_some_and(|types| types.get(name).is_none());
        if self.audiences.keys().any(|name| unknown(&name)) {
            let text = "name identifier types of the table".to_owned();
            rule("directory.audiences", text);
        }
        errors
    }
}

/// RFC 6454 section 6.2, of the two schemes of the web.
fn is_origin(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let host = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'.' | b'-' | b':' | b'[' | b']')
    };
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(host))
}
