//! The mappings that come with Kleis.

use super::*;

fn shipped(source: &MappingSource) -> Mapping {
    let (types, map) = (TypeTable::belgian(), CredentialMap::belgian());
    Mapping::new(source.definition(map), types, map).unwrap()
}

fn iam_connect(claims: Value) -> Result<Mapped, MappingRefusal> {
    apply(&shipped(&MappingSource::KeycloakIamConnect), claims)
}

/// Exclusions by these are possible for every profile.
fn shows_the_person_alone(mapped: &Mapped) {
    let shown = mapped.shown();
    assert!(shown.contains(IDENTIFIER_NAMESPACE, "SSIN"));
    assert!(shown.contains(IDENTIFICATION, SSIN));
    for (namespace, name) in [
        (IDENTIFIER_NAMESPACE, "NIHII"),
        (IDENTIFIER_NAMESPACE, "CBE"),
        (IDENTIFIER_NAMESPACE, "NIHII-PHARMACY"),
        (CERTIFIED, DOCTOR),
        (CERTIFIED, DOCTOR_NIHII11),
        ("urn:kleis:mandate", "SSIN"),
    ] {
        assert!(!shown.contains(namespace, name), "{namespace} {name}");
    }
}

#[test]
fn a_citizen() {
    let mapped = iam_connect(json!({"profile": "citizen", "ssin": "85073003328"})).unwrap();
    assert_eq!(names(&mapped), ["SSIN:85073003328"]);
    assert_eq!(values(&mapped, IDENTIFICATION, SSIN), ["85073003328"]);
    assert!(
        mapped
            .credentials()
            .iter()
            .all(|it| it.namespace != CERTIFIED)
    );
    shows_the_person_alone(&mapped);
    // What belongs to other profiles has no effect in this one.
    let more = json!({
        "profile": "citizen", "ssin": "85073003328", "mandator": {"ssin": "93051822361"},
        "quality": {"name": "doctor", "nihii": "18749704477"},
        "organisation": {"type": "CBE", "value": "0809394427", "recognised": true},
    });
    assert_eq!(iam_connect(more).unwrap(), mapped);
}

#[test]
fn a_professional_acts_as_one() {
    let claims = |name: &str, nihii: &str| json!({"profile": "quality", "ssin": "85073003328", "quality": {"name": name, "nihii": nihii}});
    let doctor = iam_connect(claims("doctor", "18749704477")).unwrap();
    assert_eq!(names(&doctor), ["NIHII:18749704", "SSIN:85073003328"]);
    assert_eq!(values(&doctor, CERTIFIED, DOCTOR), ["true"]);
    assert_eq!(
        values(&doctor, CERTIFIED, DOCTOR_NIHII11),
        ["18749704", "18749704477"]
    );
    assert_eq!(values(&doctor, IDENTIFIER_NAMESPACE, "NIHII"), ["18749704"]);
    shows_the_person_alone(&doctor);
    for quality in ["dentist", "nurse", "midwife", "physiotherapist"] {
        let mapped = iam_connect(claims(quality, "40000226001")).unwrap();
        let name = format!("urn:be:fgov:person:ssin:ehealth:1.0:nihii:{quality}:nihii11");
        let held = values(&mapped, CERTIFIED, &name);
        assert!(held.contains(&"40000226001"), "{quality}");
        assert!(values(&mapped, CERTIFIED, DOCTOR).is_empty());
        shows_the_person_alone(&mapped);
    }
    let pharmacist = iam_connect(claims("pharmacist", "20000000000"));
    assert!(pharmacist.is_err(), "check digits");
    let without =
        json!({"profile": "quality", "ssin": "85073003328", "quality": {"name": "doctor"}});
    let missing = MappingRefusal::Missing("quality.nihii".to_owned());
    assert_eq!(iam_connect(without), Err(missing));
}

