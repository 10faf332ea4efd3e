//! The records that the cases store.

use kleis_types::{
    CertificateState, GrantState, Identifier, KeyState, RecordState, RequestState, SigningKeyState,
    Timestamp, base64url,
};

use super::perform::act;
use crate::{
    Actor, AuditEvent, EvidenceTx, StoreError, StoredOrder,
    custody::{CustodyStore, CustodyTx, Record, WrappingKey},
    registry::{
        Certificate, CertificateRequest, EncryptionKey, EnrolmentCode, KeySession, Registrant,
        RegistryStore, RegistryTx, Role, RoleGrant,
    },
    sts::{SigningKey, StsStore, StsTx},
};

pub(super) const DOCTOR: &str = "NIHII:18749704";
pub(super) const PERSON: &str = "SSIN:85073003328";
pub(super) const PLATFORM: &str = "CBE:0809394427";
pub(super) const PLATFORM_KGSS: &str = "CBE:0809394427/KGSS";

pub(super) fn id(text: &str) -> Identifier {
    text.parse().unwrap()
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_795_000_000 + seconds)
}

/// An event about nothing.
pub(super) fn event() -> AuditEvent {
    AuditEvent::new(at(0), "suite.act", Actor::Local)
}

pub(super) fn order(jti: &str) -> StoredOrder {
    StoredOrder {
        jti: jti.to_owned(),
        digest: [9; 32],
        method: "kleis.custody.v1.CustodyService/GetKey".to_owned(),
        signer: "x5t".to_owned(),
        compact: "e30.e30.AA".to_owned(),
        result: "{\"ok\":true}".to_owned(),
        reply: "e30.e30.AB".to_owned(),
        received_at: at(10),
        expires_at: at(310),
        mac: [0xa5; 32],
    }
}

pub(super) fn registrant(identifier: &str) -> Registrant {
    Registrant {
        id: id(identifier),
        name: "DOE JANE, ÉTÉ".to_owned(),
        identifiers: vec![id(identifier)],
        active: true,
        contact: kleis_types::Contact::default(),
        version: 1,
    }
}

pub(super) fn code(id: &str) -> EnrolmentCode {
    EnrolmentCode {
        id: id.to_owned(),
        identifier: Some(self::id(DOCTOR)),
        verifier: vec![0, 1, 2, 255],
        expires_at: at(3600),
        attempts_left: 5,
        used_at: None,
        revoked_at: None,
        version: 1,
    }
}

/// A certificate request that waits, by a key of its own.
pub(super) fn certificate_request(id: &str) -> CertificateRequest {
    CertificateRequest {
        id: id.to_owned(),
        identifier: self::id(DOCTOR),
        device: "main".parse().unwrap(),
        csr: vec![0x30, 2, 5, 0],
        jkt: format!("jkt-{id}"),
        contract: "contract".to_owned(),
        submitted_at: at(0),
        expires_at: at(86_400),
        state: RequestState::PendingApproval,
        decided_at: None,
        reason: String::new(),
        serial: String::new(),
        version: 1,
    }
}

/// A role of a person. Its MAC is nobody's: stores do not verify them.
pub(super) fn role_grant(person: &str) -> RoleGrant {
    RoleGrant {
        person: id(person),
        role: Role::Operator,
        state: GrantState::Granted,
        granted_at: at(2),
        granted_by: "bootstrap".to_owned(),
        version: 1,
        mac: [4; 32],
    }
}

/// A certificate with the entry `index` of the status list.
pub(super) fn certificate(serial: &str, index: u32) -> Certificate {
    Certificate {
        serial: serial.to_owned(),
        owner: id(DOCTOR),
        registrant: id(DOCTOR),
        device: "main".parse().unwrap(),
        jkt: format!("jkt-{serial}"),
        x5t: format!("x5t-{serial}"),
        chain: vec![vec![0x30, 1, 0], b"intermediate".to_vec()],
        not_before: at(-60),
        not_after: at(86_400),
        status_index: index,
        endorsement: String::new(),
        recovered: false,
        state: CertificateState::Active,
        reason: None,
        revoked_at: None,
        place: 0,
        version: 1,
    }
}

