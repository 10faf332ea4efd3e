use super::*;
use proptest::prelude::*;

#[test]
fn accepts_what_der_writes() {
    for good in [
        &[0x30, 0x00][..],
        &[0x30, 0x03, 0x01, 0x01, 0xff],
        &[0x02, 0x02, 0x00, 0x80],
        &[0x02, 0x01, 0x80],
        &[0x03, 0x02, 0x07, 0x80],
        &[0x03, 0x01, 0x00],
        &[0x06, 0x03, 0x55, 0x04, 0x03],
        &[0x31, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x02],
        &[0xa0, 0x03, 0x02, 0x01, 0x02],
        b"\x17\x0d250101000000Z",
        b"\x18\x0f20500101000000Z",
        b"\x13\x02BE",
    ] {
        assert_eq!(check(good), Ok(()), "{good:02x?}");
    }
}

#[test]
fn names_each_way_of_not_being_der() {
    let mut deep = vec![0x30, 0x00];
    for _ in 0..20 {
        deep.splice(0..0, [0x30, u8::try_from(deep.len()).unwrap()]);
    }
    for (bad, why) in [
        (&[][..], DerError::Truncated),
        (&[0x30], DerError::Truncated),
        (&[0x30, 0x01], DerError::Truncated),
        (&[0x30, 0x82, 0x01], DerError::Truncated),
        (&[0x30, 0x00, 0x00], DerError::TrailingData),
        (&[0x30, 0x80, 0x00, 0x00], DerError::Length),
        (&[0x04, 0x81, 0x01, 0x00], DerError::Length),
        (&[0x04, 0x82, 0x00, 0x80], DerError::Length),
        (&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff], DerError::Length),
        (&[0x1f, 0x01, 0x00], DerError::Tag),
        (&[0x40, 0x00], DerError::Tag),
        (&[0x09, 0x00], DerError::Tag),
        (&[0x24, 0x03, 0x04, 0x01, 0x00], DerError::Construction),
        (&[0x10, 0x00], DerError::Construction),
        (&[0x01, 0x01, 0x01], DerError::Boolean),
        (&[0x01, 0x01, 0x00], DerError::DefaultEncoded),
        (&[0x02, 0x00], DerError::Integer),
        (&[0x02, 0x02, 0x00, 0x7f], DerError::Integer),
        (&[0x02, 0x02, 0xff, 0x80], DerError::Integer),
        (&[0x03, 0x00], DerError::BitString),
        (&[0x03, 0x01, 0x01], DerError::BitString),
        (&[0x03, 0x02, 0x07, 0x81], DerError::BitString),
        (&[0x03, 0x02, 0x08, 0x00], DerError::BitString),
        (&[0x05, 0x01, 0x00], DerError::Null),
        (&[0x06, 0x00], DerError::ObjectIdentifier),
        (&[0x06, 0x02, 0x55, 0x84], DerError::ObjectIdentifier),
        (&[0x06, 0x03, 0x55, 0x80, 0x01], DerError::ObjectIdentifier),
        (&[0x0c, 0x01, 0xff], DerError::Text),
        (b"\x13\x01*", DerError::Text),
        (&[0x16, 0x01, 0x80], DerError::Text),
        (b"\x17\x0b2501010000Z", DerError::Time),
        (b"\x18\x1120500101000000.0Z", DerError::Time),
        (b"\x17\x11250101000000+0000", DerError::Time),
        (
            &[0x31, 0x06, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01],
            DerError::Order,
        ),
        (&deep, DerError::Depth),
    ] {
        assert_eq!(check(bad), Err(why), "{bad:02x?}");
    }
}

proptest! {
    #[test]
    fn never_panics(input in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = check(&input);
        let _ = sequence::<3>(&input);
    }

    #[test]
    fn a_value_is_all_of_its_input(content in proptest::collection::vec(any::<u8>(), 0..400)) {
        let input = yasna::construct_der(|writer| writer.write_bytes(&content));
        let read = single(&input).unwrap();
        prop_assert_eq!(read.raw, &input[..]);
        prop_assert_eq!(read.value, &content[..]);
        prop_assert_eq!(check(&input[..input.len() - 1]), Err(DerError::Truncated));
    }
}
