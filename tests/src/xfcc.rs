//! `X-Forwarded-Client-Cert` as Envoy writes it.

use std::fmt::Write as _;

use http::{Extensions, HeaderValue};
use kleis_jose::digest;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};

use crate::Party;

/// The header.
pub const HEADER: &str = "x-forwarded-client-cert";

/// The value that forwards a party's certificate.
pub fn of_party(party: &Party) -> HeaderValue {
    value(party.signer().chain())
}

/// The value that forwards the certificate that was shown on a connection, if one was.
pub(crate) fn of_peer(extensions: &Extensions) -> Option<HeaderValue> {
    let connection = extensions.get::<TlsConnectInfo<TcpConnectInfo>>()?;
    let chain: Vec<_> = connection
        .peer_certs()?
        .iter()
        .map(|der| der.to_vec())
        .collect();
    Some(value(&chain))
}

fn value(chain: &[Vec<u8>]) -> HeaderValue {
    HeaderValue::from_str(&of_chain(chain)).unwrap()
}

/// The text that forwards a chain, leaf first.
pub fn of_chain(chain: &[Vec<u8>]) -> String {
    let pem = |certificates: &[Vec<u8>]| {
        let blocks = certificates
            .iter()
            .map(|der| pem::Pem::new("CERTIFICATE", der.clone()));
        escaped(&pem::encode_many(&blocks.collect::<Vec<_>>()))
    };
    let mut hash = String::new();
    for byte in digest::sha256(&chain[0]) {
        write!(hash, "{byte:02x}").unwrap();
    }
    let (leaf, whole) = (pem(&chain[..1]), pem(chain));
    format!("Hash={hash};Cert=\"{leaf}\";Chain=\"{whole}\"")
}

/// Percent-encoded, but for what never needs it (RFC 3986 section 2.3).
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").unwrap();
        }
    }
    escaped
}
