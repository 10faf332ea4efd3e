//! What owners are told, and what becomes of it.

use kleis_proto::{method::registration_admin as method, registration::v1 as wire};
use kleis_registration::{Due, Letter, NOTICE_OF_END, Sent};
use kleis_trust::notice;
use kleis_types::{Category, NoticeKind};

use crate::{
    house::{DAY, DOCTOR, House, JOHN, call_of},
    people::Device,
};

const MAIL: &str = "john@practice.example";
const HOOK: &str = "https://practice.example/hook";

impl House {
    /// Tells the register where somebody is told things.
    async fn contact(&self, operator: &Device, identifiers: &[&str], mail: &str, webhook: &str) {
        let registrant = wire::Registrant {
            name: format!("Name of {}", identifiers[0]),
            identifiers: identifiers.iter().map(|text| (*text).to_owned()).collect(),
            active: true,
            mail: Some(mail.to_owned()),
            webhook: Some(webhook.to_owned()),
        };
        let body = wire::ImportRegistrantsOrder {
            registrants: vec![registrant],
        };
        let _: wire::ImportRegistrantsResult = self
            .order(&operator.signer, method::IMPORT_REGISTRANTS, body)
            .await
            .unwrap();
    }

    /// What somebody was told, newest first.
    async fn told(&self, device: &Device) -> Vec<(NoticeKind, String)> {
        let call = call_of(&device.signer);
        let notices = self.registration.notices(&call, 0, 100).await.unwrap();
        notices
            .into_iter()
            .map(|notice| (notice.kind, notice.subject))
            .collect()
    }

    async fn kinds(&self, device: &Device) -> Vec<NoticeKind> {
        let told = self.told(device).await;
        told.into_iter().map(|(kind, _)| kind).collect()
    }

    async fn due(&self) -> Vec<Due> {
        self.registration.due_notices(100).await.unwrap()
    }

    async fn settle(&self, sent: Sent) {
        let due = self.due().await;
        let all = due.into_iter().map(|due| (due, sent)).collect();
        self.registration.settle_notices(all).await.unwrap();
    }
}

async fn with_john() -> (House, Device, Device) {
    let house = House::new().await;
    let operator = house.bootstrap().await;
    let john = house
        .welcome(&operator, &[JOHN, DOCTOR], JOHN, "main")
        .await;
    (house, operator, john)
}

#[tokio::test]
async fn owners_are_told_of_what_happens_to_them_and_of_nothing_else() {
    let (house, operator, john) = with_john().await;
    let serial = |device: &Device| format!("certificate:{}", device.serial());
    assert_eq!(
        house.told(&john).await,
        [(NoticeKind::DeviceAdded, serial(&john))]
    );

    let key = house.key(kleis_jose::KeyType::P256);
    let phone = house.endorsed(&john, "phone", &key);
    let phone = house.enrol(&key, phone).await.unwrap();
    let code = house.code(&operator, JOHN).await.unwrap();
    let key = house.key(kleis_jose::KeyType::P256);
    let tablet = house.enrolment(&code, JOHN, "tablet", &key);
    let tablet = house.enrol(&key, tablet).await.unwrap();
    let kid = house.publish(&john).await.kid;
    house.revoke_key(&john, &kid).await.unwrap();
    // One notice for a certificate and all that hangs on it.
    house.publish(&phone).await;
    house.revoke(&john, &phone.serial()).await.unwrap();
    house
        .register(&operator, &[JOHN, DOCTOR], false)
        .await
        .unwrap();
    house
        .register(&operator, &[JOHN, DOCTOR], true)
        .await
        .unwrap();
    let told = house.told(&john).await;
    let registrant = told[0].1.clone();
    assert!(registrant.starts_with("registrant:"));
    assert_eq!(
        told,
        [
            (NoticeKind::Restored, registrant.clone()),
            (NoticeKind::Suspended, registrant),
            (NoticeKind::CertificateRevoked, serial(&phone)),
            (NoticeKind::KeyRevoked, format!("key:{kid}")),
            (NoticeKind::DeviceRecovered, serial(&tablet)),
            (NoticeKind::DeviceAdded, serial(&phone)),
            (NoticeKind::DeviceAdded, serial(&john)),
        ]
    );
    // The operator has heard of their own device alone.
    assert_eq!(house.kinds(&operator).await, [NoticeKind::DeviceAdded]);
    // Nobody has an address: nothing goes out.
    assert!(house.due().await.is_empty());
    house.check_audit().await;
}

