//! Documents that nobody has signed.

use kleis_access::xfcc::{self as forwarded, MAX_HEADER, XfccError};
use kleis_custody::policy::{MAX_DOCUMENT, Policy};
use kleis_jose::digest;
use kleis_pki::{Certificate, Csr};
use kleis_trust::test_util::EPOCH;
use kleis_types::{Identifier, Timestamp, TypeTable, strict_json as strict};

/// A certificate, with the identity in it.
pub fn certificate(data: &[u8]) {
    if let Ok(read) = Certificate::from_der(data) {
        assert_eq!(read.der(), data);
        let again = Certificate::list_from_pem(read.to_pem().as_bytes()).unwrap();
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].x5t_s256(), read.x5t_s256());
        // Most certificates are no identities; asking must do no harm.
        let _ = read.identity();
        let _ = read.subject();
    }
    let _ = Certificate::list_from_pem(data);
}

/// A PKCS#10 request, DER or PEM.
pub fn csr(data: &[u8]) {
    if let Ok(read) = Csr::parse(data) {
        for form in [read.der(), read.to_pem().as_bytes()] {
            let again = Csr::parse(form).unwrap();
            assert_eq!(again.der(), read.der());
            assert!(again.public_key().is_same_key(read.public_key()));
        }
    }
}

/// An identifier in its text form and as a URN, with the rules of its type.
pub fn identifier(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let urn = Identifier::from_urn(text);
    for read in [text.parse::<Identifier>(), urn].into_iter().flatten() {
        assert_eq!(read.to_string().parse::<Identifier>().as_ref(), Ok(&read));
        assert_eq!(Identifier::from_urn(&read.to_urn()).as_ref(), Ok(&read));
    }
    let table = TypeTable::belgian();
    if let Ok(canonical) = table.parse(text) {
        assert_eq!(table.parse(&canonical.to_string()).as_ref(), Ok(&canonical));
    }
}

/// A custody policy.
pub fn policy(data: &[u8]) {
    let now = Timestamp::from_unix(EPOCH);
    if let Ok(read) = Policy::parse(data, now) {
        assert!(data.len() <= MAX_DOCUMENT);
        assert!(read.expires_at() > now);
        assert_eq!(read.hash(), &digest::sha256(data));
        assert_eq!(Policy::stored(data).as_ref(), Ok(&read));
    }
}

/// JSON as Kleis signs and stores it: what is accepted means the same to a lenient reader.
pub fn strict_json(data: &[u8]) {
    if let Ok(read) = strict::value(data, 1 << 16) {
        assert!(data.len() <= 1 << 16);
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(data)
                .ok()
                .as_ref(),
            Some(&read)
        );
    }
}

/// A certificate that the edge forwards: what is said besides changes nothing, and nobody can put
/// another element before or behind it.
pub fn xfcc(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(read) = forwarded::parse(text) else {
        return;
    };
    assert!(!read.chain().is_empty());
    assert!(text.len() <= MAX_HEADER);
    let besides = format!("{text};URI=urn:kleis:id:SSIN:85073003328");
    if besides.len() <= MAX_HEADER {
        assert!(
            matches!(
                forwarded::parse(&besides),
                Ok(again) if again == read
            ) || besides.matches(';').count() >= 256
        );
        let behind = forwarded::parse(&format!("{text},{text}"));
        let before = forwarded::parse(&format!("URI=a,{text}"));
        for refused in [behind, before] {
            assert!(matches!(
                refused,
                Err(XfccError::SeveralElements | XfccError::TooLarge)
            ));
        }
    }
}
