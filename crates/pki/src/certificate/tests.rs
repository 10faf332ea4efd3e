use proptest::prelude::*;

use super::*;
use crate::test_support::{INSTALLATION, NOW, YEAR, leaf};

#[test]
fn reads_what_was_issued() {
    let leaf = leaf();
    let again = Certificate::from_der(leaf.der()).unwrap();
    assert_eq!(again, leaf);
    assert_eq!(again.serial(), leaf.serial());
    assert_eq!(
        (again.not_before(), again.not_after()),
        (NOW, NOW.plus_seconds(YEAR - 1))
    );
    let x5t = base64url::encode(&digest::sha256(leaf.der()));
    assert_eq!(again.x5t_s256(), x5t);
    assert_eq!(
        again.identity().unwrap().primary().to_string(),
        "NIHII:18749704"
    );
}

#[test]
fn a_pem_file_is_a_list_of_certificates() {
    let (leaf, ca) = (leaf(), INSTALLATION.ca.chain_certificate());
    let file = format!("{}{}", leaf.to_pem(), ca.to_pem());
    assert!(file.starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert_eq!(
        Certificate::list_from_pem(file.as_bytes()),
        Ok(vec![leaf.clone(), ca.clone()])
    );
    let other = file.replace("CERTIFICATE", "PRIVATE KEY");
    for refused in [
        other.as_bytes(),
        b"no PEM",
        &file.as_bytes()[..file.len() - 9],
    ] {
        assert_eq!(
            Certificate::list_from_pem(refused),
            Err(CertificateError::Pem)
        );
    }
    let cut = pem::encode(&pem::Pem::new("CERTIFICATE", &leaf.der()[1..]));
    assert!(Certificate::list_from_pem(cut.as_bytes()).is_err());
}

#[test]
fn a_ca_has_no_identity() {
    let root = INSTALLATION.material.root().certificate();
    assert_eq!(
        root.identity(),
        Err(CertificateError::Identity(IdentityError::Form))
    );
}

#[test]
fn refuses_what_is_no_certificate() {
    use CertificateError::{Der, Malformed, TooLarge};
    let leaf = leaf();
    let longer = [leaf.der(), &[0]].concat();
    for (der, why) in [
        (&vec![0x30; MAX_CERTIFICATE + 1][..], TooLarge),
        (&[], Der(DerError::Truncated)),
        (&longer, Der(DerError::TrailingData)),
        (&[0x30, 0x00], Der(DerError::Structure)),
        (&[0x30, 0x06, 0x30, 0x00, 0x30, 0x00, 0x30, 0x00], Malformed),
    ] {
        assert_eq!(Certificate::from_der(der), Err(why));
    }
}

/// The leaf with one run of bytes in place of another of the same length.
fn with(from: &[u8], to: &[u8]) -> Result<Certificate, CertificateError> {
    let mut der = leaf().der().to_vec();
    let at = der.windows(from.len()).position(|it| it == from).unwrap();
    der[at..at + to.len()].copy_from_slice(to);
    Certificate::from_der(&der)
}

#[test]
fn refuses_negative_and_zero_serials_and_older_versions() {
    let leaf = leaf();
    let serial = [&[0x02, 0x10], leaf.serial().as_bytes()].concat();
    let mut negative = serial.clone();
    negative[2] = 0x90;
    let why = CertificateError::Serial(SerialNumberError::NotPositive);
    assert_eq!(with(&serial, &negative), Err(why));
    let mut padded = serial.clone();
    padded[2..4].copy_from_slice(&[0, 0]);
    assert_eq!(
        with(&serial, &padded),
        Err(CertificateError::Der(DerError::Integer))
    );
    let v3 = [0xa0, 0x03, 0x02, 0x01, 0x02];
    assert_eq!(
        with(&v3, &[0xa0, 0x03, 0x02, 0x01, 0x01]),
        Err(CertificateError::Malformed)
    );
}

#[test]
fn refuses_impossible_dates_and_points_off_the_curve() {
    assert!(with(b"\x17\x0d2603", b"\x17\x0d2613").is_err());
    let point = leaf().spki_der()[27..].to_vec();
    let mut off = point.clone();
    *off.last_mut().unwrap() ^= 1;
    assert!(matches!(with(&point, &off), Err(CertificateError::Key(_))));
}

#[test]
fn debug_names_no_person() {
    let leaf = leaf();
    let shown = format!("{leaf:?}");
    assert!(shown.contains(&leaf.serial().to_string()));
    assert!(
        !shown.contains("85073003328") && !shown.contains("18749704"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn never_panics_on_noise(input in proptest::collection::vec(any::<u8>(), 0..500)) {
        prop_assert!(Certificate::from_der(&input).is_err());
    }

    #[test]
    fn never_panics_on_changed_certificates(
        at in any::<prop::sample::Index>(),
        cut in 0_usize..8,
        insert in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        let mut der = INSTALLATION.ca.chain_certificate().der().to_vec();
        let at = at.index(der.len());
        let end = (at + cut).min(der.len());
        der.splice(at..end, insert);
        if let Ok(read) = Certificate::from_der(&der) {
            prop_assert_eq!(read.der(), &der[..]);
        }
    }
}
