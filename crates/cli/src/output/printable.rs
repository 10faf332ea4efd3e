//! Text of others, made harmless for a terminal.

/// The text without control characters, which steer terminals, and without the characters that
/// change the direction of writing, which make a text look like another one.
pub(crate) fn printable(text: &str) -> String {
    let is_harmful =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| if is_harmful(c) { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_all_kinds_stay() {
        for text in ["", "Maison médicale Éluard & Cie", "ΕΛΛΗΝΙΚΑ", "医者"] {
            assert_eq!(printable(text), text);
        }
    }

    #[test]
    fn control_characters_and_direction_marks_go() {
        assert_eq!(
            printable("a\u{1b}[31mb\rc\nd\u{9b}e"),
            "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\u{fffd}e"
        );
        assert_eq!(printable("x\u{202e}y\u{2066}z"), "x\u{fffd}y\u{fffd}z");
    }
}
