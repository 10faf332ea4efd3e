//! The query on real databases: what is found, by whom, and what is remembered of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod callers;
mod filters;
mod fixture;
mod one;
mod pages;
mod remembered;
