//! The edge is somebody, too: with a certificate of its own it signs anew what others have signed.

use std::sync::{Arc, Mutex};

use http::HeaderMap;
use kleis_client::{ClientError, Enrolment, Proof};
use kleis_e2e::{Forge, Lone, Mischief, Party, people, xfcc};
use kleis_jose::{
    Jwk, KeyType,
    jws::{self, Header},
};
use kleis_pki::Csr;
use kleis_proto::method::registration;
use kleis_trust::{Jti, typ};
use kleis_types::{DeviceId, OsRandom, base64url};
use prost::Message as _;
use serde_json::{Value, json};

use crate::{cast::Cast, deeds::Deed, falsify::owned};

/// Signs every order to a method anew, as somebody who is registered, and forwards their certificate or leaves the caller's.
struct SignAnew {
    rpc: &'static str,
    by: Party,
    own_certificate: bool,
    /// The key that releases are sealed to, in the place of the caller's.
    reply_to: Option<String>,
    /// Whether the order keeps its `jti`.
    same_jti: bool,
}

impl Mischief for SignAnew {
    fn headers(&self, method: &str, headers: &mut HeaderMap) {
        if method == self.rpc && self.own_certificate {
            headers.insert(xfcc::HEADER, xfcc::of_party(&self.by));
        }
    }

    fn request(&self, method: &str, message: Vec<u8>) -> Vec<u8> {
        if method != self.rpc {
            return message;
        }
        let mut claims = Forge::claims_of(&Lone::decode(message.as_slice()).unwrap().text);
        if !self.same_jti {
            claims["jti"] = Jti::random(&OsRandom).to_string().into();
        }
        if let (Some(key), true) = (&self.reply_to, claims["body"]["replyTo"].is_string()) {
            claims["body"]["replyTo"] = key.as_str().into();
        }
        let header = Header::default()
            .with_typ(typ::ORDER)
            .with_x5c(self.by.signer().chain().to_vec());
        let text = sign(&self.by.auth_key(), &header, &claims);
        Lone { text }.encode_to_vec()
    }
}

fn sign(key: &Jwk, header: &Header, claims: &Value) -> String {
    jws::sign(key, header, claims.to_string().as_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_what_it_signs_itself_does_nothing_to_others_and_fools_nobody() {
    let cast = Cast::new().await;
    let key = Jwk::generate(KeyType::X25519, &OsRandom).unwrap();
    let orders = [&Deed::REGISTRATION[..], &Deed::CUSTODY].concat();
    let mut tried = 0;
    for deed in orders.into_iter().filter(|deed| !deed.is_a_newcomers()) {
        let ready = deed.ready(&cast, &cast.doctor).await;
        let before = owned(&cast, people::DOCTOR);
        for own_certificate in [false, true] {
            for reply_to in [None, Some(key.to_value().to_string())] {
                for same_jti in [false, true] {
                    cast.edge.set(SignAnew {
                        rpc: deed.rpc(),
                        by: cast.insurer.party.clone(),
                        own_certificate,
                        reply_to: reply_to.clone(),
                        same_jti,
                    });
                    let error = ready.perform().await.unwrap_err();
                    let said = format!("{deed:?} {own_certificate} {same_jti}: {error:?}");
                    match error {
                        ClientError::Refused { .. } if !own_certificate => {
                            assert_eq!(error.reason(), "SIGNER_MISMATCH", "{said}");
                        }
                        ClientError::Refused { .. } | ClientError::NotVerified { .. } => {}
                        _ => panic!("{said}"),
                    }
                    tried += 1;
                }
            }
        }
        // Under its own name it may make keys of its own; what is the doctor's is as it was.
        let after = owned(&cast, people::DOCTOR);
        if deed != Deed::CompleteKey {
            assert_eq!(after, before, "{deed:?}");
        }
        cast.edge.be_honest();
        ready.perform().await.unwrap();
        cast.edge.forget();
    }
    crate::report("signed anew", tried);
}

/// Takes the proof of somebody's code for a key of the edge's own.
struct TakeCode {
    key: Jwk,
    seen: Arc<Mutex<usize>>,
    own_request: bool,
}

impl Mischief for TakeCode {
    fn request(&self, method: &str, message: Vec<u8>) -> Vec<u8> {
        if method != registration::ENROL {
            return message;
        }
        *self.seen.lock().unwrap() += 1;
        let mut claims = Forge::claims_of(&Lone::decode(message.as_slice()).unwrap().text);
        if self.own_request {
            let csr = Csr::create(&self.key).unwrap();
            claims["body"]["csr"] = base64url::encode(csr.der()).into();
        }
        claims["jti"] = Jti::random(&OsRandom).to_string().into();
        let header = Header::default()
            .with_typ(typ::ENROLMENT)
            .with_jwk(&self.key.public());
        let text = sign(&self.key, &header, &claims);
        Lone { text }.encode_to_vec()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_takes_no_certificate_with_a_code_or_an_endorsement_that_it_has_seen() {
    let cast = Cast::new().await;
    let newcomer = cast.newcomer(&cast.doctor.client);
    let code = cast.installation.code(people::PATIENT);
    let by_code = || Proof::Code(code.parse().unwrap());
    let (device, endorsement) = cast.endorsed(&cast.doctor, &newcomer);
    let by_endorsement = || Proof::Endorsement(endorsement.clone());
    let cases: [(&str, &DeviceId, &dyn Fn() -> Proof); 2] = [
        (people::PATIENT, &DeviceId::main(), &by_code),
        (people::DOCTOR, &device, &by_endorsement),
    ];
    for (identifier, device, proof) in cases {
        let enrolment = || Enrolment {
            contract: String::new(),
            identifier: identifier.parse().unwrap(),
            device: device.clone(),
            csr: None,
            proof: proof(),
        };
        let certificates = owned(&cast, identifier);
        for own_request in [true, false] {
            let seen = Arc::default();
            cast.edge.set(TakeCode {
                key: Jwk::generate(KeyType::P256, &OsRandom).unwrap(),
                seen: Arc::clone(&seen),
                own_request,
            });
            let error = newcomer.enrol(enrolment()).await.unwrap_err();
            assert!(error.is_refusal(), "{identifier}: {error:?}");
            assert_eq!(*seen.lock().unwrap(), 1);
        }
        assert_eq!(owned(&cast, identifier), certificates);
    }
    // What it can do is use up the attempts that a code has: ten, of which it has had one.
    let query = "SELECT attempts_left FROM enrolment_codes WHERE used_at IS NULL";
    let rows = cast.installation.databases().registry(query, &[]);
    assert_eq!(rows, [[json!(9)]]);
    cast.edge.be_honest();
    let enrolment = Enrolment {
        contract: String::new(),
        identifier: people::PATIENT.parse().unwrap(),
        device: DeviceId::main(),
        csr: None,
        proof: by_code(),
    };
    newcomer.enrol(enrolment).await.unwrap();
    let home = newcomer.home();
    assert!(!cast.edge.has_seen(code.as_bytes()));
    assert!(!cast.edge.has_seen(code.replace('-', "").as_bytes()));
    assert!(
        !cast
            .edge
            .has_seen(&crate::private_value(&home.auth_key().unwrap()))
    );
}
