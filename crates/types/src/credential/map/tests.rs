use super::*;

const CERTIFIED: &str = "urn:be:fgov:certified-namespace:ehealth";
const IDENTIFICATION: &str = "urn:be:fgov:identification-namespace";
const DOCTOR: &str = "urn:be:fgov:person:ssin:doctor:boolean";
const DOCTOR_NIHII11: &str = "urn:be:fgov:person:ssin:ehealth:1.0:doctor:nihii11";

fn credentials(identifiers: &[&str]) -> Vec<Credential> {
    let identifiers: Vec<_> = identifiers
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    CredentialMap::belgian().credentials(&identifiers)
}

fn credential(namespace: &str, name: &str, values: &[&str]) -> Credential {
    Credential {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        values: values.iter().map(|&value| value.to_owned()).collect(),
    }
}

#[test]
fn a_doctor_with_a_national_number() {
    assert_eq!(
        credentials(&["NIHII:18749704", "SSIN:85073003328"]),
        [
            credential(CERTIFIED, DOCTOR, &["true"]),
            credential(CERTIFIED, DOCTOR_NIHII11, &["18749704"]),
            credential(
                IDENTIFICATION,
                "urn:be:fgov:ehealth:1.0:certificateholder:person:ssin",
                &["85073003328"]
            ),
            credential(IDENTIFICATION, "urn:be:fgov:person:ssin", &["85073003328"]),
            credential(IDENTIFIER_NAMESPACE, "NIHII", &["18749704"]),
            credential(IDENTIFIER_NAMESPACE, "SSIN", &["85073003328"]),
        ]
    );
}

#[test]
fn a_pharmacy_and_its_software() {
    let certified: Vec<_> = credentials(&["NIHII-PHARMACY:12345678", "CBE:0809394427/KGSS"])
        .into_iter()
        .filter(|held| held.namespace == CERTIFIED)
        .collect();
    assert_eq!(
        certified,
        [
            credential(
                CERTIFIED,
                "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number",
                &["12345678"]
            ),
            credential(
                CERTIFIED,
                "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean",
                &["true"]
            ),
        ]
    );
    let enterprise = credentials(&["CBE:0809394427/KGSS"]);
    let number = "urn:be:fgov:kbo-bce:organization:cbe-number";
    assert!(enterprise.contains(&credential(IDENTIFICATION, number, &["0809394427"])));
    assert!(enterprise.contains(&credential(
        IDENTIFIER_NAMESPACE,
        "CBE",
        &["0809394427/KGSS"]
    )));
}

#[test]
fn the_first_digit_tells_the_profession() {
    let certified = |value: &str| -> Vec<String> {
        credentials(&[&format!("NIHII:{value}")])
            .into_iter()
            .filter(|held| held.namespace == CERTIFIED)
            .map(|held| held.name.replace("urn:be:fgov:person:ssin:", ""))
            .collect()
    };
    assert_eq!(
        certified("10000106"),
        ["doctor:boolean", "ehealth:1.0:doctor:nihii11"]
    );
    assert_eq!(
        certified("20000000"),
        ["ehealth:1.0:professional:pharmacist:boolean"]
    );
    assert_eq!(
        certified("30000000"),
        [
            "ehealth:1.0:nihii:dentist:nihii11",
            "ehealth:1.0:professional:dentist:boolean"
        ]
    );
    assert_eq!(certified("40000226"), ["ehealth:1.0:nihii:nurse:nihii11"]);
    assert_eq!(
        certified("50000000"),
        ["ehealth:1.0:nihii:physiotherapist:nihii11"]
    );
    assert!(certified("00000196").is_empty());
    assert!(certified("71000436").is_empty());
}

#[test]
fn several_identifiers_of_one_type_make_one_credential() {
    let both = credentials(&["CBE:0823257311", "CBE:0809394427", "CBE:0809394427"]);
    let wanted = credential(IDENTIFIER_NAMESPACE, "CBE", &["0809394427", "0823257311"]);
    assert!(both.contains(&wanted));
    assert!(credentials(&[]).is_empty());
}

#[test]
fn shows_what_a_certificate_can_tell() {
    let map = CredentialMap::belgian();
    assert!(map.shows(CERTIFIED, DOCTOR));
    assert!(map.shows(IDENTIFICATION, "urn:be:fgov:person:ssin"));
    assert!(map.shows(IDENTIFIER_NAMESPACE, "SSIN"));
    assert!(map.shows(IDENTIFIER_NAMESPACE, "EHP"));
    // An alias, an unknown type, another namespace, another name.
    assert!(!map.shows(IDENTIFIER_NAMESPACE, "NISS"));
    assert!(!map.shows(IDENTIFIER_NAMESPACE, "PASSPORT"));
    assert!(!map.shows(IDENTIFICATION, DOCTOR));
    assert!(!map.shows(CERTIFIED, "urn:be:fgov:person:ssin:judge:boolean"));
    assert!(!map.shows("", ""));
}

