use proptest::prelude::*;

use super::*;

/// The value with its check digits, by the definition and not by the code under test.
fn with_check(body: &str, modulus: u64, prefix: &str) -> String {
    let number: u64 = format!("{prefix}{body}").parse().unwrap();
    format!("{body}{:02}", modulus - number % modulus)
}

#[test]
fn check_digits_are_two_digits_of_text() {
    // 0 modulo 97 gives 97, 96 gives 01: never 00, never a single digit.
    assert!(CheckDigits::Mod97.holds("0428759497"));
    assert!(CheckDigits::Mod97.holds("00000097"));
    assert!(!CheckDigits::Mod97.holds("00000000"));
    assert!(CheckDigits::Mod97.holds("00009601"));
    assert!(!CheckDigits::Mod97.holds("0000961"));
    assert!(!CheckDigits::Mod97.holds("00009698"));
    assert!(CheckDigits::Mod89.holds("00000089"));
    assert!(!CheckDigits::Mod89.holds("00000000"));
}

#[test]
fn only_digits_pass() {
    for value in [
        "",
        "9",
        "97",
        "0000o096",
        "00000 97",
        "-0000097",
        "+0000097",
        "٠٠٠٠٠٠97",
    ] {
        for rule in CheckDigits::ALL {
            assert!(!rule.holds(value), "{rule} {value:?}");
        }
    }
    // Long enough to overflow any integer.
    assert!(CheckDigits::Mod97.holds(&format!("{}97", "0".repeat(200))));
    assert!(!CheckDigits::Mod97.holds(&"9".repeat(200)));
}

#[test]
fn dates_of_birth_must_exist() {
    let born = |date: &str| {
        let body = format!("{date}001");
        [
            CheckDigits::Mod97Born1900.holds(&with_check(&body, 97, "")),
            CheckDigits::Mod97Born2000.holds(&with_check(&body, 97, "2")),
        ]
    };
    for date in [
        "850730", "000000", "850000", "850031", "850100", "991231", "040229", "852001", "853231",
        "854001", "855231", "850430", "852000", "854000",
    ] {
        assert_eq!(born(date), [true, true], "{date}");
    }
    for date in [
        "851301", "851901", "853301", "853901", "855301", "859901", "850732", "850431", "850631",
        "850931", "851131", "850230", "850229", "852230", "994099", "850099",
    ] {
        assert_eq!(born(date), [false, false], "{date}");
    }
    // 2000 was a leap year, 1900 was not.
    assert_eq!(born("000229"), [false, true]);
}

#[test]
fn the_rules_of_the_two_centuries_do_not_stand_in_for_each_other() {
    assert!(CheckDigits::Mod97Born1900.holds("85073003328"));
    assert!(!CheckDigits::Mod97Born2000.holds("85073003328"));
    assert!(CheckDigits::Mod97Born2000.holds("17073003384"));
    assert!(!CheckDigits::Mod97Born1900.holds("17073003384"));
}

fn each_changed_digit(value: &str) -> impl Iterator<Item = String> {
    let value = value.to_owned();
    (0..value.len()).flat_map(move |at| {
        let value = value.clone();
        (b'0'..=b'9').filter_map(move |digit| {
            let mut changed = value.clone().into_bytes();
            let differs = std::mem::replace(&mut changed[at], digit) != digit;
            differs.then(|| String::from_utf8(changed).unwrap())
        })
    })
}

proptest! {
    #[test]
    fn one_changed_digit_is_refused(body in "[0-9]{6,9}") {
        for (rule, modulus) in [(CheckDigits::Mod97, 97), (CheckDigits::Mod89, 89)] {
            let value = with_check(&body, modulus, "");
            prop_assert!(rule.holds(&value));
            for changed in each_changed_digit(&value) {
                prop_assert!(!rule.holds(&changed), "{rule} {value} {changed}");
            }
        }
    }

    #[test]
    fn one_changed_digit_of_a_person_is_refused(
        year in 0..100_u32, month in 0..=12_u32, bis in 0..3_u32, day in 0..=28_u32,
        counter in 0..1000_u32,
    ) {
        let body = format!("{year:02}{:02}{day:02}{counter:03}", month + 20 * bis);
        for (rule, prefix) in
            [(CheckDigits::Mod97Born1900, ""), (CheckDigits::Mod97Born2000, "2")]
        {
            let value = with_check(&body, 97, prefix);
            prop_assert!(rule.holds(&value), "{rule} {value}");
            for changed in each_changed_digit(&value) {
                prop_assert!(!rule.holds(&changed), "{rule} {value} {changed}");
            }
        }
    }
}
