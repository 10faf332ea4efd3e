//! The URL of a request, as far as a proof speaks of it.

/// What two URLs must have in common to be the same target (RFC 9449 section 4.3, check 9): scheme,
/// host, port and path. Query and fragment do not count.
///
/// Scheme and host have no case, the default port may be left out, and so may the path `/` (RFC 3986
/// sections 6.2.2.1 and 6.2.3). No more is made equal: what a server tells apart, a proof does too.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    is_https: bool,
    host: String,
    port: u16,
    path: String,
}

impl Target {
    /// Of an absolute `http` or `https` URL without user information.
    pub(super) fn parse(url: &str) -> Option<Self> {
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let (scheme, rest) = without_query(url).split_once("://")?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        let (host, port) = host_and_port(authority)?;
        let default = if is_https { 443 } else { 80 };
        Some(Self {
            is_https,
            host: host.to_ascii_lowercase(),
            port: port.unwrap_or(default),
            path: path.to_owned(),
        })
    }
}

/// The URL without its query and fragment.
pub(super) fn without_query(url: &str) -> &str {
    url.find(['?', '#']).map_or(url, |end| &url[..end])
}

/// The port is `None` where it is left out, or empty (RFC 3986 section 3.2.3).
fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    // The colons of an IPv6 address are within its brackets.
    let host_end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let colon = authority[host_end..].find(':');
    let (host, port) = match colon {
        Some(colon) => authority.split_at(host_end + colon),
        None => (authority, ""),
    };
    if host.is_empty() || authority.contains(['@', '\\']) {
        return None;
    }
    match port.strip_prefix(':').unwrap_or_default() {
        "" => Some((host, None)),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((host, Some(digits.parse().ok()?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const URL: &str = "https://api.example.be/kleis/Get";

    fn is_same(one: &str, other: &str) -> bool {
        Target::parse(one).unwrap() == Target::parse(other).unwrap()
    }

    #[test]
    fn spellings_of_one_target() {
        for url in [
            "HTTPS://API.Example.BE/kleis/Get",
            "https://api.example.be:443/kleis/Get",
            "https://api.example.be:/kleis/Get",
            "https://api.example.be/kleis/Get?a=/b#c",
            "https://api.example.be/kleis/Get#c?d",
        ] {
            assert!(is_same(url, URL), "{url}");
        }
        assert!(is_same("http://a:80", "http://A/"));
        assert!(is_same("http://a?b", "http://a/"));
        assert!(is_same("https://[::1]:443/x", "https://[::1]/x"));
    }

    #[test]
    fn other_targets() {
        for url in [
            "http://api.example.be/kleis/Get",
            "https://api.example.be:80/kleis/Get",
            "https://api.example.be:8443/kleis/Get",
            "https://api.example.be./kleis/Get",
            "https://example.be/kleis/Get",
            "https://api.example.be/kleis/get",
            "https://api.example.be/kleis/Get/",
            "https://api.example.be/kleis//Get",
            "https://api.example.be/kleis/./Get",
            "https://api.example.be/kleis/%47et",
            "https://api.example.be",
        ] {
            assert!(!is_same(url, URL), "{url}");
        }
    }

    #[test]
    fn no_targets() {
        for url in [
            "",
            "/kleis/Get",
            "api.example.be/kleis/Get",
            "//api.example.be/kleis/Get",
            "ftp://api.example.be/",
            "https:/api.example.be/",
            "https://",
            "https:///kleis",
            "https://:443/kleis",
            "https://user@api.example.be/",
            "https://api.example.be\\@evil.example/",
            "https://api.example.be:https/",
            "https://api.example.be:+443/",
            "https://api.example.be:99999/",
            "https://api.example.be:1:2/",
            "https://[::1]x:y/",
            "https://api.example.be/ ",
            "https://api.example.be/\n",
            "https://é.example/",
        ] {
            assert_eq!(Target::parse(url), None, "{url}");
        }
    }

    proptest! {
        #[test]
        fn anything_can_be_read(url in "\\PC*", tail in "https?://[\\[\\]a-z@:0-9/?#]{0,20}") {
            let _ = Target::parse(&url);
            let _ = Target::parse(&tail);
        }

        #[test]
        fn a_query_does_not_count(query in "[!-~]{0,20}") {
            let url = format!("{URL}?{query}");
            prop_assert!(is_same(&url, URL));
        }
    }
}