#[tokio::test]
async fn what_is_refused_tells_nobody() {
    let (house, operator, john) = with_john().await;
    house.contact(&operator, &[JOHN, DOCTOR], MAIL, "").await;
    let mut phones = Vec::new();
    for _ in 0..2 {
        let key = house.key(kleis_jose::KeyType::P256);
        let body = house.endorsed(&john, "phone", &key);
        phones.push(house.enrol(&key, body).await.is_ok());
    }
    assert_eq!(phones, [true, false]);
    assert_eq!(house.kinds(&john).await.len(), 2);
    assert_eq!(house.due().await.len(), 1);
}

#[tokio::test]
async fn letters_name_no_person_and_webhooks_are_signed() {
    let (house, operator, _) = with_john().await;
    house.contact(&operator, &[JOHN, DOCTOR], MAIL, HOOK).await;
    let doctor = house
        .welcome(&operator, &[JOHN, DOCTOR], DOCTOR, "laptop")
        .await;
    let due = house.due().await;
    let [mail, webhook] = &due[..] else {
        panic!("{due:?}")
    };
    let Some(Letter::Mail {
        to,
        text,
        message_id,
        ..
    }) = &mail.letter
    else {
        panic!("{mail:?}")
    };
    assert_eq!(to.as_str(), MAIL);
    assert!(
        text.contains(&doctor.serial()) && text.contains("laptop"),
        "{text}"
    );
    let Some(Letter::Webhook { to, body }) = &webhook.letter else {
        panic!("{webhook:?}")
    };
    assert_eq!(to.as_str(), HOOK);
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    let compact = body["notice"].as_str().unwrap();
    let said = notice::verify(compact, &house.anchors).unwrap();
    assert_eq!(said.kind, NoticeKind::DeviceAdded);
    assert_eq!(said.certificate, Some(doctor.serial()));
    assert_eq!((said.owner, said.at), (None, house.now()));
    assert!(message_id.starts_with(&said.jti.to_string()));
    for letter in [text.as_str(), &body.to_string()] {
        for person in [JOHN, DOCTOR] {
            let value = person.split(':').nth(1).unwrap();
            assert!(!letter.contains(value));
        }
    }
}

#[tokio::test]
async fn deliveries_are_tried_again_later_and_later_and_then_given_up() {
    let (mut house, operator, john) = with_john().await;
    house.contact(&operator, &[JOHN, DOCTOR], MAIL, "").await;
    house.revoke(&john, &john.serial()).await.unwrap();
    let start = house.now();
    let mut attempts = 0;
    while attempts < 16 {
        let due = house.due().await;
        assert_eq!(due.len(), 1, "after {attempts}");
        house.settle(Sent::NotNow).await;
        attempts += 1;
        assert!(house.due().await.is_empty());
        // What is not settled survives the process.
        house.restart().await;
        let pause = i64::min(30 << (attempts - 1), 6 * 3600);
        house.clock.advance(pause - 1);
        assert!(house.due().await.is_empty());
        house.clock.advance(1);
    }
    assert!(house.due().await.is_empty());
    assert!(house.now().seconds_since(start) > DAY);
    let counts = house.registration.count_deliveries().await.unwrap();
    assert_eq!((counts.pending, counts.failed), (0, 1));
    assert_eq!(
        house.last_row().await.details,
        "0 delivered, 0 to be tried again, 1 given up"
    );
    house.check_audit().await;
}

