//! Contestants that take turns.

use std::{
    fmt,
    hint::black_box,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How often everybody's turn comes, and how many calls a turn has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    pub(crate) number: usize,
    pub(crate) calls: u32,
}

/// Something that is measured; it panics if what it does fails.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) call: Box<dyn FnMut()>,
}

/// Contestants, the first of which is what the others are measured by.
pub(crate) struct Contest {
    pub(crate) name: &'static str,
    /// How many times fewer calls its turns have than usual, because each takes longer.
    pub(crate) fewer: u32,
    pub(crate) contestants: Vec<Contestant>,
}

impl Contest {
    pub(crate) fn run(mut self, rounds: Rounds) -> Result {
        let calls = (rounds.calls / self.fewer).max(1);
        let mut turns: Vec<Vec<Duration>> = vec![Vec::new(); self.contestants.len()];
        // The first round warms the caches and does not count.
        for round in 0..=rounds.number {
            for (contestant, times) in self.contestants.iter_mut().zip(&mut turns) {
                let start = Instant::now();
                for _ in 0..calls {
                    black_box(&mut contestant.call)();
                }
                if round > 0 {
                    times.push(start.elapsed() / calls);
                }
            }
        }
        let names = self.contestants.iter().map(|contestant| contestant.name);
        Result {
            name: self.name,
            lines: names
                .zip(turns)
                .map(|(name, times)| Line::new(name, times))
                .collect(),
        }
    }
}

pub(crate) struct Result {
    name: &'static str,
    lines: Vec<Line>,
}

struct Line {
    name: &'static str,
    median: Duration,
    /// The quartiles: half of the rounds lie between them.
    low: Duration,
    high: Duration,
}

impl Line {
    fn new(name: &'static str, mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |part: usize| {
            times
                .get(times.len() * part / 4)
                .copied()
                .unwrap_or_default()
        };
        Self {
            name,
            median: at(2),
            low: at(1),
            high: at(3),
        }
    }
}

impl Result {
    fn ratio(&self, line: &Line) -> f64 {
        let first = self
            .lines
            .first()
            .map_or(Duration::ZERO, |first| first.median);
        line.median.as_secs_f64() / first.as_secs_f64()
    }

    pub(crate) fn to_json(&self) -> Value {
        let lines = self.lines.iter().map(|line| {
            json!({
                "name": line.name,
                "median_ns": u64::try_from(line.median.as_nanos()).unwrap_or(u64::MAX),
                "low_ns": u64::try_from(line.low.as_nanos()).unwrap_or(u64::MAX),
                "high_ns": u64::try_from(line.high.as_nanos()).unwrap_or(u64::MAX),
                "ratio": self.ratio(line),
            })
        });
        json!({ "contest": self.name, "lines": lines.collect::<Vec<_>>() })
    }
}

impl fmt::Display for Result {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        for line in &self.lines {
            let micros = |time: Duration| time.as_secs_f64() * 1e6;
            writeln!(
                f,
                "  {:44} {:8.1} us  ({:.1} to {:.1})  {:5.2}",
                line.name,
                micros(line.median),
                micros(line.low),
                micros(line.high),
                self.ratio(line)
            )?;
        }
        Ok(())
    }
}