/// An encryption key with the entry `index` of the status list.
pub(super) fn encryption_key(kid: &str, index: u32) -> EncryptionKey {
    EncryptionKey {
        kid: kid.to_owned(),
        owner: id(DOCTOR),
        device: "main".parse().unwrap(),
        jwk: "{\"kty\":\"OKP\"}".to_owned(),
        sequence: 1,
        status_index: index,
        certificate: "01ab".to_owned(),
        created_at: at(1),
        activated_at: None,
        superseded_at: None,
        revoked_at: None,
        expires_at: at(86_400),
        state: KeyState::PendingActivation,
        reason: None,
        version: 1,
    }
}

/// A registration under way with the entry `index` of the status list.
pub(super) fn key_session(session: &str, index: u32) -> KeySession {
    KeySession {
        id: session.to_owned(),
        owner: id(DOCTOR),
        device: "laptop".parse().unwrap(),
        certificate: "01ab".to_owned(),
        kid: "kid".to_owned(),
        jwk: "{}".to_owned(),
        nonce_hash: [3; 32],
        status_index: index,
        attempts_left: 5,
        expires_at: at(300),
        used: false,
    }
}

pub(super) fn wrapping_key(id: &str, version: u32) -> WrappingKey {
    WrappingKey {
        id: id.to_owned(),
        period: "2027-01".to_owned(),
        version,
        current: true,
        kek: "0011223344556677".to_owned(),
        wrapped: vec![7; 40],
        mac: [1; 32],
        created_at: at(0),
    }
}

/// A key in custody under the wrapping key `wk`.
pub(super) fn record(name: &str) -> Record {
    Record {
        key_id: base64url::encode(name.as_bytes()),
        owner: PLATFORM.to_owned(),
        algorithm: "oct-256".to_owned(),
        policy: b"{\"readers\":[]}".to_vec(),
        wrapping_key: "wk".to_owned(),
        wrapped: vec![8; 40],
        created_at: at(0),
        expires_at: at(86_400),
        state: RecordState::Active,
        reads: 0,
        destroy_at: None,
        version: 1,
        mac: [2; 32],
    }
}

/// A key that signs tokens, or will or did.
pub(super) fn signing_key(kid: &str, state: SigningKeyState) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        jwk: "{\"kty\":\"EC\"}".to_owned(),
        wrapped: if state.is_final() {
            Vec::new()
        } else {
            vec![6; 40]
        },
        kek: "0011223344556677".to_owned(),
        state,
        created_at: at(0),
        activated_at: None,
        retired_at: None,
        version: 1,
    }
}

/// Takes entries of the status list until there are `count`.
pub(super) async fn allocate<S: RegistryStore>(store: &S, count: u32) {
    act!(store, tx, [] {
        for _ in 0..count {
            tx.allocate_status().await?;
        }
        tx.append_audit(&event()).await
    })
    .unwrap();
}

/// Each puts one record with its audit row.
macro_rules! put {
    ($($name:ident, $bound:ident, $record:ty;)+) => {
        $(
            pub(super) async fn $name<S: $bound>(
                store: &S,
                record: &$record,
            ) -> Result<(), StoreError> {
                act!(store, tx, [record] {
                    tx.$name(&record).await?;
                    tx.append_audit(&event().about(&record)).await
                })
            }
        )+
    };
}

put! {
    put_registrant, RegistryStore, Registrant;
    put_enrolment_code, RegistryStore, EnrolmentCode;
    put_role_grant, RegistryStore, RoleGrant;
    put_certificate_request, RegistryStore, CertificateRequest;
    put_certificate, RegistryStore, Certificate;
    put_encryption_key, RegistryStore, EncryptionKey;
    put_wrapping_key, CustodyStore, WrappingKey;
    update_record, CustodyStore, Record;
    put_signing_key, StsStore, SigningKey;
}

pub(super) async fn insert_records<S: CustodyStore>(
    store: &S,
    records: &[Record],
) -> Result<(), StoreError> {
    let records = records.to_vec();
    act!(store, tx, [records] {
        tx.insert_records(&records).await?;
        for record in &records {
            tx.append_audit(&event().about(record)).await?;
        }
        Ok(())
    })
}
