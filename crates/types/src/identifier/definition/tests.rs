use super::*;

fn definition() -> TypeDefinition {
    TypeDefinition {
        name: "LICENCE".to_owned(),
        aliases: vec!["PERMIT".to_owned()],
        description: "Licence of a test".to_owned(),
        length: 8,
        padded_from: Some(6),
        cut_from: Some(10),
        pattern: "[0-9]{8}".to_owned(),
        check_digits: Vec::new(),
        kind: Kind::Organisation,
        application_allowed: true,
    }
}

fn fault(change: impl FnOnce(&mut TypeDefinition)) -> &'static str {
    let mut changed = definition();
    change(&mut changed);
    match IdentifierType::try_from(changed) {
        Err(TypeTableError::Definition { type_name, fault }) => {
            assert_eq!(type_name, "LICENCE");
            fault
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_definition_is_served_as_it_was_written() {
    let loaded = IdentifierType::try_from(definition()).unwrap();
    assert_eq!(loaded.name(), "LICENCE");
    assert_eq!(loaded.names(), ["PERMIT"]);
    assert_eq!(loaded.description(), "Licence of a test");
    assert_eq!(loaded.length(), 8);
    assert_eq!(loaded.lengths(), [8, 6, 10]);
    assert_eq!(loaded.pattern(), "[0-9]{8}");
    assert_eq!(loaded.check_digits(), []);
    assert_eq!(loaded.kind(), Kind::Organisation);
    assert!(loaded.application_allowed());
    assert_eq!(loaded.definition(), &definition());
}

#[test]
fn values_are_brought_to_the_canonical_length() {
    let loaded = IdentifierType::try_from(definition()).unwrap();
    for (untrusted, canonical) in [
        ("12345678", "12345678"),
        ("123456", "00123456"),
        ("1234567890", "12345678"),
        ("12.34-56 78", "12345678"),
        ("1-2.3 456", "00123456"),
    ] {
        assert_eq!(loaded.normalise(untrusted).unwrap(), canonical);
    }
    let long = "1".repeat(1000);
    for untrusted in [
        "",
        "1",
        "12345",
        "1234567",
        "123456789",
        "12345678901",
        "1234567a",
        "12345678\n",
        "12345678xx",
        "12/345678",
        "１２３４５６７８",
        "1234567é",
        "........",
        "+1234567",
        &long,
    ] {
        let error = loaded.normalise(untrusted).unwrap_err();
        assert_eq!(
            error,
            IdentifierError::Value {
                type_name: "LICENCE".to_owned()
            }
        );
    }
}

#[test]
fn hyphens_that_belong_to_the_pattern_are_kept() {
    let mut changed = definition();
    changed.pattern = "[A-Z]{2}-[0-9]{5}".to_owned();
    let loaded = IdentifierType::try_from(changed).unwrap();
    assert_eq!(loaded.normalise("AB-12345").unwrap(), "AB-12345");
    assert!(loaded.normalise("AB12345").is_err());
    assert!(loaded.normalise("AB_12345").is_err());
}

#[test]
fn the_pattern_is_of_the_whole_value() {
    let mut changed = definition();
    changed.pattern = "1|[0-9]{8}|2".to_owned();
    let loaded = IdentifierType::try_from(changed).unwrap();
    assert!(loaded.normalise("12345678").is_ok());
    assert!(loaded.normalise("1AAAAAAA").is_err());
    assert!(loaded.normalise("AAAAAAA2").is_err());
}

#[test]
fn patterns_that_do_not_compile_stand_alone_or_stay_small_are_refused() {
    let text = "the pattern is not a regular expression, or is too large";
    for pattern in [
        "(",
        "[0-9",
        "a)|(?:b",
        "([0-9]{1000}){1000}",
        r"(a)\1",
        "(?=a)b",
    ] {
        assert_eq!(
            fault(|d| pattern.clone_into(&mut d.pattern)),
            text,
            "{pattern}"
        );
    }
    assert_eq!(
        fault(|d| d.pattern = "0".repeat(257)),
        "a pattern above 256 bytes"
    );
}

#[test]
fn limits_are_checked_one_by_one() {
    let names = |count: usize| (0..count).map(|n| format!("A{n}")).collect::<Vec<_>>();
    assert_eq!(fault(|d| d.aliases = names(17)), "more than 16 aliases");
    assert_eq!(
        fault(|d| d.description = "x".repeat(513)),
        "a description above 512 bytes"
    );
    assert_eq!(fault(|d| d.length = 0), "the length must be 1 to 32");
    assert_eq!(fault(|d| d.length = 33), "the length must be 1 to 32");
    for short in [0, 8, 9] {
        let text = "padded_from must be shorter than the length";
        assert_eq!(fault(|d| d.padded_from = Some(short)), text);
    }
    for long in [0, 8, 33] {
        let text = "cut_from must be longer than the length, and at most 32";
        assert_eq!(fault(|d| d.cut_from = Some(long)), text);
    }
    let too_short = fault(|d| {
        (d.length, d.padded_from) = (2, None);
        d.check_digits = vec![CheckDigits::Mod97];
    });
    assert_eq!(too_short, "check digits need a length of at least 3");
    let other_length = fault(|d| d.check_digits = vec![CheckDigits::Mod97Born1900]);
    assert_eq!(other_length, "the check-digit rule is for another length");
    assert_eq!(
        fault(|d| d.kind = Kind::Service),
        "the kind SERVICE is Kleis' own"
    );
    assert_eq!(
        fault(|d| d.kind = Kind::Person),
        "only organisations have applications"
    );
}

#[test]
fn names_follow_the_grammar_and_service_is_taken() {
    let long = "A".repeat(33);
    for name in [
        "", "licence", "1A", "-A", "A B", "A:B", "A/B", "É", "SERVICE", &long,
    ] {
        let mut changed = definition();
        name.clone_into(&mut changed.name);
        let error = IdentifierType::try_from(changed).unwrap_err();
        assert_eq!(error, TypeTableError::Name(name.to_owned()));

        let mut changed = definition();
        changed.aliases.push(name.to_owned());
        let error = IdentifierType::try_from(changed).unwrap_err();
        assert_eq!(error, TypeTableError::Name(name.to_owned()));
    }
}
