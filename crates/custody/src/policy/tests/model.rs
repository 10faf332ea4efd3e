//! Policies against a naive model: random documents, principals and issuers over a small world.
//!
//! The model sees the document as it was generated, not as it was parsed, and spells the rules
//! out as quantifiers over sets.

use std::collections::BTreeSet;

use kleis_types::{CredentialMap, CredentialRule, TypeTable};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::{Decision, Policy, Refusal, at, principal};

const IDENTIFIERS: [&str; 4] = [
    "SSIN:85073003328",
    "NIHII:18749704",
    "CBE:0809394427",
    "CBE:0809394427/KGSS",
];
const TYPES: [&str; 3] = ["SSIN", "NIHII", "CBE"];
const NAMESPACES: [&str; 2] = ["urn:one", "urn:two"];
const NAMES: [&str; 3] = ["a", "b", "c"];
const VALUES: [&str; 3] = ["1", "2", "3"];

#[derive(Clone, Debug)]
struct Wanted {
    namespace: &'static str,
    name: &'static str,
    values: Vec<&'static str>,
}

impl Wanted {
    fn json(&self) -> Value {
        json!({ "namespace": self.namespace, "name": self.name, "values": self.values })
    }
}

#[derive(Clone, Debug)]
struct World {
    rules: Vec<CredentialRule>,
    caller: Vec<&'static str>,
    owner: &'static str,
    readers: Vec<Vec<Wanted>>,
    excluded: Vec<Wanted>,
    not_before: Option<i64>,
    expires_at: i64,
    owner_may_read: bool,
    now: i64,
}

impl World {
    fn document(&self) -> String {
        let list = |wanted: &[Wanted]| wanted.iter().map(Wanted::json).collect::<Vec<_>>();
        let group = |all_of: &Vec<Wanted>| json!({ "allOf": list(all_of) });
        let mut document = json!({
            "readers": self.readers.iter().map(group).collect::<Vec<_>>(),
            "expiresAt": self.expires_at,
            "ownerMayRead": self.owner_may_read,
        });
        if !self.excluded.is_empty() {
            document["excluded"] = list(&self.excluded).into();
        }
        if let Some(not_before) = self.not_before {
            document["notBefore"] = not_before.into();
        }
        document.to_string()
    }

    /// Every (namespace, name, value) that the caller holds.
    fn held(&self) -> BTreeSet<(&str, &str, &str)> {
        let mut held = BTreeSet::new();
        for identifier in &self.caller {
            let (of_type, value) = identifier.split_once(':').unwrap();
            held.insert(("urn:kleis:identifier", of_type, value));
            for rule in self
                .rules
                .iter()
                .filter(|rule| rule.identifier_type == of_type)
            {
                let value = rule
                    .value
                    .as_deref()
                    .unwrap_or(value.split('/').next().unwrap());
                held.insert((&rule.namespace, &rule.name, value));
            }
        }
        held
    }

    fn shown(&self, wanted: &Wanted) -> bool {
        let mut rules = self
            .rules
            .iter()
            .filter(|rule| rule.namespace == wanted.namespace && rule.name == wanted.name)
            .peekable();
        let by_identifier =
            wanted.namespace == "urn:kleis:identifier" && TYPES.contains(&wanted.name);
        by_identifier || (rules.peek().is_some() && rules.all(|rule| rule.conclusive))
    }

