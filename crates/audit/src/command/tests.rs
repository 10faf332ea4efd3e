//! What is asked for, and what is no question.

use super::*;

const PERSON: &str = "SSIN:85073003328";
const PSEUDONYM: &str = "person:AAAAAAAAAAAAAAAAAAAAAA";

fn parse(request: &ListEventsRequest) -> Result<ListCommand, Problem> {
    ListCommand::parse(request, TypeTable::belgian())
}

fn full() -> ListEventsRequest {
    ListEventsRequest {
        service: "custody".to_owned(),
        chain: "chain".to_owned(),
        action_prefix: "custody.get_".to_owned(),
        resource: "record:AAAA".to_owned(),
        actor: "NISS:85.07.30-033.28".to_owned(),
        outcome: "REFUSED".to_owned(),
        since: 10,
        until: 20,
        page_size: 7,
        page_token: String::new(),
    }
}

/// One filter of a request set.
type Change = fn(&mut ListEventsRequest);

#[test]
fn every_filter_is_read() {
    let command = parse(&full()).ok().unwrap();
    assert_eq!((command.service, command.size), (Some(Service::Custody), 7));
    let filter = command.wanted.filter;
    assert_eq!(filter.chain.as_deref(), Some("chain"));
    assert_eq!(filter.action.as_deref(), Some("custody.get_"));
    assert_eq!(filter.resource.as_deref(), Some("record:AAAA"));
    assert_eq!(
        (filter.outcome, filter.actor),
        (Some(AuditOutcome::Refused), None)
    );
    assert_eq!(
        (filter.since, filter.until),
        (
            Some(Timestamp::from_unix(10)),
            Some(Timestamp::from_unix(20))
        )
    );
    assert_eq!(command.wanted.person, Some(PERSON.parse().unwrap()));
    let all = "service, chain, action, resource, actor, outcome, since, until";
    assert_eq!(command.filters, all);
    let none = parse(&ListEventsRequest::default()).ok().unwrap();
    assert!(none.wanted.filter == AuditFilter::default() && none.wanted.person.is_none());
    assert_eq!(
        (none.service, none.size, none.filters.as_str()),
        (None, 100, "")
    );
}

#[test]
fn actors_are_taken_as_they_are_stored_and_persons_by_their_identifier() {
    let read = |actor: &str| {
        let actor = actor.to_owned();
        let command = parse(&ListEventsRequest {
            actor,
            ..Default::default()
        });
        command.map(|command| (command.wanted.filter.actor, command.wanted.person))
    };
    for (asked, stored) in [
        ("local", "local"),
        ("unknown", "unknown"),
        ("SERVICE:custody", "SERVICE:custody"),
        ("cbe:809394427/kgss", "CBE:0809394427/KGSS"),
        (PSEUDONYM, PSEUDONYM),
    ] {
        assert_eq!(
            read(asked).unwrap(),
            (Some(stored.to_owned()), None),
            "{asked}"
        );
    }
    assert_eq!(read(PERSON).unwrap(), (None, Some(PERSON.parse().unwrap())));
    for wrong in [
        "person:",
        "person:AAAA",
        "Local",
        "SSIN:85073003329",
        "SERVICE:nobody",
        "x",
    ] {
        assert_eq!(read(wrong).unwrap_err().field(), Some("actor"), "{wrong}");
    }
}

#[test]
fn what_is_no_question_is_refused_at_its_field() {
    let changes: [(&str, Change); 12] = [
        ("service", |r| r.service = "nobody".to_owned()),
        ("service", |r| r.service = "Custody".to_owned()),
        ("chain", |r| r.chain = "c".repeat(257)),
        ("action_prefix", |r| r.action_prefix = "custody%".to_owned()),
        ("action_prefix", |r| r.action_prefix = "a".repeat(257)),
        ("resource", |r| r.resource = "é".repeat(129)),
        ("outcome", |r| r.outcome = "done".to_owned()),
        ("since", |r| r.since = -1),
        ("until", |r| r.until = i64::MIN),
        ("until", |r| r.until = 10),
        ("page_size", |r| r.page_size = 1001),
        ("page_token", |r| r.page_token = "AA".to_owned()),
    ];
    for (field, change) in changes {
        let mut request = full();
        change(&mut request);
        let refused = parse(&request).err().unwrap();
        assert_eq!(refused.field(), Some(field));
        assert_eq!(refused.code(), ErrorCode::RequestMalformed);
    }
    for size in [1, 1000] {
        let request = ListEventsRequest {
            page_size: size,
            ..full()
        };
        assert_eq!(parse(&request).ok().unwrap().size, size);
    }
}

#[test]
fn a_page_token_goes_with_its_own_filters_and_any_size() {
    let cursor = Cursor {
        service: Service::Custody,
        rest: None,
    };
    let token = cursor.token(&parse(&full()).ok().unwrap().fingerprint);
    let going_on = ListEventsRequest {
        page_token: token,
        ..full()
    };
    assert_eq!(parse(&going_on).ok().unwrap().cursor, Some(cursor));
    let larger = ListEventsRequest {
        page_size: 1000,
        ..going_on.clone()
    };
    assert!(parse(&larger).is_ok());
    let others: [Change; 9] = [
        |r| r.service = "sts".to_owned(),
        |r| r.chain = "other".to_owned(),
        |r| r.action_prefix.clear(),
        |r| r.resource = "record:BBBB".to_owned(),
        |r| r.actor = "NIHII:18749704".to_owned(),
        |r| r.actor = PSEUDONYM.to_owned(),
        |r| r.outcome = "DONE".to_owned(),
        |r| r.since = 11,
        |r| r.until = 0,
    ];
    for change in others {
        let mut other = going_on.clone();
        change(&mut other);
        assert_eq!(parse(&other).err().unwrap().field(), Some("page_token"));
    }
}

#[test]
fn one_event_is_named_by_service_chain_and_position() {
    let request = |service: &str, chain: &str, seq| GetEventRequest {
        service: service.to_owned(),
        chain: chain.to_owned(),
        seq,
    };
    let field = |request| {
        OneCommand::parse(&request)
            .err()
            .map(|p| p.field().map(str::to_owned))
    };
    assert_eq!(field(request("sts", "c", u64::MAX)), None);
    for (request, at) in [
        (request("", "c", 1), "service"),
        (request("sts", "", 1), "chain"),
        (request("sts", &"c".repeat(257), 1), "chain"),
        (request("sts", "c", 0), "seq"),
    ] {
        assert_eq!(field(request), Some(Some(at.to_owned())));
    }
}
