//! Certificates looked back at: by whoever is certified, without a word of whose they are.

use kleis_proto::{method::registration::DESCRIBE_CERTIFICATE, registration::v1 as wire};
use kleis_store::{Store as _, registry::RegistryRead as _};
use kleis_store_sqlite::test_util;
use kleis_types::{CertificateState, ErrorCode, Identifier, Problem, Service};

use crate::{
    house::{DOCTOR, House, JOHN, MARY, call_of},
    people::{Device, at},
};

impl House {
    async fn describe(
        &self,
        by: &Device,
        x5t: &str,
    ) -> Result<wire::DescribeCertificateResult, Problem> {
        let body = wire::DescribeCertificateOrder {
            x5t: x5t.to_owned(),
        };
        self.order(&by.signer, DESCRIBE_CERTIFICATE, body).await
    }
}

fn seconds(time: kleis_types::Timestamp) -> u32 {
    u32::try_from(time.unix()).unwrap()
}

async fn people() -> (House, Device, Device, Device) {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house
        .welcome(&operator, &[JOHN, DOCTOR], JOHN, "main")
        .await;
    let mary = house.welcome(&operator, &[MARY], MARY, "main").await;
    (house, operator, john, mary)
}

#[tokio::test]
async fn anybody_certified_learns_the_times_and_nothing_else() {
    let (house, operator, john, mary) = people().await;
    let certificate = john.signer.certificate();
    let x5t = certificate.x5t_s256();
    let active = wire::DescribeCertificateResult {
        x5t: x5t.to_owned(),
        state: "ACTIVE".to_owned(),
        not_before: seconds(certificate.not_before()),
        not_after: seconds(certificate.not_after()),
        as_of: seconds(house.now()),
        ..wire::DescribeCertificateResult::default()
    };
    assert_eq!(house.describe(&mary, x5t).await, Ok(active.clone()));
    assert_eq!(house.describe(&john, x5t).await, Ok(active.clone()));
    let row = house.last_row().await;
    let about = format!("certificate:{}", john.serial());
    assert_eq!((row.resource, row.details), (about, "described".to_owned()));

    house.clock.advance(10);
    let revoked_at = house.now();
    house
        .revoke_as_operator(&operator, &john.serial())
        .await
        .unwrap();
    house.clock.advance(10);
    let revoked = wire::DescribeCertificateResult {
        state: "REVOKED".to_owned(),
        revoked_at: seconds(revoked_at),
        reason: "affiliationChanged".to_owned(),
        as_of: seconds(house.now()),
        ..active
    };
    assert_eq!(house.describe(&mary, x5t).await, Ok(revoked));
    house.check_audit().await;
}

#[tokio::test]
async fn a_supersession_is_found_and_its_lack_is_told() {
    let (mut house, operator, _, _) = people().await;
    let owner = Identifier::service(Service::Registration);
    let mut reader = house.store.read().await.unwrap();
    let former = reader.certificates_of(&owner).await.unwrap().remove(0);
    drop(reader);
    assert_eq!(former.state, CertificateState::Active);
    house.renew_services().await;
    let since = house.now();
    house.clock.advance(10);
    let told = house.describe(&operator, &former.x5t).await.unwrap();
    let times = (told.superseded_at, told.as_of);
    assert_eq!(times, (seconds(since), seconds(house.now())));
    assert_eq!(
        (told.state.as_str(), told.incomplete),
        ("SUPERSEDED", false)
    );

    // As after an archive: the record alone does not know since when.
    test_util::tamper(
        &house.path(),
        &["DELETE FROM audit WHERE details = 'SUPERSEDED'"],
    )
    .await;
    let told = house.describe(&operator, &former.x5t).await.unwrap();
    assert_eq!((told.superseded_at, told.incomplete), (0, true));
}

#[tokio::test]
async fn what_was_never_issued_or_is_no_thumbprint_is_refused() {
    let (house, _, john, mary) = people().await;
    let unknown = at(ErrorCode::NotFound, "x5t");
    let stranger = "A".repeat(43);
    assert_eq!(
        house.refuses(house.describe(&mary, &stranger)).await,
        unknown
    );
    let malformed = at(ErrorCode::OrderBodyInvalid, "x5t");
    let x5t = john.signer.certificate().x5t_s256();
    for text in ["", "*", &x5t[1..], &format!("{x5t}=")] {
        let refused = house.refuses(house.describe(&mary, text)).await;
        assert_eq!(refused, malformed, "{text}");
    }
}

#[tokio::test]
async fn who_is_not_certified_or_another_caller_does_not_ask() {
    let (house, operator, john, mary) = people().await;
    let x5t = john.signer.certificate().x5t_s256().to_owned();
    let body = wire::DescribeCertificateOrder { x5t: x5t.clone() };
    let order = house.sign(&mary.signer, DESCRIBE_CERTIFICATE, body);
    let by_john = call_of(&john.signer);
    let refused = house
        .refuses(house.send::<wire::DescribeCertificateResult>(
            DESCRIBE_CERTIFICATE,
            &order,
            &by_john,
        ))
        .await;
    assert_eq!(refused, at(ErrorCode::SignerMismatch, "order"));
    house
        .revoke_as_operator(&operator, &mary.serial())
        .await
        .unwrap();
    let refused = house.refuses(house.describe(&mary, &x5t)).await;
    assert_eq!(refused, at(ErrorCode::CertificateRevoked, "order"));
}
