use data_encoding::HEXLOWER;
use kleis_trust::test_util::World;
use proptest::prelude::*;

use super::*;

/// A leaf and its issuing CA.
fn certificates() -> Vec<Vec<u8>> {
    static CHAIN: std::sync::LazyLock<Vec<Vec<u8>>> =
        std::sync::LazyLock::new(|| vec![vec![0x30; 700], vec![0x31; 600]]);
    CHAIN.clone()
}

fn pem(ders: &[Vec<u8>]) -> String {
    ders.iter()
        .map(|der| pem::encode(&pem::Pem::new("CERTIFICATE", der.clone())))
        .collect()
}

/// As Envoy does it.
fn encoded(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "")
        .replace('\n', "%0A")
        .replace(' ', "%20")
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

fn hash(der: &[u8]) -> String {
    HEXLOWER.encode(&digest::sha256(der))
}

fn envoy() -> String {
    let chain = certificates();
    format!(
        "By=spiffe://kleis/edge;Hash={};Cert=\"{}\";Chain=\"{}\";\
         Subject=\"CN=SSIN\\\\=1,O=\\\"a;b\\\", x\";URI=urn:kleis:id:CBE:0809394427;URI=;DNS=a.example",
        hash(&chain[0]),
        encoded(&pem(&chain[..1])),
        encoded(&pem(&chain))
    )
}

#[test]
fn reads_what_envoy_writes() {
    let forwarded = parse(&envoy()).unwrap();
    assert_eq!(forwarded.chain(), certificates());
    assert_eq!(forwarded.into_chain(), certificates());
}

#[test]
fn either_form_is_enough_and_keys_have_no_case() {
    let chain = certificates();
    let cert = format!("cert=\"{}\"", encoded(&pem(&chain[..1])));
    assert_eq!(parse(&cert).unwrap().chain(), &chain[..1]);
    let whole = format!("CHAIN={}", encoded(&pem(&chain)));
    assert_eq!(parse(&whole).unwrap().chain(), chain);
    let upper = format!("{cert};hash={}", hash(&chain[0]).to_uppercase());
    assert!(parse(&upper).is_ok());
}

#[test]
fn two_elements_are_refused_wherever_the_forged_one_stands() {
    let good = envoy();
    for header in [
        format!("{good},{good}"),
        format!("{good},"),
        format!("Hash=00,{good}"),
        format!("URI=urn:kleis:id:SSIN:85073003328,{good}"),
    ] {
        assert_eq!(parse(&header), Err(XfccError::SeveralElements));
    }
}

#[test]
fn the_certificate_must_be_one() {
    let chain = certificates();
    let (leaf, other) = (encoded(&pem(&chain[..1])), encoded(&pem(&chain[1..])));
    let both = encoded(&pem(&chain));
    for (header, why) in [
        (format!("Cert={leaf};Cert={leaf}"), XfccError::Repeated),
        (format!("Cert={leaf};cert={other}"), XfccError::Repeated),
        (format!("Cert={leaf};Hash=00;Hash=00"), XfccError::Repeated),
        (format!("Chain={both};Chain={both}"), XfccError::Repeated),
        (
            format!("Cert={other};Chain={both}"),
            XfccError::Disagreement,
        ),
        (format!("Cert={both}"), XfccError::Disagreement),
        (format!("Cert={both};Chain={both}"), XfccError::Disagreement),
        (
            format!("Cert={leaf};Hash={}", hash(&chain[1])),
            XfccError::Disagreement,
        ),
        (
            format!("Cert={leaf};Hash={}", &hash(&chain[0])[2..]),
            XfccError::Disagreement,
        ),
        (format!("Cert={leaf};Hash=xy"), XfccError::Malformed),
        (
            format!("Hash={};Subject=\"CN=a\"", hash(&chain[0])),
            XfccError::NoCertificate,
        ),
    ] {
        assert_eq!(parse(&header), Err(why), "{header}");
    }
}

#[test]
fn anything_but_certificates_is_refused() {
    let der = certificates().remove(0);
    let key = pem::encode(&pem::Pem::new("PRIVATE KEY", der.clone()));
    let many = pem(&vec![vec![1]; 9]);
    let good = pem(&[der]);
    let open = format!("{good}-----BEGIN CERTIFICATE-----\nAQID\n");
    for text in ["", "AQID", &key, &format!("{good}{key}"), &many, &open] {
        let header = format!("Cert={}", encoded(text));
        assert_eq!(parse(&header), Err(XfccError::Pem), "{text}");
    }
    for broken in ["%", "%0", "%zz", "%+1"] {
        assert_eq!(parse(&format!("Cert={broken}")), Err(XfccError::Pem));
    }
}

#[test]
fn the_grammar_is_kept() {
    for header in [
        "",
        ";",
        ",",
        "=",
        "=a",
        "Cert",
        "Cert=a=b",
        "By=\"a",
        "By=\"a\"b",
        "By=a\"b\"",
        "By=a;",
        "By=a; Hash=00",
        " By=a",
        "Key=a",
        "By=a;;By=b",
        "By=\"a\\\"",
    ] {
        assert_eq!(parse(header), Err(XfccError::Malformed), "{header:?}");
    }
    let long = format!("By={}", "a".repeat(MAX_HEADER - 2));
    assert_eq!(parse(&long), Err(XfccError::TooLarge));
    assert_eq!(parse(&long[..MAX_HEADER]), Err(XfccError::NoCertificate));
    assert_eq!(parse(&"By=a;".repeat(300)), Err(XfccError::Malformed));
}

#[test]
fn a_real_chain_comes_through_whole() {
    let caller = World::new(1).certify("CBE:0809394427", "main");
    let header = format!("Chain=\"{}\"", encoded(&pem(caller.chain())));
    assert_eq!(parse(&header).unwrap().chain(), caller.chain());
}

proptest! {
    #[test]
    fn never_panics_on_what_looks_like_the_header(
        header in "((By|Hash|Cert|Chain|URI|x)=(\"([^\"]|\\\\\")*\"|[a-z0-9%]{0,9})[;,]?){0,5}"
    ) {
        let _ = parse(&header);
    }

    #[test]
    fn never_panics(header in ".{0,200}") {
        let _ = parse(&header);
    }

    #[test]
    fn any_certificates_come_back(
        chain in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 1..5),
        quoted in any::<bool>(),
    ) {
        let quote = if quoted { "\"" } else { "" };
        let header = format!(
            "Hash={};Chain={quote}{}{quote}",
            hash(&chain[0]),
            encoded(&pem(&chain))
        );
        prop_assert_eq!(parse(&header).unwrap().into_chain(), chain);
    }
}
