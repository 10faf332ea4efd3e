mod properties;

use super::*;
use crate::identifier::CheckDigits;

fn parse(text: &str) -> Result<String, IdentifierError> {
    TypeTable::belgian()
        .parse(text)
        .map(|identifier| identifier.to_string())
}

fn check_digits(type_name: &str) -> Result<String, IdentifierError> {
    Err(IdentifierError::CheckDigits {
        type_name: type_name.to_owned(),
    })
}

fn wrong_value(type_name: &str) -> Result<String, IdentifierError> {
    Err(IdentifierError::Value {
        type_name: type_name.to_owned(),
    })
}

/// Names and lengths of the Belgian eHealth identifier types.
const TYPES: [(&str, usize); 34] = [
    ("SSIN", 11),
    ("NIHII", 8),
    ("CBE", 10),
    ("CBE-TREAT_CENTER", 10),
    ("CBE-CONSORTIUM", 10),
    ("EHP", 10),
    ("EHP-CTRL_ORGANISM", 10),
    ("SITE", 4),
    ("SITESMUR", 10),
    ("SITEPIT", 10),
    ("NIHII-PHARMACY", 8),
    ("NIHII-LABO", 8),
    ("NIHII-RETIREMENT", 8),
    ("NIHII-OTD_PHARMACY", 8),
    ("NIHII-HOSPITAL", 8),
    ("NIHII-GROUP", 8),
    ("NIHII-PALLIATIVE_CARE", 8),
    ("NIHII-OFFICE_DENTISTS", 8),
    ("NIHII-MEDICAL_HOUSE", 8),
    ("NIHII-OFFICE_DOCTORS", 8),
    ("NIHII-GROUP_DOCTORS", 8),
    ("NIHII-OF_BAND", 8),
    ("NIHII-PSYCH_HOUSE", 8),
    ("NIHII-PROT_ACC", 8),
    ("NIHII-HOME_SERVICES", 8),
    ("NIHII-OF_PHYSIOS", 8),
    ("NIHII-GUARD_POST", 8),
    ("NIHII-BELRAI", 8),
    ("NIHII-BELRAI_SCREEN", 8),
    ("NIHII-GROUP_MIDWIVES", 8),
    ("NIHII-AMBU_SERVICE", 8),
    ("NIHII-LEGAL_PSY", 8),
    ("NIHII-REEDUCATION", 8),
    ("NIHII-SORTING_CENTER", 8),
];

#[test]
fn the_belgian_types_are_all_there() {
    let table = TypeTable::belgian();
    let served: Vec<_> = table
        .iter()
        .map(|found| (found.name(), found.length()))
        .collect();
    assert_eq!(served, TYPES);
    for found in table.iter() {
        let person = ["SSIN", "NIHII"].contains(&found.name());
        assert_eq!(
            found.kind(),
            if person {
                Kind::Person
            } else {
                Kind::Organisation
            }
        );
        assert_eq!(found.application_allowed(), !person, "{}", found.name());
    }
}

#[test]
fn types_without_check_digits_take_any_number_of_their_length() {
    let table = TypeTable::belgian();
    for found in table.iter().filter(|found| found.check_digits().is_empty()) {
        let (name, length) = (found.name(), found.length());
        let value = &"1234567890"[..length];
        assert_eq!(
            parse(&format!("{name}:{value}")),
            Ok(format!("{name}:{value}"))
        );
        assert_eq!(parse(&format!("{name}:{}", &value[1..])), wrong_value(name));
        assert_eq!(
            parse(&format!("{name}:{}X", &value[1..])),
            wrong_value(name)
        );
    }
    assert_eq!(
        parse("NIHII-HOSPITAL:71000436000"),
        Ok("NIHII-HOSPITAL:71000436".to_owned())
    );
}

