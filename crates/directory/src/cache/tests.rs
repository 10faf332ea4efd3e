use kleis_store::registry::StoredJwkSet;
use proptest::prelude::*;

use super::*;

const RECIPIENTS: usize = 3;
const NOW: Timestamp = Timestamp::from_unix(1_000);

fn recipient(index: usize) -> Identifier {
    let names = ["CBE:0809394427", "CBE:0123456749", "SSIN:85073003328"];
    names[index].parse().expect("an identifier")
}

/// A set whose tag is the number of its recipient's changes that it has in it.
fn ready(index: usize, version: usize) -> Arc<Ready> {
    let set = StoredJwkSet {
        recipient: recipient(index),
        body: b"{\"keys\":[]}".to_vec(),
        etag: version.to_string(),
        has_keys: false,
    };
    Arc::new(Ready::new(set).expect("JSON"))
}

fn version(ready: &Ready) -> usize {
    ready.etag().parse().expect("a number")
}

/// What happens, in any order.
#[derive(Debug, Clone)]
enum Step {
    /// Registration commits a change.
    Change(usize),
    /// A look-up takes a snapshot and reads a recipient.
    Read(usize),
    /// One of those under way comes to its end, and fills.
    Fill(usize),
    /// The feed takes a snapshot.
    Hear,
    /// The feed tells of the next so many changes of its snapshot.
    Tell(usize),
    /// The feed gives up on single changes.
    Restart,
    /// Somebody asks.
    Get(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..RECIPIENTS).prop_map(Step::Change),
        3 => (0..RECIPIENTS).prop_map(Step::Read),
        3 => (0..8_usize).prop_map(Step::Fill),
        2 => Just(Step::Hear),
        2 => (1..4_usize).prop_map(Step::Tell),
        1 => Just(Step::Restart),
        4 => (0..RECIPIENTS).prop_map(Step::Get),
    ]
}

/// A store as the order of its changes, those who read it, and the cache beside it.
struct Model {
    cache: Cache,
    changes: Vec<usize>,
    /// Look-ups under way: of whom, and how many changes there were.
    readers: Vec<(usize, usize)>,
    /// How many changes the feed's snapshot has.
    heard: usize,
    position: Option<usize>,
    hits: usize,
}

impl Model {
    fn new() -> Self {
        Self {
            cache: Cache::new(1 << 20, Duration::from_secs(5)),
            changes: Vec::new(),
            readers: Vec::new(),
            heard: 0,
            position: None,
            hits: 0,
        }
    }

    fn version_at(&self, index: usize, snapshot: usize) -> usize {
        let of_this = |changed: &&usize| **changed == index;
        self.changes[..snapshot].iter().filter(of_this).count()
    }

    fn run(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Change(index) => self.changes.push(index),
            Step::Read(index) => self.readers.push((index, self.changes.len())),
            Step::Fill(at) if at < self.readers.len() => {
                let (index, snapshot) = self.readers.remove(at);
                let set = ready(index, self.version_at(index, snapshot));
                self.cache.fill(&set, u64::try_from(snapshot).expect("few"));
            }
            Step::Fill(_) => {}
            Step::Hear => self.heard = self.changes.len(),
            Step::Tell(count) => self.tell(count),
            Step::Restart => self.restart(),
            Step::Get(index) => self.get(index)?,
        }
        Ok(())
    }

    fn tell(&mut self, count: usize) {
        let Some(position) = self.position else {
            return self.restart();
        };
        let end = (position + count).min(self.heard.max(position));
        let changes: Vec<_> = (position..end)
            .map(|at| ChangeEvent {
                seq: u64::try_from(at + 1).expect("few"),
                recipient: recipient(self.changes[at]),
                at: NOW,
            })
            .collect();
        self.cache
            .advance(&changes, u64::try_from(end).expect("few"));
        self.position = Some(end);
    }

    fn restart(&mut self) {
        let heard = u64::try_from(self.heard).expect("few");
        self.cache.restart(heard);
        self.cache.hear(NOW);
        self.position = Some(self.heard);
    }

    /// What is in memory has every change that the feed has told of.
    fn get(&mut self, index: usize) -> Result<(), TestCaseError> {
        let found = self.cache.get(&recipient(index), NOW);
        match (found, self.position) {
            (Err(_), None) | (Ok(None), Some(_)) => {}
            (Ok(Some(ready)), Some(position)) => {
                self.hits += 1;
                prop_assert!(version(&ready) >= self.version_at(index, position));
                prop_assert_eq!(ready.recipient(), &recipient(index));
            }
            (found, position) => prop_assert!(false, "{found:?} {position:?}"),
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn nothing_is_older_than_the_changes_that_are_known(
        steps in proptest::collection::vec(step(), 1..80)
    ) {
        let mut model = Model::new();
        for step in &steps {
            model.run(step)?;
        }
        // In peace and quiet everything can be kept.
        for last in [Step::Hear, Step::Restart, Step::Read(0)] {
            model.run(&last)?;
        }
        model.run(&Step::Fill(model.readers.len() - 1))?;
        let hits = model.hits;
        model.run(&Step::Get(0))?;
        prop_assert_eq!(model.hits, hits + 1);
    }
}

#[test]
fn a_set_from_before_a_change_that_was_told_is_not_kept() {
    let cache = Cache::new(1 << 20, Duration::from_secs(5));
    // Before the feed has begun nothing is.
    cache.fill(&ready(0, 0), 7);
    cache.restart(5);
    cache.hear(NOW);
    assert!(cache.get(&recipient(0), NOW).expect("heard").is_none());
    for (snapshot, kept) in [(4, false), (5, true)] {
        cache.fill(&ready(0, 0), snapshot);
        let found = cache.get(&recipient(0), NOW).expect("heard");
        assert_eq!(found.is_some(), kept, "{snapshot}");
    }
}

#[test]
fn memory_is_bounded_by_bytes() {
    let size = ready(0, 0).size();
    let cache = Cache::new(2 * size, Duration::from_secs(5));
    cache.restart(0);
    cache.hear(NOW);
    for index in 0..RECIPIENTS {
        cache.fill(&ready(index, 0), 0);
    }
    let kept = (0..RECIPIENTS).filter(|index| {
        let found = cache.get(&recipient(*index), NOW);
        found.expect("heard").is_some()
    });
    assert!((1..=2).contains(&kept.count()));
    // One that is larger than all of it is answered, and not kept.
    let small = Cache::new(size - 1, Duration::from_secs(5));
    small.restart(0);
    small.hear(NOW);
    small.fill(&ready(0, 0), 0);
    assert!(small.get(&recipient(0), NOW).expect("heard").is_none());
}

#[test]
fn silence_is_measured_by_the_clock() {
    let cache = Cache::new(1 << 20, Duration::from_secs(5));
    assert!(matches!(cache.check(NOW), Err(DirectoryError::Behind)));
    cache.restart(0);
    assert!(cache.check(NOW).is_err());
    cache.hear(NOW);
    assert!(cache.check(NOW.plus_seconds(5)).is_ok());
    assert!(cache.check(NOW.plus_seconds(6)).is_err());
    // A clock that was set back proves nothing against what was heard.
    assert!(cache.check(NOW.plus_seconds(-60)).is_ok());
}