#[test]
fn a_credential_cut_short_is_held_but_shows_nothing() {
    // The certificate knows 8 of the 11 digits. An exclusion of one 11-digit number would never
    // match its holder, so it must not count as shown.
    assert!(
        credentials(&["NIHII:18749704"])
            .iter()
            .any(|held| held.name == DOCTOR_NIHII11)
    );
    assert!(!CredentialMap::belgian().shows(CERTIFIED, DOCTOR_NIHII11));
}

fn rule(json: &str) -> Result<CredentialMap, CredentialMapError> {
    let rule = serde_json::from_str(json).unwrap();
    CredentialMap::new(vec![rule], TypeTable::belgian())
}

#[test]
fn operators_write_their_own_rules() {
    let map =
        rule(r#"{"identifier_type":"EHP","namespace":"urn:test","name":"hub","value":"yes"}"#)
            .unwrap();
    let held = map.credentials(&["EHP:1234567890".parse().unwrap()]);
    assert!(held.contains(&credential("urn:test", "hub", &["yes"])));
    assert!(map.shows("urn:test", "hub"));
    assert!(!map.shows(CERTIFIED, DOCTOR));
    assert!(map.shows(IDENTIFIER_NAMESPACE, "SSIN"));
}

#[test]
fn bad_rules_are_refused() {
    let long = "n".repeat(257);
    for (json, wanted) in [
        (
            r#"{"identifier_type":"PASSPORT","namespace":"n","name":"n"}"#.to_owned(),
            CredentialMapError::UnknownType("PASSPORT".to_owned()),
        ),
        (
            r#"{"identifier_type":"NISS","namespace":"n","name":"n"}"#.to_owned(),
            CredentialMapError::UnknownType("NISS".to_owned()),
        ),
        (
            r#"{"identifier_type":"SSIN","namespace":"urn:kleis:identifier","name":"CBE"}"#
                .to_owned(),
            CredentialMapError::ReservedNamespace,
        ),
        (
            r#"{"identifier_type":"SSIN","namespace":"","name":"n"}"#.to_owned(),
            CredentialMapError::Text("SSIN".to_owned()),
        ),
        (
            format!(r#"{{"identifier_type":"SSIN","namespace":"n","name":"{long}"}}"#),
            CredentialMapError::Text("SSIN".to_owned()),
        ),
        (
            r#"{"identifier_type":"SSIN","namespace":"n","name":"n","value":""}"#.to_owned(),
            CredentialMapError::Text("SSIN".to_owned()),
        ),
        (
            r#"{"identifier_type":"SSIN","namespace":"n","name":"n","first_digit":"x"}"#.to_owned(),
            CredentialMapError::Text("SSIN".to_owned()),
        ),
    ] {
        assert_eq!(rule(&json).unwrap_err(), wanted, "{json}");
    }
    let one: CredentialRule =
        serde_json::from_str(r#"{"identifier_type":"SSIN","namespace":"n","name":"n"}"#).unwrap();
    let many = CredentialMap::new(vec![one; 1025], TypeTable::belgian());
    assert_eq!(many.unwrap_err(), CredentialMapError::TooManyRules);
    let unknown_member = r#"{"identifier_type":"SSIN","namespace":"n","name":"n","vaule":"x"}"#;
    assert!(serde_json::from_str::<CredentialRule>(unknown_member).is_err());
}

#[test]
fn satisfying_needs_namespace_name_and_a_common_value() {
    let held = credential("ns", "name", &["a", "b"]);
    assert!(held.satisfies(&credential("ns", "name", &[])));
    assert!(held.satisfies(&credential("ns", "name", &["x", "b"])));
    assert!(!held.satisfies(&credential("ns", "name", &["x"])));
    assert!(!held.satisfies(&credential("ns", "name", &["A"])));
    assert!(!held.satisfies(&credential("ns", "other", &[])));
    assert!(!held.satisfies(&credential("other", "name", &[])));
    assert!(!credential("ns", "name", &[]).satisfies(&credential("ns", "name", &["a"])));
}

#[test]
fn debug_shows_no_value() {
    let held = credential("ns", "name", &["85073003328"]);
    assert_eq!(format!("{held:?}"), "ns name (1 values)");
}
