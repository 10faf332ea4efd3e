//! What things cost, as ratios measured in the same run: machines differ, and one alone is noisy.
//!
//! `make bench` runs it, `make bench QUICK=1` for a few seconds. Contestants take turns (A B C, A B C, ...), so that what
//! disturbs the machine disturbs all of them; of the rounds the median counts. The table goes to standard output, and the
//! same as JSON to the file that is named.
//!
//! What it must never do: compare figures of two runs, or leave out a contestant silently.
//!
//! To add a contest: a function that gives a [`Contest`], and its line in [`contests`].
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "it prints a table")]

mod contest;
mod tokens;

use std::{env, fs, process::ExitCode};

use contest::{Contest, Rounds};

fn contests() -> Vec<Contest> {
    vec![tokens::contest()]
}

fn main() -> ExitCode {
    let rounds = if env::var_os("QUICK").is_some() {
        Rounds {
            number: 5,
            calls: 200,
        }
    } else {
        Rounds {
            number: 31,
            calls: 2000,
        }
    };
    let results: Vec<_> = contests()
        .into_iter()
        .map(|contest| contest.run(rounds))
        .collect();
    for result in &results {
        println!("{result}");
    }
    let json = serde_json::Value::Array(results.iter().map(contest::Result::to_json).collect());
    if let Some(path) = env::args_os().nth(1)
        && let Err(error) = fs::write(&path, format!("{json:#}\n"))
    {
        println!("{}: {error}", path.to_string_lossy());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
