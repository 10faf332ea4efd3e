//! The certificate request that this home waits for.

use super::{Home, HomeError, files};
use crate::OpenRequest;

const FILE: &str = "request.json";

impl Home {
    /// The certificate request that this home waits for, if there is one.
    pub fn open_request(&self) -> Result<Option<OpenRequest>, HomeError> {
        let path = self.path(FILE);
        let Some(text) = files::read(&path)? else {
            return Ok(None);
        };
        let open = serde_json::from_str(&text).map_err(|error| HomeError::Malformed {
            path,
            detail: error.to_string(),
        })?;
        Ok(Some(open))
    }

    pub(crate) fn save_open_request(&self, open: &OpenRequest) -> Result<(), HomeError> {
        let path = self.path(FILE);
        let text = serde_json::to_vec_pretty(open).map_err(|error| HomeError::Malformed {
            path: path.clone(),
            detail: error.to_string(),
        })?;
        files::replace(&path, &text)
    }

    pub(crate) fn remove_open_request(&self) -> Result<(), HomeError> {
        files::remove(&self.path(FILE))
    }
}
