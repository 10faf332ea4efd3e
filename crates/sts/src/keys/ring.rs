//! The open keys of a process.

use std::sync::{Arc, PoisonError, RwLock};

use kleis_jose::Jwk;
use kleis_store::sts::SigningKey;
use kleis_types::SigningKeyState;

use super::row::{Keeper, KeyFault, published};

/// The keys as the database knew them at some moment.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    /// The private key of whose turn it is.
    current: Option<Jwk>,
    /// All that are published, the public parts: the current one first.
    published: Arc<[Jwk]>,
}

impl Ring {
    /// Opens the keys that are published. What is published follows from private keys that open under the
    /// root KEK: nobody can slip in a key of their own.
    pub(crate) fn open(keeper: &Keeper, rows: &[SigningKey]) -> Result<Self, KeyFault> {
        let (mut current, mut all) = (None, Vec::new());
        for row in rows.iter().filter(|row| row.state.is_published()) {
            let key = keeper.open(row)?;
            if row.state == SigningKeyState::Current {
                all.insert(0, published(&key));
                current = Some(key);
            } else {
                all.push(published(&key));
            }
        }
        Ok(Self {
            current,
            published: all.into(),
        })
    }

    /// The private key `kid`, if it is the one whose turn it is.
    pub(crate) fn signing_key(&self, kid: &str) -> Option<&Jwk> {
        self.current.as_ref().filter(|key| key.kid() == Some(kid))
    }

    /// The public keys, the current one first.
    pub(crate) fn published(&self) -> &Arc<[Jwk]> {
        &self.published
    }
}

/// The ring of a process, replaced as a whole.
#[derive(Debug, Default)]
pub(crate) struct Keys(RwLock<Arc<Ring>>);

impl Keys {
    /// The ring of now.
    pub(crate) fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another one in its place.
    pub(crate) fn replace(&self, ring: Ring) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }
}