#[test]
fn an_organisation_comes_first_and_must_be_recognised() {
    let claims = |organisation: Value| json!({"profile": "organisation", "ssin": "85073003328", "organisation": organisation});
    let pharmacy = json!({"type": "NIHII-PHARMACY", "value": "12345678", "recognised": true});
    let mapped = iam_connect(claims(pharmacy.clone())).unwrap();
    assert_eq!(
        names(&mapped),
        ["NIHII-PHARMACY:12345678", "SSIN:85073003328"]
    );
    let recognised = "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean";
    assert_eq!(values(&mapped, CERTIFIED, recognised), ["true"]);
    shows_the_person_alone(&mapped);
    for recognised in [json!(false), json!("true"), json!([])] {
        let mut organisation = pharmacy.clone();
        organisation["recognised"] = recognised;
        let refused = iam_connect(claims(organisation));
        let demand = MappingRefusal::Demand("organisation.recognised".to_owned());
        assert_eq!(refused, Err(demand));
    }
    let person = json!({"type": "SSIN", "value": "93051822361", "recognised": true});
    assert!(matches!(
        iam_connect(claims(person)),
        Err(MappingRefusal::Kind(_))
    ));
    let nameless = json!({"type": "CBE", "recognised": true});
    assert!(matches!(
        iam_connect(claims(nameless)),
        Err(MappingRefusal::Missing(_))
    ));
}

#[test]
fn a_mandate_names_the_mandator_and_leaves_the_person_who_they_are() {
    let claims = |mandator: &str| json!({"profile": "mandate", "ssin": "85073003328", "mandator": {"ssin": mandator}});
    let mapped = iam_connect(claims("93051822361")).unwrap();
    assert_eq!(names(&mapped), ["SSIN:85073003328"]);
    assert_eq!(
        values(&mapped, "urn:kleis:mandate", "SSIN"),
        ["93051822361"]
    );
    assert_eq!(values(&mapped, IDENTIFICATION, SSIN), ["85073003328"]);
    shows_the_person_alone(&mapped);
    assert!(iam_connect(claims("79121137740")).is_err());
}

#[test]
fn an_unknown_profile_or_no_person_is_refused() {
    for claims in [
        json!({"profile": "children", "ssin": "85073003328"}),
        json!({"ssin": "85073003328"}),
        json!({"profile": "citizen"}),
        json!({"profile": "citizen", "ssin": "79121137740"}),
        json!({"profile": "citizen", "ssin": []}),
    ] {
        assert!(iam_connect(claims.clone()).is_err(), "{claims}");
    }
}

#[test]
fn our_own_tokens_give_and_show_what_our_certificates_do() {
    let (types, map) = (TypeTable::belgian(), CredentialMap::belgian());
    let mapping = shipped(&MappingSource::KleisSts);
    let urns = [
        "urn:kleis:id:NIHII:18749704",
        "urn:kleis:id:SSIN:85073003328",
    ];
    let mapped = apply(&mapping, json!({"identifiers": urns, "sub": "x"})).unwrap();
    let certified: Vec<_> = urns.map(|urn| Identifier::from_urn(urn).unwrap()).into();
    assert_eq!(mapped.identifiers(), certified);
    assert_eq!(mapped.credentials(), map.credentials(&certified));
    assert_eq!(*mapped.shown(), map.shown());
    for claims in [
        json!({}),
        json!({"identifiers": []}),
        json!({"identifiers": ["NIHII:18749704"]}),
        json!({"identifiers": ["urn:kleis:id:SERVICE:custody"]}),
    ] {
        assert!(apply(&mapping, claims.clone()).is_err(), "{claims}");
    }

    // Namespaces of further rules are among those of our own tokens.
    let rule = json!([{"identifier_type": "EHP", "namespace": "urn:further", "name": "hub"}]);
    let further = CredentialMap::new(serde_json::from_value(rule).unwrap(), types).unwrap();
    let mapping = Mapping::new(MappingDefinition::kleis_sts(&further), types, &further).unwrap();
    let mapped = apply(
        &mapping,
        json!({"identifiers": "urn:kleis:id:EHP:1234567890"}),
    )
    .unwrap();
    assert_eq!(values(&mapped, "urn:further", "hub"), ["1234567890"]);
}
