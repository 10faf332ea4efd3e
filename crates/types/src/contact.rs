//! Where a registrant is told what happens to its keys.

use std::fmt;

/// Longest mail address, in bytes (RFC 5321 section 4.5.3.1.3, without the brackets).
const MAX_MAIL: usize = 254;

/// Longest part of it before the `@`, in bytes (RFC 5321 section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// Longest address of a webhook, in bytes.
const MAX_WEBHOOK: usize = 512;

/// A text that is no address to tell somebody at. The text itself is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// Not a plain mail address.
    #[error("a mail address is NAME@DOMAIN in ASCII, of at most 254 bytes, without quotes")]
    Mail,
    /// Not the address of a webhook.
    #[error(
        "a webhook is an https address of at most 512 bytes, without user, password and fragment"
    )]
    Webhook,
}

/// A mail address: an RFC 5322 dot-atom, `@`, and a DNS name. Quoted names, comments, address
/// literals and line breaks are refused, so that it can stand in a header as it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MailAddress(String);

impl MailAddress {
    /// The address in a text.
    ///
    /// # Errors
    /// [`ContactError::Mail`].
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        let (local, domain) = text.rsplit_once('@').ok_or(ContactError::Mail)?;
        let is_good = text.len() <= MAX_MAIL && is_dot_atom(local) && is_dns_name(domain);
        is_good
            .then(|| Self(text.to_owned()))
            .ok_or(ContactError::Mail)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The address of a webhook: `https`, with a host, and nothing that a log or a proxy could take for
/// something else (no user information, no fragment, visible ASCII alone).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WebhookUrl(String);

impl WebhookUrl {
    /// The address in a text.
    ///
    /// # Errors
    /// [`ContactError::Webhook`].
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        let is_visible = |byte: u8| byte.is_ascii_graphic() && !b"@#\\\"<>^`{|}".contains(&byte);
        let rest = text
            .strip_prefix("https://")
            .filter(|rest| text.len() <= MAX_WEBHOOK && rest.bytes().all(is_visible))
            .ok_or(ContactError::Webhook)?;
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let (host, port) = split_port(authority);
        let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        (is_host(host) && is_port)
            .then(|| Self(text.to_owned()))
            .ok_or(ContactError::Webhook)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a registrant is told; both parts are optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Contact {
    /// A mail address.
    pub mail: Option<MailAddress>,
    /// A webhook.
    pub webhook: Option<WebhookUrl>,
}

impl Contact {
    /// The contact in two texts, each of which may be empty.
    ///
    /// # Errors
    /// [`ContactError`] of the first one that is bad.
    pub fn parse(mail: &str, webhook: &str) -> Result<Self, ContactError> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(Self {
            mail: some(mail)
                .map(|text| MailAddress::parse(&text))
                .transpose()?,
            webhook: some(webhook)
                .map(|text| WebhookUrl::parse(&text))
                .transpose()?,
        })
    }

    /// Whether nobody can be told anything there.
    pub fn is_empty(&self) -> bool {
        self.mail.is_none() && self.webhook.is_none()
    }

    /// The mail address as text; empty if there is none.
    pub fn mail_text(&self) -> &str {
        self.mail.as_ref().map_or("", MailAddress::as_str)
    }

    /// The webhook as text; empty if there is none.
    pub fn webhook_text(&self) -> &str {
        self.webhook.as_ref().map_or("", WebhookUrl::as_str)
    }
}

impl fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailAddress(***)")
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its path or query may be what its owner tells us by.
        f.write_str("WebhookUrl(***)")
    }
}

/// RFC 5322 section 3.2.3.
fn is_dot_atom(text: &str) -> bool {
    let is_atom = |part: &str| {
        let is_atext =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
        !part.is_empty() && part.bytes().all(is_atext)
    };
    text.len() <= MAX_LOCAL && text.split('.').all(is_atom)
}

/// Letters, digits and hyphens between dots (RFC 1123 section 2.1).
fn is_dns_name(text: &str) -> bool {
    let is_label = |part: &str| {
        (1..=63).contains(&part.len())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_host(text: &str) -> bool {
    match text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_dns_name(text),
    }
}

/// Host and port of an authority without user information.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        // Not the colons within an IPv6 address.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mail_addresses() {
        for good in [
            "jane.doe@practice.example",
            "a+b@x",
            "o'neill@north-clinic.example",
        ] {
            assert_eq!(MailAddress::parse(good).unwrap().as_str(), good);
        }
        let long = format!("{}@x.example", "a".repeat(65));
        for bad in [
            "",
            "jane",
            "@x",
            "jane@",
            "jane@x..y",
            ".jane@x",
            "jane.@x",
            "ja ne@x",
            "jane@-x",
            "jane@x\r\nBcc: eve@x",
            "\"jane\"@x",
            "jane@[127.0.0.1]",
            "jané@x",
            "a@b@x",
            long.as_str(),
        ] {
            assert_eq!(MailAddress::parse(bad), Err(ContactError::Mail), "{bad:?}");
        }
    }

    #[test]
    fn webhooks() {
        for good in [
            "https://clinic.example/hooks/kleis?t=1",
            "https://clinic.example:8443",
            "https://[::1]:9443/x",
            "https://127.0.0.1:9443/x",
        ] {
            assert_eq!(WebhookUrl::parse(good).unwrap().as_str(), good);
        }
        let long = format!("https://x/{}", "a".repeat(512));
        for bad in [
            "",
            "http://x/",
            "https://",
            "https:///x",
            "https://user@x/",
            "https://x/#f",
            "https://x y/",
            "https://x:0/",
            "https://x:port/",
            "https://[::1/",
            "https://x\\y/",
            "https://é/",
            "HTTPS://x/",
            long.as_str(),
        ] {
            assert_eq!(
                WebhookUrl::parse(bad),
                Err(ContactError::Webhook),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_contact_shows_nothing_of_itself() {
        let contact =
            Contact::parse("jane@practice.example", "https://clinic.example/s3cret").unwrap();
        let shown = format!("{contact:?}");
        assert!(
            !shown.contains("jane") && !shown.contains("clinic"),
            "{shown}"
        );
        assert!(Contact::parse("", "").unwrap().is_empty());
        assert!(!contact.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_taken_can_stand_in_a_line(text in "\\PC{0,40}@?\\PC{0,20}") {
            if let Ok(mail) = MailAddress::parse(&text) {
                prop_assert!(mail.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert_eq!(mail.as_str(), text.as_str());
            }
            if let Ok(webhook) = WebhookUrl::parse(&format!("https://{text}")) {
                prop_assert!(webhook.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
