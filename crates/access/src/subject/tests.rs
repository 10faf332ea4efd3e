use SubjectAttribute::{
    CommonName, Country, Organisation, OrganisationalUnit, Other, SerialNumber,
};
use kleis_trust::test_util::World;
use kleis_types::{IDENTIFIER_NAMESPACE, IdentifierError};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const CERTIFIED: &str = "urn:be:fgov:certified-namespace:ehealth";
const IDENTIFICATION: &str = "urn:be:fgov:identification-namespace";
const SSIN: &str = "urn:be:fgov:person:ssin";

fn mapping(source: &SubjectSource) -> SubjectMapping {
    let (types, map) = (TypeTable::belgian(), CredentialMap::belgian());
    SubjectMapping::new(source.definition(), types, map).unwrap()
}

fn ehealth(attributes: &Attributes<'_>) -> Result<Mapped, SubjectRefusal> {
    mapping(&SubjectSource::Ehealth).read(attributes)
}

fn eid(attributes: &Attributes<'_>) -> Result<Mapped, SubjectRefusal> {
    mapping(&SubjectSource::Eid).read(attributes)
}

fn names(mapped: &Mapped) -> Vec<String> {
    mapped
        .identifiers()
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn subject<'a>(units: &[&'a str], common_name: &'a str) -> Vec<(SubjectAttribute, &'a str)> {
    let mut attributes = vec![(Country, "BE"), (Organisation, "Federal Government")];
    attributes.extend(units.iter().map(|unit| (OrganisationalUnit, *unit)));
    attributes.push((CommonName, common_name));
    attributes
}

const PLATFORM: &str = "eHealth-platform Belgium";
const JANE: &[&str] = &["SSIN=85073003328", "DOE JANE", PLATFORM];

#[test]
fn reads_certificates_of_the_belgian_profile() {
    let mut world = World::new(1);
    for (identifier, device) in [
        ("SSIN:85073003328", "main"),
        ("NIHII:18749704", "main"),
        ("CBE:0809394427/KGSS", "pc-1"),
        ("NIHII-PHARMACY:12345678", "main"),
    ] {
        let signer = world.certify(identifier, device);
        let certificate = Certificate::from_der(&signer.chain()[0]).unwrap();
        let mapped = mapping(&SubjectSource::Ehealth).apply(&certificate);
        assert_eq!(names(&mapped.unwrap()), [identifier]);
        let mapped = mapping(&SubjectSource::Eid).apply(&certificate);
        assert_eq!(mapped, Err(SubjectRefusal::Form));
    }
}

#[test]
fn the_order_of_the_attributes_does_not_matter() {
    let mut attributes = subject(
        &["KGSS", "CBE=0809394427", "EHEALTH", PLATFORM],
        "CBE=0809394427, KGSS",
    );
    for _ in 0..attributes.len() {
        attributes.rotate_left(1);
        assert_eq!(
            names(&ehealth(&attributes).unwrap()),
            ["CBE:0809394427/KGSS"]
        );
    }
    // The older notation of a professional's number.
    let nihii = ["NIHII11=18749704477", "DOE JANE", PLATFORM];
    let mapped = ehealth(&subject(&nihii, nihii[0])).unwrap();
    assert_eq!(names(&mapped), ["NIHII:18749704"]);
}

#[test]
fn common_name_and_units_must_agree() {
    let id = "CBE=0809394427";
    for (units, common_name) in [
        (
            &["SSIN=93051822361", "DOE JANE", PLATFORM][..],
            "SSIN=85073003328",
        ),
        (&[id, "EHEALTH", PLATFORM], "CBE=0809394427, KGSS"),
        (&["KGSS", id, "EHEALTH", PLATFORM], id),
        (&["KGSS", id, "EHEALTH", PLATFORM], "CBE=0809394427, OTHER"),
        (&["KGSS", id, PLATFORM], "CBE=0809394427, KGSS"),
        (&["", id, "EHEALTH", PLATFORM], "CBE=0809394427, "),
        (&["kgss", id, "EHEALTH", PLATFORM], "CBE=0809394427, kgss"),
        (&[id, PLATFORM], id),
        (&[id, "EHEALTH"], id),
        (&[id, "EHEALTH", "More", PLATFORM], id),
        // A name that could be taken for what it is not.
        (&[id, "SSIN=85073003328", PLATFORM], id),
        (&[id, id, PLATFORM], id),
        (&[id, PLATFORM, PLATFORM], id),
        (&["EHEALTH", "X", PLATFORM], "EHEALTH"),
        (&["cbe=0809394427", "EHEALTH", PLATFORM], "cbe=0809394427"),
    ] {
        let refused = ehealth(&subject(units, common_name));
        assert_eq!(
            refused,
            Err(SubjectRefusal::Form),
            "{units:?} {common_name}"
        );
    }
}

