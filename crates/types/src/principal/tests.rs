use super::*;
use crate::IDENTIFIER_NAMESPACE;

fn doctor() -> Principal {
    let identifiers = ["NIHII:18749704", "SSIN:85073003328"].map(|text| text.parse().unwrap());
    let device = "pc-2".parse().unwrap();
    Principal::from_certificate(&identifiers, device, "x5t", CredentialMap::belgian()).unwrap()
}

fn demanded(name: &str, values: &[&str]) -> Credential {
    Credential {
        namespace: IDENTIFIER_NAMESPACE.to_owned(),
        name: name.to_owned(),
        values: values.iter().map(|&value| value.to_owned()).collect(),
    }
}

#[test]
fn is_whom_the_certificate_says() {
    let doctor = doctor();
    assert_eq!(doctor.primary().to_string(), "NIHII:18749704");
    assert_eq!(doctor.identifiers().count(), 2);
    assert_eq!(doctor.device().unwrap().as_str(), "pc-2");
    assert_eq!(doctor.thumbprint(), Some("x5t"));
    assert!(doctor.is(&"SSIN:85073003328".parse().unwrap()));
    assert!(doctor.is(&"NIHII:18749704".parse().unwrap()));
    assert!(!doctor.is(&"SSIN:93051822361".parse().unwrap()));
    assert!(!doctor.is(&"NIHII:18749704/APP".parse().unwrap()));
}

#[test]
fn holds_what_its_identifiers_give() {
    let doctor = doctor();
    assert!(doctor.holds(&demanded("SSIN", &["85073003328"])));
    assert!(doctor.holds(&demanded("SSIN", &[])));
    assert!(!doctor.holds(&demanded("SSIN", &["93051822361"])));
    assert!(!doctor.holds(&demanded("CBE", &[])));
    assert_eq!(doctor.credentials().len(), 6);
}

#[test]
fn what_the_issuer_shows_does_not_depend_on_the_holder() {
    assert!(doctor().issuer_shows(IDENTIFIER_NAMESPACE, "CBE"));
    assert!(!doctor().issuer_shows(IDENTIFIER_NAMESPACE, "PASSPORT"));
    assert!(!doctor().issuer_shows("urn:other", "CBE"));
}

#[test]
fn nobody_is_no_principal() {
    let nobody = Principal::from_certificate(&[], DeviceId::main(), "", CredentialMap::belgian());
    assert_eq!(nobody.unwrap_err(), NoIdentifier);
}

#[test]
fn debug_shows_no_identifier() {
    let text = format!("{:?}", doctor());
    assert!(text.contains("NIHII:***"), "{text}");
    assert!(
        !text.contains("18749704") && !text.contains("8507"),
        "{text}"
    );
}
