//! What may be told of a certificate chain in a header or a key.

use kleis_pki::Certificate;

use crate::output::{Cell, Table};

/// One row for each certificate, leaf first.
pub(super) fn table(chain: &[Vec<u8>]) -> Table {
    let mut table = Table::new(&[
        ("subject", "CERTIFICATE"),
        ("identifiers", "IDENTITIES"),
        ("serial", "SERIAL"),
        ("notBefore", "VALID FROM"),
        ("notAfter", "VALID UNTIL"),
        ("thumbprint", "SHA-256"),
    ]);
    for der in chain {
        let Ok(certificate) = Certificate::from_der(der) else {
            let none = Cell::none;
            table.row([
                Cell::text("(not readable)"),
                none(),
                none(),
                none(),
                none(),
                none(),
            ]);
            continue;
        };
        let identity = certificate.identity().ok();
        let identifiers = identity.map(|identity| Cell::list(identity.identifiers()));
        table.row([
            Cell::text(certificate.subject()),
            identifiers.unwrap_or_else(Cell::none),
            Cell::text(certificate.serial()),
            Cell::time(certificate.not_before()),
            Cell::time(certificate.not_after()),
            Cell::text(certificate.x5t_s256()),
        ]);
    }
    table
}
