//! `If-None-Match` (RFC 9110 section 13.1.2).

use http::{HeaderMap, header};

/// Whether the caller has what bears this tag, which is given with its quotes, already. Tags are compared weakly, as the RFC says for this header; what
/// is not of its form matches nothing, so that the whole answer is sent.
pub fn none_match_fails(headers: &HeaderMap, etag: &str) -> bool {
    let mut lines = headers.get_all(header::IF_NONE_MATCH).iter();
    lines.any(|line| line.to_str().is_ok_and(|line| names(line, etag)))
}

fn names(line: &str, etag: &str) -> bool {
    if line.trim() == "*" {
        return true;
    }
    let mut rest = line;
    let mut found = false;
    loop {
        // RFC 9110 section 5.6.1: empty elements of a list are passed over.
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return found;
        }
        let Some((tag, after)) = first(rest) else {
            return false;
        };
        found |= tag == etag;
        rest = after;
    }
}

/// The opaque tag at the beginning, with its quotes, and what follows.
fn first(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix("W/").unwrap_or(text);
    let inner = text.strip_prefix('"')?;
    let end = inner.find('"')?;
    let (tag, after) = text.split_at_checked(end + 2)?;
    let after = after.trim_start_matches([' ', '\t']);
    (after.is_empty() || after.starts_with(',')).then_some((tag, after))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const TAG: &str = "\"aB-_9\"";

    #[test]
    fn lists_stars_and_weak_tags_match() {
        for line in [
            "\"aB-_9\"",
            "W/\"aB-_9\"",
            "*",
            " * ",
            "\"x\", \"aB-_9\"",
            "\"x\",W/\"aB-_9\" , \"y\"",
            ", ,\"aB-_9\",",
            "\"a,b\",\"aB-_9\"",
        ] {
            assert!(names(line, TAG), "{line}");
        }
        for line in [
            "",
            ",",
            "\"ab-_9\"",
            "\"aB-_9",
            "aB-_9",
            "w/\"aB-_9\"",
            "\"aB-_9\" \"x\"",
            "*, \"x\"",
            "\"x,aB-_9\"",
            "\"aB-_9\", broken",
        ] {
            assert!(!names(line, TAG), "{line}");
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let mut headers = HeaderMap::new();
        assert!(!none_match_fails(&headers, TAG));
        headers.append(header::IF_NONE_MATCH, HeaderValue::from_static("\"x\""));
        assert!(!none_match_fails(&headers, TAG));
        headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(TAG));
        assert!(none_match_fails(&headers, TAG));
    }

    proptest! {
        #[test]
        fn a_tag_is_found_in_every_list_that_has_it(
            before in proptest::collection::vec("(W/)?\"[!#-~]{0,8}\"", 0..4),
            weak: bool,
            after in proptest::collection::vec("(W/)?\"[!#-~]{0,8}\"", 0..4),
        ) {
            let own = if weak { format!("W/{TAG}") } else { TAG.to_owned() };
            let others = [before.clone(), after.clone()].concat();
            let all = [before, vec![own], after].concat();
            prop_assert!(names(&all.join(", "), TAG));
            let among = others.iter().any(|tag| tag.trim_start_matches("W/") == TAG);
            prop_assert_eq!(names(&others.join(","), TAG), among);
        }

        #[test]
        fn no_line_makes_it_panic(line in ".{0,40}") {
            names(&line, TAG);
        }
    }
}