#[test]
fn nothing_may_be_missing_double_or_besides() {
    let good = subject(JANE, JANE[0]);
    assert!(ehealth(&good).is_ok());
    for index in 0..good.len() {
        let mut missing = good.clone();
        missing.remove(index);
        assert_eq!(ehealth(&missing), Err(SubjectRefusal::Form), "{index}");
        let mut double = good.clone();
        double.push(good[index]);
        assert_eq!(ehealth(&double), Err(SubjectRefusal::Form), "{index}");
    }
    for besides in [(Other, "Jane"), (SerialNumber, "85073003328")] {
        let mut more = good.clone();
        more.push(besides);
        assert_eq!(ehealth(&more), Err(SubjectRefusal::Form));
    }
    for (index, other) in [(0, "NL"), (1, "Federal government")] {
        let mut changed = good.clone();
        changed[index].1 = other;
        assert_eq!(ehealth(&changed), Err(SubjectRefusal::Form));
    }
}

#[test]
fn identifiers_are_checked() {
    let digits = SubjectRefusal::Identifier(IdentifierError::CheckDigits {
        type_name: "SSIN".to_owned(),
    });
    let wrong = ["SSIN=79121137740", "DOE JANE", PLATFORM];
    assert_eq!(ehealth(&subject(&wrong, wrong[0])), Err(digits.clone()));
    assert_eq!(eid(&[(SerialNumber, "79121137740")]), Err(digits.clone()));
    assert!(!format!("{digits}{digits:?}").contains("7912"));
    assert_eq!(digits.code(), kleis_types::ErrorCode::CertificateInvalid);
    let unknown = ["PASSPORT=1", "DOE JANE", PLATFORM];
    assert_eq!(
        ehealth(&subject(&unknown, unknown[0])),
        Err(SubjectRefusal::Identifier(IdentifierError::UnknownType))
    );
    let service = ["SERVICE=custody", "KLEIS", PLATFORM];
    assert_eq!(
        ehealth(&subject(&service, service[0])),
        Err(SubjectRefusal::Form)
    );
    let person = ["APP", "SSIN=85073003328", "DOE JANE", PLATFORM];
    assert!(ehealth(&subject(&person, "SSIN=85073003328, APP")).is_err());
}

#[test]
fn an_identity_card_names_a_person() {
    let card = [
        (Country, "BE"),
        (CommonName, "Jane Doe (Authentication)"),
        (Other, "Doe"),
        (Other, "Jane"),
        (SerialNumber, "85073003328"),
    ];
    let mapped = eid(&card).unwrap();
    assert_eq!(names(&mapped), ["SSIN:85073003328"]);
    assert!(
        mapped
            .credentials()
            .iter()
            .all(|it| it.namespace != CERTIFIED)
    );
    assert!(mapped.shown().contains(IDENTIFICATION, SSIN));
    assert!(!mapped.shown().contains(IDENTIFIER_NAMESPACE, "NIHII"));
    assert_eq!(eid(&card[..4]), Err(SubjectRefusal::Form));
    let two = [card[4], card[4]];
    assert_eq!(eid(&two), Err(SubjectRefusal::Form));
}

#[test]
fn absence_proves_something_of_the_same_conclusive_type_alone() {
    let shown = |identity: &str| {
        let mapped = ehealth(&subject(&[identity, "NAME", PLATFORM], identity)).unwrap();
        Arc::clone(mapped.shown())
    };
    let person = shown("SSIN=85073003328");
    assert!(person.contains(IDENTIFIER_NAMESPACE, "SSIN"));
    assert!(person.contains(IDENTIFICATION, SSIN));
    assert!(!person.contains(IDENTIFIER_NAMESPACE, "NIHII"));
    assert!(!person.contains(IDENTIFIER_NAMESPACE, "CBE"));
    let enterprise = shown("CBE=0809394427");
    assert!(enterprise.contains(IDENTIFIER_NAMESPACE, "CBE"));
    assert!(!enterprise.contains(IDENTIFIER_NAMESPACE, "SSIN"));
    // Whoever is named by a professional's number may be anybody, and have another such number.
    assert_eq!(*shown("NIHII=18749704"), Shown::default());
}