#[tokio::test]
async fn what_was_taken_or_never_will_be_is_not_sent_again() {
    let (house, operator, john) = with_john().await;
    house.contact(&operator, &[JOHN, DOCTOR], MAIL, HOOK).await;
    house.revoke(&john, &john.serial()).await.unwrap();
    let mut due = house.due().await;
    let (webhook, mail) = (due.pop().unwrap(), due.pop().unwrap());
    // Sent twice, as after a crash: the first word counts.
    let settled = vec![(mail.clone(), Sent::Taken), (webhook, Sent::Never)];
    house.registration.settle_notices(settled).await.unwrap();
    let again = vec![(mail, Sent::NotNow)];
    house.registration.settle_notices(again).await.unwrap();
    house.clock.advance(DAY);
    assert!(house.due().await.is_empty());
    let counts = house.registration.count_deliveries().await.unwrap();
    assert_eq!((counts.pending, counts.failed), (0, 1));
}

#[tokio::test]
async fn a_letter_goes_where_the_register_says_now() {
    let (house, operator, john) = with_john().await;
    house.contact(&operator, &[JOHN, DOCTOR], MAIL, "").await;
    house.revoke(&john, &john.serial()).await.unwrap();
    house
        .contact(&operator, &[JOHN, DOCTOR], "new@practice.example", "")
        .await;
    let due = house.due().await;
    assert!(
        matches!(&due[0].letter, Some(Letter::Mail { to, .. }) if to.as_str() == "new@practice.example")
    );
    house.contact(&operator, &[JOHN, DOCTOR], "", "").await;
    assert_eq!(house.due().await[0].letter, None);
}

#[tokio::test]
async fn of_an_end_one_is_told_once_and_ninety_days_before() {
    let (house, operator, john) = with_john().await;
    house.contact(&operator, &[JOHN, DOCTOR], MAIL, "").await;
    house.publish(&john).await;
    assert_eq!(house.registration.warn_of_ends().await.unwrap(), 0);
    assert_eq!(house.registration.count_ending().await.unwrap(), (0, 0));
    let keys = house
        .registration
        .keys(&call_of(&john.signer))
        .await
        .unwrap();
    let warn = async || house.registration.warn_of_ends().await.unwrap();
    // The key's end comes first, then that of his certificate and of the operator's.
    let ends = [
        (keys[0].expires_at, 1, (0, 1)),
        (john.signer.certificate().not_after(), 2, (2, 0)),
    ];
    for (end, count, counted) in ends {
        house.clock.set(end.unix() - NOTICE_OF_END - 1);
        assert!(warn().await < count, "too early");
        house.clock.advance(1);
        warn().await;
        house.clock.advance(1);
        assert_eq!(warn().await, 0, "twice");
        assert_eq!(house.registration.count_ending().await.unwrap(), counted);
    }
    let told = house.told(&john).await;
    let ends: Vec<_> = told
        .iter()
        .filter(|(kind, _)| *kind == NoticeKind::Ending)
        .map(|(_, subject)| subject.clone())
        .collect();
    let certificate = format!("certificate:{}", john.serial());
    assert_eq!(ends, [certificate, format!("key:{}", keys[0].kid)]);
    assert_eq!(house.due().await.len(), 2);
    house.check_audit().await;
}

#[tokio::test]
async fn owners_page_through_their_own_notices() {
    let (house, _, john) = with_john().await;
    for device in ["a", "b"] {
        let key = house.key(kleis_jose::KeyType::P256);
        let body = house.endorsed(&john, device, &key);
        house.enrol(&key, body).await.unwrap();
    }
    let call = call_of(&john.signer);
    let first = house.registration.notices(&call, 0, 2).await.unwrap();
    let second = house
        .registration
        .notices(&call, first[1].id, 2)
        .await
        .unwrap();
    assert_eq!((first.len(), second.len()), (2, 1));
    let nobody = house
        .registration
        .notices(&kleis_types::Call::default(), 0, 2)
        .await
        .unwrap_err();
    let problem = kleis_types::Problem::from(&nobody);
    assert_eq!(problem.category(), Category::Unauthenticated);
}