#[test]
fn national_register_and_bis_numbers() {
    for value in [
        "85073003328",
        "93051822361",
        "73011136173",
        "00000000097",
        "17073003384",
        "98472899765",
        "01490700185",
    ] {
        for name in ["SSIN", "NISS", "INSS", "BIS", "ssin"] {
            assert_eq!(
                parse(&format!("{name}:{value}")),
                Ok(format!("SSIN:{value}"))
            );
        }
    }
    // The check digits of the last two hold, the dates in them do not exist.
    for value in ["79121137740", "12345678901", "99409900167", "99409900196"] {
        assert_eq!(
            parse(&format!("SSIN:{value}")),
            check_digits("SSIN"),
            "{value}"
        );
    }
    for value in ["8507300332", "085073003328", "97", "8507300332A"] {
        assert_eq!(
            parse(&format!("SSIN:{value}")),
            wrong_value("SSIN"),
            "{value}"
        );
    }
    assert_eq!(
        parse("NISS:85.07.30-033.28"),
        Ok("SSIN:85073003328".to_owned())
    );
}

#[test]
fn enterprise_numbers() {
    for value in [
        "0123456749",
        "0888888895",
        "0999999922",
        "1000000021",
        "0428759497",
        "0403019261",
        "0809394427",
        "0823257311",
        "0820563481",
        "0406798006",
    ] {
        assert_eq!(parse(&format!("CBE:{value}")), Ok(format!("CBE:{value}")));
        if let Some(old_form) = value.strip_prefix('0') {
            assert_eq!(
                parse(&format!("CBE:{old_form}")),
                Ok(format!("CBE:{value}"))
            );
        }
    }
    for value in ["0425222333", "0431150351", "425222333"] {
        assert_eq!(
            parse(&format!("CBE:{value}")),
            check_digits("CBE"),
            "{value}"
        );
    }
    // 20000000 has the check digits 42: only the first digit is wrong.
    assert!(CheckDigits::Mod97.holds("2000000042"));
    for value in ["2000000042", "08093944", "00809394427", "BE0809394427"] {
        assert_eq!(
            parse(&format!("CBE:{value}")),
            wrong_value("CBE"),
            "{value}"
        );
    }
    assert_eq!(
        parse("cbe:0809.394.427/kgss"),
        Ok("CBE:0809394427/KGSS".to_owned())
    );
}

#[test]
fn professionals() {
    for value in [
        "18749704477",
        "11530231003",
        "19997341001",
        "71000436000",
        "00000196101",
        "00000295202",
        "12345676001",
        "10000135001",
        "40000253001",
        "12345625001",
        "10000106001",
        "40000226001",
    ] {
        let wanted = Ok(format!("NIHII:{}", &value[..8]));
        assert_eq!(parse(&format!("NIHII11:{value}")), wanted);
        assert_eq!(parse(&format!("NIHII:{value}")), wanted);
        assert_eq!(parse(&format!("NIHII:{}", &value[..8])), wanted);
    }
    for value in [
        "19876543201",
        "00000000101",
        "00000000202",
        "19876543",
        "00000000",
    ] {
        assert_eq!(
            parse(&format!("NIHII:{value}")),
            check_digits("NIHII"),
            "{value}"
        );
    }
    for value in [
        "1874970",
        "187497044",
        "1874970447",
        "187497044777",
        "18749704ABC",
        "196101",
    ] {
        assert_eq!(
            parse(&format!("NIHII:{value}")),
            wrong_value("NIHII"),
            "{value}"
        );
    }
    assert_eq!(
        parse("NIHII:1-87497-04-477"),
        Ok("NIHII:18749704".to_owned())
    );
}

#[test]
fn applications_are_for_organisations() {
    let table = TypeTable::belgian();
    let text = |application| {
        table
            .resolve("CBE", "0809394427", application)
            .map(|identifier| identifier.to_string())
    };
    assert_eq!(text(Some("KGSS")), Ok("CBE:0809394427/KGSS".to_owned()));
    assert_eq!(text(Some("")), Ok("CBE:0809394427".to_owned()));
    assert_eq!(text(None), Ok("CBE:0809394427".to_owned()));
    assert_eq!(
        text(Some("A B")),
        Err(IdentifierError::ApplicationMalformed)
    );
    for malformed in ["CBE:0809394427/", "CBE:0809394427/A/B", "CBE:0809394427/É"] {
        assert_eq!(
            parse(malformed),
            Err(IdentifierError::ApplicationMalformed),
            "{malformed}"
        );
    }
    for (name, value) in [("SSIN", "85073003328"), ("NIHII", "18749704")] {
        let type_name = name.to_owned();
        let refused = Err(IdentifierError::ApplicationNotAllowed { type_name });
        assert_eq!(parse(&format!("{name}:{value}/APP")), refused);
    }
}

