//! Page after page: nothing lost, nothing twice, and an end.

use kleis_audit::AuditSource as _;
use kleis_proto::audit::v1::{AuditEvent as Told, ListEventsRequest};
use kleis_store::AuditEvent;
use kleis_types::{ErrorCode, Timestamp, base64url};
use proptest::{prelude::*, sample::select};

use crate::fixture::{House, NOW, append, event, names};

fn page(size: u32, token: &str) -> ListEventsRequest {
    ListEventsRequest {
        page_size: size,
        page_token: token.to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn services_follow_each_other_in_a_page_that_has_room() {
    let house = House::new().await;
    for name in ["r1", "r2", "r3", "r4"] {
        append(&house.registry, name).await;
    }
    for name in ["c1", "c2"] {
        append(&house.custody, name).await;
    }
    let first = house.list(page(3, "")).await;
    assert_eq!(names(&first.events), ["r1", "r2", "r3"]);
    // Whatever is written meanwhile: of an audit that was begun no more, of one that was not, yes.
    append(&house.registry, "r5").await;
    append(&house.custody, "c3").await;
    let second = house.list(page(3, &first.next_page_token)).await;
    assert_eq!(names(&second.events), ["r4", "c1", "c2"]);
    append(&house.custody, "c4").await;
    let third = house.list(page(3, &second.next_page_token)).await;
    assert_eq!(names(&third.events), ["c3"]);
    assert_eq!(third.next_page_token, "");
    // A page asked for again is the same page.
    let again = house.list(page(3, &first.next_page_token)).await;
    assert_eq!(names(&again.events)[0], "r4");
}

#[tokio::test]
async fn a_page_that_is_full_at_the_end_of_an_audit_leads_to_the_next_one() {
    let house = House::new().await;
    append(&house.registry, "r1").await;
    append(&house.custody, "c1").await;
    let first = house.list(page(1, "")).await;
    assert_eq!(names(&first.events), ["r1"]);
    assert_eq!(house.custody_rows().await.len(), 1, "it was not read");
    let second = house.list(page(1, &first.next_page_token)).await;
    assert_eq!(
        (names(&second.events), second.next_page_token.as_str()),
        (vec!["c1"], "")
    );
}

#[tokio::test]
async fn sizes_are_bounded() {
    let house = House::new().await;
    for number in 0..101 {
        append(&house.registry, &number.to_string()).await;
    }
    assert_eq!(house.list(page(0, "")).await.events.len(), 100);
    assert!(house.list(page(1000, "")).await.events.len() > 100);
    let refused = house.list_refused(page(1001, "")).await;
    assert_eq!(
        (refused.code(), refused.field()),
        (ErrorCode::RequestMalformed, Some("page_size"))
    );
}

#[tokio::test]
async fn a_token_of_other_filters_or_of_nobody_is_refused() {
    let house = House::new().await;
    for name in ["r1", "r2"] {
        append(&house.registry, name).await;
    }
    let token = house.list(page(1, "")).await.next_page_token;
    let before = house.registry_rows().await.len();
    let other = ListEventsRequest {
        outcome: "DONE".to_owned(),
        ..page(1, &token)
    };
    let own = ListEventsRequest {
        service: "registration".to_owned(),
        ..page(1, &token)
    };
    for request in [
        other,
        own,
        page(1, "AA"),
        page(1, &base64url::encode(token.as_bytes())),
    ] {
        let refused = house.list_refused(request).await;
        assert_eq!(
            (refused.code(), refused.field()),
            (ErrorCode::RequestMalformed, Some("page_token"))
        );
    }
    assert_eq!(house.registry_rows().await.len(), before);
    let next = house.list(page(1, &token)).await;
    assert_eq!(names(&next.events), ["r2"]);
}

const ACTIONS: &[&str] = &[
    "custody.get_key",
    "custody.create_keys",
    "registration.enrol",
];

/// Whether it is in custody's audit, what was done, and when.
type Row = (bool, &'static str, i64);

async fn all_pages(house: &House, asked: &ListEventsRequest, sizes: &[u32]) -> Vec<Told> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    for page_size in sizes.iter().copied().cycle() {
        let request = ListEventsRequest {
            page_size,
            page_token,
            ..asked.clone()
        };
        let page = house.list(request).await;
        assert!(page.events.len() <= usize::try_from(page_size).unwrap());
        all.extend(page.events);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    all
}

async fn joined_pages_are_the_list(rows: Vec<Row>, sizes: Vec<u32>, asked: ListEventsRequest) {
    let house = House::new().await;
    for (number, &(is_custody, action, seconds)) in rows.iter().enumerate() {
        let event = AuditEvent {
            at: Timestamp::from_unix(NOW + seconds),
            action,
            ..event(&number.to_string())
        };
        if is_custody {
            house.custody.record(event).await.unwrap();
        } else {
            house.registry.record(event).await.unwrap();
        }
    }
    let paged = all_pages(&house, &asked, &sizes).await;
    let is_own = |event: &Told| event.action == "audit.list_events";
    assert!(!paged.iter().any(is_own), "a listing does not show itself");
    let unpaged = ListEventsRequest {
        page_size: 1000,
        ..asked.clone()
    };
    let mut whole = house.list(unpaged).await;
    assert_eq!(whole.next_page_token, "");
    whole.events.retain(|event| !is_own(event));
    assert!(whole.events == paged);
    // And both are what was written, in the order of writing.
    let is_wanted = |(_, action, seconds): &&Row| {
        action.starts_with(asked.action_prefix.as_str())
            && (asked.since == 0 || NOW + seconds >= asked.since)
            && (asked.until == 0 || NOW + seconds < asked.until)
    };
    let (custody, registry): (Vec<&Row>, Vec<&Row>) =
        rows.iter().filter(is_wanted).partition(|row| row.0);
    let expected = registry.into_iter().chain(custody);
    let told = paged
        .iter()
        .map(|event| (event.action.as_str(), event.time));
    assert!(told.eq(expected.map(|row| (row.1, NOW + row.2))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn pages_joined_are_the_unpaged_list(
        rows in prop::collection::vec((any::<bool>(), select(ACTIONS), 0..6_i64), 0..24),
        sizes in prop::collection::vec(1..6_u32, 1..4),
        prefix in select(&["", "custody.", "registration.enrol"][..]),
        since in prop::option::of(0..6_i64),
        length in prop::option::of(1..4_i64),
    ) {
        let from = since.unwrap_or(0);
        let asked = ListEventsRequest {
            action_prefix: prefix.to_owned(),
            since: since.map_or(0, |since| NOW + since),
            until: length.map_or(0, |length| NOW + from + length),
            ..Default::default()
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(joined_pages_are_the_list(rows, sizes, asked));
    }
}
