//! The transaction contract.

use std::{future::Future, sync::Arc};

use crate::StoreError;

/// A named piece of work on one write transaction.
///
/// It is run once or more often: a backend may roll it back and run it again when the database says
/// that it collided with another one. So it keeps no state of its own between runs, and whatever it
/// must not repeat (a signature, a message) happens after [`Store::run`] has answered.
///
/// It waits for nothing but its transaction: other acts may be waiting for it, so it never runs
/// another act, calls another service or takes a lock that is held while an act is run.
///
/// An act that refuses something and must remember that it did (an attempt counted, a refusal in
/// the audit) says so in its `Output`: an `Err` rolls everything back.
pub trait Act<Tx>: Send + Sync + 'static {
    /// The name, for metrics and traces: `custody.create_keys`.
    const NAME: &'static str;
    /// What it answers.
    type Output: Send + 'static;
    /// Why it can fail.
    type Error: From<StoreError> + Send + 'static;

    /// Does the work.
    fn run(&self, tx: &mut Tx) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// For whoever runs an act again that was rolled back.
impl<Tx: Send, T: Act<Tx>> Act<Tx> for Arc<T> {
    const NAME: &'static str = T::NAME;
    type Output = T::Output;
    type Error = T::Error;

    fn run(&self, tx: &mut Tx) -> impl Future<Output = Result<T::Output, T::Error>> + Send {
        T::run(self, tx)
    }
}

/// A database.
pub trait Store: Clone + Send + Sync + 'static {
    /// A write transaction.
    type Tx: Send + 'static;
    /// A consistent snapshot to read from.
    type Reader: Send + 'static;

    /// Runs an act and commits it. Answers when the change is durable.
    ///
    /// # Errors
    /// The act's own error, after which nothing is changed; [`StoreError::Unavailable`] when the
    /// database could not be reached or did not commit, in which case the caller may send the same
    /// order again.
    fn run<A>(&self, act: A) -> impl Future<Output = Result<A::Output, A::Error>> + Send
    where
        A: Act<Self::Tx>;

    /// Opens a snapshot.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no connection to be had.
    fn read(&self) -> impl Future<Output = Result<Self::Reader, StoreError>> + Send;

    /// How many statements this store has sent since it was opened: what tests of equal work (P7)
    /// count.
    fn statements(&self) -> u64;

    /// How often this store, with its clones, has committed, or may have: it is counted before the acts of a
    /// commit are answered. Whoever keeps what was read in memory asks by it whether this process has
    /// written since.
    fn commits(&self) -> u64;
}
