//! What is asked for: the requests as what they mean.

use kleis_proto::{
    audit::v1::{GetEventRequest, ListEventsRequest},
    page,
};
use kleis_store::{Actor, AuditFilter, AuditOutcome, state_digest};
use kleis_types::{ErrorCode, Identifier, Problem, Service, Timestamp, TypeTable, base64url};

use crate::{page::Cursor, source::Wanted};

/// The longest text to filter by, in bytes.
const MAX_TEXT: usize = 256;

/// A page of events is asked for.
pub struct ListCommand {
    pub(crate) service: Option<Service>,
    pub(crate) wanted: Wanted,
    pub(crate) size: u32,
    pub(crate) cursor: Option<Cursor>,
    /// The names of the filters that are given, and not their values.
    pub(crate) filters: String,
    /// What page tokens are bound to.
    pub(crate) fingerprint: [u8; 32],
}

/// One event is asked for.
pub struct OneCommand {
    pub(crate) service: Service,
    pub(crate) chain: String,
    pub(crate) seq: u64,
}

impl ListCommand {
    /// Reads a request, the identifier of an actor by the table of types.
    ///
    /// # Errors
    /// The caller's fault, at the field.
    pub fn parse(request: &ListEventsRequest, types: &TypeTable) -> Result<Self, Problem> {
        let service = given(&request.service).map(service).transpose()?;
        let (actor, person) = match given(&request.actor) {
            Some(text) => who(text, types)?,
            None => (None, None),
        };
        let (since, until) = times(request.since, request.until)?;
        let filter = AuditFilter {
            chain: given(&request.chain)
                .map(|text| bounded(text, "chain"))
                .transpose()?,
            action: given(&request.action_prefix).map(action).transpose()?,
            resource: given(&request.resource)
                .map(|text| bounded(text, "resource"))
                .transpose()?,
            outcome: given(&request.outcome).map(outcome).transpose()?,
            actor,
            since,
            until,
        };
        let size = page::size(request.page_size)?;
        let wanted = Wanted { filter, person };
        let fingerprint = fingerprint(service, &wanted);
        let cursor = given(&request.page_token).map(|token| {
            let what = "a page token is the next_page_token of the page before, and goes with the same filters";
            Cursor::parse(token, &fingerprint).ok_or_else(|| malformed(what, "page_token"))
        });
        Ok(Self {
            service,
            size,
            cursor: cursor.transpose()?,
            filters: names(request),
            fingerprint,
            wanted,
        })
    }
}

impl OneCommand {
    /// Reads a request.
    ///
    /// # Errors
    /// The caller's fault, at the field.
    pub fn parse(request: &GetEventRequest) -> Result<Self, Problem> {
        let chain = bounded(&request.chain, "chain")?;
        if chain.is_empty() {
            return Err(malformed("name the chain, as an event names it", "chain"));
        }
        if request.seq == 0 {
            return Err(malformed("a chain begins with 1", "seq"));
        }
        Ok(Self {
            service: service(&request.service)?,
            chain,
            seq: request.seq,
        })
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn malformed(what: &str, field: &'static str) -> Problem {
    Problem::new(ErrorCode::RequestMalformed, what).at(field)
}

fn service(text: &str) -> Result<Service, Problem> {
    text.parse().map_err(|_| no_such_service())
}

/// What is told of a service whose audit is not read here.
pub(crate) fn no_such_service() -> Problem {
    let what = "name a service that keeps an audit here: registration, custody or sts";
    malformed(what, "service")
}

fn bounded(text: &str, field: &'static str) -> Result<String, Problem> {
    if text.len() > MAX_TEXT {
        return Err(malformed("this is longer than any that there is", field));
    }
    Ok(text.to_owned())
}

fn action(text: &str) -> Result<String, Problem> {
    let is_action = |byte| matches!(byte, b'a'..=b'z' | b'_' | b'.');
    if !text.bytes().all(is_action) {
        let what = "an action is lower-case letters, `_` and `.`: custody.get_key";
        return Err(malformed(what, "action_prefix"));
    }
    bounded(text, "action_prefix")
}

fn outcome(text: &str) -> Result<AuditOutcome, Problem> {
    [
        AuditOutcome::Done,
        AuditOutcome::Refused,
        AuditOutcome::Alarm,
    ]
    .into_iter()
    .find(|outcome| outcome.as_str() == text)
    .ok_or_else(|| malformed("an outcome is DONE, REFUSED or ALARM", "outcome"))
}

/// An actor as it is stored, or a person whose pseudonym is to be looked up.
fn who(text: &str, types: &TypeTable) -> Result<(Option<String>, Option<Identifier>), Problem> {
    if let Some(pseudonym) = text.strip_prefix("person:") {
        return match base64url::decode_array::<16>(pseudonym) {
            Ok(_) => Ok((Some(text.to_owned()), None)),
            Err(_) => Err(malformed(
                "a pseudonym is 22 characters of base64url",
                "actor",
            )),
        };
    }
    if matches!(text, "local" | "unknown") {
        return Ok((Some(text.to_owned()), None));
    }
    let identifier = types
        .parse(text)
        .map_err(|error| Problem::from(error).at("actor"))?;
    Ok(match Actor::of(&identifier, types) {
        Actor::Person(person) => (None, Some(person)),
        _ => (Some(identifier.to_string()), None),
    })
}

fn times(since: i64, until: i64) -> Result<(Option<Timestamp>, Option<Timestamp>), Problem> {
    let time = |seconds: i64, field| match seconds {
        0 => Ok(None),
        1.. => Ok(Some(Timestamp::from_unix(seconds))),
        _ => Err(malformed("a time is in seconds since 1970", field)),
    };
    let (since, until) = (time(since, "since")?, time(until, "until")?);
    if let (Some(from), Some(to)) = (since, until)
        && from >= to
    {
        return Err(malformed("the time ends before it begins", "until"));
    }
    Ok((since, until))
}

fn names(request: &ListEventsRequest) -> String {
    let filters = [
        ("service", !request.service.is_empty()),
        ("chain", !request.chain.is_empty()),
        ("action", !request.action_prefix.is_empty()),
        ("resource", !request.resource.is_empty()),
        ("actor", !request.actor.is_empty()),
        ("outcome", !request.outcome.is_empty()),
        ("since", request.since != 0),
        ("until", request.until != 0),
    ];
    let given = filters.iter().filter(|(_, given)| *given);
    given.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// What all filters together are known by. None is ever the empty text, so that it stands for absence.
fn fingerprint(service: Option<Service>, Wanted { filter, person }: &Wanted) -> [u8; 32] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let time = |time: Option<Timestamp>| time.map_or(0, Timestamp::unix).to_be_bytes();
    state_digest(&[
        b"kleis-audit-filters-v1",
        service.map_or("", Service::as_str).as_bytes(),
        text(&filter.chain).as_bytes(),
        text(&filter.action).as_bytes(),
        text(&filter.resource).as_bytes(),
        text(&filter.actor).as_bytes(),
        person
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default()
            .as_bytes(),
        filter.outcome.map_or("", AuditOutcome::as_str).as_bytes(),
        &time(filter.since),
        &time(filter.until),
    ])
}

#[cfg(test)]
mod tests;
