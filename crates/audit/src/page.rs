//! Where a listing goes on: the page token.
//!
//! It is opaque to callers and no secret: it says how far a listing was read, and by which filters. A
//! caller who makes one up begins elsewhere in what it may read anyway.

use kleis_store::AuditSpan;
use kleis_types::{Service, base64url};

/// The longest token, in bytes: more than any that is made here.
const MAX: usize = 256;

/// Where a listing goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// In whose audit.
    pub(crate) service: Service,
    /// What is left of it; none where it was not begun.
    pub(crate) rest: Option<AuditSpan>,
}

impl Cursor {
    /// The token, good with the filters of this fingerprint alone.
    pub(crate) fn token(&self, fingerprint: &[u8; 32]) -> String {
        let filters = base64url::encode(fingerprint);
        let place = match self.rest {
            Some(AuditSpan { after, to }) => format!("{after}:{to}"),
            None => "-:-".to_owned(),
        };
        base64url::encode(format!("1:{}:{place}:{filters}", self.service).as_bytes())
    }

    /// Reads a token; none if it is not one that was made for these filters.
    pub(crate) fn parse(token: &str, fingerprint: &[u8; 32]) -> Option<Self> {
        let bytes = base64url::decode(token)
            .ok()
            .filter(|_| token.len() <= MAX)?;
        let text = String::from_utf8(bytes).ok()?;
        let fields: Vec<_> = text.split(':').collect();
        let ["1", service, after, to, filters] = fields[..] else {
            return None;
        };
        if base64url::decode_array::<32>(filters).ok()? != *fingerprint {
            return None;
        }
        let rest = match (after, to) {
            ("-", "-") => None,
            _ => Some(AuditSpan {
                after: after.parse().ok()?,
                to: to.parse().ok()?,
            }),
        };
        Some(Self {
            service: service.parse().ok()?,
            rest,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*, sample::select};

    use super::*;

    proptest! {
        #[test]
        fn a_token_leads_back_to_its_place_with_its_own_filters_alone(
            service in select(Service::ALL),
            rest in option::of(any::<(u64, u64)>()),
            filters: [u8; 32],
            others: [u8; 32],
        ) {
            let rest = rest.map(|(after, to)| AuditSpan { after, to });
            let cursor = Cursor { service, rest };
            let token = cursor.token(&filters);
            prop_assert!(token.len() <= MAX);
            prop_assert_eq!(Cursor::parse(&token, &filters), Some(cursor));
            if filters != others {
                prop_assert_eq!(Cursor::parse(&token, &others), None);
            }
        }

        #[test]
        fn no_text_breaks_it(text: String, bytes: Vec<u8>, filters: [u8; 32]) {
            prop_assert_eq!(Cursor::parse(&text, &filters), None);
            let token = base64url::encode(&bytes);
            prop_assert_eq!(Cursor::parse(&token, &filters), None);
        }
    }

    #[test]
    fn what_no_listing_gave_is_refused() {
        let filters = [7; 32];
        let right = base64url::encode(&filters);
        let read = |text: &str| Cursor::parse(&base64url::encode(text.as_bytes()), &filters);
        assert!(read(&format!("1:custody:1:2:{right}")).is_some());
        for wrong in [
            format!("2:custody:1:2:{right}"),
            format!("1:nobody:1:2:{right}"),
            format!("1:custody:-1:2:{right}"),
            format!("1:custody:1:-:{right}"),
            format!("1:custody:1:18446744073709551616:{right}"),
            format!("1:custody:1:2:{right}:"),
            format!("1:custody:1:2:{}", base64url::encode(&[7; 31])),
            format!("1:custody:1:{right}"),
            String::new(),
        ] {
            assert_eq!(read(&wrong), None, "{wrong}");
        }
    }
}
