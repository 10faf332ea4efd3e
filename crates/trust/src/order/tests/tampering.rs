//! Changed bytes.

use super::*;

#[test]
fn a_changed_byte_anywhere_is_refused() {
    let mut world = World::new(50);
    let alice = world.certify(ALICE, "main");
    let order = signed(&world, &alice);
    let enrolment = enrolment(&world, &world.key(KeyType::P256));
    let status = world.status_list();
    let strategy = (any::<prop::sample::Index>(), any::<u8>());
    let changed = |compact: &str, at: prop::sample::Index, byte: u8| {
        let mut bytes = compact.as_bytes().to_vec();
        let at = at.index(bytes.len());
        // ASCII, so that the text stays text.
        bytes[at] = (bytes[at] ^ (byte | 1)) & 0x7f;
        String::from_utf8(bytes).unwrap()
    };
    proptest!(|((at, byte) in strategy)| {
        let text = changed(order.compact(), at, byte);
        prop_assume!(text != order.compact());
        let (anchors, now) = (world.anchors(), world.now());
        let outcome = verify::<Value>(&text, MAX_SIZE, METHOD, anchors, &status, now);
        prop_assert!(outcome.is_err());
        let text = changed(enrolment.compact(), at, byte);
        prop_assume!(text != enrolment.compact());
        let outcome = verify_enrolment::<Value>(&text, MAX_SIZE, METHOD, anchors, now);
        prop_assert!(outcome.is_err());
    });
}

#[test]
fn any_text_is_refused_without_a_panic() {
    let world = World::new(51);
    proptest!(|(text: String)| {
        prop_assert!(read(&world, &text).is_err());
    });
    let random: [u8; 64] = world.random().array();
    assert!(read(&world, &base64url::encode(&random)).is_err());
}
