//! PEM (RFC 7468), in one strict way.

use pem::{EncodeConfig, LineEnding, Pem};

/// What every block begins with.
pub(crate) const BEGIN: &str = "-----BEGIN ";

/// All blocks of `text`, if there is at least one and every one that begins also ends.
pub fn blocks(text: &[u8]) -> Option<Vec<Pem>> {
    let blocks = pem::parse_many(text).ok()?;
    let begun = text
        .windows(BEGIN.len())
        .filter(|it| *it == BEGIN.as_bytes())
        .count();
    (begun > 0 && blocks.len() == begun).then_some(blocks)
}

/// One block, with line feeds.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new(label, der), config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let text = encode("A", &[1, 2, 3]) + &encode("B", &[4; 100]);
        let read = blocks(text.as_bytes()).unwrap();
        let read: Vec<_> = read.iter().map(|it| (it.tag(), it.contents())).collect();
        assert_eq!(read, [("A", &[1, 2, 3][..]), ("B", &[4; 100])]);
    }

    #[test]
    fn refuses_nothing_at_all_and_blocks_without_an_end() {
        let good = encode("A", &[1, 2, 3]);
        let open = format!("{good}-----BEGIN B-----\nAQID\n");
        for text in [
            "",
            "text",
            &good[..good.len() - 8],
            &open,
            &good.replace("AQID", "AQ!D"),
        ] {
            assert!(blocks(text.as_bytes()).is_none(), "{text}");
        }
    }
}
