//! What things cost, as ratios measured in the same run: machines differ, and one alone is noisy.
//!
//! `make bench` runs it, `make bench QUICK=1` for a few seconds. Contestants take turns (A B C, A B C, ...), so that what
//! disturbs the machine disturbs all of them; of the rounds the median counts. The table goes to standard output, and the
//! same as JSON to the file that is named.
//!
//! The contests of size (`sizes.rs`) first fill a registry with a million recipients, or as many as RECIPIENTS says.
//!
//! What it must never do: compare figures of two runs, or leave out a contestant silently.
//!
//! To add a contest: a function that gives a [`Contest`], and its line in [`contests`].
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "it prints a table")]

mod contest;
mod sizes;
mod tokens;

use std::{env, fs, path::PathBuf, process::ExitCode};

use contest::{Contest, Rounds};

fn contests() -> Vec<Contest> {
    let mut contests = vec![tokens::contest()];
    contests.extend(sizes::contests());
    contests
}

fn main() -> ExitCode {
    let file = env::args_os().nth(1).map(PathBuf::from);
    if let Some(file) = &file
        && file.as_os_str().as_encoded_bytes().starts_with(b"-")
    {
        println!("kleis-bench [FILE]: FILE is for the same as JSON; QUICK=1 takes seconds");
        return ExitCode::FAILURE;
    }
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
    if let Some(file) = file
        && let Err(error) = fs::write(&file, format!("{json:#}\n"))
    {
        println!("{}: {error}", file.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
