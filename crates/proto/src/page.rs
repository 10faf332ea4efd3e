//! Pages of a listing: what all of them have in common.

use kleis_types::{ErrorCode, Problem};

/// Most entries of a page.
const MAX: u32 = 1000;

/// Entries of a page, where the caller names no number.
const DEFAULT: u32 = 100;

/// How many entries the page asked for has, by the `page_size` of the request.
///
/// # Errors
/// The caller's fault, where it asks for more than 1,000.
pub fn size(page_size: u32) -> Result<u32, Problem> {
    match page_size {
        0 => Ok(DEFAULT),
        size @ 1..=MAX => Ok(size),
        _ => {
            let what = "ask for 1 to 1,000 at a time";
            Err(Problem::new(ErrorCode::RequestMalformed, what).at("page_size"))
        }
    }
}
