//! A source of registrants beside the register: asked before the act, heeded within it.

use std::sync::{Arc, Mutex};

use kleis_jose::KeyType;
use kleis_proto::registration::v1::EnrolResult;
use kleis_registration::{
    Asked, Behind, RegistrantSource, SourceError,
    register::{ContactChange, RegistrantEntry},
};
use kleis_store::{Store as _, registry::RegistryRead as _};
use kleis_trust::enrolment_code::EnrolmentCode;
use kleis_types::{Contact, ErrorCode, Identifier, TypeTable, base64url};

use crate::{
    house::{DOCTOR, House, JOHN, MARY, id},
    people::{Device, plain},
};

/// What is to be said, and about whom it was asked.
#[derive(Debug)]
struct Oracle {
    says: Mutex<Result<Behind, SourceError>>,
    asked: Mutex<Vec<Identifier>>,
}

impl Oracle {
    fn says(&self, says: Result<Behind, SourceError>) {
        *self.says.lock().unwrap() = says;
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl RegistrantSource for Oracle {
    fn who_is<'a>(&'a self, identifier: &'a Identifier) -> Asked<'a> {
        self.asked.lock().unwrap().push(identifier.clone());
        let says = self.says.lock().unwrap().clone();
        Box::pin(std::future::ready(says))
    }
}

fn entry(identifiers: &[&str], active: bool) -> Behind {
    let identifiers = identifiers.iter().map(|text| id(text)).collect();
    let contact = ContactChange {
        mail: Some(Contact::parse("john@practice.example", "").unwrap().mail),
        webhook: None,
    };
    let types = TypeTable::belgian();
    Behind::Registrant(
        RegistrantEntry::new("Doe John", identifiers, active, contact, types).unwrap(),
    )
}

async fn scene() -> (House, Device, Arc<Oracle>) {
    let mut house = House::new().await;
    let operator = house.bootstrap().await;
    let oracle = Arc::new(Oracle {
        says: Mutex::new(Ok(Behind::Nobody)),
        asked: Mutex::default(),
    });
    house.ask(Arc::clone(&oracle) as _).await;
    (house, operator, oracle)
}

async fn enrol(house: &House, code: &EnrolmentCode, identity: &str) -> Result<Device, ErrorCode> {
    let key = house.key(KeyType::P256);
    let body = house.enrolment(code, identity, "main", &key);
    let enrolled = house.enrol(&key, body).await;
    enrolled.map_err(|problem| problem.code())
}

#[tokio::test]
async fn whom_the_source_knows_is_in_the_register_with_the_certificate() {
    let (house, operator, oracle) = scene().await;
    oracle.says(Ok(entry(&[JOHN, DOCTOR], true)));
    let code = house.code(&operator, DOCTOR).await.unwrap();
    let john = enrol(&house, &code, DOCTOR).await.unwrap();
    let mut reader = house.store.read().await.unwrap();
    let registered = reader.registrant(john.owner()).await.unwrap().unwrap();
    assert_eq!((registered.id, registered.active), (id(JOHN), true));
    assert_eq!(registered.contact.mail_text(), "john@practice.example");
    let certificates = reader.certificates_of_registrant(&id(JOHN)).await.unwrap();
    assert_eq!(certificates.len(), 1);
    house.check_audit().await;
    // What was issued hangs on it as ever.
    house
        .register(&operator, &[JOHN, DOCTOR], false)
        .await
        .unwrap();
    assert_eq!(
        house.status(john.status_index()).await,
        kleis_trust::status::Status::Suspended
    );
}

#[tokio::test]
async fn a_registrant_keeps_the_name_that_the_register_knows() {
    let (house, operator, oracle) = scene().await;
    house.register(&operator, &[DOCTOR], true).await.unwrap();
    oracle.says(Ok(Behind::Register));
    let code = house.code(&operator, DOCTOR).await.unwrap();
    oracle.says(Ok(entry(&[JOHN, DOCTOR], true)));
    enrol(&house, &code, DOCTOR).await.unwrap();
    let mut reader = house.store.read().await.unwrap();
    let registered = reader.registrant(&id(JOHN)).await.unwrap().unwrap();
    assert_eq!(registered.id, id(DOCTOR));
    assert_eq!(registered.identifiers, [id(DOCTOR), id(JOHN)]);
}

#[tokio::test]
async fn unknown_unavailable_and_contradicted_are_told_apart_and_leave_the_code() {
    let (house, operator, oracle) = scene().await;
    house.register(&operator, &[MARY], true).await.unwrap();
    oracle.says(Ok(entry(&[JOHN], true)));
    let code = house.code(&operator, JOHN).await.unwrap();
    let unavailable = ErrorCode::RegistrantSourceUnavailable;
    for (says, expected) in [
        (Ok(Behind::Nobody), ErrorCode::RegistrantInactive),
        (Ok(entry(&[JOHN], false)), ErrorCode::RegistrantInactive),
        (Err(SourceError::Unavailable), unavailable),
        (Err(SourceError::Invalid), unavailable),
        // Mary is somebody else, as far as the register knows.
        (Ok(entry(&[JOHN, MARY], true)), unavailable),
    ] {
        oracle.says(says);
        let key = house.key(KeyType::P256);
        let body = house.enrolment(&code, JOHN, "main", &key);
        assert_eq!(
            house.refuses(house.enrol(&key, body)).await,
            plain(expected)
        );
    }
    oracle.says(Ok(entry(&[JOHN], true)));
    enrol(&house, &code, JOHN).await.unwrap();
}

#[tokio::test]
async fn whom_an_operator_has_suspended_no_answer_restores() {
    let (house, operator, oracle) = scene().await;
    oracle.says(Ok(entry(&[JOHN, DOCTOR], true)));
    let code = house.code(&operator, JOHN).await.unwrap();
    house
        .register(&operator, &[JOHN, DOCTOR], false)
        .await
        .unwrap();
    let refused = enrol(&house, &code, JOHN).await.unwrap_err();
    assert_eq!(refused, ErrorCode::RegistrantInactive);
}

#[tokio::test]
async fn nobody_is_asked_about_those_who_prove_nothing_or_are_answered_already() {
    let (house, operator, oracle) = scene().await;
    oracle.says(Ok(entry(&[JOHN], true)));
    let code = house.code(&operator, JOHN).await.unwrap();
    oracle.asked.lock().unwrap().clear();
    let key = house.key(KeyType::P256);
    let mut body = house.enrolment(&code, JOHN, "main", &key);
    body.proof = base64url::encode(&[7; 32]);
    let refused = house.enrol(&key, body).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::EnrolmentRefused);
    let other = EnrolmentCode::generate(&*house.random);
    let refused = enrol(&house, &other, JOHN).await.unwrap_err();
    assert_eq!((refused, oracle.asked()), (ErrorCode::EnrolmentRefused, 0));

    // The same order again is answered as before, also where the source has gone.
    let method = kleis_proto::method::registration::ENROL;
    let order = house.sign_enrolment(method, &key, house.enrolment(&code, JOHN, "main", &key));
    let call = kleis_types::Call::default();
    let first: EnrolResult = house.send(method, &order, &call).await.unwrap();
    assert_eq!(oracle.asked(), 1);
    oracle.says(Err(SourceError::Unavailable));
    let again: EnrolResult = house.send(method, &order, &call).await.unwrap();
    assert_eq!(first.serial, again.serial);
    assert_eq!(*oracle.asked.lock().unwrap(), [id(JOHN)]);
}

#[tokio::test]
async fn codes_are_for_those_whom_the_source_knows_and_never_for_oneself() {
    let (house, operator, oracle) = scene().await;
    let refused = house.code(&operator, JOHN).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RegistrantInactive);
    oracle.says(Err(SourceError::Unavailable));
    let refused = house.code(&operator, JOHN).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RegistrantSourceUnavailable);
    // A further identifier of the operator's own, which the register does not know yet.
    let own = operator.owner().to_string();
    oracle.says(Ok(entry(&[&own, DOCTOR], true)));
    let refused = house.code(&operator, DOCTOR).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::PermissionDenied);
}
