//! What we were told.

use kleis_proto::registration::v1::ListNoticesRequest;

use crate::{ClientError, Kleis};

pub use kleis_proto::registration::v1::Notice;

/// How many are asked for at a time.
const PAGE: u32 = 1_000;

impl Kleis {
    /// What happened to our certificates and keys, newest first, at most `limit`: whether or not it
    /// was sent to us.
    ///
    /// # Errors
    /// [`ClientError`] if the service refuses or cannot be reached.
    pub async fn notices(&self, limit: usize) -> Result<Vec<Notice>, ClientError> {
        self.signer()?;
        let mut client = self.registration();
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let left = u32::try_from(limit.saturating_sub(all.len())).unwrap_or(PAGE);
            if left == 0 {
                return Ok(all);
            }
            let request = ListNoticesRequest {
                page_size: left.min(PAGE),
                page_token,
            };
            let page = client.list_notices(request).await?.into_inner();
            all.extend(page.notices);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }
}
