//! Names of persons and organisations as the subject carries them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `name` in upper case, without accents, in single spaces, of at most `max` characters; `None`
/// when no letter or digit is left. Folding a folded name changes nothing.
pub(super) fn fold(name: &str, max: usize) -> Option<String> {
    let spaced: String = name.chars().flat_map(base).map(letter_or_space).collect();
    let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
    let folded: String = words.join(" ").chars().take(max).collect();
    let folded = folded.trim_end().to_owned();
    folded.chars().any(char::is_alphanumeric).then_some(folded)
}

/// The letters that stand for `c`: decomposed, raised, and decomposed again, because raising a
/// letter can bring a mark with it.
fn base(c: char) -> impl Iterator<Item = char> {
    let raised: Vec<char> = [c]
        .into_iter()
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_uppercase)
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .collect();
    raised.into_iter().flat_map(without_stroke)
}

/// Letters that have no decomposition although they read as a letter with a mark, or as two.
fn without_stroke(c: char) -> Vec<char> {
    match c {
        'Æ' => vec!['A', 'E'],
        'Œ' => vec!['O', 'E'],
        'ẞ' => vec!['S', 'S'],
        'Þ' => vec!['T', 'H'],
        'Ø' => vec!['O'],
        'Ð' | 'Đ' => vec!['D'],
        'Ħ' => vec!['H'],
        'Ł' => vec!['L'],
        'Ŧ' => vec!['T'],
        '\u{2018}' | '\u{2019}' => vec!['\''],
        '\u{2010}'..='\u{2015}' => vec!['-'],
        c => vec![c],
    }
}

fn letter_or_space(c: char) -> char {
    if c.is_alphanumeric() || c.is_ascii_punctuation() {
        c
    } else {
        ' '
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_go_and_letters_are_raised() {
        for (name, folded) in [
            ("Doe Jane", "DOE JANE"),
            ("Hôpital Érasme – Bruxelles", "HOPITAL ERASME - BRUXELLES"),
            ("Groß-Øresund Łódź Æ œ", "GROSS-ORESUND LODZ AE OE"),
            ("e\u{301}te\u{301}", "ETE"),
            ("  a \t\n b  ", "A B"),
            ("d\u{2019}Arc", "D'ARC"),
            ("a\u{0}b\u{202e}c", "A B C"),
            ("Αθήνα", "ΑΘΗΝΑ"),
        ] {
            assert_eq!(fold(name, 64).as_deref(), Some(folded), "{name:?}");
        }
    }

    #[test]
    fn cuts_at_the_limit_without_a_trailing_space() {
        assert_eq!(fold("abc def", 4).as_deref(), Some("ABC"));
        assert_eq!(fold(&"ß".repeat(64), 64), Some("S".repeat(64)));
    }

    #[test]
    fn nothing_left_is_none() {
        assert_eq!(fold("", 64), None);
        assert_eq!(fold("...", 64), None);
    }

    proptest! {
        #[test]
        fn is_idempotent_and_bounded(name in "\\PC{0,80}") {
            if let Some(folded) = fold(&name, 64) {
                prop_assert!(folded.chars().count() <= 64);
                prop_assert_eq!(fold(&folded, 64), Some(folded));
            }
        }
    }
}