#[test]
fn operators_write_their_own() {
    let source: SubjectSource = serde_json::from_value(json!({
        "namespaces": ["urn:kleis:identifier"],
        "rules": [
            {"form": "typed", "attribute": "OU"},
            {"form": "value", "attribute": "CN", "type": "CBE"},
        ],
        "conclusive": ["CBE"],
    }))
    .unwrap();
    let mapping = mapping(&source);
    let read = |attributes: &Attributes<'_>| mapping.read(attributes);
    let number = (CommonName, "0809394427");
    let unit = (OrganisationalUnit, "NIHII-HOSPITAL=71000436");
    let other = (OrganisationalUnit, "Wards = all");
    let mapped = read(&[number, unit, other]).unwrap();
    assert_eq!(
        names(&mapped),
        ["NIHII-HOSPITAL:71000436", "CBE:0809394427"]
    );
    assert!(
        mapped
            .credentials()
            .iter()
            .all(|it| it.namespace == IDENTIFIER_NAMESPACE)
    );
    assert_eq!(read(&[number, other]), Err(SubjectRefusal::Form));
    assert_eq!(read(&[number, unit, unit]), Err(SubjectRefusal::Form));
    assert_eq!(read(&[unit]), Err(SubjectRefusal::Form));
    for source in [SubjectSource::Ehealth, SubjectSource::Eid, source] {
        let again = serde_json::from_value(serde_json::to_value(&source).unwrap()).unwrap();
        assert_eq!(source, again);
    }
}

#[test]
fn bad_definitions_are_refused() {
    let rule = json!({"form": "value", "attribute": "CN", "type": "SSIN"});
    for (namespaces, rules, conclusive, why) in [
        (vec!["n"], vec![], vec![], SubjectMappingError::NoRules),
        (
            vec![""],
            vec![rule.clone()],
            vec![],
            SubjectMappingError::Namespace,
        ),
        (
            vec!["n"],
            vec![rule.clone(); 65],
            vec![],
            SubjectMappingError::TooMany,
        ),
        (
            vec!["n"],
            vec![json!({"form": "value", "attribute": "CN", "type": "NISS"})],
            vec![],
            SubjectMappingError::UnknownType("NISS".to_owned()),
        ),
        (
            vec!["n"],
            vec![rule.clone()],
            vec!["SERVICE"],
            SubjectMappingError::UnknownType("SERVICE".to_owned()),
        ),
    ] {
        let definition =
            json!({"namespaces": namespaces, "rules": rules, "conclusive": conclusive});
        let definition = serde_json::from_value(definition).unwrap();
        let refused =
            SubjectMapping::new(definition, TypeTable::belgian(), CredentialMap::belgian());
        assert_eq!(refused.unwrap_err(), why);
    }
    for rule in [
        json!({"form": "value", "attribute": "Other", "type": "SSIN"}),
        json!({"form": "value", "attribute": "CN"}),
        json!({"form": "typed", "attribute": "CN", "type": "SSIN"}),
        json!({"form": "other"}),
    ] {
        assert!(
            serde_json::from_value::<SubjectRule>(rule.clone()).is_err(),
            "{rule}"
        );
    }
    assert!(serde_json::from_value::<SubjectSource>(json!("e-id")).is_err());
}

proptest! {
    #[test]
    fn whoever_is_named_is_named_by_common_name_and_unit(
        units in proptest::collection::vec("(KGSS|CBE=0809394427|SSIN=85073003328|X|eHealth-platform Belgium)", 0..6),
        common_name in "(CBE=0809394427|SSIN=85073003328|X)(, (KGSS|X))?",
    ) {
        let units: Vec<_> = units.iter().map(String::as_str).collect();
        if let Ok(mapped) = ehealth(&subject(&units, &common_name)) {
            let named = &mapped.identifiers()[0];
            let identity = format!("{}={}", named.type_name(), named.value());
            prop_assert!(units.contains(&identity.as_str()));
            prop_assert!(common_name.starts_with(&identity));
            prop_assert_eq!(named.application().is_some(), common_name.contains(", "));
        }
    }
}
