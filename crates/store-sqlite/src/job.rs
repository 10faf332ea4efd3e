//! Acts on their way to the writer and back.

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use kleis_store::{Act, StoreError};
use tokio::sync::oneshot;

use crate::{schema::Schema, session::Tx};

/// An act of any type, as the writer sees it.
pub(crate) trait Job<D: Schema>: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;

    /// Runs the act. True if its work is to stay.
    fn run<'a>(&'a mut self, tx: &'a mut Tx<D>) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

    /// Tells the caller, once it is known whether the work was committed.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

/// An act and its caller.
pub(crate) struct Pending<D: Schema, A: Act<Tx<D>>> {
    act: A,
    outcome: Option<Outcome<D, A>>,
    caller: oneshot::Sender<Outcome<D, A>>,
}

/// What an act answers.
type Outcome<D, A> = Result<<A as Act<Tx<D>>>::Output, <A as Act<Tx<D>>>::Error>;

impl<D: Schema, A: Act<Tx<D>>> Pending<D, A> {
    pub(crate) fn new(act: A) -> (Box<Self>, oneshot::Receiver<Outcome<D, A>>) {
        let (caller, answer) = oneshot::channel();
        (
            Box::new(Self {
                act,
                outcome: None,
                caller,
            }),
            answer,
        )
    }
}

impl<D: Schema, A: Act<Tx<D>>> Job<D> for Pending<D, A> {
    fn is_abandoned(&self) -> bool {
        self.caller.is_closed()
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx<D>) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            let act = &self.act;
            let outcome = CatchUnwind(Box::pin(async { act.run(tx).await })).await;
            // Settled in any case: the next act begins with a clean account.
            let settled = tx.settle(A::NAME);
            let outcome = match outcome {
                Ok(outcome) => outcome.and_then(|output| Ok(settled.map(|()| output)?)),
                Err(_panic) => {
                    tracing::error!(act = A::NAME, "the act panicked and was undone");
                    Err(StoreError::Refused(format!("the act {} panicked", A::NAME)).into())
                }
            };
            let stays = outcome.is_ok();
            self.outcome = Some(outcome);
            stays
        })
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let answer = match (commit, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            // What an act has refused it may have refused because of what is now undone.
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Unavailable("the act was not run".to_owned()).into()),
        };
        // The caller may have gone; the act has been done all the same.
        drop(self.caller.send(answer));
    }
}

/// A future whose panic is an error.
struct CatchUnwind<F>(Pin<Box<F>>);

impl<F: Future> Future for CatchUnwind<F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // What the act has left in its transaction is undone, and nothing else of it is used again.
        let polled = AssertUnwindSafe(|| self.0.as_mut().poll(context));
        match catch_unwind(polled) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}
