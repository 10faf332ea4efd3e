use proptest::prelude::*;

use super::*;
use crate::test_util::SeededRandom;

#[test]
fn application_ids() {
    for text in ["KGSS", "MYCARENET-EC", "A_1", "0", &"Z".repeat(30)] {
        assert_eq!(text.parse::<ApplicationId>().unwrap().as_str(), text);
    }
    for text in [
        "",
        "kgss",
        "A B",
        "A/B",
        "A:B",
        "É",
        "A.B",
        "KGSS\n",
        &"Z".repeat(31),
    ] {
        assert_eq!(
            text.parse::<ApplicationId>(),
            Err(NameError::Application),
            "{text:?}"
        );
    }
}

#[test]
fn device_names() {
    for text in ["main", "0", "pc-2.ward_3", &"a".repeat(32)] {
        assert_eq!(text.parse::<DeviceId>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "Main",
        "-a",
        ".a",
        "_a",
        "a b",
        "a/b",
        "a:b",
        "é",
        &"a".repeat(33),
    ] {
        assert_eq!(text.parse::<DeviceId>(), Err(NameError::Device), "{text:?}");
    }
    assert_eq!(DeviceId::default(), "main".parse().unwrap());
}

#[test]
fn installation_ids() {
    let id = InstallationId::random(&SeededRandom::new(1));
    assert_eq!(id.as_str().len(), 22);
    assert_ne!(id, InstallationId::random(&SeededRandom::new(2)));
    assert_eq!(id.as_str().parse(), Ok(id.clone()));
    assert_eq!(id.audience(), format!("urn:kleis:installation:{id}"));
    assert_eq!(InstallationId::from_audience(&id.audience()), Ok(id));

    assert!("AAAAAAAAAAAAAAAAAAAAAA".parse::<InstallationId>().is_ok());
    let refused = [
        "",
        "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAB",
        "AAAAAAAAAAAAAAAAAAAAAA==",
        "AAAAAAAAAAAAAAAAAAAA+A",
        " AAAAAAAAAAAAAAAAAAAAAA",
    ];
    for text in refused {
        assert_eq!(
            text.parse::<InstallationId>(),
            Err(NameError::Installation),
            "{text:?}"
        );
    }
    for urn in [
        "AAAAAAAAAAAAAAAAAAAAAA",
        "urn:kleis:device:main",
        "URN:kleis:installation:A",
    ] {
        assert_eq!(
            InstallationId::from_audience(urn),
            Err(NameError::Installation),
            "{urn:?}"
        );
    }
}

#[test]
fn json_is_checked_text() {
    let device: DeviceId = serde_json::from_str("\"pc-2\"").unwrap();
    assert_eq!(serde_json::to_string(&device).unwrap(), "\"pc-2\"");
    for text in ["\"PC 2\"", "2", "null", "[\"pc\"]"] {
        assert!(serde_json::from_str::<DeviceId>(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn what_parses_displays_as_it_was(text in "[ -~]{0,34}") {
        if let Ok(name) = text.parse::<ApplicationId>() {
            prop_assert_eq!(name.to_string(), text.clone());
        }
        if let Ok(name) = text.parse::<DeviceId>() {
            prop_assert_eq!(name.to_string(), text);
        }
    }
}
