//! Orders whose answer has not come yet. The same bytes again are answered the same, so a lost answer loses nothing.

use kleis_jose::{Jwk, digest};
use kleis_types::{Random, base64url};

use super::{Home, HomeError, files, key_store};

/// An order on its way.
pub(crate) struct Pending {
    /// The order, compact serialisation.
    pub(crate) order: String,
    /// The key that the answer is sealed to, where it is.
    pub(crate) reply_key: Option<Jwk>,
}

impl Home {
    /// The order that is on its way for this purpose (`get:KEYID`).
    pub(crate) fn pending(&self, purpose: &str) -> Result<Option<Pending>, HomeError> {
        let stem = stem(purpose);
        let Some(order) = files::read_private(&self.pending_path(&stem, "jws"))? else {
            return Ok(None);
        };
        let reply_key = self.read_key(&self.pending_path(&stem, "jwk"))?;
        Ok(Some(Pending { order, reply_key }))
    }

    /// Keeps an order before it is sent.
    pub(crate) fn save_pending(
        &self,
        purpose: &str,
        pending: &Pending,
        random: &dyn Random,
    ) -> Result<(), HomeError> {
        let stem = stem(purpose);
        if let Some(key) = &pending.reply_key {
            let passphrase = self.protection()?;
            let path = self.pending_path(&stem, "jwk");
            key_store::write_key(&path, key, passphrase.as_ref(), random)?;
        }
        files::replace(&self.pending_path(&stem, "jws"), pending.order.as_bytes())
    }

    /// Forgets an order that was answered.
    pub(crate) fn settle_pending(&self, purpose: &str) -> Result<(), HomeError> {
        let stem = stem(purpose);
        files::remove(&self.pending_path(&stem, "jws"))?;
        files::remove(&self.pending_path(&stem, "jwk"))
    }

    fn pending_path(&self, stem: &str, extension: &str) -> std::path::PathBuf {
        self.path("pending").join(format!("{stem}.{extension}"))
    }
}

fn stem(purpose: &str) -> String {
    base64url::encode(&digest::sha256(purpose.as_bytes())[..16])
}
