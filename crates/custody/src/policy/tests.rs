mod model;
mod vectors;

use kleis_types::{
    CredentialMap, DeviceId, Identifier, Principal, Timestamp, strict_json::StrictJsonError,
};
use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_790_000_000;
const DOCUMENT: &str = r#"{
"readers":[{"allOf":[{"namespace":"urn:kleis:identifier","name":"CBE"}]}],
"excluded":[{"namespace":"urn:kleis:identifier","name":"SSIN","values":["85073003328"]}],
"notBefore":1790000000,"expiresAt":1792592000,"maxReads":3,"ownerMayRead":true}"#;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

fn principal(identifiers: &[&str], map: &CredentialMap) -> Principal {
    let identifiers: Vec<Identifier> = identifiers.iter().map(|id| id.parse().unwrap()).collect();
    Principal::from_certificate(&identifiers, DeviceId::main(), "thumbprint", map).unwrap()
}

#[test]
fn members_are_read_into_their_places() {
    let policy = Policy::parse(DOCUMENT.as_bytes(), at(NOW)).unwrap();
    assert_eq!(policy.not_before(), Some(at(1_790_000_000)));
    assert_eq!(policy.expires_at(), at(1_792_592_000));
    assert_eq!(policy.max_reads(), Some(3));
    assert!(policy.owner_may_read());
    assert_eq!(policy.readers.len(), 1);
    assert_eq!(policy.readers[0][0].name, "CBE");
    assert!(policy.readers[0][0].values.is_empty());
    assert_eq!(policy.excluded[0].values, ["85073003328"]);
}

#[test]
fn absent_members_have_their_defaults() {
    let document =
        r#"{"readers":[{"allOf":[{"namespace":"n","name":"m"}]}],"expiresAt":1790000001}"#;
    let policy = Policy::parse(document.as_bytes(), at(NOW)).unwrap();
    assert_eq!((policy.not_before(), policy.max_reads()), (None, None));
    assert!(!policy.owner_may_read());
    assert!(policy.excluded.is_empty());
}

#[test]
fn a_stored_policy_is_read_long_after_it_expired() {
    let policy = Policy::stored(DOCUMENT.as_bytes()).unwrap();
    let late = at(2 * NOW);
    let error = Policy::parse(DOCUMENT.as_bytes(), late).unwrap_err();
    assert_eq!(error.fault(), &PolicyFault::AlreadyExpired);
    let owner = "CBE:0809394427".parse().unwrap();
    let caller = principal(&["CBE:0809394427"], CredentialMap::belgian());
    assert_eq!(
        policy.evaluate(&caller, &owner, late),
        Decision::Refused(Refusal::Expired)
    );
}

#[test]
fn five_years_ahead_means_the_same_day_of_the_calendar() {
    let from = |text| Timestamp::from_rfc3339(text).unwrap();
    // From a leap day's year over another leap day: the longest five years there are.
    let span = from("2029-02-28T12:00:00Z").seconds_since(from("2024-02-28T12:00:00Z"));
    assert_eq!(span, MAX_AHEAD);
}

#[test]
fn nothing_of_the_document_stands_in_errors_or_debug() {
    let secret = "85073003328";
    for document in [
        format!(r#"{{"{secret}":1}}"#),
        format!(r#"{{"readers":"{secret}"}}"#),
        format!(r#"{{"readers":[{{"allOf":[{{"{secret}":"x"}}]}}],"expiresAt":1}}"#),
        format!(r#"{{"readers" {secret}"#),
    ] {
        let error = Policy::stored(document.as_bytes()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
    }
    let policy = Policy::stored(DOCUMENT.as_bytes()).unwrap();
    assert!(!format!("{policy:?}").contains(secret));
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    let mut document = DOCUMENT.as_bytes().to_vec();
    let place = document.iter().position(|byte| *byte == b'C').unwrap();
    document[place] = 0xff;
    let error = Policy::stored(&document).unwrap_err();
    assert!(matches!(
        error.fault(),
        PolicyFault::Json(StrictJsonError::Syntax { .. })
    ));
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _outcome = Policy::stored(&bytes);
    }

    /// One byte of a good document changed: refused, or a policy of another hash.
    #[test]
    fn a_changed_byte_changes_the_hash(
        place in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let good = Policy::stored(DOCUMENT.as_bytes()).unwrap();
        let mut document = DOCUMENT.as_bytes().to_vec();
        *place.get_mut(&mut document) = byte;
        if let Ok(policy) = Policy::stored(&document) {
            prop_assert_eq!(policy.hash() == good.hash(), document == DOCUMENT.as_bytes());
        }
    }

    /// Every beginning of a document is refused: there is no second, shorter document in it.
    #[test]
    fn a_cut_document_is_refused(length in 0..DOCUMENT.len()) {
        prop_assert!(Policy::stored(&DOCUMENT.as_bytes()[..length]).is_err());
    }
}
