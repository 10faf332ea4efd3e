//! What the operator decides.

use std::time::Duration;

use crate::Audiences;

/// How a directory answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who may look up whom.
    pub audiences: Audiences,
    /// Bytes of published sets that are kept in memory.
    pub cache_bytes: u64,
    /// How long nothing may be heard of changes until nothing is answered any more, in whole seconds.
    pub silence: Duration,
    /// How changes are watched.
    pub watch: WatchSettings,
}

/// How changes are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchSettings {
    /// Streams that may be open at a time.
    pub watchers: usize,
    /// How often a stream without events tells where it stands.
    pub progress: Duration,
    /// How long a stream lives. Whoever watches resumes it, and shows anew who they are.
    pub life: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            audiences: Audiences::default(),
            cache_bytes: 64 << 20,
            silence: Duration::from_secs(5),
            watch: WatchSettings::default(),
        }
    }
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            watchers: 256,
            progress: Duration::from_secs(15),
            life: Duration::from_mins(5),
        }
    }
}
