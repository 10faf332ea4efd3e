use proptest::prelude::*;

use super::*;

fn accepts(type_name: &str, value: &str) -> bool {
    TypeTable::belgian().resolve(type_name, value, None).is_ok()
}

/// Replaces the digit at `at` by another, `step` further.
fn change_digit(value: &str, at: usize, step: u8) -> String {
    let mut bytes = value.as_bytes().to_vec();
    let at = at % bytes.len();
    bytes[at] = b'0' + (bytes[at] - b'0' + step) % 10;
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn what_the_table_gives_it_takes_unchanged(
        name in prop::sample::select(TYPES.map(|(name, _)| name).to_vec()),
        value in "[0-9]{4}([0-9]{4}([0-9]{2,3})?)?",
    ) {
        if let Ok(found) = TypeTable::belgian().resolve(name, &value, None) {
            prop_assert_eq!(TypeTable::belgian().parse(&found.to_string()).unwrap(), found.clone());
            prop_assert_eq!(found.to_string().parse::<Identifier>().unwrap(), found);
        }
    }

    #[test]
    fn one_changed_digit_of_an_enterprise_number_is_refused(
        body in "[01][0-9]{7}", at in 0..10_usize, step in 1..10_u8,
    ) {
        let value = format!("{body}{:02}", 97 - body.parse::<u32>().unwrap() % 97);
        prop_assert!(accepts("CBE", &value));
        prop_assert!(!accepts("CBE", &change_digit(&value, at, step)));
    }

    /// The rules of the two centuries meet in one place: six years apart in the units of the year.
    #[test]
    fn one_changed_digit_of_a_person_is_refused_but_for_six_years_of_another_century(
        year in 0..100_u32, month in 1..=12_u32, day in 1..=28_u32, counter in 1..998_u32,
        born_2000: bool, at in 0..11_usize, step in 1..10_u8,
    ) {
        let body = format!("{year:02}{month:02}{day:02}{counter:03}");
        let century = if born_2000 { 2_000_000_000_u64 } else { 0 };
        let number = century + body.parse::<u64>().unwrap();
        let value = format!("{body}{:02}", 97 - number % 97);
        prop_assert!(accepts("SSIN", &value));
        let changed = change_digit(&value, at, step);
        if accepts("SSIN", &changed) {
            let units = |text: &str| text.as_bytes()[1];
            prop_assert_eq!(at, 1);
            prop_assert_eq!(units(&value).abs_diff(units(&changed)), 6);
        }
    }

    #[test]
    fn nothing_makes_it_panic(text in "\\PC{0,20}", name in "(SSIN|CBE|NIHII|SITE)") {
        for text in [text.clone(), format!("{name}:{text}")] {
            if let Ok(found) = TypeTable::belgian().parse(&text) {
                prop_assert!(found.to_string().parse::<Identifier>().is_ok());
            }
        }
    }
}
