//! Writes the seeds: what the fuzzers begin with. Run it again after a format has changed:
//!
//! ```text
//! cargo run --manifest-path tests/fuzz/Cargo.toml --example make_seeds
//! ```

use std::{fs, path::Path};

use kleis_access::{assertion, dpop, token};
use kleis_fuzz::{ACCESS, Access, KEYS, METHOD, TOKEN, installation};
use kleis_jose::{ContentEncryption, Jwk, KeyAlgorithm, KeyType, digest, jwe, jws};
use kleis_pki::{Certificate, Csr};
use kleis_trust::{
    binding, order,
    order::Draft,
    test_util::{EPOCH, World},
};
use kleis_types::{Confirmation, Scope, SeededRandom};
use serde_json::{Map, Value, json};

const YEAR: i64 = 31_536_000;

fn main() {
    formats();
    forwarded();
    keys();
    messages();
    signed();
    access();
}

fn formats() {
    let random = SeededRandom::new(2);
    for (name, kind) in [("p256", KeyType::P256), ("ed25519", KeyType::Ed25519)] {
        let csr = Csr::create(&Jwk::generate(kind, &random).unwrap()).unwrap();
        write("csr", &format!("{name}.der"), csr.der());
        write("csr", &format!("{name}.pem"), csr.to_pem());
    }
    let (world, caller) = installation();
    for (name, der) in ["identity", "intermediate"].into_iter().zip(caller.chain()) {
        write("certificate", &format!("{name}.der"), der);
    }
    write(
        "certificate",
        "root.pem",
        world.material().root().certificate().to_pem(),
    );
    for (name, text) in [
        ("person", "SSIN:85073003328"),
        ("professional", "NIHII11:18749704477"),
        ("application", "CBE:0809394427/KGSS"),
        ("short", "CBE:809394427"),
        ("urn", "urn:kleis:id:CBE:0809394427:KGSS"),
        ("service", "SERVICE:custody"),
    ] {
        write("identifier", name, text);
    }
    let pharmacy = json!({
        "namespace": "urn:be:fgov:certified-namespace:ehealth",
        "name": "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean",
        "values": ["true"],
    });
    let short = json!({"readers": [{"allOf": [pharmacy]}], "expiresAt": EPOCH + YEAR});
    let mut long = short.clone();
    long["excluded"] = json!([{"namespace": "urn:kleis:identifier", "name": "CBE"}]);
    long["notBefore"] = json!(EPOCH);
    long["maxReads"] = json!(1);
    long["ownerMayRead"] = json!(true);
    for (name, document) in [("short", &short), ("long", &long)] {
        write("policy", name, document.to_string());
        write("strict_json", name, document.to_string());
    }
    write(
        "strict_json",
        "numbers",
        "[0,-1,1.5,1e3,18446744073709551615,\"\\u00e9\\n\",null]",
    );
    write("strict_json", "repeated", "{\"a\":1,\"a\":2}");
}

/// As Envoy writes them.
fn forwarded() {
    let (_, caller) = installation();
    let pem = |ders: &[Vec<u8>]| {
        let ders = ders.iter();
        let pems = ders.map(|der| Certificate::from_der(der).unwrap().to_pem());
        let encode = |c: char| match c {
            '\n' | ' ' | '+' | '/' | '=' => format!("%{:02X}", u32::from(c)),
            c => c.to_string(),
        };
        pems.collect::<String>()
            .chars()
            .map(encode)
            .collect::<String>()
    };
    let (leaf, chain) = (pem(&caller.chain()[..1]), pem(caller.chain()));
    let hash: String = digest::sha256(&caller.chain()[0])
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    write("xfcc", "leaf", format!("Cert={leaf}"));
    write(
        "xfcc",
        "whole",
        format!(
            "By=spiffe://edge;Hash={hash};Cert=\"{leaf}\";Chain=\"{chain}\";\
             Subject=\"CN=\\\"a;b\\\",O=c\";URI=urn:x;DNS=a.example"
        ),
    );
    write("xfcc", "two", format!("Cert={leaf},Cert={leaf}"));
}

fn keys() {
    for key in KEYS.iter() {
        let name = format!("{:?}", key.key_type()).replace(['{', '}', ':', ' '], "");
        write("jwk", &name.to_lowercase(), key.to_private_json().expose());
    }
    let (mut world, _) = installation();
    let device = world.register("CBE:0809394427/KGSS", "main");
    write(
        "jwk",
        "published_sig",
        device.signature_jwk().to_value().to_string(),
    );
    write(
        "jwk",
        "published_enc",
        device.encryption_jwk().to_value().to_string(),
    );
}

