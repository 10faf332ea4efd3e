//! The head of this process' audit chain.

use kleis_store::StoreError;

use crate::{link::Link, row::Row};

/// Where the chain stands. Restored when an act is undone, loaded anew when a commit has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) id: String,
    pub(crate) seq: u64,
    pub(crate) head: [u8; 32],
}

impl Chain {
    /// The chain as the database knows it: a new one begins with 32 zero bytes, one whose last rows
    /// were archived goes on from there.
    pub(crate) async fn load(link: &mut Link, id: &str) -> Result<Self, StoreError> {
        let last = sqlx::query!(
            "SELECT seq, hash FROM audit WHERE chain = ?1 \
             UNION ALL SELECT last_seq, last_hash FROM audit_segments WHERE chain = ?1 \
             ORDER BY 1 DESC LIMIT 1",
            id
        )
        .fetch_optional(link.connection())
        .await;
        let (seq, head) = match link.done(last)? {
            None => (0, [0; 32]),
            Some(last) => {
                let row = Row::new("audit", &id);
                (
                    row.unsigned("seq", last.seq)?,
                    row.hash("hash", &last.hash)?,
                )
            }
        };
        Ok(Self {
            id: id.to_owned(),
            seq,
            head,
        })
    }
}
