//! The register of persons and organisations: filled, changed, and what is refused.

use kleis_proto::{method::registration_admin as method, registration::v1 as wire};
use kleis_types::{ErrorCode, Problem};

use crate::{
    house::{DOCTOR, House, JOHN, MARY, call_of},
    people::{Device, at},
};

async fn with_john() -> (House, Device, Device) {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house.welcome(&operator, &[JOHN], JOHN, "main").await;
    (house, operator, john)
}

fn line(name: &str, identifiers: &[&str]) -> wire::Registrant {
    wire::Registrant {
        name: name.into(),
        identifiers: identifiers.iter().map(|text| (*text).to_owned()).collect(),
        active: true,
        ..wire::Registrant::default()
    }
}

async fn import(
    house: &House,
    by: &Device,
    registrants: Vec<wire::Registrant>,
) -> Result<(u32, u32, u32), Problem> {
    let body = wire::ImportRegistrantsOrder { registrants };
    let result: wire::ImportRegistrantsResult = house
        .order(&by.signer, method::IMPORT_REGISTRANTS, body)
        .await?;
    Ok((result.created, result.updated, result.unchanged))
}

#[tokio::test]
async fn the_register_is_brought_to_what_the_order_says() {
    let (house, operator, _) = with_john().await;
    let mary = line("Mary", &[MARY]);
    let hospital = line(
        "Hôpital d'Été",
        &["NIHII-HOSPITAL:71000436", "CBE:0809394427"],
    );
    let both = vec![mary.clone(), hospital.clone()];
    assert_eq!(
        import(&house, &operator, both.clone()).await.unwrap(),
        (2, 0, 0)
    );
    assert_eq!(import(&house, &operator, both).await.unwrap(), (0, 0, 2));
    let renamed = line("Mary Ann", &[MARY, DOCTOR]);
    assert_eq!(
        import(&house, &operator, vec![renamed, hospital])
            .await
            .unwrap(),
        (0, 1, 1)
    );

    let call = call_of(&operator.signer);
    let page = house.registration.registrants(&call, "", 2).await.unwrap();
    assert_eq!(page.registrants.len(), 2);
    let after = page.next.unwrap().to_string();
    let rest = house
        .registration
        .registrants(&call, &after, 10)
        .await
        .unwrap();
    assert_eq!((rest.registrants.len(), rest.next), (2, None));
    house.check_audit().await;
}

#[tokio::test]
async fn a_bad_line_is_named_and_nothing_is_imported() {
    let (house, operator, _) = with_john().await;
    let good = line("Mary", &[MARY]);
    let long = "x".repeat(257);
    let many = vec![MARY; 17];
    let cases = [
        (line("", &[DOCTOR]), ErrorCode::OrderBodyInvalid, "name"),
        (
            line("\u{1}", &[DOCTOR]),
            ErrorCode::OrderBodyInvalid,
            "name",
        ),
        (line(&long, &[DOCTOR]), ErrorCode::OrderBodyInvalid, "name"),
        (line("X", &[]), ErrorCode::OrderBodyInvalid, "identifiers"),
        (line("X", &many), ErrorCode::OrderBodyInvalid, "identifiers"),
        (
            line("X", &["SSIN:12345678901"]),
            ErrorCode::IdentifierCheckDigit,
            "identifiers[0]",
        ),
        (
            line("X", &["SERVICE:status"]),
            ErrorCode::IdentifierInvalid,
            "identifiers[0]",
        ),
        (
            line("X", &["CBE:0809394427/KGSS"]),
            ErrorCode::IdentifierInvalid,
            "identifiers[0]",
        ),
        (
            line("X", &[DOCTOR, "CBE:0809394427"]),
            ErrorCode::IdentifierInvalid,
            "identifiers[1]",
        ),
        (
            line("X", &[DOCTOR, DOCTOR]),
            ErrorCode::IdentifierInvalid,
            "identifiers[1]",
        ),
        (
            line("X", &[MARY]),
            ErrorCode::IdentifierInvalid,
            "identifiers[0]",
        ),
        (
            line("X", &[DOCTOR, JOHN]),
            ErrorCode::AlreadyExists,
            "identifiers",
        ),
    ];
    for (bad, code, field) in cases {
        let lines = vec![good.clone(), bad];
        let refused = house.refuses(import(&house, &operator, lines)).await;
        assert_eq!(refused, at(code, &format!("registrants[1].{field}")));
    }
    let refused = house.refuses(import(&house, &operator, vec![])).await;
    assert_eq!(refused, at(ErrorCode::OrderBodyInvalid, "registrants"));
    // As many as the message allows do not fit into an order.
    let refused = house
        .refuses(import(&house, &operator, vec![good; 1000]))
        .await;
    assert_eq!(refused, at(ErrorCode::RequestTooLarge, "order"));
}

#[tokio::test]
async fn an_identifier_belongs_to_one_registrant() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    house
        .register(&operator, &[JOHN, DOCTOR], true)
        .await
        .unwrap();
    // By another name of a registrant who is there.
    let refused = house
        .refuses(import(&house, &operator, vec![line("X", &[DOCTOR])]))
        .await;
    assert_eq!(
        refused,
        at(ErrorCode::AlreadyExists, "registrants[0].identifiers")
    );
}

#[tokio::test]
async fn an_identifier_that_a_certificate_names_stays() {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house
        .welcome(&operator, &[JOHN, DOCTOR], JOHN, "main")
        .await;
    let without = || vec![line("John", &[JOHN])];
    let refused = house.refuses(import(&house, &operator, without())).await;
    assert_eq!(
        refused,
        at(ErrorCode::StateConflict, "registrants[0].identifiers")
    );
    house.revoke(&john, &john.serial()).await.unwrap();
    assert_eq!(
        import(&house, &operator, without()).await.unwrap(),
        (0, 1, 0)
    );
    house.check_audit().await;
}