fn messages() {
    let random = SeededRandom::new(3);
    for key in KEYS.iter() {
        let name = format!("{:?}", key.key_type())
            .replace(['{', '}', ':', ' '], "")
            .to_lowercase();
        let header = jws::Header::default()
            .with_typ("JOSE")
            .with_cty("text/plain");
        if let Ok(token) = jws::sign(key, &header, b"payload") {
            write("jws", &format!("{name}.jws"), token);
            let signer = jws::json::Signer {
                key,
                header: &header,
            };
            write(
                "jws",
                &format!("{name}.json"),
                jws::sign_json(&[signer], b"payload").unwrap(),
            );
        }
        let Some(algorithm) = jwe::default_algorithm(key) else {
            continue;
        };
        let (enc, header) = (ContentEncryption::A128Gcm, jwe::Header::default());
        let token = jwe::encrypt(key, algorithm, enc, &header, b"plaintext", &random).unwrap();
        write("jwe", &format!("{name}.jwe"), token);
    }
    let to: Vec<_> = KEYS
        .iter()
        .filter_map(|key| jwe::default_algorithm(key).map(|alg| jwe::Recipient { key, alg }))
        .filter(|recipient| recipient.alg != KeyAlgorithm::Dir)
        .collect();
    let header = jwe::Header::default().with_cty("JWT");
    let enc = ContentEncryption::A256CbcHs512;
    let json = jwe::encrypt_json(&to, enc, &header, b"plaintext", &random).unwrap();
    write("jwe", "general.json", json);
}

fn signed() {
    let (mut world, caller) = installation();
    let body = json!({"keyId": "AAAAAAAAAAAAAAAAAAAAAA", "replyTo": "{}"});
    let draft = Draft::new(METHOD, body.clone());
    let (installation, now) = (world.installation().clone(), world.now());
    let plain = order::sign(&caller, &installation, &draft, now, world.random()).unwrap();
    write_both("order", "order", plain.compact());
    let draft = Draft::new(METHOD, body).with_version(3);
    let key = world.key(KeyType::P256);
    let enrolment = order::sign_enrolment(&key, &installation, &draft, now, world.random());
    write_both("order", "enrolment", enrolment.unwrap().compact());

    let device = world.bind(caller.clone(), KeyType::X25519);
    write_both("binding", "binding", device.binding());
    write_both("binding", "recovered", device.clone().recovered().binding());
    let sibling = world.key(KeyType::P256);
    let endorsement = world.endorse(&caller, &sibling, "phone");
    let endorsed = device.claims().with_endorsement(endorsement);
    write_both(
        "binding",
        "endorsed",
        &binding::sign(&caller, &endorsed).unwrap(),
    );

    write_both("status_list", "new", &World::new(1).signed_status_list());
    for _ in 0..100 {
        world.fresh_index();
    }
    write_both("status_list", "grown", &world.signed_status_list());
}

fn access() {
    let Access {
        key,
        name,
        url,
        now,
    } = &*ACCESS;
    let random = SeededRandom::new(5);
    let plain = token::NewToken {
        issuer: name,
        subject: name,
        client_id: name,
        audience: name,
        scope: [Scope::Directory, Scope::Custody].into(),
        confirmation: None,
        jti: "a-token",
        issued_at: *now,
        lifetime: 300,
        extra: Map::new(),
    };
    let bound = token::NewToken {
        confirmation: Some(Confirmation::Key(key.thumbprint().into())),
        ..plain.clone()
    };
    write_both("token", "plain", &token::sign(key, &plain).unwrap());
    write_both("token", "bound", &token::sign(key, &bound).unwrap());
    let request = dpop::Request {
        method: "POST",
        url,
        access_token: Some(TOKEN),
        nonce: Some("nonce"),
    };
    let proof = dpop::make(key, &request, *now, &random).unwrap();
    write_both("dpop", "proof", &proof);
    let assertion = assertion::make(key, name, name, None, *now, &random).unwrap();
    write_both("assertion", "assertion", &assertion);
}

/// Writes a signed message, and its payload alone.
fn write_both(target: &str, name: &str, compact: &str) {
    write(target, &format!("{name}.jws"), compact);
    let claims: Value = kleis_trust::test_util::claims_of(compact);
    write(target, &format!("{name}.json"), claims.to_string());
}

fn write(target: &str, name: &str, bytes: impl AsRef<[u8]>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}
