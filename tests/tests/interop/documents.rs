//! Sealed documents are standard JWE around standard JWS: any library opens ours, and can make its own.

use kleis_e2e::{Installation, Party, base64, people};
use kleis_types::base64url;
use serde_json::{Value, json};

use super::{
    library::{Library, decrypt, encrypt, recipient, sign},
    with_each_library,
};

const DOCUMENT: &[u8] = include_bytes!("../../demo/prescription.json");
const MEDIA_TYPE: &str = "application/fhir+json";

/// The private decryption keys of a party, as files hold them.
fn private_keys(party: &Party) -> Vec<Value> {
    let home = party.open_home();
    let kids = home.decryption_kids().unwrap();
    let read = |kid| {
        let key = home.decryption_key(kid).unwrap().unwrap();
        serde_json::from_slice(key.with_thumbprint_kid().to_private_json().expose()).unwrap()
    };
    kids.iter().map(read).collect()
}

#[test]
fn interop_they_open_a_sealed_document_and_see_who_wrote_it_to_whom() {
    let installation = Installation::new();
    let sender = installation.enrolled("sender", people::DOCTOR);
    let reader = installation.enrolled("reader", people::APPLICATION);
    for kind in ["X25519", "P-256"] {
        reader.kleis(&["keys", "rotate", "--alg", kind]);
        let sealed = sender.seal(
            DOCUMENT,
            &["--to", people::APPLICATION, "--type", MEDIA_TYPE],
        );
        let sealed = String::from_utf8(sealed).unwrap();
        let jwe: Value = serde_json::from_str(&sealed).unwrap();
        let kid = &jwe["recipients"][0]["header"]["kid"];
        let keys = private_keys(&reader);
        let key = keys.iter().find(|key| key["kid"] == *kid).unwrap();
        with_each_library(|library: Library| {
            let letter = library.must(decrypt(key, "ECDH-ES+A256KW", "A256GCM", &sealed));
            let letter = String::from_utf8(base64url::decode(&letter).unwrap()).unwrap();
            let header: Value = json_part(&letter, 0);
            assert_eq!(header["recipients"], json!([people::APPLICATION]));
            assert_eq!(header["cty"], MEDIA_TYPE);
            let pem = pem::encode(&pem::Pem::new(
                "CERTIFICATE",
                sender.signer().chain()[0].clone(),
            ));
            let task = json!({"do": "verify", "pem": pem, "alg": header["alg"], "token": letter});
            let document = library.must(task);
            assert_eq!(
                base64url::decode(&document).unwrap(),
                DOCUMENT,
                "{library:?} {kind}"
            );
        });
    }
}

#[test]
fn interop_we_open_a_document_that_they_sealed() {
    let installation = Installation::new();
    let sender = installation.published("sender", people::DOCTOR);
    let reader = installation.published("reader", people::APPLICATION);
    let found = sender.kleis(&["lookup", people::APPLICATION]);
    let mut to = found["jwks"][0].clone();
    to["kid"] = found["keys"][0]["kid"].clone();
    let signer: Value =
        serde_json::from_slice(sender.auth_key().to_private_json().expose()).unwrap();
    let chain: Vec<_> = sender
        .signer()
        .chain()
        .iter()
        .map(|der| base64(der))
        .collect();
    with_each_library(|library: Library| {
        let seal = |recipients: Value| {
            let mut letter = sign(&signer, "ES256", "compact", DOCUMENT);
            letter["header"] = json!({
                "typ": "JOSE", "cty": MEDIA_TYPE, "x5c": chain, "recipients": recipients,
            });
            let letter = library.must(letter);
            let keys = [recipient(&to, "ECDH-ES+A256KW")];
            let mut sealed = encrypt(&keys, "A256GCM", "json", letter.as_bytes());
            sealed["header"] = json!({"cty": "JWT"});
            library.must(sealed)
        };
        let sealed = seal(json!([people::APPLICATION]));
        let opened = reader.open(sealed.as_bytes());
        assert_eq!(
            opened,
            (DOCUMENT.to_vec(), people::DOCTOR.to_owned()),
            "{library:?}"
        );
        // The same to somebody else is not for this reader, however well it is encrypted and signed.
        let sealed = seal(json!([people::INSURER]));
        assert_eq!(
            reader.refused_with(&["open"], sealed.as_bytes()).code,
            1,
            "{library:?}"
        );
    });
}

fn json_part(compact: &str, index: usize) -> Value {
    let part = compact.split('.').nth(index).unwrap();
    serde_json::from_slice(&base64url::decode(part).unwrap()).unwrap()
}