#[test]
fn services_can_be_named_but_not_invented() {
    let table = TypeTable::belgian();
    assert_eq!(
        table.parse("SERVICE:custody").unwrap().as_service(),
        Some(Service::Custody)
    );
    assert_eq!(parse("SERVICE:other"), wrong_value("SERVICE"));
    assert_eq!(parse("service:Custody"), wrong_value("SERVICE"));
    let refused = IdentifierError::ApplicationNotAllowed {
        type_name: "SERVICE".to_owned(),
    };
    assert_eq!(parse("SERVICE:custody/APP"), Err(refused));
    assert!(table.get("SERVICE").is_none());
}

#[test]
fn kinds() {
    let table = TypeTable::belgian();
    let kind = |text: &str| table.kind(&text.parse().unwrap());
    assert_eq!(kind("SSIN:85073003328"), Kind::Person);
    assert_eq!(kind("CBE:0809394427/KGSS"), Kind::Organisation);
    assert_eq!(kind("SERVICE:status"), Kind::Service);
    // What is not known gets the strictest treatment.
    assert_eq!(kind("SERVICE:other"), Kind::Person);
    assert_eq!(kind("PASSPORT:1"), Kind::Person);
}

#[test]
fn malformed_and_unknown() {
    for text in ["", "SSIN", "85073003328", "SSIN 85073003328"] {
        assert_eq!(parse(text), Err(IdentifierError::Malformed), "{text:?}");
    }
    for text in [
        "PASSPORT:1",
        ":1",
        " SSIN:85073003328",
        "SSIN :85073003328",
        "urn:kleis:id:A:1",
    ] {
        assert_eq!(parse(text), Err(IdentifierError::UnknownType), "{text:?}");
    }
}

const LICENCE: &str = r#"[{"name": "LICENCE", "aliases": ["PERMIT"], "description": "A licence",
    "length": 6, "pattern": "[0-9]{6}", "check_digits": ["MOD97"], "kind": "ORGANISATION"}]"#;

#[test]
fn operators_add_types() {
    let further: Vec<TypeDefinition> = serde_json::from_str(LICENCE).unwrap();
    let table = TypeTable::belgian().extended(further.clone()).unwrap();
    assert_eq!(table.iter().count(), TYPES.len() + 1);
    assert_eq!(
        table.parse("PERMIT:000097").unwrap().to_string(),
        "LICENCE:000097"
    );
    assert!(table.parse("PERMIT:000098").is_err());
    assert!(table.parse("SSIN:85073003328").is_ok());

    let alone: TypeTable = serde_json::from_str(LICENCE).unwrap();
    assert_eq!(
        alone.parse("SSIN:85073003328"),
        Err(IdentifierError::UnknownType)
    );

    let again = table.extended(further);
    assert_eq!(
        again.unwrap_err(),
        TypeTableError::DuplicateName("LICENCE".to_owned())
    );
}

#[test]
fn a_bad_table_is_refused_whole() {
    let mut clash: Vec<TypeDefinition> = serde_json::from_str(LICENCE).unwrap();
    clash[0].aliases.push("NISS".to_owned());
    let refused = TypeTable::belgian().extended(clash).unwrap_err();
    assert_eq!(refused, TypeTableError::DuplicateName("NISS".to_owned()));

    let definition: Vec<TypeDefinition> = serde_json::from_str(LICENCE).unwrap();
    let many: Vec<_> = (0..257)
        .map(|n| TypeDefinition {
            name: format!("L{n}"),
            ..definition[0].clone()
        })
        .collect();
    assert_eq!(
        TypeTable::try_from(many).unwrap_err(),
        TypeTableError::TooManyTypes { max: 256 }
    );

    for (from, to) in [
        ("\"length\": 6", "\"length\": 600"),
        ("\"length\": 6", "\"lenght\": 6"),
        ("MOD97", "MOD98"),
        ("ORGANISATION", "SERVICE"),
        ("[0-9]{6}", "[0-9"),
        ("\"LICENCE\"", "\"SERVICE\""),
    ] {
        let changed = LICENCE.replace(from, to);
        assert_ne!(changed, LICENCE);
        assert!(serde_json::from_str::<TypeTable>(&changed).is_err(), "{to}");
    }
}