    fn expected(&self) -> Decision {
        let held = self.held();
        let matches = |wanted: &Wanted| {
            held.iter().any(|(namespace, name, value)| {
                *namespace == wanted.namespace
                    && *name == wanted.name
                    && (wanted.values.is_empty() || wanted.values.contains(value))
            })
        };
        let refused = if !(self.not_before.unwrap_or(i64::MIN)..self.expires_at).contains(&self.now)
        {
            if self.now < self.expires_at {
                Refusal::NotYetValid
            } else {
                Refusal::Expired
            }
        } else if self.excluded.iter().any(matches) {
            Refusal::Excluded
        } else if self.excluded.iter().any(|wanted| !self.shown(wanted)) {
            Refusal::ExclusionUndecidable
        } else if (self.owner_may_read && self.caller.contains(&self.owner))
            || self.readers.iter().any(|all_of| all_of.iter().all(matches))
        {
            return Decision::Allowed;
        } else {
            Refusal::NoReader
        };
        Decision::Refused(refused)
    }
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let attribute = (
        select(&NAMESPACES[..]),
        select(&NAMES[..]),
        subsequence(&VALUES[..], 0..=3),
    )
        .prop_map(|(namespace, name, values)| Wanted {
            namespace,
            name,
            values,
        });
    let identifier =
        (select(&IDENTIFIERS[..]), any::<bool>()).prop_map(|(identifier, any_value)| {
            let (name, value) = identifier.split_once(':').unwrap();
            let values = if any_value { Vec::new() } else { vec![value] };
            Wanted {
                namespace: "urn:kleis:identifier",
                name,
                values,
            }
        });
    let unknown = Just(Wanted {
        namespace: "urn:kleis:identifier",
        name: "NONE",
        values: vec![],
    });
    prop_oneof![6 => attribute, 3 => identifier, 1 => unknown]
}

fn rule() -> impl Strategy<Value = CredentialRule> {
    let value = proptest::option::weighted(0.9, select(&VALUES[..]));
    let conclusive = proptest::bool::weighted(0.9);
    (
        select(&TYPES[..]),
        select(&NAMESPACES[..]),
        select(&NAMES[..]),
        value,
        conclusive,
    )
        .prop_map(
            |(identifier_type, namespace, name, value, conclusive)| CredentialRule {
                identifier_type: identifier_type.to_owned(),
                first_digit: None,
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                value: value.map(str::to_owned),
                conclusive,
            },
        )
}

prop_compose! {
    fn world()(
        rules in vec(rule(), 0..12),
        caller in subsequence(&IDENTIFIERS[..], 1..=3),
        owner in select(&IDENTIFIERS[..]),
        readers in vec(vec(wanted(), 1..3), 1..4),
        excluded in vec(wanted(), 0..3),
        not_before in proptest::option::of(0..8_i64),
        length in 1..10_i64,
        owner_may_read: bool,
        now in 0..12_i64,
    ) -> World {
        let expires_at = not_before.unwrap_or(0) + length;
        World {
            rules,
            caller,
            owner,
            readers,
            excluded,
            not_before,
            expires_at,
            owner_may_read,
            now,
        }
    }
}

fn decide(world: &World) -> Decision {
    let map = CredentialMap::new(world.rules.clone(), TypeTable::belgian()).unwrap();
    let policy = Policy::stored(world.document().as_bytes()).unwrap();
    policy.evaluate(
        &principal(&world.caller, &map),
        &world.owner.parse().unwrap(),
        at(world.now),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_decision_is_that_of_the_model(world in world()) {
        prop_assert_eq!(decide(&world), world.expected());
    }

    /// A further exclusion, whatever it says, never lets anybody in.
    #[test]
    fn excluding_more_never_allows_more(world in world(), further in wanted()) {
        let mut stricter = world.clone();
        stricter.excluded.push(further);
        prop_assert!(!decide(&stricter).is_allowed() || decide(&world).is_allowed());
    }

    /// A further credential in a group never lets anybody in.
    #[test]
    fn demanding_more_never_allows_more(world in world(), further in wanted()) {
        let mut stricter = world.clone();
        stricter.readers[0].push(further);
        prop_assert!(!decide(&stricter).is_allowed() || decide(&world).is_allowed());
    }

    /// A further group never shuts anybody out.
    #[test]
    fn naming_more_readers_never_allows_less(world in world(), further in vec(wanted(), 1..3)) {
        let mut wider = world.clone();
        wider.readers.push(further);
        prop_assert!(!decide(&world).is_allowed() || decide(&wider).is_allowed());
    }
}

/// The generator must reach every outcome, or the tests above prove less than they seem to.
#[test]
fn the_model_meets_every_outcome() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let decisions: BTreeSet<_> = (0..2000)
        .map(|_| {
            let world = world().new_tree(&mut runner).unwrap().current();
            match decide(&world) {
                Decision::Allowed => "ALLOWED",
                Decision::Refused(refusal) => refusal.as_str(),
            }
        })
        .collect();
    assert_eq!(decisions.len(), 6, "{decisions:?}");
}
